// SPDX-License-Identifier: MIT
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { type CheckAnswer, checking, type CheckProgress, type Counterexample } from '../verify/index.ts';

/** What one property comes to in one scenario. */
export interface JudgedProperty {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** What exactly is violated, or why it is undecided. */
  readonly detail: string | undefined;
  /** Why it says nothing that the property holds. */
  readonly vacuous: string | undefined;
  /** The shortest run against it. */
  readonly run: Counterexample | undefined;
  /** Why a violation says nothing against a form; undefined where it does. */
  readonly known: Known | undefined;
}

/**
 * A violation that was known before: a named exception, which is what a property would forbid, had it not been named beforehand
 * (`I2/SC-20`); or one that the scenario's file says of every form, as of a drain that waits for a worker that never runs.
 */
export type Known = 'exception' | 'scenario';

/** What a check comes to in one scenario, on every order of its threads' steps. */
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
  /** Why the form cannot be run there; all else is empty then. */
  readonly failure: string | undefined;
}

const knownOf = (id: string, { check }: Scenario): Known | undefined =>
  id.includes('/')
    ? 'exception'
    : check.every?.violates.some((known) => known === id) === true
      ? 'scenario'
      : undefined;

/** What a scenario is called here: its file, since several may bear one number. */
export const nameOf = ({ file }: Scenario): string => file.replace(/^.*\//, '').replace(/\.\w+$/, '');

/** Whether a scenario has an occasion for a check: a thread converts. */
export const hasOccasion = ({ threads }: Scenario): boolean =>
  threads.some(({ calls }) => calls.some(({ call }) => call.call === 'set-memory-attributes2'));

/** What a scenario expects and wants to see is said of forms that it knows, and is nothing against another. */
const isAsked = (id: string): boolean => id !== 'sometimes' && id !== 'expected';

/** How far a search of a review goes. */
export interface JudgeOptions {
  readonly mostStates: number;
}

/** Judges a check in a scenario, in pieces of some tenths of a second. */
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

/** The answer where a form cannot be run. */
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
