// SPDX-License-Identifier: MIT
import type { Body, Effect, Observe, Step } from '../text/body.ts';
import { FIRST_ARRAY_SLOT, type LocalArray } from '../text/builder.ts';
import { exprOf, Place } from '../text/expression.ts';
import { type Expr, type Local, walk } from '../text/expr.ts';
import { lower } from './flow.ts';
import { liveness } from './liveness.ts';
import type { Code, Program } from './program.ts';
import { simplifyBody } from '../text/simplify.ts';
import { resolve, type Sizes, type Type } from '../text/types.ts';

/**
 * The program with every step replaced by the result of `change`: for mutants, which show that a property detects a
 * forgotten step or wait, and for asserts added from outside.
 * @param change called with the step and the number of its code.
 * @example
 * import {
 *   applyingWhere,
 *   bool,
 *   buildCode,
 *   int,
 *   mark,
 *   observationsIn,
 *   program,
 *   rewriteEffects,
 *   rewriteObservations,
 *   rewriteSteps,
 *   sharedScalar,
 *   withLocal,
 *   withLocalArray,
 *   withoutAssert,
 * } from 'folioscope/lang';
 * const DONE = mark('done');
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 1 }, 0, (k) =>
 *   k.step('add', () => {
 *     k.observe(DONE, {});
 *     k.assert('small', total.lt(5));
 *     total.add(1);
 *   }),
 * );
 * const original = program({ task: 1 }, [total], [adding]);
 * const kinds = (of: typeof original) =>
 *   of.codes[0]!.flow.nodes.flatMap((node) => (node.kind === 'step' ? node.step.effects.map(({ kind }) => kind) : []));
 * kinds(original); // => ['observe', 'assert', 'assign']
 * kinds(withoutAssert(original, 'small')); // => ['observe', 'assign']
 * [...observationsIn(original)].map(({ observed }) => observed.mark.name); // => ['done']
 * // A mutant that forgets to add:
 * const forgetful = rewriteSteps(original, (step) => ({
 *   ...step,
 *   effects: rewriteEffects(step.effects, (effect) => (effect.kind === 'assign' ? [] : [effect])),
 * }));
 * kinds(forgetful); // => ['observe', 'assert']
 * // A note that is taken where something is observed, if a condition holds:
 * const { program: noting, local } = withLocal(original, 0, 'seen', bool);
 * const { array } = withLocalArray(noting, 0, 'often', 2, int(3));
 * array.length; // => 2
 * const set = { kind: 'assign', place: local.expr, value: { op: 'const', value: 1 } } as const;
 * const noted = rewriteObservations(noting, () => [applyingWhere(total.gt(0), [set])]);
 * kinds(noted); // => ['when', 'assert', 'assign']
 */
export function rewriteSteps(program: Program, change: (step: Step, code: number) => Step): Program {
  const codes = program.codes.map((code, number) =>
    recoded(
      code,
      rewriteBody(code.body, (step) => change(step, number)),
      program.sizes,
    ),
  );
  return { ...program, codes };
}

/**
 * The program with every observation replaced by the result of `change`, so that a question about a text is put where
 * the text has that meaning. Between steps, effects may only touch the task's own memory.
 * @param change called with the observation, the number of its code, and the step; undefined between steps.
 */
export function rewriteObservations(
  program: Program,
  change: (observed: Observe, code: number, step: Step | undefined) => readonly Effect[],
): Program {
  const codes = program.codes.map((code, number) => {
    const rewrite = (effects: readonly Effect[], step?: Step): readonly Effect[] =>
      rewriteEffects(effects, (effect) => (effect.kind === 'observe' ? change(effect, number, step) : [effect]));
    return recoded(
      code,
      rewriteBody(
        code.body,
        (step) => ({ ...step, effects: rewrite(step.effects, step) }),
        (effects) => rewrite(effects),
      ),
      program.sizes,
    );
  });
  return { ...program, codes };
}

