// SPDX-License-Identifier: MIT
// The entry of a thread that answers one question of a queue.
import { parentPort } from 'node:worker_threads';
import { questionFrom, type Question } from '../queue/index.ts';
import { optionsOf } from './check.ts';
import { outcomeIn } from './check-all.ts';
import { answersOf } from './check-answers.ts';
import type { Options } from './check-options.ts';
import { askedBy } from './check-subject.ts';
import { answersText, outcomeText } from './queue-answers.ts';

if (parentPort === null) throw new Error('to be started as a worker');
const port = parentPort;
const never = (): boolean => false;
port.on('message', (message: unknown) => {
  // A rejection ends the thread with its error, which its starter reports.
  void answer(questionFrom(message)).then((text) => port.postMessage(text));
});

async function answer({ name, text, options: words, part }: Question): Promise<string> {
  const options = optionsOf(words);
  if (part === null) return outcomeText(await outcomeIn(async () => askedBy(name, text, options), options, never));
  return walked(name, text, { ...options, random: part.walks, firstWalk: part.first });
}

async function walked(name: string, text: string, options: Options): Promise<string> {
  for await (const given of answersOf(await askedBy(name, text, options), options, never))
    if (typeof given !== 'string') return answersText(given.answer);
  throw new Error('the question names no form of the check');
}
