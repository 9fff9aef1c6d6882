// SPDX-License-Identifier: MIT
// What a command of ours could leave behind, counted: for test/live/leaks.test.ts and bench/leaks.ts.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_PAGE_SIZE } from '../../src/abi/index.ts';
import { findGuestMemfds } from '../../src/live/descriptors.ts';
import { removeDead } from '../../src/live/tracefs.ts';
import { COMMAND, ROOT } from '../cli/folioscope.ts';
import { TRACEFS } from './machine.ts';

/** What this process and its machine hold. */
export interface Held {
  readonly descriptors: number;
  readonly mappings: number;
  /** kB that this process has locked, and pinned. */
  readonly locked: number;
  readonly pinned: number;
  /** Instances of tracefs that are ours. */
  readonly instances: readonly string[];
  /** guest_memfds of all processes. */
  readonly guestMemfds: number;
  /** Pages of the machine with long pins: taken minus given back. */
  readonly pins: number;
}

const number = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:?\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

export function held(): Held {
  const status = readFileSync('/proc/self/status', 'utf8');
  const vmstat = readFileSync('/proc/vmstat', 'utf8');
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: readFileSync('/proc/self/maps', 'latin1')
      .split('\n')
      .filter((line) => line.includes('kvm-gmem')).length,
    locked: number(status, 'VmLck'),
    pinned: number(status, 'VmPin'),
    instances: readdirSync(`${TRACEFS}/instances`).filter((name) => name.startsWith('folioscope-')),
    guestMemfds: findGuestMemfds(DEFAULT_PAGE_SIZE, undefined).inodes.length,
    pins: number(vmstat, 'nr_foll_pin_acquired') - number(vmstat, 'nr_foll_pin_released'),
  };
}

/** How a killed command left the machine. */
export interface Killed {
  /** It was killed before it ended by itself. */
  readonly wasKilled: boolean;
  /** It left an instance of tracefs. */
  readonly left: boolean;
  /** The next start has removed it. */
  readonly isClean: boolean;
}

/** Starts a command and kills it after some milliseconds with SIGKILL. */
export async function kill(args: readonly string[], milliseconds: number): Promise<Killed> {
  const child = spawn(process.execPath, [...COMMAND, ...args], { cwd: ROOT, stdio: 'ignore' });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('exit', (_, signal) => {
      resolve(signal);
    });
  });
  await sleep(milliseconds);
  child.kill('SIGKILL');
  const signal = await ended;
  const own = (): readonly string[] =>
    readdirSync(`${TRACEFS}/instances`).filter((name) => name.startsWith(`folioscope-${child.pid}-`));
  const left = own().length > 0;
  removeDead(TRACEFS ?? '');
  return { wasKilled: signal === 'SIGKILL', left, isClean: own().length === 0 };
}
