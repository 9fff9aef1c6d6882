// SPDX-License-Identifier: MIT
// The entry of a thread that judges checks in scenarios.
import { parentPort } from 'node:worker_threads';
import { failed, judging } from '../review/index.ts';
import { parseScenario } from '../scenario/index.ts';
import { failureIn, readyFront } from './c-patch.ts';
import { isReviewJob, type ReviewReply } from './review-jobs.ts';

if (parentPort === null) throw new Error('to be started as a worker');
const port = parentPort;
port.on('messageerror', (error) => {
  throw error;
});
port.on('message', (message: unknown) => {
  void answer(message);
});

async function answer(message: unknown): Promise<void> {
  if (!isReviewJob(message)) throw new Error('no job of a review');
  const { number, side, file, text, mostStates } = message;
  const scenario = parseScenario(file, text);
  const reply = (judged: ReviewReply['judged']): void => {
    const sent: ReviewReply = { number, judged };
    port.postMessage(sent);
  };
  const translation = (await readyFront()).translate(side.source, {
    name: side.name,
    function: side.function,
    exports: side.exports,
  });
  if (translation.kind === 'refused') throw new Error(translation.errors.join('\n'));
  try {
    const pieces = judging(scenario, translation.form, { mostStates });
    for (;;) {
      const piece = pieces.next();
      if (piece.done !== true) continue;
      reply(piece.value);
      return;
    }
  } catch (error) {
    // A failure with the reviewed form belongs to the form; the other scenarios are still answered.
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
    reply(failed(scenario, failureIn(reason) ?? reason));
  }
}
