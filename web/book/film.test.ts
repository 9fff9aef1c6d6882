// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSchedule, patchNamed } from '../../src/machine/index.ts';
import { parseScenario, runScenario, type Scenario } from '../../src/scenario/index.ts';
import { decisivePosition, lineOf, switchesOf } from './align.ts';
import { grouped, groupName, shownHolders, takenAt } from './changes.ts';
import { EMPTY } from './empty.ts';
import { type Film, filmOf, type Turns } from './film.ts';
import { fingerprint } from './fingerprint.ts';
import { interned } from './intern.ts';

function scenarioNamed(name: string): Scenario {
  const file = `scenarios/${name}.yaml`;
  return parseScenario(file, readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
}

const OWN = { kind: 'exact', schedule: undefined, end: undefined } as const;

function following(list: string): Turns {
  const schedule = parseSchedule(list);
  return schedule.kind === 'list' ? { kind: 'follow', turns: schedule.turns } : OWN;
}

const sc02 = scenarioNamed('SC-02-other-cpu');
const baseline = filmOf(sc02, patchNamed('baseline'), OWN);
const v6 = filmOf(sc02, patchNamed('v6'), OWN);

describe('a film', () => {
  test('keeps every moment of the run that the command line reports', () => {
    const run = runScenario(sc02, { patch: patchNamed('v6') });
    expect(v6.frames.slice(1).map(({ step }) => [step?.task, step?.name])).toEqual(
      run.steps.map(({ task, name }) => [task, name]),
    );
    expect(v6.schedule).toBe(run.schedule.list);
    expect(v6.verdicts).toEqual([
      { call: 'T0: convert 0..1 to private', verdict: 'safe', text: 'safe, 1 drain of all CPUs', frame: 71 },
    ]);
    expect(baseline.verdicts[0]?.text).toBe('refused at index 0 (spurious: only batches hold it)');
  });

  test('says of every moment who holds what: the count is the sum', () => {
    for (const { folios } of [...baseline.frames, ...v6.frames])
      for (const { count, holders } of folios)
        expect(holders.reduce((sum, { references }) => sum + references, 0)).toBe(count);
  });

  test('says what every task does: who can step, and who waits for what', () => {
    const waiting = v6.frames.findIndex(({ tasks }) => tasks[0]?.state === 'waits');
    expect(v6.frames[waiting]?.tasks[0]).toMatchObject({
      call: 'convert 0..1 to private',
      next: 'flush_work',
      waitsFor: [{ name: 'mm_percpu_wq.work[1]', value: 1 }],
    });
    expect(v6.frames[waiting]?.tasks.map(({ state }) => state)).toEqual(['waits', 'done', 'idle', 'ready']);
  });

  test('shows a flush as places that empty', () => {
    const places = v6.frames.map(({ batches }) => batches[1]?.[0]?.places.filter((of) => of !== EMPTY).length);
    expect([...new Set(places)]).toEqual([0, 1]);
    expect(places.at(-1)).toBe(0);
    expect(v6.frames[0]?.batches[1]?.[0]?.places.length).toBe(31);
  });

  test('follows turns of a reader as far as they fit', () => {
    const other = filmOf(scenarioNamed('SC-22-same-inode'), patchNamed('v6'), following('T1:3,T0:1'));
    expect(other.schedule).toMatch(/^v1:list:T1:3,T0:1,/);
    expect(other.skipped).toBe(0);
    const unfit = filmOf(sc02, patchNamed('baseline'), following('kworker/1:2,T0:1'));
    expect({ skipped: unfit.skipped, schedule: unfit.schedule }).toEqual({ skipped: 2, schedule: baseline.schedule });
  });

  test('goes through JSON without loss, and what a step left alone is one object again', () => {
    const back: Film = interned(JSON.parse(JSON.stringify(v6)) as Film);
    expect(JSON.stringify(back)).toBe(JSON.stringify(v6));
    expect(back.frames.map(({ folios }, i) => folios === back.frames[i - 1]?.folios)).toEqual(
      v6.frames.map(({ folios }, i) => folios === v6.frames[i - 1]?.folios),
    );
  });
});

describe('two films on one line', () => {
  const line = lineOf([baseline, v6]);

  test('go together, part, and end together', () => {
    expect(line.end).toBe(71);
    expect(line.framesAt(30)).toEqual([30, 30]);
    expect(line.framesAt(71)).toEqual([43, 71]);
    const decisive = decisivePosition([baseline, v6], line) ?? 0;
    const [a = 0, b = 0] = line.framesAt(decisive);
    // The moment of the landing page: each check has read its last count.
    expect([baseline.frames[a]?.step?.read?.count, v6.frames[b]?.step?.read?.count]).toEqual([3, 2]);
  });

  test('any frame has its position', () => {
    for (const [film, { frames }] of [baseline, v6].entries())
      for (const frame of frames.keys()) expect(line.framesAt(line.positionOf(film, frame))[film]).toBe(frame);
  });

  test('know where another thread begins to run', () => {
    const [first = 0] = switchesOf([baseline, v6], line);
    expect(first).toBe(v6.start);
  });
});

describe('changes', () => {
  test('name new holders and gone ones, and the step that took a reference', () => {
    const flushed = v6.frames.findIndex(
      ({ folios }, i) =>
        i > v6.start && folios.every(({ holders }) => holders.every(({ kind }) => kind !== 'lru-add-batch')),
    );
    const [folio] = v6.frames[flushed]?.folios ?? [];
    const [before] = v6.frames[flushed - 1]?.folios ?? [];
    if (folio === undefined) throw new Error('no folio');
    expect(shownHolders(folio, before).map(({ holder, change }) => [holder.kind, change])).toEqual([
      ['page-cache', 'none'],
      ['safety-check', 'none'],
      ['lru-add-batch', 'gone'],
    ]);
    const check = folio.holders.find(({ kind }) => kind === 'safety-check');
    if (check === undefined) throw new Error('no holder');
    expect(v6.frames[takenAt(v6, flushed, folio.number, check)]?.step?.name).toBe('folio_try_get');
  });

  test('neighbours that are alike stand in one row', () => {
    const { frames, start } = filmOf(scenarioNamed('SC-04-forty-folios'), patchNamed('baseline'), OWN);
    const folios = frames[start]?.folios ?? [];
    expect(grouped(folios, folios).map(groupName)).toEqual(['pages 0–12', 'pages 13–25', 'pages 26–39']);
  });

  test('a moment has a fingerprint of its own', () => {
    const prints = v6.frames.map((_, frame) => fingerprint([v6], [frame]));
    expect(new Set(prints).size).toBeGreaterThan(60);
    expect(fingerprint([v6], [3])).toBe(prints[3]);
  });
});
