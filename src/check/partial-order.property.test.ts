// SPDX-License-Identifier: MIT
import { assert, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Instruction,
  CELLS,
  cells,
  lock,
  PROPERTIES,
  randomTasks,
  readers,
  write,
} from '../../test/support/random-programs.ts';
import {
  buildCode,
  type Builder,
  createMemory,
  finished,
  int,
  Interpreter,
  literal,
  type Program,
  program,
} from '../lang/index.ts';
import { exploreProgram, type Question } from './index.ts';

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

/** FOLIOSCOPE_SEED and FOLIOSCOPE_RUNS look elsewhere, and longer. */
const SEED = Number(process.env['FOLIOSCOPE_SEED'] ?? 5);
const RUNS = Number(process.env['FOLIOSCOPE_RUNS'] ?? 60);

test('random programs have the same verdict with partial order and without', () => {
  let smaller = 0;
  const seen = new Set<string>();
  assert(
    property(randomTasks, nat({ max: PROPERTIES.length - 1 }), (texts, of) => {
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
