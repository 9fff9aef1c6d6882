// SPDX-License-Identifier: MIT
import type { Question } from '../src/check/index.ts';
import { cpuFbatches, folio, iPages, type KernelConfig, pins, pte } from '../src/kernel/index.ts';
import { mlockFbatch } from '../src/kernel/mlock.ts';
import { choose, claimed, finished, literal, type Program, type Value } from '../src/lang/index.ts';
import { build, type SmallWorld } from './exploring.ts';

const numbers = (n: number): readonly number[] => [...Array(n).keys()];
const sum = (parts: readonly Value<'int'>[]): Value<'int'> =>
  parts.reduce((all, part) => all.plus(part), literal<'int'>(0));
const all = (conditions: readonly Value<'bool'>[]): Value<'bool'> =>
  conditions.reduce((both, condition) => both.and(condition), literal<'bool'>(1));

/** I6 as a property of states: every folio's count is the sum of its holders. */
function conservation(program: Program, { profile }: KernelConfig): Value<'bool'> {
  const { sizes } = program;
  const size = (name: string): readonly number[] => numbers(sizes[name] ?? 0);
  const held = (place: Value<'folio'>, of: number, amount: Value<'int'> | number = 1): Value<'int'> =>
    choose(place.eq(of), amount, 0);
  return all(
    size('folio').map((of) => {
      const holders = [
        ...size('inode').flatMap((inode) => size('index').map((index) => held(iPages.at(inode, index), of))),
        ...size('mm').flatMap((mm) =>
          size('inode').flatMap((inode) => size('index').map((index) => held(pte.at(mm, inode, index), of))),
        ),
        ...size('cpu').flatMap((cpu) => size('slot').map((slot) => held(cpuFbatches.lruAdd.folios.at(cpu, slot), of))),
        ...(profile.mlockBatchHoldsReference
          ? size('cpu').flatMap((cpu) => size('mlock_slot').map((slot) => held(mlockFbatch.folios.at(cpu, slot), of)))
          : []),
        ...size('pin').map((pin) => held(pins.folio.at(pin), of, pins.references.at(pin))),
        claimed<'folio'>(of),
      ];
      return folio.refcount.at(of).eq(sum(holders));
    }),
  );
}

/** The world as a question: I6 always, and whatever else is asked. */
export function questionOf(world: SmallWorld, more: Question['properties'] = []): Question {
  const { program, memory } = build(world);
  return {
    program,
    codeOf: [...program.codes.keys()],
    initial: memory,
    properties: [{ name: 'I6 conservation', holds: conservation(program, world.config) }, ...more],
    mayEnd: all(world.tasks.map((_, task) => finished(task))),
  };
}
