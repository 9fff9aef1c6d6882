// SPDX-License-Identifier: MIT
import { exploreProgramWith, type ProgramExploration, type WorkerHost } from '../check/index.ts';
import type { CheckProgress, Explorer } from '../verify/index.ts';
import { startThread } from './start-thread.ts';

/** Time between two polls while workers run, in milliseconds. */
const NAP = 50;

/** Explores with so many Node threads, started for each search. */
export function exploringWith(workers: number): Explorer {
  return function* (question, reach) {
    let now: Omit<CheckProgress, 'round'> = { states: 0, transitions: 0, depth: 0, queue: 0, bytes: 0 };
    let found: { readonly result: ProgramExploration } | { readonly error: unknown } | undefined;
    const progress = (next: typeof now): void => {
      now = next;
    };
    const work = exploreProgramWith(question, { ...reach, progress }, { workers, host: HOST }).then(
      (result) => {
        found = { result };
      },
      (error: unknown) => {
        found = { error };
      },
    );
    for (;;) {
      yield { ...now, wait: soon(work) };
      if (found === undefined) continue;
      if ('error' in found) throw found.error;
      return found.result;
    }
  };
}

/** Settles when work is done, or after a nap. */
async function soon(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const nap = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, NAP);
  });
  await Promise.race([work, nap]);
  clearTimeout(timer);
}

const HOST: WorkerHost = {
  start: () => {
    const worker = startThread('check-worker');
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
      post: (message) => worker.postMessage(message),
      onMessage: (listener) => worker.on('message', listener),
      onFailure: (listener) => {
        worker.on('error', listener);
        worker.on('messageerror', listener);
        worker.on('exit', (code) => listener(new Error(`a worker ended with code ${code}`)));
      },
      close: () => {
        worker.removeAllListeners();
        void worker.terminate();
      },
    };
  },
  everySecond: (listener) => {
    const timer = setInterval(listener, 1000);
    return () => {
      clearInterval(timer);
    };
  },
};
