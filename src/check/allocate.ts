// SPDX-License-Identifier: MIT

/** Words of two cache lines: processors fetch lines in pairs. */
const LINES = 32;

/**
 * @param shared for several threads: nothing else stands in the same lines, so that who writes here is not waited for by who
 *   writes elsewhere.
 * @throws RangeError where the machine does not have so much.
 */
export const allocate = (words: number, shared: boolean): Int32Array => {
  if (!shared) return new Int32Array(words);
  const bytes = Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(new SharedArrayBuffer((words + 2 * LINES) * bytes), LINES * bytes, words);
};
