// SPDX-License-Identifier: MIT

/** An index as JavaScript, and its number where it is known when compiling. */
export interface JsIndex {
  readonly js: string;
  readonly known: number | undefined;
}
