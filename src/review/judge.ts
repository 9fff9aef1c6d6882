// SPDX-License-Identifier: MIT
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { type CheckAnswer, checking, type CheckProgress, type Counterexample } from '../verify/index.ts';

/** Result of one property in one scenario. */
export interface JudgedProperty {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** The violated part, or why it is undecided. */
  readonly detail: string | undefined;
  /** Why the property holds vacuously; undefined if it does not. */
  readonly vacuous: string | undefined;
  /** The shortest run against it. */
  readonly run: Counterexample | undefined;
  /** Why a violation does not count against a form; undefined if it does. */
  readonly known: Known | undefined;
}

/**
 * A known violation. Either a named exception to a property (`I2/SC-20`); or a violation that the scenario file expects of
 * every form, such as a drain that waits for a worker that never runs.
 */
export type Known = 'exception' | 'scenario';

/** Result of a check in one scenario, on every order of its threads' steps. */
export interface Judged {
  readonly scenario: string;
  readonly title: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly properties: readonly JudgedProperty[];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Kernel routines in the explored text, and steps with the name of one. */
  readonly routines: readonly string[];
  /** Why something is undecided. */
  readonly reason: string | undefined;
  /** Why the form cannot be run there; all other fields are then empty. */
  readonly failure: string | undefined;
}

const knownOf = (id: string, { check }: Scenario): Known | undefined =>
  id.includes('/')
    ? 'exception'
    : check.every?.violates.some((known) => known === id) === true
      ? 'scenario'
      : undefined;

/** Name of a scenario: that of its file, since several may have one number. */
export const nameOf = ({ file }: Scenario): string => file.replace(/^.*\//, '').replace(/\.\w+$/, '');

/** Whether a scenario exercises a check: a thread converts. */
export const hasOccasion = ({ threads }: Scenario): boolean =>
  threads.some(({ calls }) => calls.some(({ call }) => call.call === 'set-memory-attributes2'));

/** A scenario's expectations are about known forms, and do not count against another form. */
const isAsked = (id: string): boolean => id !== 'sometimes' && id !== 'expected';

/** Limits of a review's searches. */
export interface JudgeOptions {
  readonly mostStates: number;
}

/** Checks a form in a scenario, in pieces of some tenths of a second. */
export function* judging(
  scenario: Scenario,
  patch: Patch,
  { mostStates }: JudgeOptions,
): Generator<CheckProgress, Judged> {
  const answer = yield* checking(scenario, { patch, mostStates });
  return judgedOf(scenario, answer);
}

function judgedOf(scenario: Scenario, { properties, explored, routines, reason }: CheckAnswer): Judged {
  const asked = properties.filter(({ id }) => isAsked(id));
  const violated = asked.some(({ verdict }) => verdict === 'violated');
  return {
    scenario: nameOf(scenario),
    title: scenario.title,
    verdict: violated ? 'violated' : asked.some(({ verdict }) => verdict === 'undecided') ? 'undecided' : 'holds',
    properties: asked.map(({ id, sentence, verdict, detail, vacuous, counterexample }) => ({
      id,
      sentence,
      verdict,
      detail,
      vacuous,
      run: counterexample,
      known: knownOf(id, scenario),
    })),
    states: explored.states,
    transitions: explored.transitions,
    depth: explored.depth,
    routines,
    reason,
    failure: undefined,
  };
}

/** The answer for a form that cannot be run. */
export const failed = (scenario: Scenario, failure: string): Judged => ({
  scenario: nameOf(scenario),
  title: scenario.title,
  verdict: 'undecided',
  properties: [],
  states: 0,
  transitions: 0,
  depth: 0,
  routines: [],
  reason: undefined,
  failure,
});
