// SPDX-License-Identifier: MIT
// npm run demo: the main job from a fresh clone, with nothing but node and git. Installs and builds if needed, then runs three
// commands and shows their answers; before them, if the machine allows it, one on its running kernel.
//
//   exit 0: all answered; 1: one did not answer, or the installation or the build failed
//
// They end with 1 if a conversion is refused, which they are here to show: 0 and 1 are answers.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, sourceFiles } from './files.mjs';

const COMMANDS = [
  ['demo'],
  ['review', 'examples/drain-once.mail', '--scenarios', 'scenarios/SC-02-other-cpu.yaml'],
  ['run', 'scenarios/SC-02-other-cpu.yaml', '--patch', 'baseline,local-drain,v6'],
  ['explain', 'examples/two-cpu.dat', '--at', 'marker:phase faulted'],
];
const MAIN = 'dist/cli/main.js';

/** @param {string[]} args @returns {number | null} */
const node = (args) => spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }).status;

/** @param {string} file @returns {number} when it was written; 0 where there is none */
const written = (file) => statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function ensureBuilt() {
  const sources = ['package.json', 'tsconfig.json', 'tsconfig.build.json', ...sourceFiles(ROOT, 'src')];
  if (written(MAIN) > Math.max(...sources.map(written))) return true;
  console.error('building dist/');
  return node(['scripts/build.mjs']) === 0;
}

function demo() {
  if (!ensureDependencies()) return 'npm ci failed';
  if (!ensureBuilt()) return 'the build failed';
  for (const args of COMMANDS) {
    const shown = args.map((word) => (/^[\w./,:-]+$/.test(word) ? word : `'${word}'`));
    console.log(`\n$ folioscope ${shown.join(' ')}\n`);
    const status = node([MAIN, ...args]);
    // On the running kernel: its line on standard error has named what this machine lacks.
    if (args[0] === 'demo' && (status === 69 || status === 2)) continue;
    if (status !== 0 && status !== 1) return `folioscope ${args[0]} ended with ${status ?? 'a signal'}`;
  }
  return undefined;
}

const failure = demo();
if (failure !== undefined) {
  console.error(`demo: ${failure}`);
  process.exitCode = 1;
}
