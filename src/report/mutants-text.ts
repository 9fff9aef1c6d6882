// SPDX-License-Identifier: MIT
import { wrap } from './flow.ts';

/** A mistake made on purpose, as much of it as a list shows. */
interface ListedMutant {
  readonly patch: { readonly name: string };
  readonly forgets: string;
  readonly scenario: string;
  readonly property: string;
}

/**
 * Every mistake that can be made on purpose: its name, what is wrong, and what shows it.
 * @example
 * import { MUTANTS } from 'folioscope/kernel';
 * import { mutantNotes, mutantsText } from 'folioscope/report';
 * mutantsText(MUTANTS).split('\n')[0]; // => 'mutant:gup-no-barrier'
 * mutantNotes([{ patch: 'v6', notes: { mutant: undefined } }]); // => []
 */
export function mutantsText(mutants: readonly ListedMutant[]): string {
  const lines = mutants.flatMap(({ patch, forgets, scenario, property }) => [
    patch.name,
    ...wrap(`${forgets}; shows in ${scenario}, against ${property}`, '    '),
  ]);
  return `${lines.join('\n')}\n`;
}
