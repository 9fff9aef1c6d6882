// SPDX-License-Identifier: MIT
// Random sequences of real calls on the real kernel and on the machine; and the same with machines that make mistakes in the real
// kernel's place, which shows that the comparison sees them. bench/differential.ts makes as many steps as one likes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MODEL_MUTANTS } from '../../../bench/conform-mutants.ts';
import { loadNative } from '../../../src/live/index.ts';
import { lackingGuestMemfd, lackingTracefs, TRACEFS } from '../machine.ts';
import { RealKernel } from './kernel.ts';
import { Model } from './model.ts';
import { differentialRun, MOST_RESYNCS, profileOf, resyncShare } from './run.ts';
import { StandIn } from './stand-in.ts';
import { sayStep } from './steps.ts';

const why =
  lackingTracefs() ??
  (await lackingGuestMemfd()) ??
  (profileOf(release()) === undefined ? `no profile of Linux ${release()}` : undefined);

test("the real kernel's page flags are the machine's after each of many random calls", async ({ skip }) => {
  const profile = profileOf(release());
  if (why !== undefined || profile === undefined) return skip(why);
  const kernel = new RealKernel();
  try {
    const model = new Model(profile, (await loadNative()).affinity().length);
    // A busy machine flushes too often: another try may be quieter.
    for (const seed of [1, 2, 3]) {
      const { counts, difference } = await differentialRun(kernel, model, { steps: 1000, seed });
      expect(difference).toBeUndefined();
      expect(counts.compared).toBeGreaterThan(10_000);
      if (resyncShare(counts) <= MOST_RESYNCS) return;
    }
    skip('other work flushed batches at more than a fifth of the steps, three times');
  } finally {
    await kernel.close();
  }
});

test('SIGINT ends a run, and nothing of it stays', async ({ skip }) => {
  if (why !== undefined) skip(why);
  const program = fileURLToPath(new URL('../../../bench/differential.ts', import.meta.url));
  const run = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, '1000000'], {
    stdio: 'ignore',
  });
  const ours = (): readonly string[] =>
    readdirSync(`${TRACEFS}/instances`).filter((name) => name.startsWith(`folioscope-${run.pid}-`));
  await expect.poll(ours).toHaveLength(2);
  run.kill('SIGINT');
  const [code] = await once(run, 'exit');
  expect(code).toBe(130);
  expect(ours()).toEqual([]);
});

const profile = profileOf('6.18.0');
if (profile === undefined) throw new Error('no profile of 6.18');

describe('a machine in the place of the real kernel', () => {
  test('does what the machine does', async () => {
    const { counts, difference } = await differentialRun(new StandIn(new Model(profile, 2)), new Model(profile, 2), {
      steps: 400,
      seed: 5,
    });
    expect(difference).toBeUndefined();
    expect(counts).toMatchObject({ steps: 400, resyncs: { steps: 0 } });
  });

  test('flushes by other work are found in the recording, and counted', async () => {
    const { counts, difference } = await differentialRun(new StandIn(new Model(profile, 2), 3), new Model(profile, 2), {
      steps: 400,
      seed: 5,
    });
    expect(difference).toBeUndefined();
    expect(counts.resyncs.others).toBeGreaterThan(20);
  });

  test.each([
    ['batch-of-30', 'touch 1..31', 'our own call flushed'],
    ['batch-of-32', 'touch 1..32', 'the kernel: '],
    ['unmap-drains', 'touch 44..45, dontneed 42..45', 'our own call flushed'],
    ['insertion-without-flag', 'fallocate 14..35, punch 34..35', "waits; the machine's is on the LRU"],
    ['drain-skips-cpu-1', 'move to CPU 1, touch 37..38, move to CPU 0, drain-all', 'the kernel: nothing'],
  ])('%s is found, and the shortest sequence is told: %s', async (name, shortest, what) => {
    const mutant = MODEL_MUTANTS.find((one) => one.name === name);
    expect(mutant).toBeDefined();
    const real = new StandIn(new Model(profile, 2, mutant));
    const { difference } = await differentialRun(real, new Model(profile, 2), { steps: 4000, seed: 7 });
    expect(difference?.shortest.map(sayStep).join(', ')).toBe(shortest);
    expect(difference?.last.what).toContain(what);
  });
});
