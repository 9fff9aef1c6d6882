// SPDX-License-Identifier: MIT

/**
 * @param shared for several threads.
 * @throws RangeError where the machine does not have so much.
 */
export const allocate = (words: number, shared: boolean): Int32Array =>
  shared ? new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)) : new Int32Array(words);
