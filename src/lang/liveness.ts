// SPDX-License-Identifier: MIT
import type { Effect } from './body.ts';
import type { Expr, Local } from './expression.ts';
import { walk } from './expression.ts';
import { type Flow, nextOf, nodeAt } from './flow.ts';

/** Slots whose value matters to a task that rests at a step, by pc. */
export type Liveness = readonly ReadonlySet<number>[];

/**
 * Which slots are still read later. Executions clear the others wherever a task rests, so that two
 * states that differ only in forgotten values are one state.
 */
export function liveness(flow: Flow): Liveness {
  const liveIn: Set<number>[] = flow.nodes.map(() => new Set());
  for (let changed = true; changed; ) {
    changed = false;
    // Lowering numbers what comes later first, so this order passes most of it on in one round.
    for (let id = 0; id < flow.nodes.length; id++) {
      const node = nodeAt(flow.nodes, id);
      const live = new Set<number>();
      for (const next of nextOf(node)) for (const slot of liveIn[next] ?? []) live.add(slot);
      if (node.kind === 'step' || node.kind === 'local')
        passEffects(node.kind === 'step' ? node.step.effects : node.effects, live);
      if (node.kind === 'branch') use(node.if, live);
      if (node.kind === 'step' && node.step.guard !== undefined) use(node.step.guard, live);
      if (node.kind === 'step' || node.kind === 'either') {
        for (const claim of node.kind === 'step' ? node.step.claims : node.choice.claims) {
          if ('list' in claim.of) {
            useLocal(claim.of.list, undefined, live);
            use(claim.of.from, live);
            use(claim.of.to, live);
          } else use(claim.of, live);
          use(claim.amount, live);
          if (claim.on !== undefined) use(claim.on, live);
        }
      }
      if (live.size !== liveIn[id]?.size) {
        liveIn[id] = live;
        changed = true;
      }
    }
  }
  return flow.steps.map((id) => liveIn[id] ?? new Set());
}

function passEffects(effects: readonly Effect[], live: Set<number>): void {
  for (const effect of effects.toReversed()) {
    switch (effect.kind) {
      case 'assign':
        if (effect.place.op === 'local' && effect.place.index === undefined) live.delete(effect.place.local.slot);
        if (effect.place.op === 'local' && effect.place.index !== undefined) use(effect.place.index, live);
        if (effect.place.op === 'read') for (const index of effect.place.index) use(index, live);
        use(effect.value, live);
        break;
      case 'assert':
        use(effect.condition, live);
        break;
      case 'when': {
        const otherwise = new Set(live);
        passEffects(effect.else, otherwise);
        passEffects(effect.then, live);
        for (const slot of otherwise) live.add(slot);
        use(effect.if, live);
        break;
      }
      case 'each': {
        const inside = new Set(live);
        passEffects(effect.body, inside);
        for (const slot of inside) live.add(slot);
        use(effect.from, live);
        use(effect.to, live);
      }
    }
  }
}

function use(expr: Expr, live: Set<number>): void {
  walk(expr, (part) => {
    if (part.op === 'local') useLocal(part.local, part.index, live);
  });
}

function useLocal(local: Local, index: Expr | undefined, live: Set<number>): void {
  if (index?.op === 'const') live.add(local.slot + index.value);
  else for (let i = 0; i < (local.length ?? 1); i++) live.add(local.slot + i);
}
