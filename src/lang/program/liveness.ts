// SPDX-License-Identifier: MIT
import type { Claim, Effect } from '../text/body.ts';
import type { Expr, Local } from '../text/expr.ts';
import { walk } from '../text/expr.ts';
import { type Flow, type FlowNode, nextOf } from './flow.ts';

/** Slots whose value is still needed by a task that rests at a step, by pc. */
export type Liveness = readonly ReadonlySet<number>[];

/**
 * The slots that are still read later. Executions clear the others wherever a task rests, so that two states that
 * differ only in forgotten values are one state.
 */
export function liveness(flow: Flow): Liveness {
  const passes = flow.nodes.map(passOf);
  const following = flow.nodes.map(nextOf);
  const liveIn = flow.nodes.map(() => 0n);
  for (let changed = true; changed; ) {
    changed = false;
    // Lowering numbers later text first, so this order propagates most of it in one round.
    for (const [id, { reads, writes }] of passes.entries()) {
      const behind = (following[id] ?? []).reduce((all, next) => all | (liveIn[next] ?? 0n), 0n);
      const live = reads | (behind & ~writes);
      if (live === liveIn[id]) continue;
      liveIn[id] = live;
      changed = true;
    }
  }
  return flow.steps.map((id) => slotsIn(liveIn[id] ?? 0n));
}

/** Slots as the bits of one number. */
type Slots = bigint;

/** Effect of a part of the text on liveness: the slots that it reads, and those that it writes before any read. */
interface Pass {
  reads: Slots;
  writes: Slots;
}

function passOf(node: FlowNode): Pass {
  const pass: Pass = { reads: 0n, writes: 0n };
  if (node.kind === 'step' || node.kind === 'local')
    passEffects(node.kind === 'step' ? node.step.effects : node.effects, pass);
  if (node.kind === 'branch') use(node.if, pass);
  if (node.kind === 'step' && node.step.guard !== undefined) use(node.step.guard, pass);
  if (node.kind === 'step' || node.kind === 'either')
    for (const claim of node.kind === 'step' ? node.step.claims : node.choice.claims) useClaim(claim, pass);
  return pass;
}

function useClaim(claim: Claim, pass: Pass): void {
  if ('list' in claim.of) {
    useLocal(claim.of.list, undefined, pass);
    use(claim.of.from, pass);
    use(claim.of.to, pass);
  } else use(claim.of, pass);
  use(claim.amount, pass);
  if (claim.on !== undefined) use(claim.on, pass);
}

/** Prepends effects to `pass`. */
function passEffects(effects: readonly Effect[], pass: Pass): void {
  for (const effect of effects.toReversed()) {
    switch (effect.kind) {
      case 'assign':
        if (effect.place.op === 'local' && effect.place.index === undefined) {
          const slot = 1n << BigInt(effect.place.local.slot);
          pass.reads &= ~slot;
          pass.writes |= slot;
        }
        if (effect.place.op === 'local' && effect.place.index !== undefined) use(effect.place.index, pass);
        if (effect.place.op === 'read') for (const index of effect.place.index) use(index, pass);
        use(effect.value, pass);
        break;
      case 'observe':
        for (const arg of Object.values(effect.args)) use(arg, pass);
        break;
      case 'assert':
        use(effect.condition, pass);
        break;
      case 'when': {
        const otherwise = { ...pass };
        passEffects(effect.else, otherwise);
        passEffects(effect.then, pass);
        pass.reads |= otherwise.reads;
        pass.writes &= otherwise.writes;
        use(effect.if, pass);
        break;
      }
      case 'each': {
        // It may not run at all: its writes may still be read behind it.
        const inside = { ...pass };
        passEffects(effect.body, inside);
        pass.reads |= inside.reads;
        use(effect.from, pass);
        use(effect.to, pass);
      }
    }
  }
}

function use(expr: Expr, pass: Pass): void {
  walk(expr, (part) => {
    if (part.op === 'local') useLocal(part.local, part.index, pass);
  });
}

function useLocal(local: Local, index: Expr | undefined, pass: Pass): void {
  const [first, length] = index?.op === 'const' ? [local.slot + index.value, 1] : [local.slot, local.length ?? 1];
  pass.reads |= ((1n << BigInt(length)) - 1n) << BigInt(first);
}

function slotsIn(slots: Slots): ReadonlySet<number> {
  const found = new Set<number>();
  let slot = 0;
  for (let rest = slots; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) found.add(slot);
    slot++;
  }
  return found;
}
