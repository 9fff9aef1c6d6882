// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { explainTrace } from '../explain/index.ts';
import { formatTime, nanoseconds } from '../ledger/index.ts';
import { memorySource, readTrace } from '../trace/index.ts';
import { exportTables, TABLE_NAMES, type TableName, TABLES } from './index.ts';

type Row = Readonly<Record<string, bigint | number | string | boolean | null>>;

const sourceOf = (file: string) => memorySource(file, readFileSync(file));

/** The tables of a recording, as another reader has them. */
async function tablesOf(file: string, wanted: readonly TableName[] = TABLE_NAMES) {
  const pieces = new Map<TableName, Uint8Array[]>();
  const { rows } = await exportTables(sourceOf(file), {
    tables: new Set(wanted),
    recording: file,
    createdBy: 'a test',
    open: (table) => {
      const ofTable: Uint8Array[] = [];
      pieces.set(table, ofTable);
      return (bytes) => void ofTable.push(bytes.slice());
    },
  });
  const tables = new Map<TableName, readonly Row[]>();
  for (const [table, ofTable] of pieces) {
    const bytes = Buffer.concat(ofTable);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    tables.set(table, (await parquetReadObjects({ file: buffer })) as readonly Row[]);
    expect(tables.get(table)).toHaveLength(rows.get(table) ?? -1);
  }
  return (table: TableName): readonly Row[] => tables.get(table) ?? [];
}

const RECORDINGS = [
  'examples/two-cpu.dat',
  'examples/refused.txt',
  'test/recordings/lab_drain.dat',
  'test/recordings/lab_drain.pageref.txt',
  'test/recordings/punch.dat',
  'test/recordings/random-1.dat',
  'test/recordings/s4_vmsplice.v8.pageref.txt',
  'test/recordings/t_lossy.dat',
];

const byText = (a: readonly unknown[], b: readonly unknown[]): number => (String(a) < String(b) ? -1 : 1);

describe('the tables say what explain says', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const tables = await tablesOf(file);
    const { trace, inodes, moments, conversions, drains } = await explainTrace(sourceOf(file), {
      moments: [{ kind: 'every-marker' }, { kind: 'end' }],
      patches: [],
    });
    for (const { at, dev, ino, folios } of moments) {
      const held = tables('holdings')
        .filter((row) => row['dev'] === dev && row['ino'] === `0x${ino.toString(16)}`)
        .filter(({ from_ns: from, to_ns: to }) => BigInt(from ?? 0) <= at && (typeof to !== 'bigint' || to > at))
        .map((row) =>
          ['page_index', 'pfn', 'holder', 'cpu', 'task', 'count', 'strength'].map((name) => String(row[name])),
        );
      const explained = folios.flatMap(({ index, pfn, strength, holders }) =>
        holders.map(({ kind, cpu = null, task = null, references }) =>
          [index, pfn, kind, cpu, task, references, strength].map(String),
        ),
      );
      expect([formatTime(at), held.toSorted(byText)]).toEqual([formatTime(at), explained.toSorted(byText)]);
    }
    expect(tables('inodes').map(({ dev, ino, kind }) => [dev, ino, kind])).toEqual(
      inodes.map(({ dev, ino, kind }) => [dev, `0x${ino.toString(16)}`, kind]),
    );
    expect(tables('conversions').map(({ at_ns: at, pid, returned, waiting }) => [at, pid, returned, waiting])).toEqual(
      conversions.map(({ at, pid, returned = null, batched }) => [at, pid, returned, batched.length]),
    );
    expect(
      tables('drains').map(({ cpu, queued_ns: at, delay_ns: delay, insertions }) => [cpu, at, delay, insertions]),
    ).toEqual(
      (drains?.rounds ?? []).flatMap(({ works }) =>
        works.map(({ cpu, queued, delay = null, insertions }) => [cpu, queued, delay, insertions]),
      ),
    );
    expect(tables('losses').map(({ at_ns: at, cpu, events }) => [at, cpu, events])).toEqual(
      trace.lost.map(({ at = null, cpu, events }) => [at, cpu, events === undefined ? null : BigInt(events)]),
    );
    expect(tables('events')).toHaveLength(trace.events);
    expect(tables('recordings')).toMatchObject([
      { recording: file, format: trace.format, events: BigInt(trace.events), from_ns: trace.from, to_ns: trace.to },
    ]);
  });
});

test('every column has a value somewhere, so none is only documented', async () => {
  const seen = new Set<string>();
  for (const file of [
    ...RECORDINGS,
    'test/recordings/odd_v7_zstd.dat',
    'test/recordings/drain.trace.txt',
    'test/recordings/s2_othercpu.baseline.pageref.txt',
  ]) {
    const tables = await tablesOf(file);
    for (const table of TABLE_NAMES)
      for (const row of tables(table))
        for (const [column, value] of Object.entries(row)) if (value !== null) seen.add(`${table}.${column}`);
  }
  const all = TABLE_NAMES.flatMap((table) => Object.keys(TABLES[table].columns).map((column) => `${table}.${column}`));
  // No recording here has an instance that lost events.
  expect(all.filter((column) => !seen.has(column))).toEqual(['losses.buffer']);
});

test('events are numbered and in the order of the recording', async () => {
  const file = 'test/recordings/random-1.dat';
  const events = (await tablesOf(file, ['events']))('events');
  const { from, to } = await readTrace(sourceOf(file), { onEvents: () => {} });
  expect(events.map(({ nr }) => Number(nr))).toEqual(events.map((_, nr) => nr));
  const times = events.map(({ at_ns: at }) => nanoseconds(BigInt(at ?? 0)));
  expect([times[0], times.at(-1)]).toEqual([from, to]);
});

test('only what is asked for is made', async () => {
  const tables = await tablesOf('examples/two-cpu.dat', ['folios', 'losses']);
  expect(TABLE_NAMES.filter((table) => tables(table).length > 0)).toEqual(['folios']);
});
