// SPDX-License-Identifier: MIT

/** Words of two cache lines: processors prefetch the neighbouring line. */
const LINES = 32;

/**
 * An array of 32-bit words, all 0.
 * @param shared for several threads: padded to cache lines, to avoid false sharing.
 * @throws RangeError if the machine does not have the memory.
 */
export const allocate = (words: number, shared: boolean): Int32Array => {
  if (!shared) return new Int32Array(words);
  const bytes = Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(new SharedArrayBuffer((words + 2 * LINES) * bytes), LINES * bytes, words);
};
