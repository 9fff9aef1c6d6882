// SPDX-License-Identifier: MIT
// A real recording turned into kinds of which there is no recording here: other machines, clocks, subsets of events.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { memorySource } from '../trace/index.ts';
import { type Explanation, explainTrace, type MomentAnswer } from './index.ts';

const TEXT = readFileSync('test/recordings/two-cpu.txt', 'utf8').split('\n');
const HEADER = TEXT.filter((line) => line.startsWith('#'));
const EVENTS = TEXT.filter((line) => line !== '' && !line.startsWith('#'));

const explain = (lines: readonly string[]): Promise<Explanation> =>
  explainTrace(memorySource('kind.txt', new TextEncoder().encode(lines.join('\n'))), { moments: [], patches: PATCHES });

/** A reason without the numbers of CPUs. */
const numberless = (verdict: Verdict): Verdict =>
  verdict.verdict === 'undecided'
    ? { ...verdict, reason: verdict.reason.replaceAll(/batch(es)? of CPU [\d, -]+/g, 'batches of CPU N') }
    : verdict;

/** What is said of every moment but its time: which folio waits where, and what each form says. */
const said = (moments: readonly MomentAnswer[], cpuOf = (cpu: number): number => cpu) =>
  moments.map(({ marker, folios, verdicts }) => ({
    marker,
    folios: folios.map(({ index, holders }) => [
      index,
      ...holders.flatMap(({ kind, cpu }) => (kind === 'lru-add-batch' && cpu !== undefined ? [cpuOf(cpu)] : [])),
    ]),
    verdicts: [...verdicts].map(([form, verdict]) => [form, numberless(verdict)] as const),
  }));

const timeOf = (line: string): number => Number(/ (\d+\.\d+): /.exec(line)?.[1]);
const whole = explain(TEXT);

describe('the answers are the same', () => {
  test('whatever the clock: since boot for years, or counting cycles', async () => {
    const boot = TEXT.map((line) => line.replace(/ (\d+)(\.\d+: )/, ' 987$1$2'));
    expect(said((await explain(boot)).moments)).toEqual(said((await whole).moments));
    const cycles = TEXT.map((line) =>
      line.replace(
        / (\d+)\.(\d{6}): /,
        (_, seconds: string, micros: string) => ` ${(BigInt(seconds) * 1_000_000n + BigInt(micros)) * 2400n}: `,
      ),
    );
    const counted = await explain(cycles);
    expect(said(counted.moments)).toEqual(said((await whole).moments));
    expect(counted.notes).toContain(
      'times are whole numbers, of a clock that counts (jiffies, cycles or events): durations are in its ticks',
    );
  });

  test('on CPUs 5 and 63, of another device and inode', async () => {
    const moved = TEXT.map((line) =>
      line
        .replace('[000]', '[005]')
        .replace('[001]', '[063]')
        .replace('#P:2', '')
        .replace('dev 0:16 ino 2a05b', 'dev 0:4711 ino fffffffffffffff1'),
    );
    const { moments, inodes } = await explain(moved);
    const number = new Map([
      [5, 0],
      [63, 1],
    ]);
    expect(inodes.map(({ dev, ino }) => [dev, ino])).toEqual([['0:4711', 0xffff_ffff_ffff_fff1n]]);
    expect(said(moments, (cpu) => number.get(cpu) ?? -1)).toEqual(said((await whole).moments));
  });

  test('for each of two guest_memfds of two machines', async () => {
    const other = EVENTS.filter((line) => !line.includes('tracing_mark_write')).map((line) =>
      line
        .replace('[000]', '[002]')
        .replace('[001]', '[003]')
        .replace(/-24(\d{3}) /, '-94$1 ')
        .replace('ino 2a05b', 'ino beef')
        .replace(/pfn=0x(\w+)/, 'pfn=0x7$1'),
    );
    const both = [...EVENTS, ...other].toSorted((a, b) => timeOf(a) - timeOf(b));
    const { moments, inodes } = await explain([...HEADER.map((line) => line.replace('#P:2', '#P:4')), ...both]);
    expect(inodes.map(({ ino, kind }) => [ino, kind])).toEqual([
      [0x2a05bn, 'guest_memfd'],
      [0xbeefn, 'guest_memfd'],
    ]);
    const of = (ino: bigint) => moments.filter((moment) => moment.ino === ino);
    const folios = (list: readonly MomentAnswer[], cpuOf?: (cpu: number) => number) =>
      said(list, cpuOf).map((moment) => moment.folios);
    // CPUs of the other machine hold nothing of it, which nothing tells.
    expect(folios(of(0x2a05bn))).toEqual(folios((await whole).moments));
    expect(folios(of(0xbeefn), (cpu) => cpu - 2)).toEqual(folios((await whole).moments));
  });
});

test('without events of calls the age of the inode is not known: nothing else is said, or that', async () => {
  const { moments, conversions } = await explain(TEXT.filter((line) => !line.includes('sys_')));
  const full = said((await whole).moments);
  expect(conversions).toEqual([]);
  for (const [place, { folios, verdicts }] of said(moments).entries()) {
    expect(folios).toEqual(full[place]?.folios);
    for (const [form, verdict] of verdicts)
      if (verdict.verdict !== 'undecided')
        expect([form, verdict]).toEqual([form, new Map(full[place]?.verdicts).get(form)]);
  }
});

test('without markers the answer is about the end', async () => {
  const { moments } = await explain(TEXT.filter((line) => !line.includes('tracing_mark_write')));
  expect(said(moments)).toEqual(said((await whole).moments).slice(-1));
});

test('calls are seen, and nothing of the page cache: who was refused is told, why is not known', async () => {
  const calls = readFileSync('test/lab/s2_othercpu.baseline.txt', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#') || line.includes('sys_'));
  const { inodes, moments, conversions } = await explain(calls);
  expect([inodes, moments]).toEqual([[], []]);
  expect(conversions.map(({ returned }) => returned)).toEqual([-11, -11, -11, -11, 0]);
});
