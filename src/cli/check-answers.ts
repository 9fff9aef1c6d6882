// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import type { CostedAnswer } from '../report/index.ts';
import type { CheckAnswer, CheckProgress, SearchOptions, Walked } from '../verify/index.ts';
import { availableBytes, heapNow } from './available-memory.ts';
import { checkpointsIn, ownCheckpoints } from './check-checkpoints.ts';
import type { Options } from './check-options.ts';
import { checkProgressText } from './check-progress.ts';
import type { Asked } from './check-asked.ts';
import { exploringWith } from './check-workers.ts';
import { complain } from './failure.ts';
import { Progress } from './progress.ts';
import type { SpillDirectory } from './spill-directory.ts';

/**
 * The answers, form by form, or the name of a form that was not begun because of an interruption. Between pieces of work the
 * process checks for an interruption.
 */
export async function* answersOf(
  asked: Asked,
  options: Options,
  interrupted: () => boolean,
  mistaken: (error: InputError) => void = throwing,
): AsyncGenerator<CostedAnswer | string> {
  const directory =
    options.spill === undefined
      ? undefined
      : new (await import('./spill-directory.ts')).SpillDirectory(options.spill, complain);
  const giveUp = options.checkpoint === undefined ? undefined : await ownCheckpoints(options.checkpoint, options);
  try {
    yield* answersWith(asked, options, interrupted, directory, mistaken);
  } finally {
    directory?.close();
    giveUp?.();
  }
}

async function* answersWith(
  { subject, forms }: Asked,
  options: Options,
  interrupted: () => boolean,
  spill: SpillDirectory | undefined,
  mistaken: (error: InputError) => void,
): AsyncGenerator<CostedAnswer | string> {
  const search: SearchOptions = {
    ...lossyOf(options),
    walks: walksOf(options),
    mostStates: options.mostStates,
    mostBytes: options.memory === undefined ? availableBytes() : options.memory * 1024 * 1024,
    exact: options.exact === true,
    coverage: options.coverage === true,
    symmetry: options.symmetry,
    partialOrder: options.partialOrder,
    interrupted,
    heap: heapNow,
    explore: await explorerOf(options),
    spill:
      spill &&
      (() => {
        spill.clear();
        return spill;
      }),
  };
  const unwritten: string[] = [];
  const keep = await checkpointsIn(options, (message) => unwritten.push(message));
  const all = await forms(mistaken);
  const changed = await changesIn(options, all);
  for (const [place, { name, files, checking }] of all.entries()) {
    if (interrupted() && place > 0) {
      yield name;
      continue;
    }
    const answer = answered(`${subject.name}, ${name}`, checking({ ...search, checkpoint: keep(name) }));
    try {
      yield await orName(
        saying(() => changed(files), answer),
        name,
        place > 0,
      );
    } catch (error) {
      // A form may be found unusable only where the scenario leads; the others are answered all the same.
      if (!(error instanceof InputError) || all.length === 1) throw error;
      mistaken(error);
    }
  }
  for (const message of unwritten)
    complain(`${message}; free space there or make it writable, then repeat the command with --resume`);
}

const throwing = (error: InputError): never => {
  throw error;
};

/** Records the content of a question's files. @returns the files that have changed since the question was first asked. */
async function changesIn(
  { checkpoint }: Options,
  forms: readonly { readonly files: readonly string[] }[],
): Promise<(files: readonly string[]) => readonly string[]> {
  if (checkpoint === undefined) return () => [];
  const { changedFiles, noteFiles } = await import('./asked-before.ts');
  try {
    noteFiles(checkpoint, [...new Set(forms.flatMap(({ files }) => files))]);
  } catch {
    // If nothing can be written, the checkpoint itself reports why.
  }
  return (files) => changedFiles(checkpoint, [...new Set(files)]);
}

/** An answer; if its checkpoint belongs to another question, the error names the changed files. */
async function saying(changed: () => readonly string[], answer: Promise<CostedAnswer>): Promise<CostedAnswer> {
  try {
    return await answer;
  } catch (error) {
    const files = error instanceof Error && error.name === 'CheckpointError' ? changed() : [];
    if (!(error instanceof Error) || files.length === 0) throw error;
    const verb = files.length === 1 ? 'has' : 'have';
    error.message = `${files.join(' and ')} ${verb} changed since the checkpoint was begun: ${error.message}`;
    throw error;
  }
}

/** A form's answer, or its name if its checkpoint cannot be resumed and other answers must be kept. */
async function orName(answer: Promise<CostedAnswer>, name: string, hasOthers: boolean): Promise<CostedAnswer | string> {
  try {
    return await answer;
  } catch (error) {
    if (!hasOthers || !(error instanceof Error && error.name === 'CheckpointError')) throw error;
    complain(`${name}: ${error.message}`);
    return name;
  }
}

async function answered(about: string, pieces: Generator<CheckProgress, CheckAnswer>): Promise<CostedAnswer> {
  const progress = new Progress();
  const started = performance.now();
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) {
      progress.end();
      const seconds = Math.round(performance.now() - started) / 1000;
      return { answer: piece.value, cost: { seconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 } };
    }
    const { value } = piece;
    progress.tick(() => checkProgressText(about, value, (performance.now() - started) / 1000));
    await (value.wait ??
      new Promise((resolve) => {
        setImmediate(resolve);
      }));
  }
}

async function explorerOf({ workers, depthFirst }: Options): Promise<SearchOptions['explore']> {
  if (depthFirst === true) return (await import('../check/index.ts')).exploringDepthFirst;
  return workers === 1 ? undefined : exploringWith(workers);
}

const lossyOf = ({ hashCompaction, bitstate }: Options): Pick<SearchOptions, 'lossy'> => {
  if (bitstate !== undefined) return { lossy: { kind: 'bitstate', bits: bitstate } };
  return hashCompaction === true ? { lossy: { kind: 'hash compaction' } } : {};
};

const walksOf = ({ random, firstWalk, seed = 1, pct, steps = 10_000 }: Options): Walked | undefined =>
  random === undefined ? undefined : { walks: random, first: firstWalk, seed, steps, pct };
