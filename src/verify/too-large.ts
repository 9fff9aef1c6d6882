// SPDX-License-Identifier: MIT
import type { SmallWorld } from './small-world.ts';

/**
 * JavaScript's own memory, in bytes: the present use, and the limit. Beyond the limit the process is killed at once.
 */
export interface Heap {
  readonly used: number;
  readonly most: number;
}

/**
 * Bytes of a question and its compiled text for each pair of a converted page and a page: the assertions about each
 * page name all others. Measured: 530 for the question, half as much again for its text.
 */
const BYTES_OF_PAIR = 1000;
/**
 * Bytes for each pair of a step and a byte of memory: a step's code names everything that it may touch, and is written,
 * joined and read.
 */
const BYTES_OF_STEP = 25;
/** Largest number of characters of code for the latter, and of a string. */
const CHARACTERS = 13;
const LONGEST = 2 ** 29;
/** Factor by which a question may grow while it is compiled. */
const COMPILED = 2.5;
/** Usable share of the free memory. */
const SHARE = 0.8;

/**
 * Whether a scenario is too large to be checked: building its question would end the process. Estimated from its pages,
 * steps and memory, before anything is built.
 */
export function isTooLarge({ scenario, program, memory, calls }: SmallWorld, { used, most }: Heap): boolean {
  const pages = scenario.machine.guestMemfds.reduce((sum, inode) => sum + inode.pages, 0);
  const converted = new Map<number, number>();
  for (const { task, call, entry } of calls)
    if (call.call === 'set-memory-attributes2')
      converted.set(task, Math.max(converted.get(task) ?? 0, entry.args[2] ?? 0));
  const pairs = [...converted.values()].reduce((sum, some) => sum + some * pages, 0);
  const steps = program.codes.reduce((sum, { flow }) => sum + flow.nodes.length, 0);
  const bytes = [...memory.columns.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const needed = pairs * BYTES_OF_PAIR + steps * bytes * BYTES_OF_STEP;
  return needed > SHARE * (most - used) || steps * bytes * CHARACTERS > LONGEST;
}

/** Whether a built question leaves too little memory to compile it. */
export const isTooLargeToCompile = ({ used, most }: Heap, usedBefore: number): boolean =>
  (used - usedBefore) * COMPILED > most - usedBefore;
