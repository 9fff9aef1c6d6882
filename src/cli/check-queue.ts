// SPDX-License-Identifier: MIT
import { relative } from 'node:path';
import type { CostedAnswer } from '../report/index.ts';
import { type Question, submit } from '../queue/index.ts';
import type { CheckAnswer } from '../verify/index.ts';
import type { Asked } from './check-asked.ts';
import { type Options, optionWords } from './check-options.ts';
import type { FileOutcome } from './file-outcome.ts';
import { Progress } from './progress.ts';
import { answersFrom, outcomeFrom } from './queue-answers.ts';
import { readScenarioText } from './scenario-files.ts';
import { version } from './version.ts';
import { InputError } from '../ledger/index.ts';

type Queued = Options & Required<Pick<Options, 'queue'>>;

/** Smallest number of walks in a question: each part repeats the search for the nearest violation. */
const FEWEST_WALKS = 500;
const MOST_PARTS = 64;

/** The outcome of each file, in order, as workers answer. */
export async function* queuedOutcomes(
  files: readonly string[],
  options: Queued,
  interrupted: () => boolean,
): AsyncGenerator<FileOutcome> {
  const { notRunLine } = await import('../report/index.ts');
  const outcomes = new Map<number, FileOutcome>();
  const places: number[] = [];
  const questions: Question[] = [];
  for (const [place, file] of files.entries()) {
    try {
      const text = await readScenarioText(file);
      questions.push({ version: version(), name: file, text, options: [...optionWords(options)], part: null });
      places.push(place);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      outcomes.set(place, { mistake: error.message });
    }
  }
  let next = 0;
  const ready = function* (): Generator<FileOutcome> {
    for (let now = outcomes.get(next); now !== undefined; now = outcomes.get(next)) {
      yield now;
      next++;
    }
  };
  yield* ready();
  for await (const { place, answer } of answered('files', questions, options, interrupted)) {
    outcomes.set(places[place] ?? place, outcomeFrom(answer));
    yield* ready();
  }
  for (; next < files.length; next++)
    yield outcomes.get(next) ?? { outcome: 'not run', text: notRunLine(relative(process.cwd(), files[next] ?? '')) };
}

/** The answers of random walks, form by form, each assembled from its parts; or the name of an unfinished form. */
export async function* queuedAnswers(
  file: string,
  asked: Asked,
  options: Queued,
  interrupted: () => boolean,
): AsyncGenerator<CostedAnswer | string> {
  const { mergedWalks } = await import('../verify/index.ts');
  const started = performance.now();
  const text = await readScenarioText(file);
  const forms = (await asked.forms()).map(({ name }) => name);
  const parts = partsOf(options.random ?? 1);
  const { patch: _all, random: _random, ...rest } = options;
  const questions = forms.flatMap((form) =>
    parts.map(
      (part): Question => ({
        version: version(),
        name: file,
        text,
        options: [...optionWords(rest), '--patch', form],
        part,
      }),
    ),
  );
  const found = new Map<number, CheckAnswer>();
  let next = 0;
  for await (const { place, answer } of answered('parts', questions, options, interrupted)) {
    found.set(place, answersFrom(answer));
    for (; next < forms.length; next++) {
      const own = parts.flatMap((_, i) => found.get(next * parts.length + i) ?? []);
      if (own.length < parts.length) break;
      const seconds = Math.round(performance.now() - started) / 1000;
      yield { answer: mergedWalks(own), cost: { seconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } };
    }
  }
  yield* forms.slice(next);
}

/** The walks of a form in parts of similar size. */
function partsOf(walks: number): readonly { readonly first: number; readonly walks: number }[] {
  const count = Math.min(MOST_PARTS, Math.ceil(walks / FEWEST_WALKS));
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * walks) / count));
    return { first: (from ?? 0) + 1, walks: (to ?? 0) - (from ?? 0) };
  });
}

async function* answered(
  what: string,
  questions: readonly Question[],
  { queue }: Queued,
  interrupted: () => boolean,
): ReturnType<typeof submit> {
  const progress = new Progress();
  try {
    yield* submit(queue, {
      version: version(),
      questions,
      interrupted,
      progress: ({ answered: count, of, workers, isGone }) =>
        progress.tick(
          () =>
            `${count} of ${of} ${what} answered, ${
              isGone
                ? 'the queue went away: waiting for it'
                : workers === 0
                  ? `no worker: start one with folioscope worker --queue URL`
                  : `${workers} ${workers === 1 ? 'worker' : 'workers'}`
            }`,
        ),
    });
  } finally {
    progress.end();
  }
}
