// SPDX-License-Identifier: MIT
import type { Edge } from './edges.ts';
import type { LocalStates } from './local_states.ts';
import type { LocalState } from './local_state.ts';

/** A lock: an element of shared memory that counts its holders. */
export interface Lock {
  readonly cell: number;
  /** By task and local state: how often the task holds the lock. */
  readonly held: readonly Uint8Array[];
}

/** Limit of the number of locks: a set of locks is a small integer. */
const MOST_LOCKS = 30;
const UNKNOWN = 255;

/**
 * The locks of a program: elements with initial value 0 on which some step waits until they are 0. For each local state, the sum
 * that a task has added to the element is one number, and never negative. So in every state the element is the sum over all
 * tasks: it is not 0 while one of them holds it. Counts of readers satisfy this, and so do bits that are set when clear and
 * cleared by the task that set them. A bit that another task clears does not.
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

/** By local state: how often the task holds the element; undefined if that is not one number. */
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
  // The holder of a bit finds it set, and no other task holds it.
  return change.by === 0 && before === 1 && max === 1 ? 0 : undefined;
}
