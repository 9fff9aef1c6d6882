// SPDX-License-Identifier: MIT
// The watchers in a user's form (patch-conditions.ts), and their counters.
import { Value } from '../lang/index.ts';

/** More turns of one loop than any text needs while it is recorded once. */
const MOST_TURNS = 1_000_000;

const INSTEAD: Readonly<Record<string, string>> = {
  if: 'k.if between steps, k.when inside one',
  switch: 'k.if between steps, k.when inside one',
  while: 'k.while',
  for: 'k.while or k.for',
  '?:': 'choose()',
  '&&': '.and()',
  '||': '.or()',
  '!': '.not()',
};

/**
 * A value that JavaScript takes for a condition. @throws TypeError if it is a value of the kernel language, which is
 * always true.
 */
export function $folioscopeCondition<T>(what: string, value: T): T {
  if (!(value instanceof Value)) return value;
  throw new TypeError(
    `JavaScript's ${what} sees every value of the kernel language as true: expected ${INSTEAD[what] ?? 'k.if'}`,
  );
}

const turns = new Map<number, number>();

/** Called before each turn of a loop. @throws RangeError if there are too many. */
export function $folioscopeTurn(loop: number): true {
  const taken = (turns.get(loop) ?? 0) + 1;
  if (taken > MOST_TURNS)
    throw new RangeError(
      `a JavaScript loop has turned ${MOST_TURNS} times and does not end: the kernel's loops are k.loop, k.while and k.for`,
    );
  turns.set(loop, taken);
  return true;
}

/** Resets the counters at the beginning of a recording. */
export const forgetTurns = (): void => turns.clear();
