// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

const QUESTION = z.strictObject({
  /** Version of folioscope; a worker of another version does not answer. */
  version: z.string(),
  /** A scenario's file: its name for messages, and its text. */
  name: z.string(),
  text: z.string(),
  /** Options of `check` by their long names, as on the command line. */
  options: z.array(z.string()),
  /** Random walks `first` to `first + walks - 1`; null for a whole search. */
  part: z.nullable(z.strictObject({ first: z.int(), walks: z.int() })),
});

/** One job: a question that one machine answers completely. */
export type Question = z.output<typeof QUESTION>;

const ANSWER = z.strictObject({
  /** The answer, encoded for the submitter. */
  answer: z.nullable(z.string()),
  /** Why there is no answer: a defect on the worker's machine. */
  failure: z.nullable(z.string()),
});

/** Result of a worker. */
export type Answer = z.output<typeof ANSWER>;

/**
 * A job's name: the hash of its question, so that equal questions are answered once.
 * @example
 * import { idOf, questionFrom, serve, submit } from 'folioscope/queue';
 * const question = questionFrom({ version: '0', name: 'a.yaml', text: '', options: [], part: null });
 * idOf(question).length; // => 64
 * const url = 'redis://127.0.0.1:1';
 * const asking = submit(url, { version: '0', questions: [question], interrupted: () => false, progress: () => {} });
 * await asking.next().catch((error: Error) => error.name); // => 'QueueError'
 * const answer = async () => Promise.resolve({ answer: 'done', failure: null });
 * const user = { titleOf: () => 'a.yaml', say: () => {}, stop: new AbortController().signal };
 * const work = { version: '0', jobs: 1, answer, ...user };
 * await serve(url, work).catch((error: Error) => error.name); // => 'QueueError'
 */
export const idOf = (question: Question): string =>
  createHash('sha256')
    .update(JSON.stringify([question.version, question.name, question.text, question.options, question.part]))
    .digest('hex');

/** Decodes a job's data. @throws Error if it is no question. */
export const questionFrom = (value: unknown): Question => QUESTION.parse(value);

/** Decodes a job's result. @throws Error if it is no answer. */
export const answerFrom = (value: unknown): Answer => ANSWER.parse(value);
