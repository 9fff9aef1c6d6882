// SPDX-License-Identifier: MIT
import type { Emitter } from './emit.ts';
import { type Flow, type FlowNode, nextOf, nodeAt } from '../program/flow.ts';

/** JavaScript that makes the task rest at a step, or be done, and leaves the text. */
export type Rest = (node: Extract<FlowNode, { kind: 'step' | 'either' | 'done' }>) => string;

/**
 * JavaScript for a task's own work after a step, up to its next rest. The heads of loops that may turn without a step
 * become cases of one small dispatch loop. So do places where branches meet, if writing the continuation once for each
 * branch would grow the text without bound. Everything else is inline.
 */
export function settle(flow: Flow, from: number, emitter: Emitter, rest: Rest): string {
  const heads = dispatched(flow, from);
  const inline = (id: number): string => {
    if (heads.has(id)) return `n=${id};continue;`;
    return one(id);
  };
  const one = (id: number): string => {
    const node = nodeAt(flow.nodes, id);
    switch (node.kind) {
      case 'step':
      case 'either':
      case 'done':
        return rest(node);
      case 'goto':
        return inline(node.next);
      case 'local':
        return emitter.own(node) + inline(node.next);
      case 'branch': {
        const prelude: string[] = [];
        const condition = emitter.condition(node.if, prelude);
        const then = emitter.under(node.if, true, () => inline(node.then));
        const otherwise = emitter.under(node.if, false, () => inline(node.else));
        return `${prelude.join('')}if(${condition}){${then}}else{${otherwise}}`;
      }
    }
  };
  if (heads.size === 0) return one(from);
  const start = heads.has(from) ? '' : `case -1:{${one(from)}}`;
  const cases = [...heads].map((id) => {
    emitter.meet();
    return `case ${id}:{${one(id)}}`;
  });
  return `for(let n=${heads.has(from) ? from : -1};;)switch(n){${start}${cases.join('')}}`;
}

function loopHeads(flow: Flow, from: number): ReadonlySet<number> {
  const heads = new Set<number>();
  const onPath = new Set<number>();
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (onPath.has(id)) heads.add(id);
    if (seen.has(id)) return;
    seen.add(id);
    const node = nodeAt(flow.nodes, id);
    if (node.kind === 'step' || node.kind === 'either' || node.kind === 'done') return;
    onPath.add(id);
    if (node.kind === 'branch') {
      visit(node.then);
      visit(node.else);
    } else visit(node.next);
    onPath.delete(id);
  };
  visit(from);
  return heads;
}

/** Most nodes that are written inline. */
const MOST_INLINE = 64;

/** Nodes that are cases of one dispatch loop. */
export function dispatched(flow: Flow, from: number): ReadonlySet<number> {
  const heads = loopHeads(flow, from);
  const lengths = new Map<number, number>();
  const arrivals = new Map<number, number>();
  const lengthOf = (id: number): number => {
    arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    const known = lengths.get(id);
    if (known !== undefined) return known;
    lengths.set(id, 1);
    const node = nodeAt(flow.nodes, id);
    const ends = node.kind === 'step' || node.kind === 'either' || node.kind === 'done';
    const next = ends ? [] : nextOf(node);
    const length = next.reduce((sum, after) => sum + (heads.has(after) ? 1 : lengthOf(after)), 1);
    lengths.set(id, length);
    return length;
  };
  const longest = Math.max(...[from, ...heads].map(lengthOf));
  if (longest <= MOST_INLINE) return heads;
  const meetings = [...arrivals].flatMap(([id, times]) =>
    times > 1 && nodeAt(flow.nodes, id).kind !== 'step' ? [id] : [],
  );
  return new Set([...heads, ...meetings]);
}
