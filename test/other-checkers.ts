// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What another checker found. */
export interface Found {
  readonly states: number;
  /** The steps that it took, its own way of counting. */
  readonly transitions: number;
  readonly verdict: 'holds' | 'violated';
}

/** Runs `work` in an empty folder that is gone afterwards. */
function inFolder<T>(work: (run: (command: string, ...args: string[]) => string, write: Write) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'folioscope-'));
  // Rumur's program and SPIN's say in words what they found; their exit codes differ or mean nothing.
  const run = (command: string, ...args: string[]): string => {
    try {
      return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '')
        return error.stdout;
      throw error;
    }
  };
  try {
    return work(run, (name, text) => writeFileSync(join(folder, name), text));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Write = (name: string, text: string) => void;

const numberIn = (text: string, pattern: RegExp): number => {
  const digits = pattern.exec(text)?.[1];
  if (digits === undefined) throw new Error(`the other checker did not answer as expected:\n${text}`);
  return Number(digits);
};

/** Explores Promela with SPIN, on to the end even where something is wrong. */
export const spin = (promela: string): Found =>
  inFolder((run, write) => {
    write('model.pml', promela);
    run('spin', '-o2', '-a', 'model.pml');
    run('cc', '-O0', '-w', '-DNOREDUCE', '-DSAFETY', '-o', 'pan', 'pan.c');
    const text = run('./pan', '-m1000000', '-c0');
    return {
      states: numberIn(text, /(\d+) states, stored/),
      transitions: numberIn(text, /(\d+) transitions/),
      verdict: numberIn(text, /errors: (\d+)/) === 0 ? 'holds' : 'violated',
    };
  });

/** Explores Murphi with Rumur, on to the end where nothing is wrong. */
export const rumur = (murphi: string): Found =>
  inFolder((run, write) => {
    write('model.m', murphi);
    run('rumur', '--threads', '1', '--deadlock-detection', 'stuck', '-o', 'model.c', 'model.m');
    run('cc', '-std=c11', '-O0', '-mcx16', '-w', '-o', 'model', 'model.c', '-lpthread');
    const text = run('./model');
    return {
      states: numberIn(text, /(\d+) states/),
      transitions: numberIn(text, /(\d+) rules fired/),
      verdict: text.includes('No error found') ? 'holds' : 'violated',
    };
  });
