// SPDX-License-Identifier: MIT
import { relative } from 'node:path';
import type { CostedAnswer } from '../report/index.ts';
import { type Answer, type Question, submit } from '../queue/index.ts';
import type { Asked } from './check-asked.ts';
import { type Options, optionWords } from './check-options.ts';
import { askedBy } from './check-subject.ts';
import { type FileOutcome, orMistake, outcomeWith } from './file-outcome.ts';
import { Progress } from './progress.ts';
import { answerIn } from './queue-answers.ts';
import { readScenarioText } from './scenario-files.ts';
import { version } from './version.ts';

type Queued = Options & Required<Pick<Options, 'queue'>>;

/** Smallest number of walks in a question: each part repeats the search for the nearest violation. */
const FEWEST_WALKS = 500;
const MOST_PARTS = 64;

/** The outcome of each file, in order, as workers answer. A question is one form, so that a large file is spread too. */
export async function* queuedOutcomes(
  files: readonly string[],
  options: Queued,
  interrupted: () => boolean,
): AsyncGenerator<FileOutcome> {
  const { notRunLine } = await import('../report/index.ts');
  const found = await Promise.all(
    files.map(async (name) =>
      orMistake(async () => {
        const text = await readScenarioText(name);
        const asked = await askedBy(name, text, options);
        return { asked, ...(await formsOf(asked, { name, text }, options)) };
      }),
    ),
  );
  const groups = found.map((file) => ('mistake' in file ? [] : file.questions));
  let next = 0;
  for await (const given of inGroups('forms', groups, options, interrupted)) {
    const file = found[next];
    if (file === undefined || 'mistake' in file) yield file ?? { mistake: 'no such file' };
    else if (given.every((answer) => answer === undefined))
      yield { outcome: 'not run', text: notRunLine(relative(process.cwd(), files[next] ?? '')) };
    else
      yield await orMistake(async () => {
        const answers = given.flatMap((answer) => (answer === undefined ? [] : [answerIn(answer)]));
        const notRun = file.forms.filter((_, form) => given[form] === undefined);
        return outcomeWith(file.asked, answers, notRun);
      });
    next++;
  }
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
  const parts = partsOf(options.random ?? 1);
  const { forms, questions } = await formsOf(asked, { name: file, text: await readScenarioText(file) }, options);
  const groups = questions.map((question) => parts.map((part): Question => ({ ...question, part })));
  let next = 0;
  for await (const given of inGroups('parts', groups, options, interrupted)) {
    const answers = given.flatMap((answer) => (answer === undefined ? [] : [answerIn(answer)]));
    const seconds = Math.round(performance.now() - started) / 1000;
    if (answers.length < given.length) yield forms[next] ?? '';
    else
      yield { answer: mergedWalks(answers), cost: { seconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } };
    next++;
  }
}

/** The forms that a file is checked with, and a question for each. */
async function formsOf(
  asked: Asked,
  { name, text }: Pick<Question, 'name' | 'text'>,
  { patch: _all, random: _random, ...rest }: Queued,
): Promise<{ readonly forms: readonly string[]; readonly questions: readonly Question[] }> {
  const forms = (
    await asked.forms((error) => {
      throw error;
    })
  ).map((form) => form.name);
  const words = optionWords(rest);
  const questions = forms.map(
    (form): Question => ({ version: version(), name, text, options: [...words, '--patch', form], part: null }),
  );
  return { forms, questions };
}

/** The answers to each group of questions, group by group in order, as soon as a group is complete; at the end what there is. */
async function* inGroups(
  what: string,
  groups: readonly (readonly Question[])[],
  options: Queued,
  interrupted: () => boolean,
): AsyncGenerator<readonly (Answer | undefined)[]> {
  const answers = new Map<number, Answer>();
  const starts: number[] = [];
  let count = 0;
  for (const group of groups) {
    starts.push(count);
    count += group.length;
  }
  const given = (group: number): readonly (Answer | undefined)[] =>
    (groups[group] ?? []).map((_, i) => answers.get((starts[group] ?? 0) + i));
  let next = 0;
  const complete = function* (): Generator<readonly (Answer | undefined)[]> {
    for (; next < groups.length && given(next).every((answer) => answer !== undefined); next++) yield given(next);
  };
  yield* complete();
  for await (const { place, answer } of answered(what, groups.flat(), options, interrupted)) {
    answers.set(place, answer);
    yield* complete();
  }
  for (; next < groups.length; next++) yield given(next);
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
