// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';

/** The caller requested a buffer that the recording does not have: not a fault of the recording. */
export class UnknownBufferError extends InputError {}

/** @param name the recording's; `there`: names of its buffers, '' being the top one. */
export function unknownBuffer(name: string, wanted: string, there: readonly string[]): UnknownBufferError {
  const names = there.map((buffer) => (buffer === '' ? "'' (the top buffer)" : `'${buffer}'`)).join(', ');
  return new UnknownBufferError(`${name}: no buffer '${wanted}'; there ${there.length === 1 ? 'is' : 'are'} ${names}`);
}
