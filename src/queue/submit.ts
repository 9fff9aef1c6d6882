// SPDX-License-Identifier: MIT
import type { Job, Queue } from 'bullmq';
import { type Answer, answerFrom, idOf, type Question } from './question.ts';
import { type Connected, connect, QueueError, queueName } from './client.ts';

/** Milliseconds between two polls of the queue. */
const LOOK = 300;
/** Milliseconds to wait for a lost queue. */
const PATIENCE = 30_000;
/** Largest number of retries of a job whose worker was stopped. */
const MOST_TRIES = 1000;
/** Seconds for which answers stay in the queue, for equal later questions. */
const KEPT = 24 * 60 * 60;

/** State of a submission. */
export interface Waiting {
  readonly answered: number;
  readonly of: number;
  /** Number of connected workers. */
  readonly workers: number;
  /** The queue is not reached at present. */
  readonly isGone: boolean;
}

/** Questions of a submission, and its callbacks. */
export interface Submission {
  readonly version: string;
  readonly questions: readonly Question[];
  readonly interrupted: () => boolean;
  readonly progress: (now: Waiting) => void;
}

/**
 * Submits all questions, and yields each answer as it arrives, with the index of its question. After an interruption it ends,
 * and withdraws the questions that no worker has begun.
 * @throws QueueError if there is no queue, or it stays away.
 */
export async function* submit(
  url: string,
  { version, questions, interrupted, progress }: Submission,
): AsyncGenerator<{ readonly place: number; readonly answer: Answer }> {
  const connected = await connect(url);
  const queue = new connected.bullmq.Queue<unknown, unknown>(queueName(version), { connection: connected.redis });
  // Without a listener, an error of the connection would end the process; `patiently` reports it.
  queue.on('error', () => undefined);
  // Equal questions have one job.
  const left = new Map<string, number[]>();
  let workers = 0;
  const jobs = new Set(questions.map(idOf)).size;
  const waiting = (isGone: boolean): Waiting => ({
    answered: jobs - left.size,
    of: jobs,
    workers,
    isGone,
  });
  const patiently = patienceWith(connected, interrupted, () => progress(waiting(true)));
  const own = new Set<string>();
  try {
    for (const [place, question] of questions.entries()) {
      const id = idOf(question);
      const same = left.get(id);
      if (same !== undefined) {
        same.push(place);
        continue;
      }
      const before = await patiently(async () => jobOf(queue, id));
      // After an answer with a defect the question is submitted again: the defect may have been the machine's.
      if (before !== undefined && (await patiently(async () => isDefect(queue, id))))
        await patiently(async () => before.remove());
      if (before === undefined) own.add(id);
      await patiently(async () =>
        queue.add('check', question, {
          jobId: id,
          attempts: MOST_TRIES,
          removeOnComplete: { age: KEPT },
          removeOnFail: { age: KEPT },
        }),
      );
      left.set(id, [place]);
      if (interrupted()) return;
    }
    for (let turn = 0; left.size > 0 && !interrupted(); turn++) {
      if (turn % 10 === 0) workers = (await patiently(async () => queue.getWorkers())).length;
      for (const [id, places] of left) {
        const answer = await patiently(async () => answerOf(queue, id));
        if (answer === undefined) continue;
        left.delete(id);
        for (const place of places) yield { place, answer };
      }
      progress(waiting(false));
      if (left.size > 0) await nap(LOOK);
    }
  } finally {
    // Questions that no worker has begun are withdrawn; the answers in progress are kept for later submissions.
    for (const id of left.keys()) if (own.has(id)) await withdraw(connected, queue, id);
    connected.redis.disconnect();
    await queue.close();
  }
}

async function jobOf(queue: Queue<unknown, unknown>, id: string): Promise<Job<unknown, unknown> | undefined> {
  return (await queue.getJob(id)) ?? undefined;
}

async function isDefect(queue: Queue<unknown, unknown>, id: string): Promise<boolean> {
  const answer = await answerOf(queue, id);
  return answer !== undefined && answer.failure !== null;
}

/** @returns undefined while there is none. */
async function answerOf(queue: Queue<unknown, unknown>, id: string): Promise<Answer | undefined> {
  // The state is read first: a job that was read before its completion has no result.
  const state = await queue.getJobState(id);
  switch (state) {
    case 'completed':
      return answerFrom((await jobOf(queue, id))?.returnvalue);
    case 'failed':
      return { answer: null, failure: (await jobOf(queue, id))?.failedReason ?? 'unknown' };
    case 'unknown':
      return { answer: null, failure: 'the question is gone from the queue: was it emptied?' };
    case 'active':
    case 'delayed':
    case 'prioritized':
    case 'waiting':
    case 'waiting-children':
      return undefined;
  }
}

async function withdraw({ redis }: Connected, queue: Queue<unknown, unknown>, id: string): Promise<void> {
  if (redis.status !== 'ready') return;
  const job = await jobOf(queue, id);
  if (job === undefined || !(await job.isWaiting())) return;
  try {
    await job.remove();
  } catch (error) {
    // If a worker began it between the two calls, it is locked, and stays.
    if (!(error instanceof Error) || !error.message.includes('locked')) throw error;
  }
}

/** Runs an operation on the queue, and waits if the queue is lost. */
function patienceWith(
  { redis, url }: Connected,
  interrupted: () => boolean,
  gone: () => void,
): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const went = (since: number): QueueError =>
    new QueueError(
      `the queue at ${url} has been away for ${Math.round((performance.now() - since) / 1000)} s; answers are kept there: repeat the command when it is back`,
    );
  return async (work) => {
    const since = performance.now();
    // A command that was sent before the connection broke is sent again by the client.
    const result = work().then((value) => ({ value }));
    for (;;) {
      const { timer, over } = napping(LOOK);
      const found = await Promise.race([result, over]);
      clearTimeout(timer);
      if (found !== undefined) return found.value;
      if (redis.status !== 'ready') gone();
      if (performance.now() - since >= PATIENCE || interrupted()) throw went(since);
    }
  };
}

function napping(milliseconds: number): { readonly timer: NodeJS.Timeout; readonly over: Promise<undefined> } {
  let end: () => void = () => undefined;
  const over = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
  });
  return { timer: setTimeout(() => end(), milliseconds), over };
}

const nap = async (milliseconds: number): Promise<undefined> => napping(milliseconds).over;
