// SPDX-License-Identifier: MIT
import * as z from 'zod/mini';
import { InputError } from '../ledger/index.ts';
import type { ListedTurn, Schedule } from '../machine/index.ts';
import type { RunEnd } from './run.ts';
import type { Scenario } from './scenario.ts';

/** One step of a recorded run, as far as a replay needs it. */
const STEP = z.looseObject({
  stage: z.optional(z.enum(['before', 'threads'])),
  /** Name of the task in check --json, where `task` is a number. */
  thread: z.optional(z.string()),
  task: z.optional(z.union([z.string(), z.number()])),
  step: z.string(),
});

const RUN = z.looseObject({
  schema: z.literal('folioscope.run/1'),
  scenarios: z.array(
    z.looseObject({
      scenario: z.string(),
      title: z.optional(z.string()),
      patches: z.array(
        z.looseObject({ patch: z.string(), steps: z.optional(z.array(STEP)), undecided: z.optional(z.string()) }),
      ),
    }),
  ),
});

const CHECKED = z.looseObject({
  patch: z.optional(z.string()),
  property: z.nullish(z.string()),
  counterexample: z.optional(
    z.looseObject({ steps: z.array(STEP), round: z.optional(z.int().check(z.nonnegative())) }),
  ),
});
const CHECK = z.extend(CHECKED, {
  schema: z.literal('folioscope.check/1'),
  patches: z.optional(z.array(CHECKED)),
});

/** A recorded order of steps, for one form of the check. */
export interface Recorded {
  /** Undefined if the recording does not say. */
  readonly patch: string | undefined;
  readonly schedule: Schedule;
  /** For a run that did not end: the replay must stop where the recording stops. */
  readonly end?: RunEnd;
}

/** Whether a property is I5, termination, alone or in a variant such as `I5/...`. */
const isTermination = (property: string): boolean => /^I5(?:\/|$)/.test(property);

const roundText = (round: number): string =>
  round === 0
    ? 'after them no task that gets a turn can take a step'
    : `the last ${round === 1 ? 'one repeats' : `${round} repeat`} for ever`;

const turnsOf = (steps: readonly z.output<typeof STEP>[]): readonly ListedTurn[] =>
  steps
    .filter(({ stage }) => stage !== 'before')
    .map(({ thread, task, step }) => ({ task: thread ?? String(task ?? ''), times: 1, step }));

/**
 * The order of steps in a document of `run --json` or `check --json`, for a replay.
 * @param scenario name and title of the scenario to replay: files about the same race share its name.
 * @throws InputError if the document has no steps.
 * @example
 * import { readRecorded } from 'folioscope/scenario';
 * const step = { stage: 'threads', task: 'T0', step: 'mas_find' };
 * const run = { scenario: 'T', patches: [{ patch: 'v6', steps: [step] }] };
 * const text = JSON.stringify({ schema: 'folioscope.run/1', scenarios: [run] });
 * const [recorded] = readRecorded('run.json', text, { name: 'T', title: '' });
 * recorded?.schedule; // => { kind: 'list', turns: [{ task: 'T0', times: 1, step: 'mas_find' }] }
 */
export function readRecorded(
  file: string,
  text: string,
  { name, title }: Pick<Scenario, 'name' | 'title'>,
): readonly Recorded[] {
  const fail = (message: string): InputError => new InputError(`${file}: ${message}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('not JSON, expected what run --json or check --json printed');
  }
  const run = RUN.safeParse(value);
  if (run.success) {
    const { scenarios } = run.data;
    const named = scenarios.filter(({ scenario }) => scenario === name);
    if (named.length === 0)
      throw fail(`has no scenario ${name}, only ${scenarios.map(({ scenario }) => scenario).join(', ')}`);
    const found = named.length === 1 ? named[0] : named.find((one) => one.title === title);
    if (found === undefined) throw fail(`has several scenarios ${name}, none of them called '${title}'`);
    const recorded = found.patches.flatMap(({ patch, steps, undecided }): Recorded[] => {
      if (steps === undefined) return [];
      const turns = turnsOf(steps);
      const end = undecided === undefined ? {} : { end: { turns: turns.length, why: undecided } };
      return [{ patch, schedule: { kind: 'list', turns }, ...end }];
    });
    if (recorded.length === 0) throw fail('has no steps: it was printed with --steps none');
    return recorded;
  }
  const check = CHECK.safeParse(value);
  if (!check.success) throw fail('expected a document of folioscope.run/1 or folioscope.check/1');
  const found = (check.data.patches ?? [check.data]).flatMap(({ patch, property, counterexample }): Recorded[] => {
    if (counterexample === undefined) return [];
    const turns = turnsOf(counterexample.steps);
    if (!isTermination(property ?? '')) return [{ patch, schedule: { kind: 'list', turns } }];
    const why = `not all calls have returned in the ${turns.length} steps of this run against I5: ${roundText(counterexample.round ?? 0)}`;
    return [{ patch, schedule: { kind: 'list', turns }, end: { turns: turns.length, why } }];
  });
  if (found.length === 0) throw fail('has no counterexample, so there is nothing to play');
  return found;
}
