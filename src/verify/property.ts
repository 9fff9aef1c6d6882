// SPDX-License-Identifier: MIT
import type { PropertyId } from '../scenario/index.ts';

/** Each property in a sentence. */
export const SENTENCES: Readonly<Record<PropertyId, string>> = {
  I1: 'no false negative: nobody can reach a page that becomes private',
  I2: 'no batch-only refusal: somebody used a refused page when it was last looked at',
  'I2/SC-20': 'the same, where the batch is that of a CPU which is going offline',
  'I2/SC-21': 'the same, where isolation has put the page back into a batch',
  I3: 'drains are bounded: no request drains more often than its form allows',
  I4: 'error_offset names the first page that was found in use, and an error leaves the attributes alone',
  'I4/SC-17': 'error_offset is in the range for large folios too',
  I5: 'termination: every conversion returns',
  I6: 'conservation: every count is the sum of its holders',
  I7: 'no deadlock: somebody can go on until every call has returned',
  I8: 'all or nothing: faults and conversions exclude each other',
  I9: 'an early exit is clean: who leaves a drain early finds nothing that waited when he came',
  expected: 'every call comes to what the scenario expects',
  sometimes: 'what the scenario wants to see happens on some run',
};

/** The name under which an assert or a property of a state is compiled: its property, and what exactly it says. */
export const nameOf = (id: PropertyId, detail = ''): string => (detail === '' ? id : `${id}: ${detail}`);

/** The property and the detail that a name stands for. */
export function readName(name: string): { readonly id: PropertyId; readonly detail: string } {
  const known = name === 'deadlock' ? 'I7' : name;
  const end = known.indexOf(': ');
  const word = end === -1 ? known : known.slice(0, end);
  const id = Object.keys(SENTENCES).find((candidate): candidate is PropertyId => candidate === word);
  if (id === undefined) throw new Error(`'${name}' is no property`);
  return { id, detail: end === -1 ? '' : known.slice(end + 2) };
}
