// SPDX-License-Identifier: MIT
import { type FolioLedger, type Holder, referencesOf } from '../ledger/index.ts';
import type { CheckAnswer, Counterexample, ShownVariable } from '../verify/index.ts';
import { shortestOf } from './check-json.ts';
import type { Subject } from './check-subject.ts';
import { mutantNotes } from './patch-notes-text.ts';

/** Quint's name for the step that led to a state. */
const ACTION_TAKEN = 'mbt::actionTaken';

/** An integer, as an object, so that it stays exact in every JSON reader and has one spelling. */
const integer = (value: number): object => ({ '#bigint': String(value) });
const map = (entries: readonly (readonly [unknown, unknown])[]): object => ({ '#map': entries });

/**
 * The shortest run against the first violated property, in the Informal Trace Format (ITF) of Apalache's ADR 15, which
 * Quint and its trace viewer read: a state for every step, after the initial one.
 * @returns undefined if nothing is violated.
 */
export function checkToItf(subject: Subject, answers: readonly CheckAnswer[]): string | undefined {
  for (const answer of answers) {
    const { id, sentence, counterexample } = shortestOf(answer) ?? {};
    if (counterexample === undefined) continue;
    const states = statesOf(subject, counterexample);
    const trace = {
      '#meta': {
        format: 'ITF',
        'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
        source: subject.file,
        description: `${subject.name}: ${subject.title}; ${formText(answer)}: a shortest run against ${id}: ${sentence}`,
        status: 'violation',
      },
      vars: Object.keys(states[0] ?? {}),
      states: states.map((state, index) => ({ '#meta': { index }, ...state })),
    };
    return `${JSON.stringify(trace, undefined, 2)}\n`;
  }
  return undefined;
}

const formText = ({ patch, notes }: CheckAnswer): string => mutantNotes([{ patch, notes }])[0] ?? patch;

function statesOf(subject: Subject, { steps, tasks, ledgerBefore, stateBefore }: Counterexample): readonly object[] {
  const positions = tasks.map(({ name, cpu }) => ({ name, cpu, at: 'not begun' }));
  const stateOf = (taken: string, shown: readonly ShownVariable[], ledger: readonly FolioLedger[]): object => ({
    [ACTION_TAKEN]: taken,
    ...Object.fromEntries(shown.map((variable) => [variable.name, valueOf(variable)])),
    ...('threads' in subject ? { holders: map(ledger.map((folio) => [integer(folio.pfn), holdersOf(folio)])) } : {}),
    tasks: map(positions.map(({ name, cpu, at }) => [name, { cpu: integer(cpu), at }])),
  });
  return [
    stateOf('init', stateBefore, ledgerBefore),
    ...steps.map(({ task, thread, cpu, path, name, state, ledger }) => {
      const at = [...path, name].join(' > ');
      positions[task] = { name: thread, cpu, at };
      return stateOf(`${thread}: ${at}`, state, ledger);
    }),
  ];
}

/** The holders of a folio: the number of references of each kind of holder, by its name. */
const holdersOf = ({ index, order, holders }: FolioLedger): object => ({
  page: integer(index),
  order: integer(order),
  references: integer(referencesOf(holders)),
  by: map([...referencesBy(holders)].map(([name, references]) => [name, integer(references)])),
});

function referencesBy(holders: readonly Holder[]): ReadonlyMap<string, number> {
  const by = new Map<string, number>();
  for (const holder of holders) by.set(nameOf(holder), (by.get(nameOf(holder)) ?? 0) + holder.references);
  return by;
}

const nameOf = ({ kind, cpu, task }: Holder): string =>
  [kind, ...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [task])].join(', ');

/** A value, or a map from the element's indexes: a number for one dimension, otherwise a tuple. */
function valueOf({ extents, values, isTruth }: ShownVariable): unknown {
  const value = (of: number): unknown => (isTruth ? of === 1 : integer(of));
  const [first] = values;
  if (extents.length === 0 && first !== undefined) return value(first);
  return map(values.map((of, place) => [keyOf(place, extents), value(of)]));
}

function keyOf(place: number, extents: readonly number[]): object {
  const numbers: object[] = [];
  let rest = place;
  for (const extent of extents.toReversed()) {
    numbers.unshift(integer(rest % extent));
    rest = Math.floor(rest / extent);
  }
  const [only] = numbers;
  return numbers.length === 1 && only !== undefined ? only : { '#tup': numbers };
}
