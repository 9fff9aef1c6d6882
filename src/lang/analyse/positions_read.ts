// SPDX-License-Identifier: MIT
import type { Flow, FlowNode } from '../program/flow.ts';
import type { Effect } from '../text/body.ts';
import { type Expr, walk } from '../text/expr.ts';
import { withoutAsserts } from './asserts.ts';

/** The other tasks' positions that a code's steps read. */
export interface PositionsRead {
  /** Labels under which steps read claims; undefined stands for all claims. */
  readonly labels: ReadonlySet<string | undefined>;
  /** Tasks of which steps read whether they have finished. */
  readonly awaited: ReadonlySet<number>;
}

/** The positions that a code reads, in steps and between them. Asserts of steps change nothing and do not count. */
export function positionsRead({ nodes }: Flow): PositionsRead {
  const labels = new Set<string | undefined>();
  const awaited = new Set<number>();
  for (const node of nodes)
    for (const expr of expressionsOf(node))
      walk(expr, (part) => {
        if (part.op === 'claimed') labels.add(part.label);
        if (part.op === 'finished') awaited.add(part.task);
      });
  return { labels, awaited };
}

function expressionsOf(node: FlowNode): readonly Expr[] {
  switch (node.kind) {
    case 'step':
      return [
        ...(node.step.guard === undefined ? [] : [node.step.guard]),
        ...inEffects(withoutAsserts(node.step.effects)),
      ];
    case 'local':
      return inEffects(node.effects);
    case 'branch':
      return [node.if];
    case 'either':
    case 'goto':
    case 'done':
      return [];
  }
}

const inEffects = (effects: readonly Effect[]): readonly Expr[] =>
  effects.flatMap((effect): readonly Expr[] => {
    switch (effect.kind) {
      case 'assign':
        return [effect.place, effect.value];
      case 'assert':
        return [effect.condition];
      case 'observe':
        return [];
      case 'when':
        return [effect.if, ...inEffects(effect.then), ...inEffects(effect.else)];
      case 'each':
        return [effect.from, effect.to, ...inEffects(effect.body)];
    }
  });
