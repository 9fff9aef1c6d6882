// SPDX-License-Identifier: MIT
// What `npm run bench` does with machines of many pages, on few: are operations counted as they are made?
import { expect, test } from 'vitest';
import { countCalls, type Counts, counting } from '../bench/count-operations.ts';
import { largeMachine } from '../bench/large-machine.ts';
import { runInSlices } from '../bench/slices.ts';
import { folio } from '../src/kernel/index.ts';
import { columnOf, compileColumns } from '../src/lang/index.ts';
import type { Machine } from '../src/machine/index.ts';

const CPUS = 8;
const PAGES = 1100;

/** The interpreter takes the steps of the machine's calls, and tells what each wrote. */
function watchCalls(machine: Machine): () => Counts {
  let [operations, steps] = [0, 0];
  const call = machine.call.bind(machine);
  machine.call = (task, asked) =>
    call(task, asked, ({ writes }) => {
      steps++;
      operations += writes.filter(({ variable }) => variable === folio.refcount.variable).length;
    });
  return () => {
    const counts = { operations, steps };
    [operations, steps] = [0, 0];
    return counts;
  };
}

const isEmpty = (machine: Machine): boolean =>
  [folio.allocated, folio.refcount, folio.mapcount].every((of) => columnOf(machine.memory, of).every((n) => n === 0));

test('what the counters in the text count is what the interpreter sees written', () => {
  const [counted, watched] = [largeMachine(CPUS, PAGES), largeMachine(CPUS, PAGES)];
  const [read, seen] = [countCalls(counted.machine), watchCalls(watched.machine)];
  const operations = counted.phases.map(({ name, run }, i) => {
    run();
    watched.phases[i]?.run();
    const counts = read();
    expect({ name, ...counts }).toEqual({ name, ...seen() });
    expect(counted.machine.memory.columns).toEqual(watched.machine.memory.columns);
    return counts.operations;
  });
  const [fault = 0, toPrivate = 0, punch, , toShared, again] = operations;
  // Allocated, cached, into a batch and out of it, unmapped, looked up, put.
  expect(fault + toPrivate).toBe(7 * PAGES);
  // Looked up, out of the page cache, put.
  expect(punch).toBe(3 * (512 + PAGES - 1024));
  // Looked up, put; and what waits in the batch of the CPU that converts.
  expect(toShared).toBe(2 * PAGES + 18);
  // Looked up, which the mapping keeps.
  expect(again).toBe(PAGES);
  expect(isEmpty(counted.machine)).toBe(true);
});

test('all CPUs at once: the run that is counted is the one that is measured', () => {
  const { machine } = largeMachine(CPUS, PAGES);
  const plain = compileColumns(machine.program, machine.memory);
  const { read, ...columns } = counting(machine);
  machine.call(0, { call: 'lru-add-drain-all' });
  const before = machine.snapshot();
  const turns = runInSlices(machine, plain, 7);
  const measured = machine.snapshot();
  machine.restore(before);
  expect(runInSlices(machine, columns, 7)).toBe(turns);
  expect(machine.snapshot()).toEqual(measured);
  expect(read().operations).toBeGreaterThan(12 * PAGES);
  expect(machine.imbalances()).toEqual([]);
  machine.call(0, { call: 'lru-add-drain-all' });
  expect(isEmpty(machine)).toBe(true);
});
