// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explainTrace } from '../../../src/explain/index.ts';
import { formatTime, referencesOf } from '../../../src/ledger/index.ts';
import { PATCHES } from '../../../src/machine/index.ts';
import { explanationToJson } from '../../../src/report/index.ts';
import { memorySource } from '../../../src/trace/index.ts';
import { FORMS } from '../protocol.ts';
import { openRecording } from './opened.ts';
import { recordedRun } from './run.ts';
import { countAt } from './series.ts';
import { codeOfFolio } from './states.ts';

const RECORDINGS = ['examples', 'test/recordings'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /\.(dat|txt|xz|zst)$/.test(file) && !file.includes('report-'))
    .map((file) => `${folder}/${file}`),
);

const byNumber = (a: number, b: number): number => a - b;
const sourceOf = (file: string) => memorySource(file, readFileSync(file));

describe('every marker shows the numbers of explain --json', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const opened = await openRecording(sourceOf(file), () => {});
    const { timeline } = opened;
    const moments = [{ kind: 'every-marker' }, { kind: 'end' }] as const;
    const explanation = await explainTrace(sourceOf(file), { moments, patches: PATCHES });
    expect([timeline.events, timeline.cpuNumbers, timeline.markers.length, timeline.conversions.length]).toEqual([
      explanation.trace.events,
      expect.arrayContaining([...explanation.trace.cpus]),
      explanation.moments.length === 0
        ? timeline.markers.length
        : explanation.moments.length / new Set(explanation.moments.map(({ ino }) => ino)).size - 1,
      explanation.conversions.length,
    ]);
    for (const moment of explanation.moments) {
      const at = Number(moment.at - timeline.begin);
      const ino = `0x${moment.ino.toString(16)}`;
      const lanes = timeline.inodes.find((inode) => inode.dev === moment.dev && inode.ino === ino)?.lanes ?? [];
      const inLanes = lanes.flatMap(({ codes, series }) =>
        codes.flatMap((code, channel) => Array<number>(countAt(series, channel, at)).fill(code)),
      );
      const codes = moment.folios.map(codeOfFolio);
      expect([formatTime(moment.at), inLanes.toSorted(byNumber)]).toEqual([
        formatTime(moment.at),
        codes.toSorted(byNumber),
      ]);

      const pages = { from: 0, to: Number.MAX_SAFE_INTEGER };
      const shown = opened.moment({ at: moment.at, dev: moment.dev, ino, range: undefined, pages });
      const isSecond = moment !== explanation.moments.find((one) => one.at === moment.at && one.ino === moment.ino);
      if (shown === undefined || isSecond) continue;
      const json = (answer: typeof moment) => explanationToJson({ ...explanation, moments: [answer] });
      const { folios, lives, stale } = moment;
      expect(json({ ...shown.answer, folios, lives, stale })).toBe(json(moment));
      expect(shown.folios).toBe(folios.length);
      const sum = shown.groups.reduce((all, { count, first }) => all + count * referencesOf(first.folio.holders), 0);
      if (shown.groups.length < 64)
        expect(sum).toBe(folios.reduce((all, { holders }) => all + referencesOf(holders), 0));
    }
    for (const { cpu, fill } of timeline.cpus)
      for (const at of new Set(explanation.moments.map((moment) => moment.at))) {
        const waiting = (isSure: boolean) =>
          explanation.moments
            .filter((moment) => moment.at === at)
            .filter((moment, place, all) => all.findIndex(({ ino }) => ino === moment.ino) === place)
            .flatMap(({ folios }) => folios.filter(({ strength }) => (strength !== 'unknown') === isSure))
            .flatMap(({ holders }) => holders.filter((one) => one.kind === 'lru-add-batch' && one.cpu === cpu)).length;
        const offset = Number(at - timeline.begin);
        expect([cpu, countAt(fill, 0, offset), countAt(fill, 1, offset)]).toEqual([cpu, waiting(true), waiting(false)]);
      }
  });
});

