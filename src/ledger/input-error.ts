// SPDX-License-Identifier: MIT

/**
 * An input from which nothing can be answered. The message is one line: the input's name, the place (line and column,
 * byte offset), what is wrong, and what was expected or what to do. The command line ends with 65.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
