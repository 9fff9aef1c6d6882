// SPDX-License-Identifier: MIT
import type { Worker } from 'node:worker_threads';
import type { Answer, Question } from '../queue/index.ts';
import { startThread } from './start-thread.ts';

/**
 * Threads that answer questions, one at a time each. A thread that has answered is kept for the next question: its code is loaded
 * and compiled, which costs as much as a small question.
 */
export class WarmThreads {
  readonly #idle: Worker[] = [];

  /** The answer of a thread. @throws Error if `stop` comes first; the thread is ended then. */
  async answer(question: Question, stop: AbortSignal): Promise<Answer> {
    const thread = this.#idle.pop() ?? startThread('queue-thread');
    const listening = new AbortController();
    let isReusable = false;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const on = (name: string, listener: (value: unknown) => void): void => {
          thread.on(name, listener);
          // Not removeAllListeners(): it removes Node's own, and the thread's next message would not arrive.
          listening.signal.addEventListener('abort', () => thread.off(name, listener));
        };
        on('message', (text) => {
          isReusable = true;
          resolve({ answer: String(text), failure: null });
        });
        on('error', (error) => resolve({ answer: null, failure: errorText(error) }));
        on('exit', (code) => resolve({ answer: null, failure: `a thread ended with code ${String(code)}` }));
        // The rejection puts the question back into the queue.
        const stopped = (): void => reject(new Error('the worker was stopped'));
        stop.addEventListener('abort', stopped, { signal: listening.signal });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
        thread.postMessage(question);
      });
    } finally {
      listening.abort();
      if (isReusable && !stop.aborted) this.#idle.push(thread);
      else await thread.terminate();
    }
  }

  /** Ends the idle threads. */
  async end(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(async (thread) => thread.terminate()));
  }
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
