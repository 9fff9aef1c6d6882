// SPDX-License-Identifier: MIT
import type { Body, Effect, Step } from './body.ts';
import { FIRST_ARRAY_SLOT } from './builder.ts';
import { type Expr, type Local, Place, walk } from './expression.ts';
import { lower } from './flow.ts';
import { liveness } from './liveness.ts';
import type { Code, Program } from './program.ts';
import { simplifyBody } from './simplify.ts';
import { resolve, type Type } from './types.ts';

/**
 * The program with every step as `change` returns it: for mutants, which show that a property notices when
 * a step of the text is forgotten or does not wait, and for asserts that are put into a text from outside.
 * @param change is told the step and the number of the code that it stands in.
 */
export function rewriteSteps(program: Program, change: (step: Step, code: number) => Step): Program {
  const codes = program.codes.map((code, number) => {
    const body = simplifyBody(
      rewriteBody(code.body, (step) => change(step, number)),
      program.sizes,
    );
    const flow = lower(body);
    return { ...code, body, flow, live: liveness(flow) };
  });
  return { ...program, codes };
}

/** Effects in which every assignment and assert, however deep it stands, is what `change` makes of it. */
export const rewriteEffects = (
  effects: readonly Effect[],
  change: (effect: Extract<Effect, { kind: 'assign' | 'assert' }>) => readonly Effect[],
): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign':
      case 'assert':
        return change(effect);
      case 'when':
        return [{ ...effect, then: rewriteEffects(effect.then, change), else: rewriteEffects(effect.else, change) }];
      case 'each':
        return [{ ...effect, body: rewriteEffects(effect.body, change) }];
    }
  });

/** The program without the asserts of a name: what is known to be violated need not be asked again. */
export const withoutAssert = (program: Program, name: string): Program =>
  rewriteSteps(program, (step) => ({
    ...step,
    effects: rewriteEffects(step.effects, (effect) =>
      effect.kind === 'assert' && effect.name === name ? [] : [effect],
    ),
  }));

/**
 * The program with one more value in a task's own memory, which no text uses yet: for what `rewriteSteps` notes down
 * in one step and asks in another. Like every such value it is forgotten, and costs no state, where nobody asks any more.
 * @throws Error where the code has no room for another.
 */
export function withLocal<K extends string>(
  program: Program,
  code: number,
  name: string,
  type: Type<K>,
): { readonly program: Program; readonly local: Place<K> } {
  const of = program.codes[code];
  if (of === undefined) throw new Error(`no code ${code}`);
  const used = slotsOf(of);
  const slot = [...Array(FIRST_ARRAY_SLOT).keys()].find((candidate) => !used.has(candidate));
  if (slot === undefined) throw new Error(`'${name}': '${of.name}' has ${FIRST_ARRAY_SLOT} values already`);
  const slotMax = Array.from({ length: Math.max(slot + 1, of.slotMax.length) }, (_, i) => of.slotMax[i] ?? 0);
  slotMax[slot] = resolve(type.max, program.sizes);
  const local: Local = { name, type, length: undefined, slot };
  return {
    program: { ...program, codes: program.codes.map((each, i) => (i === code ? { ...each, slotMax } : each)) },
    local: new Place<K>({ op: 'local', local }),
  };
}

/** The slots that a code has given to somebody. */
function slotsOf({ body, params, slotMax }: Code): ReadonlySet<number> {
  const used = new Set<number>(params);
  for (const [slot, max] of slotMax.entries()) if (max > 0) used.add(slot);
  const use = (expr: Expr): void =>
    walk(expr, (part) => {
      if (part.op === 'local') used.add(part.local.slot);
    });
  const useEffects = (effects: readonly Effect[]): void => {
    for (const effect of effects)
      if (effect.kind === 'assign') [effect.place, effect.value].forEach(use);
      else if (effect.kind === 'assert') use(effect.condition);
      else if (effect.kind === 'when') {
        use(effect.if);
        useEffects(effect.then);
        useEffects(effect.else);
      } else {
        [effect.from, effect.to].forEach(use);
        useEffects(effect.body);
      }
  };
  const useBody = (parts: readonly Body[]): void => {
    for (const part of parts)
      if (part.kind === 'step') {
        if (part.step.guard !== undefined) use(part.step.guard);
        useEffects(part.step.effects);
      } else if (part.kind === 'local') useEffects(part.effects);
      else if (part.kind === 'if') {
        use(part.if);
        useBody(part.then);
        useBody(part.else);
      } else if (part.kind === 'either') part.options.forEach(useBody);
      else if (part.kind === 'loop' || part.kind === 'block') useBody(part.body);
  };
  useBody(body);
  return used;
}

function rewriteBody(body: readonly Body[], change: (step: Step) => Step): readonly Body[] {
  return body.map((part): Body => {
    switch (part.kind) {
      case 'step':
        return { kind: 'step', step: change(part.step) };
      case 'if':
        return { ...part, then: rewriteBody(part.then, change), else: rewriteBody(part.else, change) };
      case 'either':
        return { ...part, options: part.options.map((option) => rewriteBody(option, change)) };
      case 'loop':
      case 'block':
        return { ...part, body: rewriteBody(part.body, change) };
      case 'local':
      case 'exit':
      case 'again':
        return part;
    }
  });
}
