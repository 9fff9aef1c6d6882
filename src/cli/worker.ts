// SPDX-License-Identifier: MIT
import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { Answer, Question } from '../queue/index.ts';
import { positive, queueUrl } from './check-options.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { version } from './version.ts';

interface Options {
  readonly queue: string;
  readonly jobs: number;
}

/** `folioscope worker --queue URL`: answers questions that `check --queue URL` asks, on any number of machines. */
export function registerWorker(program: Command): void {
  program
    .command('worker')
    .summary('answer the questions of check --queue, on any number of machines')
    .description(
      'Takes questions of check --all and of check --random from a queue in Redis or Valkey, and answers each in a ' +
        'thread of its own. A question whose worker ends before its answer goes to another worker.',
    )
    .addOption(
      new Option('--queue <url>', 'the queue: redis://[USER:PASSWORD@]HOST:PORT, rediss:// for TLS, or valkey://')
        .makeOptionMandatory()
        .argParser(queueUrl),
    )
    .addOption(
      new Option('--jobs <n>', 'number of questions at a time')
        .default(availableParallelism(), 'one per processor')
        .argParser(positive),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0   ended by Ctrl-C or SIGTERM
  64  usage    69  no queue there, or the npm packages bullmq and ioredis are missing
  70  a defect of folioscope

Examples:
  folioscope worker --queue redis://127.0.0.1:6379
  folioscope worker --queue redis://queue.example:6379 --jobs 8`,
    )
    .action(async (options: Options) => {
      process.exitCode = await work(options);
    });
}

async function work({ queue, jobs }: Options): Promise<ExitCode> {
  const { serve } = await import('../queue/index.ts');
  const ending = new AbortController();
  // Every question in progress adds a listener.
  setMaxListeners(0, ending.signal);
  const end = (): void => ending.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  await serve(queue, {
    version: version(),
    jobs,
    answer: answerInThread,
    say: (line) => process.stderr.write(`folioscope worker: ${line}\n`),
    stop: ending.signal,
  });
  return EXIT.well;
}

/** Answers in a new thread, so that this thread can renew the locks of the questions in progress. */
async function answerInThread(question: Question, stop: AbortSignal): Promise<Answer> {
  const { startThread } = await import('./start-thread.ts');
  const thread = startThread('queue-thread');
  let stopped: () => void = () => undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      // The rejection puts the question back into the queue.
      stopped = () => reject(new Error('the worker was stopped'));
      const failed = (why: string): void => resolve({ answer: null, failure: why });
      thread.on('message', (text: unknown) => {
        resolve({ answer: String(text), failure: null });
      });
      thread.on('error', (error) => failed(error.message));
      thread.on('exit', (code) => failed(`a thread ended with code ${code}`));
      stop.addEventListener('abort', stopped);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
      thread.postMessage(question);
    });
  } finally {
    stop.removeEventListener('abort', stopped);
    thread.removeAllListeners();
    await thread.terminate();
  }
}
