// SPDX-License-Identifier: MIT
import type { PatchNotes } from '../scenario/index.ts';
import { wrap } from './flow.ts';

/** A form of the check in an answer, with the notes about it. */
interface Noted {
  readonly patch: string;
  readonly notes: PatchNotes;
}

/** A form without further notes. */
interface Named {
  readonly patch: string;
  readonly notes: Pick<PatchNotes, 'mutant'>;
}

/** A line for every mutant among the forms, so that it is not mistaken for a form of the check. */
export const mutantNotes = (answers: readonly Named[]): readonly string[] =>
  answers.flatMap(({ patch, notes: { mutant } }) =>
    mutant === undefined ? [] : [`${patch} is wrong on purpose: ${mutant}`],
  );

/** The same for a report. */
export const mutantLines = (answers: readonly Named[]): readonly string[] =>
  mutantNotes(answers).flatMap((note) => wrap(note, '', '  '));

/** `v6, v8 call folio_may_be_lru_cached, which linux-7.3 does not export to modules` */
export function unexportedLines(answers: readonly Noted[], profile: string): readonly string[] {
  const callers = new Map<string, string[]>();
  for (const { patch, notes } of answers) {
    if (notes.unexportedCalls.length === 0) continue;
    const names = notes.unexportedCalls.join(' and ');
    callers.set(names, [...(callers.get(names) ?? []), patch]);
  }
  return [...callers].flatMap(([names, patches]) => {
    const call = patches.length === 1 ? 'calls' : 'call';
    return wrap(`${patches.join(', ')} ${call} ${names}, which ${profile} does not export to modules`, '', '  ');
  });
}
