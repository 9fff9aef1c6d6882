// SPDX-License-Identifier: MIT

/** An index as JavaScript, and its number if it is a constant. */
export interface JsIndex {
  readonly js: string;
  readonly known: number | undefined;
}
