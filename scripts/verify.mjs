// SPDX-License-Identifier: MIT
// npm test: everything that must be true of the repository, from a clean checkout, on one screen.
//
//   node scripts/verify.mjs [--only STAGE,STAGE]
//
// Installs the npm packages and, when root on Debian, the Debian packages that the tests need. All stages run even if
// one fails; the output of a failing one is shown whole. Each stage counts as one check and each test as one, and the
// last line is `N passed, N failed` or `N passed, N failed, N skipped`.
//
//   exit 0: nothing failed; 1: something failed, or no test ran; 64: usage
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT } from './files.mjs';

/** Debian packages that some tests need. Without one, those tests say that they are skipped and why. */
const DEBIAN_PACKAGES = [
  { name: 'trace-cmd', command: 'trace-cmd', for: 'comparing our reading with trace-cmd report' },
  { name: 'zsh', command: 'zsh', for: 'reading the completion for zsh' },
  { name: 'fish', command: 'fish', for: 'reading the completion for fish' },
  { name: 'spin', command: 'spin', for: 'exploring what is exported as Promela' },
  { name: 'rumur', command: 'rumur', for: 'exploring what is exported as Murphi' },
  { name: 'gcc', command: 'cc', for: 'compiling what spin and rumur generate' },
  { name: 'redis-server', command: 'redis-server', for: 'questions spread by a queue' },
  { name: 'chromium', command: 'chromium', for: 'the page' },
  { name: 'libc6-dev', command: 'cc', for: 'compiling what spin and rumur generate' },
];

/**
 * In this order. The tests come last, because some run the build's output. `newest` runs some of them once more, on the newest
 * even release of Node.
 * @type {Record<string, string[]>}
 */
const STAGES = {
  format: ['node_modules/.bin/biome', 'check', '--error-on-warnings'],
  lint: ['node_modules/.bin/oxlint'],
  types: ['node_modules/ts7/bin/tsc', '-p', 'tsconfig.json'],
  'web-types': ['node_modules/ts7/bin/tsc', '-p', 'web/tsconfig.json'],
  directions: ['scripts/check-directions.mjs'],
  spdx: ['scripts/check-spdx.mjs'],
  'dead-code': ['node_modules/.bin/knip', '--treat-config-hints-as-errors'],
  build: ['scripts/build.mjs'],
  package: ['node_modules/.bin/publint', '--strict'],
  tests: ['node_modules/.bin/vitest', 'run'],
  // Tests that may differ on the newest release: streams, files, processes, modules. The rest is arithmetic.
  newest: [
    'node_modules/.bin/vitest',
    'run',
    'src/trace',
    'src/cli',
    'src/check',
    'src/live',
    'test/live/record.test.ts',
    ...['run', 'explain', 'export', 'completion', 'schedule', 'check-spill', 'check-itf', 'check-threads'].map(
      (name) => `test/cli/${name}.test.ts`,
    ),
    'test/packed.test.ts',
  ],
};
/** Stages that run tests, each counted. */
const TESTING = new Set(['tests', 'newest']);

/** The newest even release of Node; README names the releases that are tested. */
const NEWEST = 26;

/** @returns {string[]} the stages that the command line asks for */
function chosenStages() {
  const all = Object.keys(STAGES);
  const [option, list, ...rest] = process.argv.slice(2);
  if (option === undefined) return all;
  const chosen = list?.split(',') ?? [];
  if (option === '--only' && rest.length === 0 && chosen.length > 0 && chosen.every((stage) => all.includes(stage)))
    return all.filter((stage) => chosen.includes(stage));
  console.error(`usage: node scripts/verify.mjs [--only STAGE,...], STAGE being one of ${all.join(', ')}`);
  process.exit(64);
}

/** @param {string} command */
const onPath = (command) =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, command)));

/**
 * Installs missing packages if possible. Never fatal.
 * @returns {Record<string, string>} for each command that is still missing, why
 */
