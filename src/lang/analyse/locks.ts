// SPDX-License-Identifier: MIT
import type { Edge } from './edges.ts';
import type { LocalState, LocalStates } from './local_states.ts';

/** An element of shared memory that counts how often tasks hold it. */
export interface Lock {
  readonly cell: number;
  /** By task and local state: how often the task holds it there. */
  readonly held: readonly Uint8Array[];
}

/** Most locks that are told apart: a set of them is a small integer. */
const MOST_LOCKS = 30;
const UNKNOWN = 255;

/**
 * Finds the locks: elements that somebody waits for to become 0, that begin with 0, and to which every task adds, up to each of its
 * local states, one number that is never negative. Then the element is, in every state, the sum of what all tasks have added:
 * it is not 0 while one of them holds it. So it is for readers' counts, and for a bit that is set where it was found clear and
 * cleared by who set it: cleared by another it would not pass here.
 */
export function findLocks({ tasks, cells, initial }: LocalStates): readonly Lock[] {
  const waitedFor = new Set<number>();
  for (const states of tasks)
    for (const { waitsFor, passesOnlyAtZero } of states)
      if (waitsFor !== undefined) for (const cell of passesOnlyAtZero) if (waitsFor.has(cell)) waitedFor.add(cell);
  return [...waitedFor]
    .filter((cell) => cell < cells.count && initial[cell] === 0)
    .flatMap((cell) => {
      const held = tasks.map((states) => holding(states, cell, cells.max[cell] ?? 0));
      return held.every((known) => known !== undefined) ? [{ cell, held }] : [];
    })
    .slice(0, MOST_LOCKS);
}

/** How often a task holds an element in each local state; undefined where that cannot be said. */
function holding(states: readonly LocalState[], cell: number, max: number): Uint8Array | undefined {
  const held = new Uint8Array(states.length).fill(UNKNOWN);
  held[0] = 0;
  const todo = [0];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    const before = held[id] ?? 0;
    for (const edge of states[id]?.edges ?? []) {
      const after = holdingAfter(edge, cell, before, max);
      if (after === undefined || after < 0 || after >= UNKNOWN) return undefined;
      const known = held[edge.to] ?? UNKNOWN;
      if (known === UNKNOWN) {
        held[edge.to] = after;
        todo.push(edge.to);
      } else if (known !== after) return undefined;
    }
  }
  return held;
}

function holdingAfter({ changes }: Edge, cell: number, before: number, max: number): number | undefined {
  const change = changes.find((made) => made.cell === cell);
  if (change === undefined) return before;
  if (change.kind === 'add') return before + change.by;
  // Who holds a bit finds it set, and nobody else holds it.
  return change.by === 0 && before === 1 && max === 1 ? 0 : undefined;
}
