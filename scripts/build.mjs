// SPDX-License-Identifier: MIT
// npm run build: compiles src/ to dist/.
//
//   exit 0: dist/ is new and complete; 1: the compiler found errors, dist/ is as it was
//
// Always whole (about two seconds), into a folder of its own that replaces dist/ at the end: so dist/ never holds the
// output of a source that is gone, and whoever runs it meanwhile sees the old one or the new one.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './files.mjs';

// Beside dist/, so that relative paths in source maps stay right when it is renamed.
const fresh = join(ROOT, `.dist-${process.pid}`);
const old = `${fresh}-old`;
const dist = join(ROOT, 'dist');

// ts7 is the native compiler, npm:typescript@7. Its bin is called like that of other versions, hence the path.
const compiler = join(ROOT, 'node_modules/ts7/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', fresh], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (status === 0) {
  const main = join(fresh, 'cli/main.js');
  if (existsSync(main)) chmodSync(main, 0o755);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
} else {
  rmSync(fresh, { recursive: true, force: true });
  process.exitCode = 1;
}
