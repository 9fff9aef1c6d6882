// SPDX-License-Identifier: MIT

/**
 * The input cannot be answered from at all. The message is one line: the input's name, where (byte offset or
 * line number), what is wrong and what was expected or what to do. Whatever bytes a reader is given, it throws
 * nothing else; errors of the {@link ByteSource} itself and of the consumer's callbacks pass through.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
