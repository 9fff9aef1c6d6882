// SPDX-License-Identifier: MIT
import { type Arbitrary, array, assert, constantFrom, nat, oneof, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import {
  bool,
  buildCode,
  type Builder,
  claimed,
  createMemory,
  domain,
  element,
  finished,
  int,
  Interpreter,
  literal,
  type Program,
  program,
  shared,
  sharedScalar,
  type Value,
} from '../lang/index.ts';
import { exploreProgram, type Question } from './index.ts';

const CELL = domain('cell');
const lock = sharedScalar('lock', bool);
const readers = sharedScalar('readers', int(3));
const cells = shared('cells', [CELL], int(3));

/** One instruction of a random task; numbers say which cells and values. */
type Instruction =
  | { readonly kind: 'lock' | 'unlock' | 'lock shared' | 'unlock shared' }
  | { readonly kind: 'add' | 'set' | 'copy' | 'wait' | 'assert' | 'indirect'; readonly a: number; readonly b: number }
  | {
      readonly kind: 'twice' | 'if' | 'forever' | 'either' | 'claim';
      readonly a: number;
      readonly of: readonly Instruction[];
    };

const CELLS = 3;
const value = nat({ max: 2 });
const simple: Arbitrary<Instruction> = oneof(
  record({
    kind: constantFrom('lock' as const, 'unlock' as const, 'lock shared' as const, 'unlock shared' as const),
  }),
  record({
    kind: constantFrom(
      'add' as const,
      'add' as const,
      'set' as const,
      'copy' as const,
      'wait' as const,
      'assert' as const,
      'indirect' as const,
    ),
    a: value,
    b: value,
  }),
);
const some: Arbitrary<readonly Instruction[]> = array(simple, { minLength: 1, maxLength: 3 });
const instruction: Arbitrary<Instruction> = oneof(
  { weight: 4, arbitrary: simple },
  // What is usual: a section within a lock.
  {
    weight: 2,
    arbitrary: some.map(
      (of): Instruction => ({ kind: 'twice', a: 1, of: [{ kind: 'lock' }, ...of, { kind: 'unlock' }] }),
    ),
  },
  {
    weight: 2,
    arbitrary: some.map(
      (of): Instruction => ({ kind: 'twice', a: 1, of: [{ kind: 'lock shared' }, ...of, { kind: 'unlock shared' }] }),
    ),
  },
  {
    weight: 2,
    arbitrary: record({
      kind: constantFrom('twice' as const, 'if' as const, 'forever' as const, 'either' as const, 'claim' as const),
      a: value,
      of: some,
    }),
  },
);
const tasks = array(array(instruction, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 });

function write(k: Builder<null>, text: readonly Instruction[], seen: ReturnType<Builder<null>['local']>): void {
  for (const part of text) {
    switch (part.kind) {
      case 'lock':
        k.await('lock', lock.not().and(readers.eq(0)), () => lock.set(true));
        break;
      case 'unlock':
        k.step('unlock', () => lock.set(false));
        break;
      case 'lock shared':
        k.await('lock shared', lock.not().and(readers.lt(3)), () => readers.add(1));
        break;
      case 'unlock shared':
        k.await('unlock shared', readers.gt(0), () => readers.sub(1));
        break;
      case 'add':
        k.await('add', cells.at(part.a).lt(3), () => cells.at(part.a).add(1));
        break;
      case 'set':
        k.step('set', () => cells.at(part.a).set(part.b));
        break;
      case 'copy':
        k.step('copy', () => seen.set(cells.at(part.a)));
        break;
      case 'wait':
        k.await('wait', cells.at(part.a).eq(part.b));
        break;
      case 'assert':
        k.step('assert', () => k.assert('assert', cells.at(part.a).ne(3).or(claimed<'cell'>(part.b).gt(0))));
        break;
      case 'indirect':
        k.step('indirect', () =>
          k.when(cells.at(part.a).lt(CELLS), () => cells.at(element(CELL, cells.at(part.a))).set(part.b)),
        );
        break;
      case 'twice':
        k.for('i', int(2), 0, part.a, () => write(k, part.of, seen));
        break;
      case 'if':
        k.if(seen.eq(part.a), () => write(k, part.of, seen));
        break;
      case 'forever':
        k.loop(() => {
          write(k, part.of, seen);
          k.step('again', () => seen.set(cells.at(part.a)));
          k.if(seen.eq(part.a), () => k.break());
        });
        break;
      case 'either':
        k.either([
          () => k.step('skip', () => {}),
          () => k.await('take', cells.at(part.a).gt(0), () => cells.at(part.a).sub(1)),
        ]);
        write(k, part.of, seen);
        break;
      case 'claim':
        k.claiming('claim', element(CELL, literal<'int'>(part.a)), {}, () => write(k, part.of, seen));
        break;
    }
  }
}

function built(texts: readonly (readonly Instruction[])[]): Program {
  const sizes = { task: texts.length, cell: CELLS };
  const codes = texts.map((text, i) =>
    buildCode(`task ${i}`, null, sizes, 0, (k: Builder<null>) => {
      const seen = k.let('seen', int(3), 0);
      write(k, text, seen);
    }),
  );
  return program(sizes, [lock, readers, cells], codes);
}

const PROPERTIES: readonly Value<'bool'>[] = [
  literal(1),
  cells.at(0).eq(3).not(),
  cells.at(0).eq(2).and(cells.at(1).eq(1)).not(),
  cells.at(0).plus(cells.at(1)).eq(claimed<'cell'>(0)),
  cells.at(2).lt(2),
  lock.not().or(readers.eq(0)),
  claimed<'cell'>(1).lt(2),
  finished(0).and(finished(1)).and(cells.at(1).eq(2)).not(),
];

/** FOLIOSCOPE_SEED and FOLIOSCOPE_RUNS look elsewhere, and longer. */
const SEED = Number(process.env['FOLIOSCOPE_SEED'] ?? 5);
const RUNS = Number(process.env['FOLIOSCOPE_RUNS'] ?? 60);

test('random programs have the same verdict with partial order and without', () => {
  let smaller = 0;
  const seen = new Set<string>();
  assert(
    property(tasks, nat({ max: PROPERTIES.length - 1 }), (texts, of) => {
      const text = built(texts);
      const initial = createMemory(text);
      const interpreter = new Interpreter(text, initial);
      for (const task of text.codes.keys()) interpreter.start(task, task);
      const question: Question = {
        program: text,
        codeOf: [...text.codes.keys()],
        initial,
        properties: [{ name: 'property', holds: PROPERTIES[of] ?? literal(1) }],
        mayEnd: texts.map((_, task) => finished(task)).reduce((a, b) => a.and(b)),
      };
      // Asserts, deadlocks and the property hide each other where the search ends with the first: so each is asked alone.
      const lenient = { ...question, mayEnd: literal<'bool'>(1) };
      for (const [name, asked] of [
        ['all', question],
        ['property', lenient],
      ] as const) {
        const full = exploreProgram(asked, { mostStates: 20_000 });
        const reduced = exploreProgram({ ...asked, partialOrder: true }, { mostStates: 20_000 });
        expect([name, reduced.verdict, reduced.property]).toEqual([name, full.verdict, full.property]);
        seen.add(full.property ?? full.verdict);
        if (reduced.states < full.states) smaller++;
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // Or it would have shown nothing.
  expect([...seen].toSorted()).toEqual(['assert', 'deadlock', 'holds', 'property']);
  expect(smaller).toBeGreaterThan(RUNS / 2);
});
