// SPDX-License-Identifier: MIT
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './scripts/count-reporter.mjs'],
    testTimeout: 60_000,
    // A page answers later on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    // One for each core: the default leaves one of two idle.
    maxWorkers: availableParallelism(),
  },
});
