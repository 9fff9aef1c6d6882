// SPDX-License-Identifier: MIT
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root: what relative paths in tests of the command line are relative to. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BUILT = join(ROOT, 'dist/cli/main.js');

/** Whether dist/ was built after every source was written. */
export function isBuilt(): boolean {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.every((file) => statSync(join(ROOT, 'src', file)).mtimeMs < built);
}

/** What to give to node to run the command: as built, which starts faster, or from newer sources. */
export const COMMAND: readonly string[] = isBuilt()
  ? [BUILT]
  : ['--import', import.meta.resolve('tsx'), join(ROOT, 'src/cli/main.ts')];

/** Runs `folioscope` to its end. */
export function folioscope(
  args: readonly string[],
  { env = {}, ...options }: Pick<SpawnSyncOptions, 'cwd' | 'env' | 'input'> = {},
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...COMMAND, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
    maxBuffer: 64 * 1024 * 1024,
    ...options,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
