// SPDX-License-Identifier: MIT
import type { Value } from '../text/expression.ts';
import { type Flow, type FlowNode, nodeAt, optionsAt } from '../program/flow.ts';
import type { Memory } from '../program/memory.ts';
import type { Code, Program } from '../program/program.ts';
import { dispatched } from '../compile/settle.ts';
import { simplify } from '../text/simplify.ts';
import type { Property } from '../explore/successors.ts';
import type { Dialect, Lines, Rule } from './dialect.ts';
import { MURPHI } from './murphi.ts';
import { Names } from './names.ts';
import { PROMELA } from './promela.ts';
import { Writer } from './writer.ts';

/** A question for another checker: the same as for `exploreProgram`. */
export interface Exported {
  readonly program: Program;
  /** The code that each task runs from the initial state. */
  readonly codeOf: readonly number[];
  readonly initial: Memory;
  readonly properties: readonly Property[];
  readonly mayEnd: Value<'bool'>;
}

/**
 * The program for SPIN: `spin -a`, then `cc -DNOREDUCE -DSAFETY pan.c`. SPIN then stores every state.
 * @throws Error if the program has a search that Promela cannot express.
 * @example
 * import {
 *   buildCode,
 *   createMemory,
 *   int,
 *   Interpreter,
 *   literal,
 *   program,
 *   sharedScalar,
 *   toMurphi,
 *   toPromela,
 * } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const sizes = { task: 2 };
 * const adding = buildCode('adding', null, sizes, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program(sizes, [total], [adding]);
 * const initial = createMemory(counting);
 * const interpreter = new Interpreter(counting, initial);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const exported = { program: counting, codeOf: [0, 0], initial, properties: [], mayEnd: literal<'bool'>(1) };
 * toPromela(exported).includes('proctype'); // => true
 * toMurphi(exported).includes('ruleset') || toMurphi(exported).includes('rule'); // => true
 */
export const toPromela = (exported: Exported): string => write(exported, PROMELA);

/** The program for Rumur, in Murphi: `rumur --deadlock-detection stuck`. @throws Error as `toPromela`. */
export const toMurphi = (exported: Exported): string => write(exported, MURPHI);

function write({ program, codeOf, initial, properties, mayEnd }: Exported, dialect: Dialect): string {
  const codes = codeOf.map((number) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return code;
  });
  const names = new Names(program, codes, initial);
  const ofNobody = new Writer(dialect, program, codes, names, -1);
  const condition = (value: Value<'bool'>): string => ofNobody.condition(simplify(value.expr, program.sizes));
  return dialect.model({
    declared: names.declared,
    rules: codes.flatMap((code, task) =>
      rulesOf(code, task, () => new Writer(dialect, program, codes, names, task), names, dialect),
    ),
    properties: properties.map(({ name, holds }) => ({ name, condition: condition(holds) })),
    mayEnd: condition(mayEnd),
  });
}

function rulesOf(code: Code, task: number, writing: () => Writer, names: Names, dialect: Dialect): readonly Rule[] {
  const pc = names.pc(task);
  if (pc === undefined) return [];
  return code.flow.steps.flatMap((_, place) =>
    optionsAt(code.flow, place).map(({ step, next }): Rule => {
      const writer = writing();
      const here = dialect.binary('==', pc, String(place));
      const guard = step.guard === undefined ? here : dialect.binary('&&', here, writer.condition(step.guard));
      const rest = (node: Resting): Lines => {
        const live = (node.kind === 'done' ? undefined : code.live[node.pc]) ?? new Set<number>();
        return [
          ...names
            .forgotten(task, live)
            .map(({ name, index }) => dialect.assign(dialect.element(name, index?.toString()), '0')),
          dialect.assign(pc, String(node.kind === 'done' ? code.flow.steps.length : node.pc)),
        ];
      };
      const body = [...writer.effects(step.effects), ...settled(code.flow, next, writer, rest, dialect)];
      const name = `${code.name}: ${[...step.path, step.name].join(' > ')}`;
      return { name, guard, body, scratch: [...writer.scratch] };
    }),
  );
}

type Resting = Extract<FlowNode, { kind: 'step' | 'either' | 'done' }>;

/** A task's own work after a step; see settle.ts, which has the same order. */
function settled(flow: Flow, from: number, writer: Writer, rest: (node: Resting) => Lines, dialect: Dialect): Lines {
  const heads = dispatched(flow, from);
  const next = 'n';
  const inline = (id: number): Lines => (heads.has(id) ? [dialect.assign(next, String(id))] : one(id));
  const one = (id: number): Lines => {
    const node = nodeAt(flow.nodes, id);
    switch (node.kind) {
      case 'step':
      case 'either':
      case 'done':
        return [...rest(node), ...(heads.size === 0 ? [] : [dialect.assign(next, '-1')])];
      case 'goto':
        return inline(node.next);
      case 'local':
        return [...writer.effects(node.effects), ...inline(node.next)];
      case 'branch':
        return dialect.if([{ condition: writer.condition(node.if), then: inline(node.then) }], inline(node.else));
    }
  };
  if (heads.size === 0) return one(from);
  writer.scratch.add(next);
  const branches = [...heads].map((id) => ({ condition: dialect.binary('==', next, String(id)), then: one(id) }));
  const [last, ...others] = branches.toReversed();
  return [
    ...inline(from),
    ...dialect.while(
      dialect.binary('!=', next, '-1'),
      others.length === 0 ? (last?.then ?? []) : dialect.if(others.toReversed(), last?.then ?? []),
    ),
  ];
}
