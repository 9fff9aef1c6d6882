// SPDX-License-Identifier: MIT
import type { LocalStates } from './local_states.ts';
import type { LocalState } from './local_state.ts';
import type { Symmetry } from './symmetry.ts';

/** A state of every cycle of local states: the targets of back edges of a depth-first search. */
function cycleHeads(states: readonly LocalState[]): ReadonlySet<number> {
  const heads = new Set<number>();
  const mark = new Uint8Array(states.length);
  const [ON_PATH, LEFT] = [1, 2];
  const path: { readonly id: number; next: number }[] = [{ id: 0, next: 0 }];
  mark[0] = ON_PATH;
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = states[top.id]?.edges[top.next++]?.to;
    if (to === undefined) {
      mark[top.id] = LEFT;
      path.pop();
    } else if (mark[to] === ON_PATH) heads.add(to);
    else if (mark[to] !== LEFT) {
      mark[to] = ON_PATH;
      path.push({ id: to, next: 0 });
    }
  }
  return heads;
}

/** By task: a state of every cycle of its local states; the same ones for all members of a class. */
export function headsIn(tasks: LocalStates['tasks'], { classes }: Symmetry): readonly ReadonlySet<number>[] {
  const heads = tasks.map(cycleHeads);
  const key = ({ pc, slots }: LocalState): string => `${pc}:${slots.join()}`;
  for (const members of classes) {
    const all = new Set(
      members.flatMap(({ task }) => [...(heads[task] ?? [])].flatMap((id) => tasks[task]?.[id] ?? []).map(key)),
    );
    for (const { task } of members)
      heads[task] = new Set((tasks[task] ?? []).flatMap((state, id) => (all.has(key(state)) ? [id] : [])));
  }
  return heads;
}
