// SPDX-License-Identifier: MIT
import { deserialize, serialize } from 'node:v8';
import * as z from 'zod/mini';
import type { Answer } from '../queue/index.ts';
import type { CheckAnswer } from '../verify/index.ts';
import type { FileOutcome } from './file-outcome.ts';

const OUTCOME = z.union([
  z.strictObject({
    outcome: z.enum(['as expected', 'NOT as expected', 'undecided', 'says nothing', 'not run']),
    text: z.string(),
    checked: z.optional(z.record(z.string(), z.unknown())),
  }),
  z.strictObject({ mistake: z.string() }),
]);

/** A file's outcome, encoded for a message. */
export const outcomeText = (outcome: FileOutcome): string => JSON.stringify(outcome);

/** A file's outcome from a message. @throws Error if the worker failed. */
export const outcomeFrom = (answer: Answer): FileOutcome => OUTCOME.parse(JSON.parse(textOf(answer)));

/** An answer, encoded for a message in Node's own format, because JSON has no undefined and no typed arrays. */
export const answersText = (answer: CheckAnswer): string => serialize(answer).toString('base64');

/** An answer from a worker of the same version. @throws Error if the worker failed. */
export function answersFrom(answer: Answer): CheckAnswer {
  const value: unknown = deserialize(Buffer.from(textOf(answer), 'base64'));
  if (!isAnswer(value)) throw new Error('a worker answered something else than a check');
  return value;
}

const isAnswer = (value: unknown): value is CheckAnswer =>
  typeof value === 'object' && value !== null && 'properties' in value && 'explored' in value && 'machine' in value;

function textOf({ answer, failure }: Answer): string {
  if (answer === null) throw new Error(`a worker failed: ${failure ?? 'without a reason'}`);
  return answer;
}
