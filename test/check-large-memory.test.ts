// SPDX-License-Identifier: MIT
// Memory beyond 4 GiB in threads: promised by the machine, touched in a few pages only.
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { exploreProgram, exploreProgramWith, type FromWorker, type WorkerHost } from '../src/check/index.ts';
import { type Stretch, stretchOf, wordsAt } from '../src/check/stretch.ts';
import { compilePacked, createMemory, Interpreter } from '../src/lang/index.ts';
import { buildPeer } from '../src/peer/index.ts';
import { WorkerPool } from './worker-host.ts';

const GIBIBYTE = 2 ** 30;
const pool = new WorkerPool();
afterAll(async () => pool.end());

function question(): Parameters<typeof exploreProgram>[0] {
  const peer = buildPeer({ cpus: 3, folios: 2, variant: 'v6' });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: undefined };
}

test('two threads find what one finds where the states of each have room beyond 4 GiB', async () => {
  const alone = exploreProgram(question(), { mostStates: 1e5 });
  const buffers: number[] = [];
  const host: WorkerHost = {
    everySecond: (listener) => pool.everySecond(listener),
    start: () => {
      const port = pool.start();
      const onMessage = (listener: (message: FromWorker) => void): void =>
        port.onMessage((message) => {
          buffers.push(...message.pieces.map(({ states }) => states.buffer.byteLength));
          listener(message);
        });
      return { ...port, onMessage };
    },
  };
  const { program, codeOf } = question();
  const { words } = compilePacked(program, codeOf);
  const reach = { mostStates: Math.ceil((4.5 * GIBIBYTE) / (words * Int32Array.BYTES_PER_ELEMENT)) };
  const { bytes: _, bytesPerState: __, ...found } = alone;
  expect(await exploreProgramWith(question(), reach, { workers: 2, host })).toMatchObject(found);
  expect(Math.max(...buffers)).toBeGreaterThan(4 * GIBIBYTE);
});

test.each([4, 4.5, 8])(
  'words at the end of a buffer of %d GiB arrive in another thread, and what it writes there',
  async (size) => {
    const buffer = new SharedArrayBuffer(size * GIBIBYTE);
    const words = new Int32Array(buffer, buffer.byteLength - 4096, 100);
    const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', ({ buffer, from, words }) => {
      const there = new Int32Array(buffer, from, words);
      there[99] = there[0] + 1;
      parentPort.postMessage({ buffer, from, words });
    });`;
    const thread = new Worker(code, { eval: true });
    words[0] = 41;
    const answer = new Promise<Stretch>((resolve, reject) => {
      thread.on('message', resolve);
      thread.on('messageerror', reject);
      thread.on('error', reject);
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
    thread.postMessage(stretchOf(words));
    const back = wordsAt(await answer);
    expect([words[99], back.length, back.byteOffset, back[0]]).toEqual([42, 100, buffer.byteLength - 4096, 41]);
    await thread.terminate();
  },
);
