// SPDX-License-Identifier: MIT
import { array, assert, nat, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import {
  CELLS,
  cells,
  type Instruction,
  instruction,
  lock,
  PROPERTIES,
  readers,
  write,
} from '../../test/support/random-programs.ts';
import {
  alikeTasks,
  type Builder,
  buildCode,
  choose,
  createMemory,
  domain,
  element,
  finished,
  int,
  Interpreter,
  literal,
  program,
  shared,
  TASK,
} from '../lang/index.ts';
import { exploreProgram, type Question } from './index.ts';
import { orbitsOf } from '../../test/support/orbits.ts';

const HANDLE = domain('handle');
const own = shared('own', [TASK], int(1));
const handles = shared('handles', [HANDLE], int(2));

const text = array(instruction, { minLength: 1, maxLength: 2 });
const world = record({ alike: text, copies: nat({ max: 1 }), other: text, of: nat({ max: PROPERTIES.length - 2 }) });

/** Tasks with one text, each with a handle and a place of its own, beside another task. */
function questionOf(
  alike: readonly Instruction[],
  copies: number,
  other: readonly Instruction[],
  of: number,
): Question {
  const sizes = { task: copies + 1, cell: CELLS, handle: copies };
  const codes = Array.from({ length: copies + 1 }, (_, task) =>
    buildCode(`task ${task}`, null, sizes, 0, (k: Builder<null>) => {
      const seen = k.let('seen', int(3), 0);
      const mine = element(HANDLE, literal<'int'>(task));
      if (task < copies)
        k.step('open', () => handles.at(mine).set(choose(cells.at(0).eq(0).and(own.at(k.self).eq(0)), 1, 0)));
      write(k, task < copies ? alike : other, seen);
      if (task < copies)
        k.step('close', () => {
          own.at(k.self).set(1);
          handles.at(mine).set(2);
        });
    }),
  );
  const built = program(sizes, [lock, readers, cells, own, handles], codes);
  const initial = createMemory(built);
  const interpreter = new Interpreter(built, initial);
  for (const task of codes.keys()) interpreter.start(task, task);
  return {
    program: built,
    codeOf: [...codes.keys()],
    initial,
    properties: [{ name: 'property', holds: PROPERTIES[of] ?? literal(1) }],
    mayEnd: codes.map((_, task) => finished(task)).reduce((a, b) => a.and(b)),
  };
}

/** FOLIOSCOPE_SEED and FOLIOSCOPE_RUNS look elsewhere, and longer. */
const SEED = Number(process.env['FOLIOSCOPE_SEED'] ?? 7);
const RUNS = Number(process.env['FOLIOSCOPE_RUNS'] ?? 40);

test('random programs have the same verdict with symmetry and without, and one state for each orbit', () => {
  const seen = new Set<string>();
  assert(
    property(world, ({ alike, copies, other, of }) => {
      const strict = questionOf(alike, copies + 2, other, of);
      const symmetry = alikeTasks(strict.program, strict.codeOf, strict.initial, strict);
      expect(symmetry?.classes.map((members) => members.map(({ task }) => task))).toContainEqual(
        Array.from({ length: copies + 2 }, (_, task) => task),
      );
      for (const question of [strict, { ...strict, mayEnd: literal<'bool'>(1) }]) {
        const reach = { mostStates: 20_000 };
        const full = exploreProgram(question, reach);
        if (full.verdict === 'undecided') return;
        for (const partialOrder of [false, true]) {
          const reduced = exploreProgram({ ...question, symmetry, partialOrder }, reach);
          expect([reduced.verdict, reduced.property]).toEqual([full.verdict, full.property]);
          expect(reduced.counterexample?.length).toBe(full.counterexample?.length);
        }
        seen.add(full.property ?? full.verdict);
      }
      // Every state that an exchange leads to is reached too, and of them one is kept.
      const whole = { mostStates: 3_000, whole: true };
      const full = exploreProgram(strict, whole);
      if (symmetry === undefined || full.reason !== undefined) return;
      const orbits = orbitsOf(strict, symmetry);
      expect([...orbits.values()].reduce((sum, { size }) => sum + size, 0)).toBe(full.states);
      expect([...orbits.values()].filter(({ size, reached }) => size !== reached)).toEqual([]);
      expect(exploreProgram({ ...strict, symmetry }, whole).states).toBe(orbits.size);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // Or it would have shown nothing.
  expect([...seen].toSorted()).toEqual(['assert', 'deadlock', 'holds', 'property']);
});
