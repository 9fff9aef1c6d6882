// SPDX-License-Identifier: MIT
import type { Claim } from '../text/body.ts';
import { walk } from '../text/expr.ts';
import { claimsAt } from '../program/flow.ts';
import type { Code } from '../program/program.ts';
import type { Cells } from './cells.ts';
import type { Footprint, Footprints } from './footprint.ts';
import type { localStates } from './local_states.ts';
import type { LocalState } from './local_state.ts';
import { ADDED, READ, WRITTEN } from './oracle.ts';
import type { Terms } from './property_terms.ts';

/** The elements that footprints consist of. */
interface Elements {
  readonly count: number;
  readonly footprint: (
    footprints: Footprints,
    task: number,
    states: readonly LocalState[],
    state: LocalState,
  ) => Footprint;
}

/** The elements that a claim reads: they decide what is claimed, and how much. */
function readBy({ amount, of }: Claim, cells: Cells): ReadonlySet<number> {
  const read = new Set<number>();
  for (const expr of [amount, ...('list' in of ? [of.from, of.to] : [of])])
    walk(expr, (part) => {
      if (part.op === 'read') for (const cell of cells.of(part)) read.add(cell);
    });
  return read;
}

/** Everything that can make two steps dependent: shared memory, positions, and the sets that properties read. */
export function elementsOf(
  codes: readonly Code[],
  { cells, positions }: ReturnType<typeof localStates>,
  { sets, claims }: Terms,
): Elements {
  const firstSet = cells.count + positions.count;
  const setsOf = new Map<number, number[]>();
  const join = (cell: number, set: number): void => {
    const joined = setsOf.get(cell) ?? [];
    if (!joined.includes(set)) setsOf.set(cell, [...joined, set]);
  };
  for (const [i, set] of sets.entries()) for (const cell of set) join(cell, firstSet + i);
  // If a claim reads shared memory, a write there changes the claim: both are summands of it.
  const ownSet = codes.map((code, task) => {
    const read = new Set<number>();
    for (const pc of code.flow.steps.keys())
      for (const claim of claimsAt(code.flow, pc))
        for (const cell of readBy(claim, cells)) {
          read.add(cell);
          for (const claimed of positions.written([claim.label], undefined))
            for (const changed of [claimed, ...(setsOf.get(claimed) ?? [])]) join(cell, changed);
        }
    if (claims) for (const cell of read) join(cell, firstSet + sets.length + task);
    return claims && read.size > 0;
  });
  return {
    count: firstSet + sets.length + codes.length,
    footprint: (footprints, task, states, state) => {
      const [read, written, added] = [new Set<number>(), new Set<number>(), new Set<number>()];
      const write = (cell: number): void => {
        written.add(cell);
        for (const set of setsOf.get(cell) ?? []) written.add(set);
      };
      for (const [cell, how] of state.touched) {
        if ((how & READ) !== 0) read.add(cell);
        if ((how & WRITTEN) !== 0) write(cell);
        else if ((how & ADDED) !== 0) {
          added.add(cell);
          for (const set of setsOf.get(cell) ?? []) written.add(set);
        }
      }
      for (const { to } of state.edges) {
        const after = states[to];
        if (after === undefined) throw new Error('a step leads nowhere');
        const labels = [...new Set([...state.claims.keys(), ...after.claims.keys()])].filter(
          (label) => state.claims.get(label) !== after.claims.get(label) || state.varying.has(label),
        );
        for (const cell of positions.written(labels, after.pc === codes[task]?.flow.steps.length ? task : undefined))
          write(cell);
        if (labels.length > 0 && ownSet[task] === true) written.add(firstSet + sets.length + task);
      }
      return footprints.make(read, written, added);
    },
  };
}