test('lanes unfold to those of single folios, which add up', async () => {
  const opened = await openRecording(sourceOf('examples/two-cpu.dat'), () => {});
  const { timeline } = opened;
  const [folded] = timeline.inodes[0]?.lanes ?? [];
  expect(folded).toMatchObject({ pages: { from: 0, to: 74 }, rows: 74, isFolded: true });
  if (folded === undefined) return;
  const blocks = opened.unfold(folded);
  expect(blocks.map(({ pages: { from, to } }) => [from, to]).slice(0, 2)).toEqual([
    [0, 4],
    [4, 8],
  ]);
  const [single] = opened.unfold(blocks[0] ?? folded);
  expect(single).toMatchObject({ pages: { from: 0, to: 1 }, isFolded: false, depth: 2 });
  for (const at of [0, timeline.end / 3, timeline.end / 2, timeline.end]) {
    const sum = (lanes: readonly (typeof folded)[]) =>
      lanes.reduce(
        (all, { codes, series }) => all + codes.reduce((s, _, channel) => s + countAt(series, channel, at), 0),
        0,
      );
    expect(sum(blocks)).toBe(sum([folded]));
  }
});

describe('a search finds', () => {
  test.each([
    ['an index', { what: 'index', number: 93 }, [93]],
    ['a page frame', { what: 'pfn', number: 0x23_4f_52 }, [93]],
    ['nothing', { what: 'index', number: 400 }, []],
  ] as const)('%s', async (_, search, indexes) => {
    const opened = await openRecording(sourceOf('examples/two-cpu.dat'), () => {});
    expect(opened.search(search, 10).map(({ index }) => index)).toEqual(indexes);
  });

  test('what a task added', async () => {
    const opened = await openRecording(sourceOf('examples/two-cpu.dat'), () => {});
    const hits = opened.search({ what: 'pid', number: 24162 }, 1000);
    expect(hits.length).toBe(50);
    expect(opened.search({ what: 'task', text: 'gmem' }, 1000).length).toBe(100);
  });
});

test('a run of the model is looked at like a recording', async () => {
  const name = 'SC-02-other-cpu.yaml';
  const scenario = readFileSync(`scenarios/${name}`, 'utf8');
  const results = await Promise.all(
    ['baseline', 'v6'].map(async (form) => {
      const { timeline } = await openRecording(await recordedRun({ name, scenario, form }), () => {});
      return [timeline.name, timeline.conversions.map(({ result }) => result), timeline.drains.length];
    }),
  );
  expect(results).toEqual([
    ['SC-02-other-cpu.yaml, baseline', ['refused'], 0],
    ['SC-02-other-cpu.yaml, v6', ['safe'], 1],
  ]);
});

test('the view knows the names of all forms', () => {
  expect(FORMS).toEqual(PATCHES.map(({ name }) => name));
});

test('of a recording of which only a part is kept, a moment far away is read again', async () => {
  const file = 'test/recordings/random-1.dat';
  const [part, all] = await Promise.all([
    openRecording(sourceOf(file), () => {}, 20),
    openRecording(sourceOf(file), () => {}),
  ]);
  const { timeline } = part;
  const [inode] = timeline.inodes;
  expect(timeline.inodes.map(({ lanes }) => lanes.map(({ id }) => id))).toEqual(
    all.timeline.inodes.map(({ lanes }) => lanes.map(({ id }) => id)),
  );
  const at = timeline.begin + BigInt(Math.round(timeline.end / 3));
  const pages = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const asked = { at, dev: inode?.dev ?? '', ino: inode?.ino ?? '', range: undefined, pages };
  expect([part.isAtHand(at), all.isAtHand(at)]).toEqual([false, true]);
  await part.moveTo(at, () => {});
  expect(part.isAtHand(at)).toBe(true);
  expect(part.moment(asked)).toEqual(all.moment(asked));
});
