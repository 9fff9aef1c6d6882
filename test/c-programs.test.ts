// SPDX-License-Identifier: MIT
// Translation held against gcc: random programs of the subset make the same calls, with the same arguments and the same answers.
// `npx tsx bench/c-programs.ts 10000` does it for many.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { compared, compiled, generate, readyFront, streamOf } from './c-programs.ts';

const PROGRAMS = 200;
const SEED = 40_000;

/** Programs are many, and machines may be slow. */
const PATIENCE_MS = 300_000;

const hasGcc = spawnSync('gcc', ['--version']).status === 0;

test.skipIf(!hasGcc)(
  'random programs make the calls that they make when gcc has compiled them (skipped without gcc)',
  async () => {
    const front = await readyFront();
    const all = Array.from({ length: PROGRAMS }, (_, i) => generate(SEED + i, i));
    const streams = all.map((_, i) => streamOf(SEED + i));
    const events = compiled(all, streams);
    const constructs = new Set<string>();
    let same = 0;
    for (const [i, one] of all.entries()) {
      const outcome = compared(front, one, streams[i] ?? [], events[i]);
      expect(outcome, `seed ${SEED + i}`).not.toMatchObject({ kind: 'differs' });
      if (outcome.kind !== 'same') continue;
      same++;
      for (const construct of one.has) constructs.add(construct);
    }
    expect(same).toBeGreaterThan(PROGRAMS * 0.8);
    for (const construct of [
      'goto forward',
      'goto backward',
      'early return',
      'switch',
      'fallthrough',
      'short circuit',
      'helper function',
    ])
      expect([...constructs]).toContain(construct);
  },
  PATIENCE_MS,
);