function ensureDebianPackages() {
  const missing = DEBIAN_PACKAGES.filter(({ command }) => !onPath(command));
  if (missing.length === 0) return {};
  let why = 'not installed';
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    const names = missing.map(({ name }) => name);
    console.log(`installing Debian packages: ${names.join(', ')}`);
    const limits = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20'];
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
      const { status, stderr } = spawnSync('apt-get', ['-q', ...limits, ...args], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: 180_000,
      });
      if (status !== 0) why = `apt-get ${args[0]} failed: ${stderr.trim().split('\n').at(-1)}`;
    }
  }
  const still = missing.filter(({ command }) => !onPath(command));
  for (const { name, for: purpose } of still) console.log(`missing Debian package ${name} (${purpose}): ${why}`);
  return Object.fromEntries(still.map(({ name, command }) => [command, `Debian package ${name}: ${why}`]));
}

/**
 * The newest even release of Node, from the npm package that brings one, in a folder that is removed with this process.
 * @returns {{ node: string } | { why: string }} why there is none
 */
function newestNode() {
  const [major] = process.versions.node.split('.');
  if (Number(major) >= NEWEST) return { why: `all tests have run on Node ${major}` };
  const folder = join(scratch, 'node');
  mkdirSync(folder);
  const args = ['install', '--prefix', folder, '--prefer-offline', '--fetch-retries=0', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', [...args, '--loglevel=error', `node@${NEWEST}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 120_000,
  });
  const node = join(folder, 'node_modules/node/bin/node');
  if (status === 0 && spawnSync(node, ['--version']).status === 0) return { node };
  const reason = stderr.trim().split('\n').at(0) ?? '';
  return { why: `the npm package node@${NEWEST} cannot be had: ${reason === '' ? 'it took too long' : reason}` };
}

/** @type {import('node:child_process').ChildProcess | undefined} the stage that runs now */
let running;

/**
 * A stage leads a process group of its own, so that an interrupt can end all its processes.
 * @param {string} node
 * @param {string[]} args
 * @param {Record<string, string>} variables
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
const runNode = (node, args, variables) =>
  new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (/** @type {string} */ text) => (output += text));
    }
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });

const scratch = mkdtempSync(join(tmpdir(), 'folioscope-verify-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    if (running?.pid !== undefined && running.exitCode === null) process.kill(-running.pid, 'SIGKILL');
    process.exit(128 + constants.signals[signal]);
  });

const stages = chosenStages();
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failedStages = [];

/** @param {string} name */
function fail(name) {
  failedStages.push(name);
  total.failed++;
}

/**
 * The tests' counts, or undefined if vitest did not get as far as counting.
 * @param {string} path
 */
function countsIn(path) {
  if (!existsSync(path)) return undefined;
  return /** @type {{ passed: number, failed: number, skipped: number, skips: { test: string, reason: string }[] }} */ (
    JSON.parse(readFileSync(path, 'utf8'))
  );
}

if (ensureDependencies()) {
  const missing = stages.some((name) => TESTING.has(name)) ? ensureDebianPackages() : {};
  for (const name of stages) {
    process.stdout.write(name.padEnd(12));
    const newest = name === 'newest' ? newestNode() : { node: process.execPath };
    if ('why' in newest) {
      console.log(`skipped: trace, check and the command line on Node ${NEWEST}: ${newest.why}`);
      if (!newest.why.startsWith('all tests')) total.skipped++;
      continue;
    }
    const isTesting = TESTING.has(name);
    const counting = join(scratch, `${name}.json`);
    const started = performance.now();
    const { ok, output } = await runNode(newest.node, STAGES[name] ?? [], {
      FOLIOSCOPE_TEST_COUNTS: isTesting ? counting : '',
      FOLIOSCOPE_MISSING: JSON.stringify(missing),
    });
    const counts = isTesting ? countsIn(counting) : undefined;
    // A test run is no check of its own beside its tests, unless it says "failed" where no test does, or ran nothing.
    const good = counts === undefined ? ok && !isTesting : ok && counts.failed === 0 && counts.passed > 0;
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
    console.log(`${good ? 'ok    ' : 'FAILED'} ${seconds} s`);
    if (counts !== undefined) {
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.skipped += counts.skipped;
      for (const { test, reason } of counts.skips) console.log(`  skipped: ${test}: ${reason}`);
      if (counts.failed > 0) failedStages.push(name);
      else if (!good) fail(name);
    } else if (good) total.passed++;
    else fail(name);
    if (!good) console.log(`\n${stripVTControlCharacters(output).trimEnd()}\n`);
  }
} else fail('npm ci');

if (failedStages.length > 0) console.log(`failed: ${failedStages.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
