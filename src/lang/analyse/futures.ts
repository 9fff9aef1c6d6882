// SPDX-License-Identifier: MIT
import type { Footprints } from './footprint.ts';
import type { TaskView } from './task_view.ts';

/** By local state: the footprint of all steps that the task can still take without acquiring one of these locks. */
export function futuresOf(
  { edges, to: targets, next, stopsAt }: Pick<TaskView, 'edges' | 'to' | 'next' | 'stopsAt'>,
  closed: number,
  footprints: Footprints,
): Int32Array {
  const all = next.length;
  const future = new Int32Array(all).fill(footprints.empty);
  const order = new Int32Array(all).fill(-1);
  const low = new Int32Array(all);
  const onStack = new Uint8Array(all);
  const stack: number[] = [];
  let visited = 0;
  const isStopped = (id: number): boolean => (stopsAt[id]! & closed) !== 0;
  for (let root = 0; root < all; root++) {
    if (order[root] !== -1) continue;
    const path: { readonly id: number; next: number }[] = [];
    const enter = (id: number): void => {
      order[id] = low[id] = visited++;
      stack.push(id);
      onStack[id] = 1;
      if (!isStopped(id)) future[id] = next[id]!;
      path.push({ id, next: edges[id]! });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { id } = top;
      const to = isStopped(id) || top.next === edges[id + 1] ? undefined : targets[top.next++];
      if (to === undefined) {
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent.id] = Math.min(low[parent.id]!, low[id]!);
        if (low[id] === order[id]) {
          const first = stack.lastIndexOf(id);
          const members = stack.splice(first);
          const union = members.reduce((so, member) => footprints.union(so, future[member]!), footprints.empty);
          for (const member of members) {
            future[member] = union;
            onStack[member] = 0;
          }
        }
        if (parent !== undefined && order[parent.id] !== -1)
          future[parent.id] = footprints.union(future[parent.id]!, future[id]!);
      } else if (order[to] === -1) enter(to);
      else {
        if (onStack[to] === 1) low[id] = Math.min(low[id]!, order[to]!);
        future[id] = footprints.union(future[id]!, future[to]!);
      }
    }
  }
  return future;
}
