// SPDX-License-Identifier: MIT
import { inOrder } from './in-order.ts';
import { listed, type ListedTurn } from './listed.ts';
import { pct } from './pct.ts';
import { random } from './random.ts';
import { roundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';

/** A schedule as data, equivalent to one printed string. */
export type Schedule =
  | { readonly kind: 'in-order' | 'rr' }
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'pct'; readonly depth: number; readonly seed: number }
  | { readonly kind: 'list'; readonly turns: readonly ListedTurn[] };

export const IN_ORDER: Schedule = { kind: 'in-order' };

/** Changes whenever the same string would give another run on an unchanged kernel. */
const SCHEDULE_VERSION = 1;
const VERSION = `v${SCHEDULE_VERSION}:`;

const LARGEST_SEED = 2 ** 32 - 1;
const DEEPEST = 100;

/** The string of a schedule, for parseSchedule(): `v1:random:7`, `v1:pct:3:7`, `v1:rr`, `v1:list:T0:12,kworker/1:4`. */
export function formatSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'in-order':
    case 'rr':
      return `${VERSION}${schedule.kind}`;
    case 'random':
      return `${VERSION}random:${schedule.seed}`;
    case 'pct':
      return `${VERSION}pct:${schedule.depth}:${schedule.seed}`;
    case 'list':
      return `${VERSION}list:${schedule.turns.map(({ task, times }) => `${task}:${times}`).join(',')}`;
  }
}

/**
 * Reads a schedule. The version is optional, and so is `list:`.
 * @param seed for `random` and `pct:D` without one.
 * @throws RangeError if it is no schedule; the message says what was expected.
 * @example
 * import {
 *   formatSchedule,
 *   IN_ORDER,
 *   inOrder,
 *   parseSchedule,
 *   ScheduleMisfit,
 *   strategyOf,
 *   turnsTaken,
 * } from 'folioscope/machine';
 * formatSchedule(parseSchedule('random:7')); // => 'v1:random:7'
 * parseSchedule('in-order'); // => IN_ORDER
 * turnsTaken(['T0', 'T0', 'T1']); // => [{ task: 'T0', times: 2 }, { task: 'T1', times: 1 }]
 * const named = { taskNamed: (name: string) => (name === 'T0' ? 0 : undefined), length: () => 10 };
 * Object.keys(strategyOf(IN_ORDER, named)); // => Object.keys(inOrder())
 * // A list that names another machine's task does not fit:
 * new ScheduleMisfit('no task T9') instanceof Error; // => true
 */
export function parseSchedule(text: string, seed = 1): Schedule {
  const version = /^v(\d+):/.exec(text);
  if (version !== null && version[0] !== VERSION)
    throw new RangeError(`a schedule of version ${version[1]}, expected ${VERSION}`);
  const body = text.slice(version?.[0].length ?? 0);
  const [kind = '', ...values] = body.split(':');
  if (body === 'in-order' || body === 'rr') return { kind: body };
  if (kind === 'random' && values.length <= 1) return { kind, seed: numberOf(values[0] ?? seed, 0, LARGEST_SEED) };
  if (kind === 'pct' && values.length <= 2)
    return { kind, depth: numberOf(values[0] ?? 3, 1, DEEPEST), seed: numberOf(values[1] ?? seed, 0, LARGEST_SEED) };
  return { kind: 'list', turns: turnsOf(body.replace(/^list:/, '')) };
}

function numberOf(value: string | number, from: number, to: number): number {
  const number = /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw new RangeError(`'${value}' in a schedule, expected a whole number from ${from} to ${to}`);
}

function turnsOf(body: string): readonly ListedTurn[] {
  return body.split(',').map((part) => {
    const [, task, times = '1'] =
      /^([A-Za-z][\w.-]*(?:\/\d+)?)(?::(\d{1,9}|all|@\w+(?:\.\w+)?))?$/.exec(part.trim()) ?? [];
    if (task === undefined)
      throw new RangeError(
        `'${part}' is not a schedule, expected rr, random, pct:D, in-order or turns such as T0:12,T1:@folio_put,T0:all`,
      );
    if (times === 'all') return { task, times };
    return { task, times: times.startsWith('@') ? `@${times.slice(1)}` : Number(times) };
  });
}

/** The list of turns for a sequence of tasks; equal neighbours are merged. */
export function turnsTaken(tasks: readonly string[]): readonly ListedTurn[] {
  const turns: { task: string; times: number }[] = [];
  for (const task of tasks) {
    const last = turns.at(-1);
    if (last?.task === task) last.times++;
    else turns.push({ task, times: 1 });
  }
  return turns;
}

/** What a schedule must know of a machine. */
export interface Scheduled {
  /** Number of a task; undefined if there is none. */
  readonly taskNamed: (name: string) => number | undefined;
  /** Turns that the run takes in order; called only if the schedule depends on it. */
  readonly length: () => number;
}

/** The strategy of a schedule, fresh: it decides one run. */
export function strategyOf(schedule: Schedule, { taskNamed, length }: Scheduled): Strategy {
  switch (schedule.kind) {
    case 'in-order':
      return inOrder();
    case 'rr':
      return roundRobin();
    case 'random':
      return random(schedule.seed);
    case 'pct':
      return pct(schedule.depth, schedule.seed, length());
    case 'list':
      return listed(schedule.turns, taskNamed);
  }
}
