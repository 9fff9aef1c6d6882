// SPDX-License-Identifier: MIT
// Random tasks for programs that reductions are tried on: locks, indirect writes, choices, claims, endless loops and asserts.
import { type Arbitrary, array, constantFrom, nat, oneof, record } from 'fast-check';
import {
  bool,
  type Builder,
  claimed,
  domain,
  element,
  finished,
  int,
  literal,
  shared,
  sharedScalar,
  type Value,
} from '../../src/lang/index.ts';

const CELL = domain('cell');
export const lock = sharedScalar('lock', bool);
export const readers = sharedScalar('readers', int(3));
export const cells = shared('cells', [CELL], int(3));

/** One instruction of a random task; numbers say which cells and values. */
export type Instruction =
  | { readonly kind: 'lock' | 'unlock' | 'lock shared' | 'unlock shared' }
  | { readonly kind: 'add' | 'set' | 'copy' | 'wait' | 'assert' | 'indirect'; readonly a: number; readonly b: number }
  | {
      readonly kind: 'twice' | 'if' | 'forever' | 'either' | 'claim';
      readonly a: number;
      readonly of: readonly Instruction[];
    };

export const CELLS = 3;
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
export const instruction: Arbitrary<Instruction> = oneof(
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
export const randomTasks = array(array(instruction, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 });

/** Takes the instructions down; `seen` is what the task copied last. */
export function write(k: Builder<null>, text: readonly Instruction[], seen: ReturnType<Builder<null>['local']>): void {
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

/** Of any of these tasks: what some programs keep and others do not. */
export const PROPERTIES: readonly Value<'bool'>[] = [
  literal(1),
  cells.at(0).eq(3).not(),
  cells.at(0).eq(2).and(cells.at(1).eq(1)).not(),
  cells.at(0).plus(cells.at(1)).eq(claimed<'cell'>(0)),
  cells.at(2).lt(2),
  lock.not().or(readers.eq(0)),
  claimed<'cell'>(1).lt(2),
  finished(0).and(finished(1)).and(cells.at(1).eq(2)).not(),
];
