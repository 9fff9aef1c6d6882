// SPDX-License-Identifier: MIT
import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { Question } from '../queue/index.ts';
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
        'thread. A question whose worker ends before its answer goes to another worker.',
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
      // The client of a lost queue would go on trying to connect.
      process.exit(await work(options));
    });
}

async function work({ queue, jobs }: Options): Promise<ExitCode> {
  const [{ serve }, { WarmThreads }] = await Promise.all([import('../queue/index.ts'), import('./warm-threads.ts')]);
  const ending = new AbortController();
  // Every question in progress adds a listener.
  setMaxListeners(0, ending.signal);
  const end = (): void => ending.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  // Answers come from threads, so that this one can renew the locks of the questions in progress.
  const threads = new WarmThreads();
  try {
    await serve(queue, {
      version: version(),
      jobs,
      answer: async (question, stop) => threads.answer(question, stop),
      titleOf,
      say: (line) => process.stderr.write(`folioscope worker: ${line}\n`),
      stop: ending.signal,
    });
  } finally {
    await threads.end();
  }
  return EXIT.well;
}

/** The file, the form and the walks of a question. */
function titleOf({ name, options, part }: Question): string {
  const form = options.at(options.lastIndexOf('--patch') + 1) ?? '';
  return `${name}, ${form}${part === null ? '' : `, walks ${part.first} to ${part.first + part.walks - 1}`}`;
}
