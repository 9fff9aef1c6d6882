// SPDX-License-Identifier: MIT
import { type ByteSource, type ByteStream, readTrace } from '../trace/index.ts';
import type { Explanation } from './answer.ts';
import { Explainer } from './explainer.ts';
import type { Question } from './question.ts';

/**
 * Reads a recording and answers who holds each guest_memfd folio and what a conversion would get.
 * @throws InputError where nothing can be answered from the input.
 * @throws QuestionError where what was asked for is not in it.
 */
export async function explainTrace(source: ByteSource | ByteStream, question: Question): Promise<Explanation> {
  // A pipe is read once.
  if ('pieces' in source) return answer(source, question, true);
  const explanation = await answer(source, question, false);
  // The scheduler's events are most of many recordings, and what they tell is only asked where something was drained.
  if (explanation.drains === undefined || explanation.drains.count === 0) return explanation;
  return answer(source, question, true);
}

async function answer(source: ByteSource | ByteStream, question: Question, scheduling: boolean): Promise<Explanation> {
  const explainer = new Explainer(question);
  const trace = await readTrace(source, {
    buffer: question.buffer,
    scheduling,
    onEvents: (events) => explainer.events(events),
    onProgress: question.onProgress,
  });
  return explainer.answer(trace);
}
