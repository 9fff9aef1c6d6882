// SPDX-License-Identifier: MIT
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/** Error of a queue that cannot be reached, or of missing packages. The message is one line and says what to do. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

/** Name of the queue of one version of folioscope; workers of another version use another queue. */
export const queueName = (version: string): string => `folioscope-${version}`;

/** Time limit for the first connection to a queue, in milliseconds. */
const FIRST_CONTACT = 5000;
/** Milliseconds between two attempts to reconnect. */
const RETRY = 500;

/** A URL without its password, for messages. */
function shownUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    return parsed.href;
  } catch {
    return url;
  }
}

/** The packages, and an open connection. */
export interface Connected {
  readonly redis: Redis;
  readonly bullmq: { readonly Queue: typeof Queue; readonly Worker: typeof Worker };
  /** The URL for messages. */
  readonly url: string;
}

/** Connects to a queue. @throws QueueError */
export async function connect(url: string): Promise<Connected> {
  const { bullmq, ioredis } = await packages();
  const shown = shownUrl(url);
  const redis = new ioredis.Redis(url.replace(/^valkey/, 'redis'), {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: FIRST_CONTACT,
    retryStrategy: () => RETRY,
  });
  let why = 'no answer';
  redis.on('error', (error: Error) => {
    why = error.message;
  });
  // Attempts continue in the background; only the first contact has a time limit.
  const contact = redis.connect().then(
    () => true,
    () => false,
  );
  const isReached = await Promise.race([contact, after(FIRST_CONTACT)]);
  if (isReached && redis.status === 'ready') return { redis, bullmq, url: shown };
  redis.disconnect();
  throw new QueueError(
    /^(?:NOAUTH|WRONGPASS|NOPERM)\b/.test(why)
      ? `the queue at ${shown} refuses the login: ${why}; expected its password in the URL: redis://USER:PASSWORD@HOST:PORT`
      : `no queue at ${shown}: ${why}; expected a Redis or Valkey server there: redis-server --port 6379`,
  );
}

const after = async (milliseconds: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds).unref();
  });

async function packages(): Promise<{
  readonly bullmq: Connected['bullmq'];
  readonly ioredis: { readonly Redis: typeof Redis };
}> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, ioredis };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new QueueError(
      `the npm packages bullmq and ioredis cannot be loaded (${why}); to get them: npm install bullmq ioredis (optional packages; only --queue and worker need them)`,
    );
  }
}