/** Every observation in a program's texts. */
export function* observationsIn(program: Program): Generator<{ readonly observed: Observe; readonly code: number }> {
  for (const [code, { flow }] of program.codes.entries())
    for (const node of flow.nodes)
      if (node.kind === 'step' || node.kind === 'local')
        for (const observed of observesOf(node.kind === 'step' ? node.step.effects : node.effects))
          yield { observed, code };
}

function* observesOf(effects: readonly Effect[]): Generator<Observe> {
  for (const effect of effects)
    if (effect.kind === 'observe') yield effect;
    else if (effect.kind === 'when') {
      yield* observesOf(effect.then);
      yield* observesOf(effect.else);
    } else if (effect.kind === 'each') yield* observesOf(effect.body);
}

function recoded(code: Code, rewritten: readonly Body[], sizes: Sizes): Code {
  const body = simplifyBody(rewritten, sizes);
  const flow = lower(body);
  return { ...code, body, flow, live: liveness(flow) };
}

/** Effects with every assignment and assert, at any depth, replaced by the result of `change`. */
export const rewriteEffects = (
  effects: readonly Effect[],
  change: (effect: Extract<Effect, { kind: 'assign' | 'assert' | 'observe' }>) => readonly Effect[],
): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign':
      case 'assert':
      case 'observe':
        return change(effect);
      case 'when':
        return [{ ...effect, then: rewriteEffects(effect.then, change), else: rewriteEffects(effect.else, change) }];
      case 'each':
        return [{ ...effect, body: rewriteEffects(effect.body, change) }];
    }
  });

/** The program without the asserts of a name: a known violation need not be checked again. */
export const withoutAssert = (program: Program, name: string): Program =>
  rewriteSteps(program, (step) => ({
    ...step,
    effects: rewriteEffects(step.effects, (effect) =>
      effect.kind === 'assert' && effect.name === name ? [] : [effect],
    ),
  }));

/**
 * The program with one more value in a task's own memory, which no text uses yet: for notes of `rewriteSteps` between
 * steps. Like every such value it is forgotten, and adds no state, once it is no longer read.
 * @throws Error if the code has no room for another.
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

/** The same for an array of `length` values. */
export function withLocalArray<K extends string>(
  program: Program,
  code: number,
  name: string,
  length: number,
  type: Type<K>,
): { readonly program: Program; readonly array: LocalArray<K> } {
  const of = program.codes[code];
  if (of === undefined) throw new Error(`no code ${code}`);
  const slot = Math.max(FIRST_ARRAY_SLOT, of.slotMax.length);
  const slotMax = Array.from({ length: slot + length }, (_, i) =>
    i < slot ? (of.slotMax[i] ?? 0) : resolve(type.max, program.sizes),
  );
  const local: Local = { name, type, length, slot };
  return {
    program: { ...program, codes: program.codes.map((each, i) => (i === code ? { ...each, slotMax } : each)) },
    array: { local, length, at: (index) => new Place<K>({ op: 'local', local, index: exprOf(index) }) },
  };
}

/** The slots that a code uses. */
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
      else if (effect.kind === 'observe') Object.values(effect.args).forEach(use);
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

function rewriteBody(
  body: readonly Body[],
  change: (step: Step) => Step,
  changeLocal: (effects: readonly Effect[]) => readonly Effect[] = (effects) => effects,
): readonly Body[] {
  return body.map((part): Body => {
    switch (part.kind) {
      case 'step':
        return { kind: 'step', step: change(part.step) };
      case 'if':
        return {
          ...part,
          then: rewriteBody(part.then, change, changeLocal),
          else: rewriteBody(part.else, change, changeLocal),
        };
      case 'either':
        return { ...part, options: part.options.map((option) => rewriteBody(option, change, changeLocal)) };
      case 'loop':
      case 'block':
        return { ...part, body: rewriteBody(part.body, change, changeLocal) };
      case 'local':
        return { ...part, effects: changeLocal(part.effects) };
      case 'exit':
      case 'again':
        return part;
    }
  });
}
