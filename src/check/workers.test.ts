// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createMemory, Interpreter } from '../lang/index.ts';
import { buildPeer } from '../peer/index.ts';
import { exploreProgramWith, type FromWorker, type Question, type ToWorker, type WorkerHost } from './index.ts';
import { serve } from './workers.ts';

function question(): Question {
  const peer = buildPeer({ cpus: 3, folios: 2, variant: 'v6' });
  const initial = createMemory(peer.program);
  const interpreter = new Interpreter(peer.program, initial);
  for (const task of peer.codeOf) interpreter.start(task, task);
  return { ...peer, initial, symmetry: undefined };
}

/** A worker in this thread, which answers so many orders and then does what is said; a clock that runs as fast as it can. */
function hostOf(orders: number, then: (fail: (error: Error) => void) => void): WorkerHost {
  return {
    everySecond: (listener) => {
      const timer = setInterval(listener, 0);
      return () => {
        clearInterval(timer);
      };
    },
    start: () => {
      let work: (message: ToWorker) => void = () => {};
      let hear: (message: FromWorker) => void = () => {};
      let fail: (error: Error) => void = () => {};
      serve(
        (listener) => {
          work = listener;
        },
        (message) => {
          hear(message);
        },
      );
      let left = orders;
      return {
        post: (message) => {
          if (message.kind === 'setup' || left-- > 0)
            queueMicrotask(() => {
              work(message);
            });
          else
            then((error) => {
              fail(error);
            });
        },
        onMessage: (listener) => {
          hear = listener;
        },
        onFailure: (listener) => {
          fail = listener;
        },
        close: () => {},
      };
    },
  };
}

const REACH = { mostStates: 1e5 };
const told = /until then \d+ states, \d+ transitions, depth 3, \d+ MiB, 1 thread$/;

test('a worker that dies ends the search with how far it was', async () => {
  const host = hostOf(5, (fail) => {
    fail(new Error('a worker ended with code 1'));
  });
  const found = exploreProgramWith(question(), REACH, { workers: 1, host });
  await expect(found).rejects.toThrow(/^a worker ended with code 1; /);
  await expect(found).rejects.toThrow(told);
});

test('a worker that answers no more ends the search likewise, and is not waited for for ever', async () => {
  const found = exploreProgramWith(question(), REACH, { workers: 1, host: hostOf(5, () => {}) });
  await expect(found).rejects.toThrow(/^the search's threads have not worked for 120 s; /);
  await expect(found).rejects.toThrow(told);
});

test('where somebody interrupts a search whose workers answer no more, it ends with what it knows', async () => {
  let isStuck = false;
  const host = hostOf(5, () => {
    isStuck = true;
  });
  const found = await exploreProgramWith(question(), { ...REACH, interrupted: () => isStuck }, { workers: 1, host });
  expect(found).toMatchObject({ verdict: 'undecided', reason: 'interrupted', depth: 3, counterexample: undefined });
  expect(found.states).toBeGreaterThan(1);
});
