// SPDX-License-Identifier: MIT
import { wrap } from './flow.ts';

/** A deliberate mistake, as a list shows it. */
interface ListedMutant {
  readonly patch: { readonly name: string };
  readonly forgets: string;
  readonly scenario: string;
  readonly property: string;
}

/**
 * Every deliberate mistake: its name, what is wrong, and the scenario that shows it.
 * @example
 * import { MUTANTS } from 'folioscope/kernel';
 * import { mutantNotes, mutantsText } from 'folioscope/report';
 * mutantsText(MUTANTS).split('\n')[0]; // => 'mutant:gup-no-barrier'
 * mutantNotes([{ patch: 'v6', notes: { mutant: undefined } }]); // => []
 */
export function mutantsText(mutants: readonly ListedMutant[]): string {
  const lines = mutants.flatMap(({ patch, forgets, scenario, property }) => [
    patch.name,
    ...wrap(`${forgets}; violates ${property} in ${scenario}`, '    '),
  ]);
  return `${lines.join('\n')}\n`;
}
