// SPDX-License-Identifier: MIT
// Recordings of random workloads (MADV_PAGEOUT, MADV_COLD, move_pages, fadvise, punches, drop_caches, two machines), with events
// left out, begun late, of several clocks: each reading is held against the kernel's own page flags. More of them are made
// by test/wild/record.sh and read from the folder that FOLIOSCOPE_WILD names.
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { explainTrace, type MomentAnswer } from '../src/explain/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { memorySource } from '../src/trace/index.ts';

interface Reading {
  readonly marker: string;
  readonly ino: number;
  /** `lru` 0: it waits in a batch. */
  readonly pages: readonly { readonly index: number; readonly pfn: number; readonly lru: 0 | 1 }[];
}

const FOLDER = process.env['FOLIOSCOPE_WILD'] ?? 'test/wild';
const read = (file: string): Buffer => {
  const bytes = readFileSync(`${FOLDER}/${file}`);
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};
const FILES = readdirSync(FOLDER).filter((name) => /\.txt(?:\.gz)?$/.test(name));
const told = { readings: 0, right: 0, unknown: 0, unlisted: 0 };

/** What is wrong of what a moment says; nothing is where it says that it does not know. */
function wrongOf(moment: MomentAnswer, { pages, marker }: Reading): readonly string[] {
  const wrong: string[] = [];
  for (const { index, pfn, lru } of pages) {
    told.readings++;
    const folio = moment.folios.find((one) => one.index === index);
    const waits = folio?.holders.some(({ kind }) => kind === 'lru-add-batch');
    if (folio === undefined) {
      told.unlisted++;
      // Folios from before the recording are not listed, which is said.
      if (!moment.isOlder && moment.baseline.verdict !== 'undecided') wrong.push(`${marker}: ${index} is missing`);
    } else if (folio.strength === 'unknown') told.unknown++;
    else if (folio.pfn === pfn && waits === (lru === 0)) told.right++;
    else
      wrong.push(
        `${marker}: ${index} ${lru === 0 ? 'waits' : 'is on the LRU'}, pfn ${pfn}; said: ${waits}, ${folio.pfn}`,
      );
  }
  // On a CPU whose own batch holds nothing a check without a drain refuses where something waits. Of pages whose flags changed
  // around the marker nothing is held against it.
  const elsewhere = moment.notable.filter(({ holders }) =>
    holders.some(({ kind, cpu }) => kind === 'lru-add-batch' && cpu !== moment.cpu),
  );
  const known = new Set(pages.map(({ index }) => index));
  const areKnown = elsewhere.length > 0 && elsewhere.every(({ index }) => known.has(index));
  if (moment.baseline.verdict === 'refused' && areKnown && pages.every(({ lru }) => lru === 1))
    wrong.push(`${marker}: refused, and nothing waits`);
  return wrong;
}

test.each(FILES)(
  '%s',
  async (file) => {
    const explanation = await explainTrace(memorySource(file, read(file)), {
      moments: [{ kind: 'every-marker' }],
      patches: PATCHES,
    });
    const wrong = read(file.replace('.txt', '.truth'))
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Reading)
      .flatMap((reading) => {
        const moment = explanation.moments.find(
          (one) => one.marker === reading.marker && one.ino === BigInt(reading.ino),
        );
        return moment === undefined ? [] : wrongOf(moment, reading);
      });
    expect(wrong).toEqual([]);
  },
  60_000,
);

afterAll(() => {
  // Nothing passes because nothing is said.
  expect(told.right * 4).toBeGreaterThan(told.readings);
  if (process.env['FOLIOSCOPE_WILD'] !== undefined) process.stderr.write(`${JSON.stringify(told)}\n`);
});
