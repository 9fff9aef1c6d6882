// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { predictLab } from '../../test/support/lab-predictions.ts';
import { compareWithTruth } from '../../test/support/truth.ts';
import { formatTime, type Nanoseconds } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { memorySource } from '../trace/index.ts';
import type { Explanation, MomentAnswer } from './index.ts';
import { explainTrace } from './index.ts';

const explain = (file: string): Promise<Explanation> =>
  explainTrace(memorySource(file, readFileSync(file)), { moments: [], patches: PATCHES });

/** Recordings of a running kernel with how many of its readings stand beside them. */
const READINGS = [
  ['single', 80],
  ['two-cpu', 200],
  ['punch', 448],
  ['random-1', 232],
  ['random-2', 264],
  ['random-3', 631],
] as const;

describe('every reading of the kernel agrees', () => {
  test.each(
    READINGS.flatMap(([name, readings]) => ['dat', 'txt'].map((form) => [`${name}.${form}`, name, readings] as const)),
  )('%s', async (file, name, readings) => {
    const explanation = await explain(`test/recordings/${file}`);
    expect(explanation.inodes.map(({ kind }) => kind)).toEqual(['guest_memfd']);
    const agreement = compareWithTruth(explanation, `test/recordings/${name}.truth.jsonl`);
    expect(agreement).toEqual({ readings, disagreements: [] });
  });
});

/** Text has microseconds, rounded. */
const micros = (time: Nanoseconds): bigint => (time + 500n) / 1000n;

function comparable({ at, marker, dev, ino, folios, verdicts, localDrainByCpu }: MomentAnswer): unknown {
  const plain = folios.map((folio) => ({
    ...folio,
    holders: folio.holders.map(({ since, ...holder }) => ({ ...holder, since: since && micros(since) })),
  }));
  return { at: micros(at), marker, dev, ino, folios: plain, verdicts, localDrainByCpu };
}

test.each(READINGS)('%s.txt and .dat give the same answers, to the microsecond', async (name) => {
  const [dat, txt] = [await explain(`test/recordings/${name}.dat`), await explain(`test/recordings/${name}.txt`)];
  expect(txt.moments.map(comparable)).toEqual(dat.moments.map(comparable));
  expect(txt.inodes).toEqual(dat.inodes);
});

describe('the lab answered what is predicted from the events before each call', () => {
  const calls = [
    ['s1_samecpu', 'baseline', 2],
    ['s1_samecpu', 'local-drain', 1],
    ['s1_samecpu', 'v8', 1],
    ['s1_samecpu', 'drain-for-folio', 1],
    ['s2_othercpu', 'baseline', 5],
    ['s2_othercpu', 'local-drain', 5],
    ['s2_othercpu', 'v8', 1],
    ['s2_othercpu', 'drain-for-folio', 1],
    ['s2_n31', 'baseline', 1],
    ['s2_n31', 'local-drain', 1],
    ['s2_n31', 'v8', 1],
    ['s2_n31', 'drain-for-folio', 1],
    ['s2_n40', 'baseline', 3],
    ['s2_n40', 'local-drain', 3],
    ['s2_n40', 'v8', 1],
    ['s2_n40', 'drain-for-folio', 1],
    ['s4_vmsplice', 'baseline', 9],
    ['s4_vmsplice', 'local-drain', 9],
  ] as const;
  test.each(calls)('%s with %s', async (scenario, form, count) => {
    const stem = `test/lab/${scenario}.${form}`;
    const predictions = await predictLab(`${stem}.txt`, `${stem}.results.jsonl`, form);
    expect(predictions.length).toBe(count);
    expect(predictions.filter(({ predicted, answered }) => predicted !== answered)).toEqual([]);
  });

  test('a pin is not in stock events: what it refuses is not predicted', async () => {
    const stem = 'test/lab/s4_vmsplice.v8';
    const predictions = await predictLab(`${stem}.txt`, `${stem}.results.jsonl`, 'v8');
    const wrong = predictions.filter(({ predicted, answered }) => predicted !== answered);
    expect(wrong.map(({ answered }) => answered)).toEqual(['refused at 5', 'refused at 5', 'refused at 5']);
  });
});

describe('conversions of the lab', () => {
  test('each call is listed with its result, its CPU and what waited', async () => {
    const { conversions } = await explain('test/lab/s2_othercpu.baseline.txt');
    expect(
      conversions.map(({ at, cpu, pid, fd, returned, drained, batched }) => ({
        at: formatTime(at),
        cpu,
        pid,
        fd,
        returned,
        drained,
        waited: batched.map((folio) => folio.index),
      })),
    ).toEqual([
      ...['9.142806000', '9.163918000', '9.185134000', '9.206008000'].map((at) => ({
        at,
        cpu: 0,
        pid: 1,
        fd: 10,
        returned: -11,
        drained: false,
        waited: [0, 1, 2, 3, 4, 5, 6, 7],
      })),
      { at: '9.211067000', cpu: 0, pid: 1, fd: 10, returned: 0, drained: undefined, waited: [] },
    ]);
  });

  test('are found from raw_syscalls events alone', async () => {
    const lines = readFileSync('test/lab/s2_othercpu.baseline.txt', 'utf8')
      .replaceAll(/sys_ioctl\(fd: 0x(\w+), cmd: 0x(\w+), arg: 0x(\w+)\)/g, 'sys_enter: NR 16 ($1, $2, $3, 0, 0, 0)')
      .replaceAll('sys_ioctl -> 0xfffffffffffffff5', 'sys_exit: NR 16 = -11')
      .replaceAll('sys_ioctl -> 0x0', 'sys_exit: NR 16 = 0');
    expect(lines).not.toContain('sys_ioctl');
    const raw = await explainTrace(memorySource('raw.txt', new TextEncoder().encode(lines)), {
      moments: [],
      patches: [],
    });
    expect(raw.conversions).toEqual((await explain('test/lab/s2_othercpu.baseline.txt')).conversions);
  });

  test.each(['v8', 'drain-for-folio'])('%s drained all CPUs', async (form) => {
    const { conversions } = await explain(`test/lab/s2_othercpu.${form}.txt`);
    expect(conversions.map(({ returned, drained }) => ({ returned, drained }))).toEqual([
      { returned: 0, drained: true },
    ]);
  });
});
