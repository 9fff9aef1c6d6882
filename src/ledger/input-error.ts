// SPDX-License-Identifier: MIT

/**
 * The input cannot be answered from at all. The message is one line: the input's name, where (line and
 * column, byte offset), what is wrong and what was expected or what to do. The command line ends with 65.
 * @example
 * import { InputError } from 'folioscope/ledger';
 * new InputError('trace.dat: byte 0: no known recording') instanceof Error; // => true
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
