// SPDX-License-Identifier: MIT
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckAnswer } from '../verify/index.ts';
import { answersOf } from './check-answers.ts';
import type { Asked } from './check-asked.ts';
import type { Options } from './check-options.ts';
import { askedIn } from './check-subject.ts';
import type { ExitCode } from './exit-code.ts';
import { endOf, exitOf, type FileOutcome, orMistake, outcomeWith, printOutcome, resultOf } from './file-outcome.ts';
import { complain, UsageError } from './failure.ts';
import { scenarioFiles } from './scenario-files.ts';
import { isOfShard, type Shard } from './shard.ts';

/** The scenario files that come with folioscope. */
const SHIPPED = fileURLToPath(new URL('../../scenarios', import.meta.url));

/** Checks every scenario against its file's expectations, and prints a line for each, or one JSON document. @throws UsageError */
export async function checkAll(
  paths: readonly string[],
  options: Options,
  interrupted: () => boolean,
): Promise<ExitCode> {
  if (options.html !== undefined) throw new UsageError('--html writes the report of one scenario: leave out --all');
  if (options.itf !== undefined) throw new UsageError('--itf writes one run: leave out --all');
  const files: string[] = [];
  for (const path of paths.length === 0 ? [SHIPPED] : paths) files.push(...(await scenarioFiles(path)));
  const { shard } = options;
  if (shard !== undefined) return checkShard(files, shard, options, interrupted);
  const results: FileOutcome[] = [];
  const outcomes =
    options.queue === undefined
      ? outcomesOf(files, options, interrupted)
      : (await import('./check-queue.ts')).queuedOutcomes(files, { ...options, queue: options.queue }, interrupted);
  for await (const result of outcomes) {
    results.push(result);
    if (options.json !== true) printOutcome(result);
    else if ('mistake' in result) complain(result.mistake);
  }
  if (options.json !== true) return endOf(results, interrupted());
  const { checkAllToJson } = await import('../report/index.ts');
  const named = results.map((result, place) => resultOf(relative(process.cwd(), files[place] ?? ''), result));
  process.stdout.write(checkAllToJson(named, interrupted()));
  return exitOf(results, interrupted());
}

/** Checks every file of a shard, and prints one document, which `folioscope merge` reads. */
async function checkShard(
  files: readonly string[],
  shard: Shard,
  options: Options,
  interrupted: () => boolean,
): Promise<ExitCode> {
  const places = [...files.keys()].filter((place) => isOfShard(place, shard));
  const own = places.flatMap((place) => files[place] ?? []);
  const results: FileOutcome[] = [];
  for await (const result of outcomesOf(own, options, interrupted)) {
    if ('mistake' in result) complain(result.mistake);
    results.push(result);
  }
  const { shardDocument } = await import('./shard-document.ts');
  process.stdout.write(shardDocument(files, shard, options, { places, results, interrupted: interrupted() }));
  return exitOf(results, interrupted());
}

/** The outcome of each file, in order; files after an interruption are reported as not run. */
async function* outcomesOf(
  files: readonly string[],
  options: Options,
  interrupted: () => boolean,
): AsyncGenerator<FileOutcome> {
  const { notRunLine } = await import('../report/index.ts');
  for (const file of files) {
    if (interrupted()) {
      yield { outcome: 'not run', text: notRunLine(relative(process.cwd(), file)) };
      continue;
    }
    yield await outcomeIn(async () => askedIn(file, options), options, interrupted);
  }
}

/** The outcome of one file. */
async function outcomeIn(
  ask: () => Promise<Asked>,
  options: Options,
  interrupted: () => boolean,
): Promise<FileOutcome> {
  return orMistake(async () => {
    const asked = await ask();
    const answers: CheckAnswer[] = [];
    const notRun: string[] = [];
    for await (const given of answersOf(asked, options, interrupted))
      if (typeof given === 'string') notRun.push(given);
      else answers.push(given.answer);
    return outcomeWith(asked, answers, notRun);
  });
}
