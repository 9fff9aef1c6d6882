// SPDX-License-Identifier: MIT
import type { Worker } from 'node:worker_threads';
import type { CSource } from '../cfront/index.ts';
import type { Judged } from '../review/index.ts';
import { startThread } from './start-thread.ts';

/** One side of a change, for a thread that translates it again. */
export interface JobSide {
  readonly name: string;
  readonly function: string;
  readonly source: CSource;
  readonly exports: readonly string[];
}

/** One side in one scenario. */
export interface ReviewJob {
  readonly kind: 'review';
  readonly number: number;
  readonly side: JobSide;
  readonly file: string;
  readonly text: string;
  readonly mostStates: number;
}

/** Result of a job. */
export interface ReviewReply {
  readonly number: number;
  readonly judged: Judged;
}

export const isReviewJob = (message: unknown): message is ReviewJob =>
  typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'review';
const isReply = (message: unknown): message is ReviewReply =>
  typeof message === 'object' && message !== null && 'judged' in message;

/**
 * Judges jobs on so many threads, each as soon as one is free.
 * @param done is called with each answer; `isOver` ends the work early.
 */
export async function judgeAll(
  jobs: readonly ReviewJob[],
  threads: number,
  done: (reply: ReviewReply) => void,
  isOver: () => boolean,
): Promise<void> {
  let next = 0;
  const serve = async (): Promise<void> => {
    const worker = startThread('review-worker');
    try {
      for (;;) {
        const job = jobs[next++];
        if (job === undefined || isOver()) return;
        done(await answerOf(worker, job));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, serve));
}

async function answerOf(worker: Worker, job: ReviewJob): Promise<ReviewReply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('messageerror', onError);
      worker.off('exit', onExit);
      act();
    };
    const onMessage = (message: unknown): void =>
      settle(() => (isReply(message) ? resolve(message) : reject(new Error('a thread answered something else'))));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a thread ended with code ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('messageerror', onError);
    worker.on('exit', onExit);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
    worker.postMessage(job);
  });
}
