// SPDX-License-Identifier: MIT

/** A place of a batch that holds nothing. It goes through JSON, which `undefined` does not. */
export const EMPTY = -1;
