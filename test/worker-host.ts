// SPDX-License-Identifier: MIT
import { Worker } from 'node:worker_threads';
import type { WorkerHost } from '../src/check/index.ts';

/** Threads of Node that run the sources. They are kept for the next search: starting one takes longer than a small search. */
export class WorkerPool implements WorkerHost {
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];

  start(): ReturnType<WorkerHost['start']> {
    const worker = this.#idle.pop() ?? this.#create();
    worker.removeAllListeners();
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
      post: (message) => worker.postMessage(message),
      onMessage: (listener) => worker.on('message', listener),
      onFailure: (listener) => {
        worker.on('error', listener);
        worker.on('messageerror', listener);
        worker.on('exit', (code) => listener(new Error(`a worker ended with code ${code}`)));
      },
      close: () => this.#idle.push(worker),
    };
  }

  everySecond(listener: () => void): () => void {
    const timer = setInterval(listener, 1000);
    return () => clearInterval(timer);
  }

  #create(): Worker {
    const worker = new Worker(new URL('check-worker.mjs', import.meta.url));
    this.#all.push(worker);
    return worker;
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map(async (worker) => worker.removeAllListeners().terminate()));
  }
}
