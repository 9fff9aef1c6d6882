// SPDX-License-Identifier: MIT
// Moments one after the other against each moment alone, and against a look at every folio.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { FolioLedger } from '../../ledger/index.ts';
import { PATCHES } from '../../machine/index.ts';
import { memorySource } from '../../trace/index.ts';
import { explainTrace, type MomentAnswer } from '../index.ts';

const RECORDINGS = [
  'test/wild/136.none.txt.gz', // folios that were put back
  'test/wild/177.nodelete.txt.gz',
  'test/wild/98.late.txt.gz',
  'test/wild/23.uptime.txt.gz', // ties
  'test/wild/196.noadd.txt.gz',
  'test/wild/216.none-small.txt.gz', // lost events
  'test/recordings/s4_vmsplice.v8.pageref.txt',
  'test/recordings/random-1.txt',
  'test/cases/pageout.txt',
];

const bytesOf = (file: string): Uint8Array =>
  file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file);

const isAlone = ({ holders }: FolioLedger): boolean => holders.length === 1 && holders[0]?.kind === 'page-cache';

/** What is said of a moment, without the lists of all folios. */
const said = ({
  at,
  ino,
  count,
  notable,
  staleCount,
  unsettled,
  strengths,
  verdicts,
  baseline,
  unseen,
}: MomentAnswer) => ({
  at,
  ino,
  count,
  notable,
  staleCount,
  unsettled,
  strengths: [...strengths].toSorted(),
  verdicts: [...verdicts],
  baseline,
  unseen,
});

test.each(RECORDINGS)('%s', async (file) => {
  const ask = async (moments: Parameters<typeof explainTrace>[1]['moments']) =>
    (await explainTrace(memorySource('recording', bytesOf(file)), { moments, patches: PATCHES.slice(0, 2) })).moments;
  const { moments, trace } = await explainTrace(memorySource('recording', bytesOf(file)), {
    moments: [],
    patches: [],
  });
  const [from, to] = [trace.from ?? 0n, trace.to ?? 0n];
  // In and between the ticks of the events, more of them than there are markers.
  const times = [
    ...new Set([
      ...moments.map(({ at }) => at),
      ...Array.from({ length: 40 }, (_, nth) => from + ((to - from) * BigInt(nth)) / 40n),
    ]),
  ].toSorted((a, b) => Number(a > b) - Number(a < b));
  const all = await ask(times.map((at) => ({ kind: 'time', at: at as MomentAnswer['at'] })));
  expect(all.length).toBeGreaterThanOrEqual(times.length);
  for (const moment of all) {
    // `folios` is made from scratch, folio by folio.
    const { folios, stale, notable, count, staleCount, strengths, unsettled } = moment;
    expect(count).toBe(folios.length);
    expect(staleCount).toBeGreaterThanOrEqual(stale.size);
    // In one tick, several folios may stand at an index.
    if (!file.includes('uptime')) expect(staleCount).toBe(stale.size);
    expect([...strengths].toSorted()).toEqual([...new Set(folios.map(({ strength }) => strength))].toSorted());
    expect(
      folios.filter((folio) => !isAlone(folio)).every((folio) => notable.some(({ pfn }) => pfn === folio.pfn)),
    ).toBe(true);
    for (const { from: first, to: behind } of unsettled)
      for (let index: number = first; index < behind; index++)
        expect(folios.find((folio) => folio.index === index)?.strength).toBe('unknown');
  }
  for (const at of times.filter((_, place) => place % 7 === 3)) {
    const alone = await ask([{ kind: 'time', at: at as MomentAnswer['at'] }]);
    expect(alone.map(said)).toEqual(all.filter((moment) => moment.at === at).map(said));
  }
});
