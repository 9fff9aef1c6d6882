// SPDX-License-Identifier: MIT
// `check --all` by one worker and by two, beside one process, in one run: seconds, and their ratio. It asserts no time.
//
// Each has a processor of its own (taskset), as on machines of their own: otherwise the compiler and the garbage collector of one
// process already use most of a second one.
//
//   npx tsx bench/queue.ts [SCENARIO...]      needs redis-server, taskset, two processors; npm run build first
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as nap } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PORT = '7391';
const URL_OF_QUEUE = `redis://127.0.0.1:${PORT}`;
const asked = process.argv.slice(2);

const ended = async (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
/** Starts a command on one processor. */
const folioscope = (processor: number, ...args: string[]): ChildProcess =>
  spawn('taskset', ['-c', String(processor), process.execPath, MAIN, ...args], { stdio: 'ignore' });

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function byWorkers(count: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'folioscope-bench-queue-'));
  const server = spawn('redis-server', ['--bind', '127.0.0.1', '--port', PORT, '--dir', directory, '--save', ''], {
    stdio: 'ignore',
  });
  await nap(500);
  const workers = Array.from({ length: count }, (_, i) =>
    folioscope(i, 'worker', '--queue', URL_OF_QUEUE, '--jobs', '1'),
  );
  await nap(2000);
  try {
    return await seconds(async () => ended(folioscope(count - 1, 'check', '--all', ...asked, '--queue', URL_OF_QUEUE)));
  } finally {
    for (const worker of workers) worker.kill('SIGINT');
    await Promise.all(workers.map(ended));
    server.kill('SIGTERM');
    await ended(server);
    rmSync(directory, { recursive: true });
  }
}

const alone = await seconds(async () => ended(folioscope(0, 'check', '--all', ...asked)));
console.log(`load ${loadavg()[0]?.toFixed(1)}\none process, no queue: ${alone.toFixed(1)} s`);
for (const count of [1, 2]) {
  const took = await byWorkers(count);
  console.log(`${count} ${count === 1 ? 'worker' : 'workers'}: ${took.toFixed(1)} s, ${(alone / took).toFixed(2)}x`);
}
