// SPDX-License-Identifier: MIT
// Many CPUs at once: every task is within a call of its own, and each has its turn for a few steps.
import { columnOf, type Columns, IDLE } from '../src/lang/index.ts';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../src/abi/index.ts';
import { taskResult } from '../src/kernel/index.ts';
import { type Call, entryOf, type Machine } from '../src/machine/index.ts';
import { codeNamed } from './count-operations.ts';

/** 2 MiB. */
const AREA = 512;
/** Most steps of a turn. */
const LONGEST = 511;

/** What is done with an area, by one task: its pages are there, private, shared again, mapped, and gone. */
function callsOf(start: number, pages: number): readonly Call[] {
  const range = { inode: 0, start, pages };
  const convert = (attributes: bigint): Call => ({
    call: 'set-memory-attributes2',
    inode: 0,
    argument: {
      offset: BigInt(start) * PAGE_SIZE,
      size: BigInt(pages) * PAGE_SIZE,
      attributes,
      flags: 0n,
      reserved: [],
    },
  });
  return [
    { call: 'touch', ...range },
    convert(KVM_MEMORY_ATTRIBUTE_PRIVATE),
    { call: 'guest-touch', ...range, private: true },
    convert(0n),
    { call: 'touch', ...range },
    { call: 'punch-hole', ...range },
  ];
}

/**
 * Does it with all areas of the first guest_memfd, one a task at a time; a kworker has its turn like a task. The same seed
 * is the same run. @returns the number of turns @throws Error where a call fails, or all wait.
 */
export function runInSlices(machine: Machine, { start, step }: Columns, seed: number): number {
  const { memory, options } = machine;
  const results = columnOf(memory, taskResult);
  const pages = options.guestMemfds[0]?.pages ?? 0;
  const tasks = options.tasks.length;
  const left: (readonly Call[])[] = [];
  let area = 0;
  const next = (task: number): boolean => {
    if (results[task] !== 0)
      throw new Error(`a call of ${machine.taskName(task)} returned ${machine.outcome(task).result}`);
    let [call, ...rest] = left[task] ?? [];
    if (call === undefined && area < pages) {
      [call, ...rest] = callsOf(area, Math.min(AREA, pages - area));
      area += AREA;
    }
    left[task] = rest;
    if (call === undefined) return false;
    const entry = entryOf(call, options);
    if ('result' in entry) throw new Error(`${call.call} is refused: ${entry.result}`);
    start(task, codeNamed(machine, entry.name), entry.args);
    return true;
  };
  let x = seed;
  let turns = 0;
  const turn = (task: number): boolean => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    if (memory.code[task] === IDLE && (task >= tasks || !next(task))) return false;
    let taken = 0;
    for (const most = 1 + ((x >>> 0) % LONGEST); taken < most && step(task); taken++);
    if (taken > 0) turns++;
    return taken > 0;
  };
  for (let moved = true; moved; ) {
    moved = false;
    for (let task = 0; task < machine.tasks; task++) if (turn(task)) moved = true;
  }
  if (memory.code.subarray(0, tasks).some((code) => code !== IDLE)) throw new Error('all wait for ever');
  return turns;
}
