// SPDX-License-Identifier: MIT

/**
 * Words of shared memory in a message: their offset in bytes of the buffer, and their number. A view must not be sent.
 * V8 (12 and older, so Node 20) writes offset and length of a view, and reads its buffer's length, as 32 bits. A view
 * of a buffer of 4 GiB or more arrives at another place, or shorter, or the message is lost. The buffer itself arrives.
 */
export interface Stretch {
  readonly buffer: ArrayBufferLike;
  readonly from: number;
  readonly words: number;
}

export const stretchOf = ({ buffer, byteOffset, length }: Int32Array): Stretch => ({
  buffer,
  from: byteOffset,
  words: length,
});

export const wordsAt = ({ buffer, from, words }: Stretch): Int32Array => new Int32Array(buffer, from, words);
