// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explanationToJson } from '../../report/index.ts';
import { type FolioLedger, formatTime, type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import { PATCHES } from '../../machine/index.ts';
import { memorySource } from '../../trace/index.ts';
import { type Explanation, explainTrace, type FolioStory, type MarkerSeen, readHistory } from '../index.ts';

const FOLDERS = ['examples', 'test/recordings', 'test/lab'];
/** Every recording of the repository, but packed ones and those that differ from another in their format only. */
const RECORDINGS = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /\.(dat|txt)$/.test(file) && !/report-|odd_|trace_/.test(file))
    .map((file) => `${folder}/${file}`),
);

const sourceOf = (file: string) => memorySource(file, readFileSync(file));

async function read(file: string, mostKept?: number) {
  const stories: FolioStory[] = [];
  const markers: MarkerSeen[] = [];
  const history = await readHistory(sourceOf(file), {
    patches: PATCHES,
    onFolio: (story) => void stories.push(story),
    onMarker: (marker) => void markers.push(marker),
    mostKept,
  });
  return { history, stories, markers };
}

const explained = (file: string): Promise<Explanation> =>
  explainTrace(sourceOf(file), { moments: [{ kind: 'every-marker' }, { kind: 'end' }], patches: PATCHES });

/** What ran while drains waited is read only by the command line: the scheduler's events are most of many recordings. */
const withoutTasks = (json: string): string =>
  JSON.stringify(
    JSON.parse(json, (key, value: unknown) => (key === 'meanwhile' ? [] : value)),
    undefined,
    2,
  );

const byIndex = (a: FolioLedger, b: FolioLedger): number => a.index - b.index;

/** The folios of an inode at a time, by the spans of their lives. */
const foliosAt = (stories: readonly FolioStory[], dev: string, ino: bigint, at: Nanoseconds): readonly FolioLedger[] =>
  stories
    .filter((story) => story.dev === dev && story.ino === ino)
    .flatMap(({ spans }) => spans.filter(({ from, to }) => from <= at && (to === undefined || to > at)))
    .map(({ folio }) => folio)
    .toSorted(byIndex);

describe('every marker and the end have the answers of explain --json', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const [{ history, stories, markers }, truth] = [await read(file), await explained(file)];
    const moments = truth.moments.flatMap(({ at, marker: text, dev, ino }) => {
      const marker = text === undefined ? undefined : markers.find((one) => one.at === at && one.text === text);
      return history.moment({ at, dev, ino, marker }) ?? [];
    });
    expect(withoutTasks(explanationToJson({ ...history.explanation, moments }))).toBe(
      withoutTasks(explanationToJson(truth)),
    );
    for (const { at, dev, ino, folios } of truth.moments)
      expect([formatTime(at), foliosAt(stories, dev, ino, at)]).toEqual([formatTime(at), folios.toSorted(byIndex)]);
    for (const { at, dev, ino, folios, stale } of truth.moments)
      for (const folio of folios.slice(0, 8))
        expect(history.folio({ dev, ino }, folio.index, at)).toMatchObject({
          folio,
          mayBeGone: stale.has(folio.index),
        });
  });
});

/** Enough of each recording for every kind of span, in seconds. */
const MOST_STORIES = 400;

test.each(RECORDINGS.filter((file) => !file.startsWith('test/lab')))(
  '%s: every span begins and ends where its holders change',
  async (file) => {
    const { history, stories } = await read(file);
    for (const { spans, ...story } of stories.slice(0, MOST_STORIES)) {
      const then = (at: Nanoseconds) => {
        const one = history.folio(story, story.index, at);
        return one?.folio.pfn === story.pfn && one.life.since === story.life.since ? one : undefined;
      };
      for (const [place, { from, to, folio, mayBeGone }] of spans.entries()) {
        expect(then(from)).toMatchObject({ folio, mayBeGone });
        if (to !== undefined) expect(then(nanoseconds(to - 1n))).toMatchObject({ folio, mayBeGone });
        const next = spans[place + 1];
        if (next !== undefined)
          expect({ ...next, from: to, to: undefined }).not.toEqual({ folio, mayBeGone, from: to, to: undefined });
      }
    }
  },
);

test.each(['examples/two-cpu.dat', 'test/recordings/punch.dat', 'test/recordings/random-1.dat'])(
  '%s, of which only a part is kept',
  async (file) => {
    const [{ history, markers }, truth] = [await read(file, 20), await explained(file)];
    const windows = new Set<string>();
    for (const moment of truth.moments) {
      await history.moveTo(moment.at);
      windows.add(`${history.window?.from}..${history.window?.to}`);
      const { at, dev, ino } = moment;
      const marker = moment.marker === undefined ? undefined : markers.find((one) => one.at === at);
      const answer = history.moment({ at, dev, ino, marker });
      const around = { ...truth, moments: [] };
      expect(explanationToJson({ ...around, moments: answer === undefined ? [] : [answer] })).toBe(
        explanationToJson({ ...around, moments: [moment] }),
      );
    }
    expect(windows.size).toBeGreaterThan(1);
    expect(windows.has(`${truth.trace.from}..${truth.trace.to}`)).toBe(false);
  },
);

test.each([undefined, 1])(
  'tasks that ran while a drain waited, of a history that keeps %s folios',
  async (mostKept) => {
    const work = 'work struct';
    const lines = [
      'vmm-1000 [000] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0',
      'vmm-1000 [000] ..... 1.000002: mm_filemap_delete_from_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0',
      'busy-7 [001] ..... 1.000003: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=busy next_pid=7 next_prio=120',
      `vmm-1000 [000] ..... 1.000010: workqueue_queue_work: ${work}=00000000abcd function=lru_add_drain_per_cpu workqueue=mm_percpu_wq req_cpu=1 cpu=1`,
      'busy-7 [001] ..... 1.000030: sched_switch: prev_comm=busy prev_pid=7 prev_prio=120 prev_state=R ==> next_comm=kworker/1:0 next_pid=8 next_prio=120',
      `kworker/1:0-8 [001] ..... 1.000031: workqueue_execute_start: ${work} 00000000abcd: function lru_add_drain_per_cpu`,
      `kworker/1:0-8 [001] ..... 1.000033: workqueue_execute_end: ${work} 00000000abcd: function lru_add_drain_per_cpu`,
    ];
    const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 7/7   #P:2\n#\n${lines.map((line) => ` ${line}\n`).join('')}`;
    const { explanation } = await readHistory(memorySource('trace.txt', new TextEncoder().encode(text)), {
      patches: [],
      onFolio: () => {},
      onMarker: () => {},
      scheduling: true,
      mostKept,
    });
    const [round] = explanation.drains?.rounds ?? [];
    expect(round?.works[0]?.meanwhile[0]).toMatchObject({ pid: 7, task: 'busy' });
  },
);
