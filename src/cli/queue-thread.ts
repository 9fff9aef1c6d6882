// SPDX-License-Identifier: MIT
// The entry of a thread that answers one question of a queue.
import { parentPort } from 'node:worker_threads';
import { InputError } from '../ledger/index.ts';
import { questionFrom, type Question } from '../queue/index.ts';
import { optionsOf } from './check.ts';
import { answersOf } from './check-answers.ts';
import { askedBy } from './check-subject.ts';
import { answerText } from './queue-answers.ts';

if (parentPort === null) throw new Error('to be started as a worker');
const port = parentPort;
const never = (): boolean => false;
port.on('message', (message: unknown) => {
  // A rejection ends the thread with its error, which its starter reports.
  void answer(questionFrom(message)).then((text) => port.postMessage(text));
});

async function answer({ name, text, options: words, part }: Question): Promise<string> {
  const options = optionsOf(words);
  const walks = part === null ? {} : { random: part.walks, firstWalk: part.first };
  try {
    const asked = await askedBy(name, text, options);
    for await (const given of answersOf(asked, { ...options, ...walks }, never))
      if (typeof given !== 'string') return answerText(given.answer);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return answerText({ mistake: error.message });
  }
  throw new Error('the question names no form of the check');
}
