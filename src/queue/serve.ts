// SPDX-License-Identifier: MIT
import { type Answer, type Question, questionFrom } from './question.ts';
import { connect, queueName } from './client.ts';

/** Milliseconds after which the job of a dead worker goes to another worker. */
const LOCK = 10_000;
const STALLED_CHECK = 3000;
/** Largest number of times that a job may lose its worker. */
const MOST_STALLS = 1000;

/** Options of a worker. */
export interface Serving {
  readonly version: string;
  /** Number of questions at a time. */
  readonly jobs: number;
  /** Answers one question. It must leave this thread idle; otherwise the queue considers the worker dead. */
  readonly answer: (question: Question, stop: AbortSignal) => Promise<Answer>;
  /** A question in a few words, for the worker's user. */
  readonly titleOf: (question: Question) => string;
  /** Called with each line for the worker's user. */
  readonly say: (line: string) => void;
  /** Ends the work: unfinished questions go back to the queue. */
  readonly stop: AbortSignal;
}

/** Answers the questions of a queue until `stop`. @throws QueueError if there is no queue. */
export async function serve(url: string, { version, jobs, answer, titleOf, say, stop }: Serving): Promise<void> {
  const { redis, bullmq, url: shown } = await connect(url);
  let isGone = false;
  const worker = new bullmq.Worker<unknown, Answer>(
    queueName(version),
    async (job) => {
      const question = questionFrom(job.data);
      const started = performance.now();
      const found = await answer(question, stop);
      say(`${titleOf(question)}: answered in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      return found;
    },
    {
      connection: redis,
      concurrency: jobs,
      lockDuration: LOCK,
      stalledInterval: STALLED_CHECK,
      maxStalledCount: MOST_STALLS,
    },
  );
  worker.on('error', (error) => {
    if (!isGone && !stop.aborted) say(`the queue at ${shown} went away (${error.message}); waiting for it`);
    isGone = true;
  });
  worker.on('ready', () => {
    isGone = false;
  });
  redis.on('ready', () => {
    if (isGone) say(`the queue at ${shown} is there again`);
    isGone = false;
  });
  await worker.waitUntilReady();
  say(`waits for questions at ${shown}, ${jobs} at a time; Ctrl-C ends it`);
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  // Unfinished questions end with an error, which puts them back; they need no longer wait.
  await Promise.race([worker.close(), nap(3000)]);
  redis.disconnect();
}

const nap = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
