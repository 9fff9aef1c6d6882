// SPDX-License-Identifier: MIT
import type { Effect } from '../text/body.ts';
import { type Flow, nextOf, nodeAt } from '../program/flow.ts';
import type { Code } from '../program/program.ts';
import { conditionsOf } from './asserts.ts';

/** Whether a state before this step is kept: its asserts are reported with the state before them. */
export function stays(code: Code, pc: number): boolean {
  const id = code.flow.steps[pc];
  const node = id === undefined ? undefined : code.flow.nodes[id];
  if (node?.kind !== 'step') return true;
  return [node.step.effects, ...afterwards(code.flow, node.next)].some((effects) => conditionsOf(effects).length > 0);
}

/** The effects of a task's own text from a node on, until it rests. */
function afterwards(flow: Flow, from: number): readonly (readonly Effect[])[] {
  const found: (readonly Effect[])[] = [];
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = nodeAt(flow.nodes, id);
    if (node.kind === 'step' || node.kind === 'either') return;
    if (node.kind === 'local') found.push(node.effects);
    nextOf(node).forEach(visit);
  };
  visit(from);
  return found;
}
