// SPDX-License-Identifier: MIT
// The unit tests on a mutated model: MUTANT names one of bench/conform-mutants.ts. The kernel's text is changed as it is loaded, so
// that the product has no hook for it.
//
//   MUTANT=newest-first npx vitest run --config bench/conform-unit.config.ts --bail 1
import { defineConfig } from 'vitest/config';

const name = process.env['MUTANT'] ?? '';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['src/machine/**/*.test.ts', 'src/explain/verdicts.test.ts', 'test/lab.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
  plugins: [
    {
      name: 'mutant',
      transform(code: string, id: string): string | undefined {
        const find = `globalThis.__mutants?.find((one) => one.name === ${JSON.stringify(name)})`;
        if (id.endsWith('/src/kernel/program.ts'))
          return code.replace(
            'const rewrite = patch.mutant?.rewrite;',
            `const rewrite = patch.mutant?.rewrite ?? (${find})?.rewrite;`,
          );
        if (id.endsWith('/src/kernel/profile.ts') && PROFILES[name] !== undefined)
          return `${code}\nfor (const profile of PROFILES) Object.assign(profile, ${JSON.stringify(PROFILES[name])});\n`;
        if (id.endsWith('.test.ts'))
          return `import { MODEL_MUTANTS as __all } from ${JSON.stringify(new URL('conform-mutants.ts', import.meta.url).pathname)};\nglobalThis.__mutants = __all;\n${code}`;
        return undefined;
      },
    },
  ],
});

/** The profiles of the mutants, again: this file must not import the kernel before it is changed. */
const PROFILES: Readonly<Record<string, object>> = {
  'batch-of-30': { batchSize: 30 },
  'batch-of-32': { batchSize: 32 },
  'batch-of-15': { batchSize: 15 },
  'flush-inserts-the-dead': { flushFreesLastReference: false },
  'flush-frees-the-dead': { flushFreesLastReference: true },
  'no-local-drain-first': { drainAllLocalFirst: false },
  'drain-skips-own-cpu': { drainAllLocalFirst: false },
  'unmap-drains': { unmapDrainsLocal: true },
  'mlock-without-reference': { mlockBatchHoldsReference: false },
};
