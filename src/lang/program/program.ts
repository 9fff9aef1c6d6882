// SPDX-License-Identifier: MIT
import type { Body, Claim } from '../text/body.ts';
import { Builder, TASK } from '../text/builder.ts';
import type { SharedArray } from '../text/expression.ts';
import type { Expr, Variable } from '../text/expr.ts';
import { walk } from '../text/expr.ts';
import { type Flow, lower } from './flow.ts';
import { type Liveness, liveness } from './liveness.ts';
import { recording } from '../text/recorder.ts';
import { simplifyBody } from '../text/simplify.ts';
import { type Domain, resolve, type Sizes, sizeOf } from '../text/types.ts';

/** A code that a task can run: a routine's text, inlined, simplified and numbered. */
export interface Code {
  readonly name: string;
  /** Slots of its parameters. */
  readonly params: readonly number[];
  readonly body: readonly Body[];
  readonly flow: Flow;
  readonly live: Liveness;
  /** Largest value of each slot; 0 if a slot is not used. */
  readonly slotMax: readonly number[];
}

/** Everything that an execution needs. */
export interface Program {
  readonly sizes: Sizes;
  readonly variables: readonly Variable[];
  readonly codes: readonly Code[];
}

/** Text of a code, with its parameters declared through the builder. */
export type CodeText<C> = (k: Builder<C>) => void;

/**
 * Builds one code. Locals that `text` declares before anything else, by `param`, are its parameters.
 * @param declared the program's variables: if given, a text that names another fails at that place.
 * @example
 * import { buildCode } from 'folioscope/lang';
 * const waiting = buildCode('waiting', null, { task: 1 }, 0, (k) => k.await('never', k.self.ne(0)));
 * waiting.flow.steps.length; // => 1
 */
export function buildCode<C>(
  name: string,
  config: C,
  sizes: Sizes,
  params: number,
  text: CodeText<C>,
  declared?: readonly Variable[],
): Code {
  const builder = new Builder(config, sizes, declared);
  recording(builder, () => text(builder));
  builder.end();
  const body = simplifyBody(builder.body, sizes);
  const flow = lower(body);
  if (declared !== undefined) recordedWith.set(body, declared);
  return {
    name,
    params: Array.from({ length: params }, (_, slot) => slot),
    body,
    flow,
    live: liveness(flow),
    slotMax: Array.from(builder.slots.max, (max: number | undefined) => max ?? 0),
  };
}

/** The variables with which texts were recorded: they name no others. */
const recordedWith = new WeakMap<readonly Body[], readonly Variable[]>();

/** @throws RangeError if an argument of a code does not fit. */
export function requireArguments({ name, params, slotMax }: Code, args: readonly number[]): void {
  for (const [i, slot] of params.entries()) {
    const [value = 0, max = 0] = [args[i], slotMax[slot]];
    if (!(value >= 0 && value <= max))
      throw new RangeError(`'${name}' is started with ${value} as its value ${i}, allowed is 0 to ${max}`);
  }
}

/**
 * Puts codes and the shared memory that they use together. `variables` fixes the memory's order.
 * @example
 * import { buildCode, columnOf, createMemory, int, Interpreter, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const memory = createMemory(counting);
 * const interpreter = new Interpreter(counting, memory);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * for (const task of [0, 1]) interpreter.step(task);
 * columnOf(memory, total)[0]; // => 2
 */
export const program = (
  sizes: Sizes,
  variables: readonly (SharedArray<string, readonly Domain[]> | { variable: Variable })[],
  codes: readonly Code[],
): Program => {
  const declared = variables.map(({ variable }) => variable);
  for (const variable of declared)
    if (rangeOf(variable, sizes).max > LARGEST)
      throw new RangeError(`'${variable.name}' goes up to ${rangeOf(variable, sizes).max}, beyond ${LARGEST}`);
  const known = new Set(declared);
  for (const code of codes.filter(({ body }) => recordedWith.get(body)?.every((one) => known.has(one)) !== true))
    for (const expr of expressionsOf(code.body))
      walk(expr, (part) => {
        if (part.op === 'read' && !known.has(part.variable))
          throw new Error(`'${code.name}' uses '${part.variable.name}', which the program does not declare`);
      });
  return { sizes, variables: declared, codes };
};

/** Largest value that every execution can hold. */
const LARGEST = 2 ** 31 - 1;

/** Number of tasks in a program. */
export const tasksOf = (sizes: Sizes): number => sizeOf(sizes, TASK.name);

/** Number of elements of a shared array. */
export const extentOf = (variable: Variable, sizes: Sizes): number =>
  variable.domains.reduce((product, { name }) => product * sizeOf(sizes, name), 1);

/** Largest and first value of a shared array's elements. */
export const rangeOf = (variable: Variable, sizes: Sizes): { readonly max: number; readonly initial: number } => ({
  max: resolve(variable.type.max, sizes),
  initial: resolve(variable.type.initial, sizes),
});

function* expressionsOf(body: readonly Body[]): Generator<Expr> {
  for (const part of body) {
    if (part.kind === 'step') {
      if (part.step.guard !== undefined) yield part.step.guard;
      yield* effectExpressions(part.step.effects);
      yield* part.step.claims.flatMap(claimExpressions);
    } else if (part.kind === 'local') yield* effectExpressions(part.effects);
    else if (part.kind === 'if') {
      yield part.if;
      yield* expressionsOf(part.then);
      yield* expressionsOf(part.else);
    } else if (part.kind === 'either') {
      yield* part.claims.flatMap(claimExpressions);
      for (const option of part.options) yield* expressionsOf(option);
    } else if (part.kind === 'loop' || part.kind === 'block') yield* expressionsOf(part.body);
  }
}

const claimExpressions = ({ of, amount, on }: Claim): readonly Expr[] => [
  ...('list' in of ? [of.from, of.to] : [of]),
  amount,
  ...(on === undefined ? [] : [on]),
];

function* effectExpressions(effects: Extract<Body, { kind: 'step' }>['step']['effects']): Generator<Expr> {
  for (const effect of effects) {
    if (effect.kind === 'assign') yield* [effect.place, effect.value];
    else if (effect.kind === 'assert') yield effect.condition;
    else if (effect.kind === 'observe') yield* Object.values(effect.args);
    else if (effect.kind === 'when') {
      yield effect.if;
      yield* effectExpressions(effect.then);
      yield* effectExpressions(effect.else);
    } else yield* [effect.from, effect.to, ...effectExpressions(effect.body)];
  }
}
