// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import * as z from 'zod/mini';
import { InputError } from '../ledger/index.ts';
import { CHECK_ALL_SCHEMA, checkAllToJson } from '../report/index.ts';
import type { Options } from './check-options.ts';
import { type FileOutcome, resultOf } from './file-outcome.ts';
import type { Shard } from './shard.ts';
import { version } from './version.ts';

const OUTCOME = z.enum(['as expected', 'NOT as expected', 'undecided', 'says nothing', 'not run']);
const PLACE = z.object({ place: z.int(), file: z.string() });
const RESULT = z.union([
  z.strictObject({ place: z.int(), file: z.string(), mistake: z.string() }),
  // The answers about the scenario are kept as they are, in their order.
  z.catchall(z.extend(PLACE, { outcome: OUTCOME, text: z.string() }), z.unknown()),
]);
const DOCUMENT = z.object({
  schema: z.literal(CHECK_ALL_SCHEMA),
  shard: z.string().check(z.regex(/^\d+\/\d+$/)),
  version: z.string(),
  question: z.string(),
  files: z.int(),
  interrupted: z.boolean(),
  results: z.array(RESULT),
});
type ShardDocument = z.output<typeof DOCUMENT>;

/** Result of a shard, as one document (schema/check-all.schema.json). */
export const shardDocument = (
  files: readonly string[],
  shard: Shard,
  options: Options,
  {
    places,
    results,
    interrupted,
  }: { readonly places: readonly number[]; readonly results: readonly FileOutcome[]; readonly interrupted: boolean },
): string =>
  checkAllToJson(
    results.map((result, i) => resultOf(relative(process.cwd(), files[places[i] ?? 0] ?? ''), result)),
    interrupted,
    {
      shard: `${shard.number}/${shard.of}`,
      version: version(),
      question: questionOf(files, options),
      files: files.length,
      places,
      texts: results.map((result) => ('text' in result ? result.text : undefined)),
    },
  );

/** The same for every shard of one question, whatever machine explores it, with how many threads and how much memory. */
function questionOf(files: readonly string[], options: Options): string {
  const { patch, shard: _shard, workers: _workers, memory: _memory, spill: _spill, json: _json, ...rest } = options;
  const hash = createHash('sha256');
  // The path of a file may differ between machines; its content may not.
  for (const file of files) hash.update(contentOf(file)).update('\0');
  for (const { word, known } of patch ?? [])
    hash.update(known === undefined ? contentOf(word.replace(/(\.[ch]):\w+$/, '$1')) : known.name).update('\0');
  return hash.update(JSON.stringify(rest)).digest('hex');
}

function contentOf(file: string): Uint8Array | string {
  try {
    return readFileSync(file);
  } catch {
    // The check itself reports why it cannot be read.
    return '';
  }
}

/** A file's outcome, with its name. */
export interface NamedOutcome {
  readonly file: string;
  readonly result: FileOutcome;
}

/**
 * The outcomes of all shards of a question, in the order of the files. @throws InputError if a shard is missing, or belongs to
 * another question.
 */
export function merged(documents: readonly { readonly file: string; readonly text: string }[]): {
  readonly outcomes: readonly NamedOutcome[];
  readonly interrupted: boolean;
} {
  const shards = documents.map(({ file, text }) => ({ file, said: readShard(file, text) }));
  const [first] = shards;
  if (first === undefined) throw new InputError('no shard, expected what check --all --shard I/N printed');
  const { question, shard, files } = first.said;
  const [, of] = numbersOf(shard);
  const byPlace = new Map<number, { readonly from: string; readonly outcome: NamedOutcome }>();
  for (const { file, said } of shards) {
    if (said.question !== question || numbersOf(said.shard)[1] !== of || said.version !== first.said.version)
      throw new InputError(
        `${file}: of another question than ${first.file}: other scenarios, options or version, expected shards of one`,
      );
    for (const one of said.results) {
      const outcome = { file: one.file, result: outcomeIn(one) };
      const known = byPlace.get(one.place);
      if (known !== undefined && JSON.stringify(known.outcome.result) !== JSON.stringify(outcome.result))
        throw new InputError(
          `${file}: says of ${one.file} something else than ${known.from}, expected each shard once`,
        );
      byPlace.set(one.place, { from: file, outcome });
    }
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter(
    (number) => !shards.some(({ said }) => numbersOf(said.shard)[0] === number),
  );
  if (missing.length > 0) throw new InputError(`shard ${missing.join(', ')} of ${of} is missing, expected all of them`);
  const outcomes = Array.from({ length: files }, (_, place) => byPlace.get(place)?.outcome);
  if (!outcomes.every((outcome) => outcome !== undefined))
    throw new InputError('the shards do not have every file, expected whole documents');
  return { outcomes, interrupted: shards.some(({ said }) => said.interrupted) };
}

/** The outcome that a result was made of. */
function outcomeIn(result: ShardDocument['results'][number]): FileOutcome {
  if ('mistake' in result) return { mistake: String(result.mistake) };
  const { place: _place, file: _file, outcome, text, ...checked } = result;
  return { outcome, text, checked };
}

/** Number of a shard, and of all. */
function numbersOf(shard: string): readonly [number, number] {
  const [number, of] = shard.split('/').map(Number);
  return [number ?? 0, of ?? 0];
}

function readShard(file: string, text: string): ShardDocument {
  const expected = 'expected what check --all --shard I/N printed';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${file}: not JSON, ${expected}`);
  }
  const read = DOCUMENT.safeParse(value);
  if (!read.success) throw new InputError(`${file}: not a shard of ${CHECK_ALL_SCHEMA}, ${expected}`);
  return read.data;
}
