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
}

/** What a check comes to in one scenario, on every order of its threads' steps. */
export interface Judged {
  readonly scenario: string;
  readonly title: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly properties: readonly JudgedProperty[];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Why something is undecided. */
  readonly reason: string | undefined;
  /** Why the form cannot be run there; all else is empty then. */
  readonly failure: string | undefined;
}

/** Whether a property's name is of a known exception: what a property would forbid, had it not been named beforehand. */
export const isException = (id: string): boolean => id.includes('/');

/** Whether a scenario has an occasion for a check: a thread converts. */
export const hasOccasion = ({ threads }: Scenario): boolean =>
  threads.some(({ calls }) => calls.some(({ call }) => call.call === 'set-memory-attributes2'));

/** What the scenario wants to see is said of its own forms, and is nothing against another. */
const isAsked = (id: string): boolean => id !== 'sometimes';

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

function judgedOf(scenario: Scenario, { properties, explored, reason, before }: CheckAnswer): Judged {
  const asked = properties.filter(({ id }) => isAsked(id));
  const violated = asked.some(({ verdict }) => verdict === 'violated') || before.length > 0;
  return {
    scenario: scenario.name,
    title: scenario.title,
    verdict: violated ? 'violated' : asked.some(({ verdict }) => verdict === 'undecided') ? 'undecided' : 'holds',
    properties: asked.map(({ id, sentence, verdict, detail, vacuous, counterexample }) => ({
      id,
      sentence,
      verdict,
      detail,
      vacuous,
      run: counterexample,
    })),
    states: explored.states,
    transitions: explored.transitions,
    depth: explored.depth,
    reason,
    failure: undefined,
  };
}

/** The answer where a form cannot be run. */
export const failed = ({ name, title }: Scenario, failure: string): Judged => ({
  scenario: name,
  title,
  verdict: 'undecided',
  properties: [],
  states: 0,
  transitions: 0,
  depth: 0,
  reason: undefined,
  failure,
});
