// SPDX-License-Identifier: MIT
import type { Patch, Schedule } from '../machine/index.ts';
import { type CallAnswer, type RunEnd, runScenario, type Scenario } from '../scenario/index.ts';

/** A call of the program. */
export interface OrderedCall {
  readonly answer: CallAnswer;
  /** Numbers of earlier calls that have not returned when this one begins; all other earlier ones have. */
  readonly overlaps: readonly number[];
  /** Whether its result does not depend on the order inside calls. */
  readonly isCertain: boolean;
}

/** A run of the model as calls in the order in which they begin. */
export interface Ordered {
  readonly calls: readonly OrderedCall[];
  /** Why the run did not end; undefined if it did. */
  readonly unended: string | undefined;
}

/**
 * Runs a scenario and orders its calls. A user program can wait for the return of a call, but not for a point inside it. So
 * results are certain up to the first call that begins while another one has not returned.
 */
export function orderOf(
  scenario: Scenario,
  { patch, schedule, end }: { readonly patch: Patch; readonly schedule: Schedule; readonly end?: RunEnd | undefined },
): Ordered {
  const began: number[] = [];
  const ended: number[] = [];
  /** Number of each task's call that has not returned. */
  const within = new Map<number, number>();
  let moment = 0;
  const answer = runScenario(scenario, {
    patch,
    schedule,
    end,
    keep: 'none',
    observer: {
      calls: (task, _call, outcome) => {
        const number = began.push(moment++) - 1;
        if (outcome === undefined) within.set(task, number);
        else ended[number] = moment++;
      },
      took: ({ task }, outcome) => {
        const number = within.get(task);
        if (outcome === undefined || number === undefined) return;
        ended[number] = moment++;
        within.delete(task);
      },
    },
  });
  const overlapsOf = (number: number): readonly number[] =>
    began.flatMap((_, earlier) =>
      earlier < number && (ended[earlier] ?? Number.POSITIVE_INFINITY) > (began[number] ?? 0) ? [earlier] : [],
    );
  const overlaps = answer.calls.map((_, number) => overlapsOf(number));
  const first = Math.min(...overlaps.flat(), Number.POSITIVE_INFINITY);
  return {
    calls: answer.calls.map((call, number) => ({
      answer: call,
      overlaps: overlaps[number] ?? [],
      isCertain: number < first,
    })),
    unended: answer.unended ?? answer.imbalance,
  };
}
