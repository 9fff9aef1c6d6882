// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import * as z from 'zod/mini';
import { InputError } from '../ledger/index.ts';
import type { Options } from './check-options.ts';
import type { FileOutcome } from './file-outcome.ts';
import type { Shard } from './shard.ts';
import { version } from './version.ts';

const SCHEMA = 'folioscope.check-shard/1';

const OUTCOME = z.enum(['as expected', 'NOT as expected', 'undecided', 'says nothing', 'not run']);
const DOCUMENT = z.strictObject({
  schema: z.literal(SCHEMA),
  version: z.string(),
  /** Hash of the question: options, the files and their content. */
  question: z.string(),
  shard: z.strictObject({ number: z.int(), of: z.int() }),
  files: z.int(),
  interrupted: z.boolean(),
  results: z.array(
    z.union([
      z.strictObject({ place: z.int(), file: z.string(), outcome: OUTCOME, text: z.string() }),
      z.strictObject({ place: z.int(), file: z.string(), mistake: z.string() }),
    ]),
  ),
});
type ShardDocument = z.output<typeof DOCUMENT>;

/** Result of a shard, as one line of JSON (schema/check-shard.schema.json). */
export function shardDocument(
  files: readonly string[],
  shard: Shard,
  options: Options,
  {
    places,
    results,
    interrupted,
  }: { readonly places: readonly number[]; readonly results: readonly FileOutcome[]; readonly interrupted: boolean },
): string {
  const document: ShardDocument = {
    schema: SCHEMA,
    version: version(),
    question: questionOf(files, options),
    shard,
    files: files.length,
    interrupted,
    results: results.map((result, i) => {
      const place = places[i] ?? 0;
      return { place, file: relative(process.cwd(), files[place] ?? ''), ...result };
    }),
  };
  return `${JSON.stringify(document)}\n`;
}

/** The same for every shard of one question, whatever machine explores it, with how many threads and how much memory. */
function questionOf(files: readonly string[], options: Options): string {
  const { patch, shard: _shard, workers: _workers, memory: _memory, spill: _spill, ...rest } = options;
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

/**
 * The outcomes of all shards of a question, in the order of the files. @throws InputError if a shard is missing, or belongs to
 * another question.
 */
export function merged(documents: readonly { readonly file: string; readonly text: string }[]): {
  readonly results: readonly FileOutcome[];
  readonly interrupted: boolean;
} {
  const shards = documents.map(({ file, text }) => ({ file, said: readShard(file, text) }));
  const [first] = shards;
  if (first === undefined) throw new InputError('no shard, expected what check --all --shard I/N printed');
  const { question, shard, files } = first.said;
  const byPlace = new Map<number, { readonly file: string; readonly result: FileOutcome }>();
  for (const { file, said } of shards) {
    if (said.question !== question || said.shard.of !== shard.of || said.version !== first.said.version)
      throw new InputError(
        `${file}: of another question than ${first.file}: other scenarios, options or version, expected shards of one`,
      );
    for (const { place, file: scenario, ...result } of said.results) {
      const known = byPlace.get(place);
      if (known !== undefined && JSON.stringify(known.result) !== JSON.stringify(result))
        throw new InputError(
          `${file}: says of ${scenario} something else than ${known.file}, expected each shard once`,
        );
      byPlace.set(place, { file, result });
    }
  }
  const missing = Array.from({ length: shard.of }, (_, i) => i + 1).filter(
    (number) => !shards.some(({ said }) => said.shard.number === number),
  );
  if (missing.length > 0)
    throw new InputError(`shard ${missing.join(', ')} of ${shard.of} is missing, expected all of them`);
  const results = Array.from({ length: files }, (_, place) => byPlace.get(place)?.result);
  if (!results.every((result) => result !== undefined))
    throw new InputError('the shards do not have every file, expected whole documents');
  return { results, interrupted: shards.some(({ said }) => said.interrupted) };
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
  if (!read.success) throw new InputError(`${file}: not a document of ${SCHEMA}, ${expected}`);
  return read.data;
}
