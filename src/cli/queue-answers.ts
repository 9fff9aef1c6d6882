// SPDX-License-Identifier: MIT
import { deserialize, serialize } from 'node:v8';
import { InputError } from '../ledger/index.ts';
import type { Answer } from '../queue/index.ts';
import type { CheckAnswer } from '../verify/index.ts';

/** Why a question cannot be answered, on any machine. */
interface Mistake {
  readonly mistake: string;
}

/** An answer, encoded for a message in Node's own format, because JSON has no undefined and no typed arrays. */
export const answerText = (answer: CheckAnswer | Mistake): string => serialize(answer).toString('base64');

/** An answer from a worker of the same version. @throws InputError, and Error if the worker failed. */
export function answerIn({ answer, failure }: Answer): CheckAnswer {
  if (answer === null) throw new Error(`a worker failed: ${failure ?? 'without a reason'}`);
  const value: unknown = deserialize(Buffer.from(answer, 'base64'));
  if (isMistake(value)) throw new InputError(value.mistake);
  if (!isAnswer(value)) throw new Error('a worker answered something else than a check');
  return value;
}

const isMistake = (value: unknown): value is Mistake =>
  typeof value === 'object' && value !== null && 'mistake' in value && typeof value.mistake === 'string';

const isAnswer = (value: unknown): value is CheckAnswer =>
  typeof value === 'object' && value !== null && 'properties' in value && 'explored' in value && 'machine' in value;
