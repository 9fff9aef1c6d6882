// SPDX-License-Identifier: MIT
import type { Effect } from '../text/body.ts';
import { type Expr, type Local, walk } from '../text/expr.ts';
import { type FlowNode, nextOf, nodeAt } from './flow.ts';
import type { Code } from './program.ts';
import { resolve, type Sizes } from '../text/types.ts';

/** By slot: the largest value that it may hold. */
type Highest = readonly number[];

const known = new WeakMap<Code['flow'], ReadonlySet<Local>>();

/**
 * The locals that may be read while their slot still has the value of another local of a wider type. All others are
 * bounded by their own type.
 */
export function leftBehind(code: Code, sizes: Sizes): ReadonlySet<Local> {
  let found = known.get(code.flow);
  if (found === undefined) {
    found = search(code, sizes);
    known.set(code.flow, found);
  }
  return found;
}

function search({ flow, live, params, slotMax }: Code, sizes: Sizes): ReadonlySet<Local> {
  const found = new Set<Local>();
  const maxOf = ({ type }: Local): number => resolve(type.max, sizes);
  const before: (number[] | undefined)[] = flow.nodes.map(() => undefined);
  before[flow.entry] = slotMax.map((max, slot) => (params.includes(slot) ? max : 0));

  const look = (expr: Expr, now: Highest): void =>
    walk(expr, (part) => {
      if (part.op === 'local') lookAt(part.local, now);
    });
  const lookAt = (local: Local, now: Highest): void => {
    const max = maxOf(local);
    for (let slot = local.slot; slot < local.slot + (local.length ?? 1); slot++)
      if ((now[slot] ?? 0) > max) found.add(local);
  };
  const run = (effects: readonly Effect[], now: number[]): void => {
    for (const effect of effects) one(effect, now);
  };
  const one = (effect: Effect, now: number[]): void => {
    switch (effect.kind) {
      case 'assign': {
        const { place, value } = effect;
        look(value, now);
        if (place.op === 'read') for (const index of place.index) look(index, now);
        if (place.op !== 'local') return;
        if (place.index !== undefined) look(place.index, now);
        const [first, length] = [place.local.slot, place.local.length];
        const max = maxOf(place.local);
        if (length === undefined) now[first] = max;
        else for (let slot = first; slot < first + length; slot++) now[slot] = Math.max(now[slot] ?? 0, max);
        return;
      }
      case 'assert':
        look(effect.condition, now);
        return;
      case 'observe':
        for (const arg of Object.values(effect.args)) look(arg, now);
        return;
      case 'when': {
        look(effect.if, now);
        const otherwise = [...now];
        run(effect.then, now);
        run(effect.else, otherwise);
        widen(now, otherwise);
        return;
      }
      case 'each':
        for (const end of [effect.from, effect.to]) look(end, now);
        // Twice, because a turn sees the values of the previous one.
        for (let turn = 0; turn < 2; turn++) {
          const inside = [...now];
          run(effect.body, inside);
          widen(now, inside);
        }
    }
  };
  const pass = (node: FlowNode, now: number[]): void => {
    if (node.kind === 'step') {
      if (node.step.guard !== undefined) look(node.step.guard, now);
      run(node.step.effects, now);
    } else if (node.kind === 'local') run(node.effects, now);
    else if (node.kind === 'branch') look(node.if, now);
  };

  const todo = [flow.entry];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    const node = nodeAt(flow.nodes, id);
    const now = [...(before[id] ?? [])];
    if ((node.kind === 'step' || node.kind === 'either') && node.pc !== -1)
      for (let slot = 0; slot < now.length; slot++) if (live[node.pc]?.has(slot) !== true) now[slot] = 0;
    pass(node, now);
    for (const next of nextOf(node)) {
      const there = before[next];
      if (there === undefined) before[next] = [...now];
      else if (!widen(there, now)) continue;
      todo.push(next);
    }
  }
  return found;
}

/** Raises every bound to the other. @returns whether one was lower. */
function widen(bounds: number[], others: Highest): boolean {
  let isWider = false;
  for (const [slot, high] of others.entries())
    if (high > (bounds[slot] ?? 0)) {
      bounds[slot] = high;
      isWider = true;
    }
  return isWider;
}
