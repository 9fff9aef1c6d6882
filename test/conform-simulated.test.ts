// SPDX-License-Identifier: MIT
// Whatever the machine does is a behaviour of the model: conform accepts the recording of each random run, whichever order two CPUs'
// looks, drains and flushes came in.
import { expect, test } from 'vitest';
import { conformTrace } from '../src/conform/index.ts';
import { memorySource } from '../src/trace/index.ts';
import { KINDS, randomRecording } from './support/random-recordings.ts';

const SEEDS = 6;

test.each(KINDS.filter(({ conversions, large }) => !conversions && !large))('$name', async (kind) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const { text, profile, patch } = randomRecording(kind, seed);
    const { verdict, divergence, matched } = await conformTrace(memorySource('t', text), { profile, patches: [patch] });
    expect({ seed, verdict, divergence }).toEqual({ seed, verdict: 'conforms', divergence: undefined });
    expect(matched).toBeGreaterThan(10);
  }
});
