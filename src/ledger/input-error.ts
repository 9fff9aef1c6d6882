// SPDX-License-Identifier: MIT

/**
 * An input from which nothing can be answered. The message is one line: the input's name, the place (line and column,
 * byte offset), what is wrong, and what was expected or what to do. The command line ends with 65.
 * @example
 * import { InputError } from 'folioscope/ledger';
 * new InputError('trace.dat: byte 0: no known recording') instanceof Error; // => true
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
