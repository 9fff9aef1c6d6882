// SPDX-License-Identifier: MIT
// The questions in docs/perfetto.md, over tables with the names and columns of Perfetto's trace processor (its stdlib's
// prelude/after_eof, v58.2) that are filled here from the trace. Its own SQL engine is SQLite; DuckDB stands in for it.
import type { DuckDBConnection } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainTrace } from '../src/explain/index.ts';
import { exportPerfetto } from '../src/export/index.ts';
import { memorySource, readTrace } from '../src/trace/index.ts';
import { type Fact, readPerfetto, type Track } from './support/perfetto-trace.ts';

const duckdb = await import('@duckdb/node-api').catch(() => undefined);

const questions = [...readFileSync('docs/perfetto.md', 'utf8').matchAll(/\n(\S[^\n]*\?)\n\n```sql\n([^]*?)```/g)].map(
  ([, question = '', sql = '']) => ({ question, sql }),
);

test('the page has five questions', () => {
  expect(questions).toHaveLength(5);
});

const isList = (fact: Fact): fact is readonly Fact[] => Array.isArray(fact);

type Cell = bigint | string | null;

/** All columns of each: a question must say whose it means where several tables have one. */
const COLUMNS = {
  ftrace_event: ['id', 'ts', 'name', 'cpu', 'utid', 'arg_set_id', 'common_flags', 'ucpu'],
  thread: [
    'utid',
    'tid',
    'name',
    'start_ts',
    'end_ts',
    'upid',
    'is_main_thread',
    'is_idle',
    'machine_id',
    'arg_set_id',
  ],
  track: ['id', 'name', 'type', 'dimension_arg_set_id', 'parent_id', 'source_arg_set_id', 'machine_id'],
  state: ['id', 'ts', 'dur', 'track_id', 'category', 'value', 'arg_set_id'],
  slice: ['id', 'ts', 'dur', 'track_id', 'category', 'name', 'depth', 'parent_id', 'arg_set_id', 'cat', 'slice_id'],
  args: ['arg_set_id', 'key', 'value'],
} as const;

/** Rows of the tables, by their names. */
class Tables {
  readonly rows = {
    ftrace_event: [] as Record<string, Cell>[],
    thread: [] as Record<string, Cell>[],
    track: [] as Record<string, Cell>[],
    state: [] as Record<string, Cell>[],
    slice: [] as Record<string, Cell>[],
    args: [] as Record<string, Cell>[],
  };
  #sets = 0n;

  constructor(bytes: Uint8Array) {
    const { packets, tracks, slices } = readPerfetto(bytes);
    const id = new Map<Track, bigint>(tracks.map((track, nth) => [track, BigInt(nth)]));
    const last = packets.reduce((most, { timestamp = 0n }) => (timestamp > most ? timestamp : most), 0n);
    for (const track of tracks) {
      const { name, parent } = track;
      this.rows.track.push({ id: id.get(track)!, name, parent_id: parent === undefined ? null : id.get(parent)! });
    }
    for (const { rename } of packets)
      if (rename !== undefined) this.rows.thread.push({ utid: rename.tid, tid: rename.tid, name: rename.comm });
    for (const { ftraceEvents } of packets)
      for (const { timestamp, pid, generic } of ftraceEvents?.events ?? []) {
        const facts = Object.fromEntries(
          (generic.fields ?? []).map(({ name, text, int, uint }) => [name, text ?? int ?? uint ?? 0n]),
        );
        const set = this.#argsOf(facts, '');
        this.rows.ftrace_event.push({
          ts: timestamp,
          name: generic.name,
          cpu: ftraceEvents!.cpu,
          utid: pid,
          arg_set_id: set,
        });
      }
    for (const { track, name, from, to, facts } of slices)
      this.rows.slice.push({
        ts: from,
        dur: to === undefined ? -1n : to - from,
        track_id: id.get(track)!,
        name,
        arg_set_id: this.#argsOf(facts, 'debug.'),
      });
    for (const track of tracks.filter(({ is }) => is === 'state')) {
      const events = packets
        .filter(({ trackEvent }) => trackEvent?.track === track.uuid)
        .map(({ timestamp = 0n, trackEvent }) => ({ ts: timestamp, value: trackEvent?.name ?? null }))
        .toSorted((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
      for (const [nth, { ts, value }] of events.entries())
        if (value !== null)
          this.rows.state.push({
            ts,
            dur: (events[nth + 1]?.ts ?? last) - ts,
            track_id: id.get(track)!,
            value,
            arg_set_id: null,
          });
    }
  }

  /** Flat, as Perfetto has them: `debug.holders[0].kind`. */
  #argsOf(facts: { readonly [name: string]: Fact }, prefix: string): bigint {
    const set = this.#sets++;
    const add = (key: string, fact: Fact): void => {
      if (typeof fact === 'string' || typeof fact === 'bigint')
        this.rows.args.push({ arg_set_id: set, key, value: String(fact) });
      else if (isList(fact)) for (const [nth, item] of fact.entries()) add(`${key}[${nth}]`, item);
      else if (typeof fact === 'object')
        for (const [name, member] of Object.entries(fact)) add(`${key}.${name}`, member);
    };
    for (const [name, fact] of Object.entries(facts)) add(prefix + name, fact);
    return set;
  }
}

describe.skipIf(duckdb === undefined)('its questions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folioscope-perfetto-docs-'));
  let connection: DuckDBConnection;
  const sourceOf = (file: string) => memorySource(file, readFileSync(file));

  beforeAll(async () => {
    const instance = await duckdb!.DuckDBInstance.create(':memory:');
    connection = await instance.connect();
  });
  afterAll(() => {
    connection.closeSync();
    rmSync(folder, { recursive: true });
  });

  /** The answers to the questions on a recording, in the page's order. */
  async function answersOn(file: string): Promise<readonly (readonly (readonly unknown[])[])[]> {
    const pieces: Uint8Array[] = [];
    await exportPerfetto(sourceOf(file), { sink: (piece) => void pieces.push(piece) });
    const { rows } = new Tables(Buffer.concat(pieces));
    for (const [table, ofTable] of Object.entries(rows)) {
      const columns = Object.entries(COLUMNS).find(([name]) => name === table)?.[1] ?? [];
      const filled = ofTable.map((row) => ({ ...Object.fromEntries(columns.map((column) => [column, null])), ...row }));
      const path = join(folder, `${table}.json`);
      writeFileSync(
        path,
        JSON.stringify(filled, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
      );
      await connection.run(
        `CREATE OR REPLACE TABLE "${table}" AS SELECT * FROM read_json('${path}', maximum_object_size=100000000)`,
      );
    }
    await connection.run(
      'CREATE OR REPLACE MACRO extract_arg(wanted, name) AS (SELECT any_value(value) FROM args WHERE arg_set_id = wanted AND key = name)',
    );
    const answers: (readonly (readonly unknown[])[])[] = [];
    for (const { sql } of questions) answers.push((await connection.runAndReadAll(sql)).getRows());
    return answers;
  }

  test('on a recording with folios that waited', async () => {
    const [events = [], waits = [], tasks = []] = await answersOn('examples/two-cpu.dat');
    let adds = 0;
    await readTrace(sourceOf('examples/two-cpu.dat'), {
      onEvents: (some) => void (adds += some.filter(({ type }) => type === 'mm_filemap_add_to_page_cache').length),
    });
    expect(events.find(([name]) => name === 'mm_filemap_add_to_page_cache')?.[1]).toBe(BigInt(adds));
    expect(events.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(401);
    // The same three as in docs/query.md, question 1, by the kernel's own flush.
    expect(waits.slice(0, 3)).toEqual(
      [
        ['0:16:0x4414', 'index 12', 'page-cache, lru-add-batch CPU 0', 688_417n],
        ['0:16:0x4414', 'index 14', 'page-cache, lru-add-batch CPU 0', 685_767n],
        ['0:16:0x4414', 'index 74', 'page-cache, lru-add-batch CPU 0', 587_023n],
      ].map(([inode, ...rest]) => [(expect.stringMatching(/^inode 0:16:0x/) as unknown) ?? inode, ...rest]),
    );
    expect(tasks.reduce((sum, [, , pages]) => sum + Number(pages), 0)).toBe(adds);
    expect(tasks.map(([, task]) => task)).toContain('gmem-workload');
  });

  test('on a recording with refusals and drains', async () => {
    const file = 'test/recordings/s2_othercpu.baseline.pageref.txt';
    const [, , , drains = [], refusals = []] = await answersOn(file);
    const { conversions, drains: told } = await explainTrace(sourceOf(file), {
      moments: [{ kind: 'end' }],
      patches: [],
    });
    const refused = conversions.filter(({ returned }) => returned === -11);
    expect(refusals.map(([at, name, page, holder]) => [at, name, page, holder])).toEqual(
      refused.map(({ at, causes }) => [
        BigInt(at),
        'conversion: -EAGAIN',
        String(Math.min(...causes[0]!.batched.map(({ index }) => index))),
        'lru-add-batch',
      ]),
    );
    const works = (told?.rounds ?? []).flatMap(({ works: ofRound }) => ofRound);
    expect(drains.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(works.length);
  });

  test('on a recording whose drains are known', async () => {
    const file = 'test/recordings/lab_drain.dat';
    const [, , , drains = []] = await answersOn(file);
    const { drains: told } = await explainTrace(sourceOf(file), { moments: [{ kind: 'end' }], patches: [] });
    const works = (told?.rounds ?? []).flatMap(({ works: ofRound }) => ofRound);
    const slowest = new Map<string, bigint>();
    for (const { cpu, delay = 0n, run = 0n } of works)
      slowest.set(
        String(cpu),
        [slowest.get(String(cpu)) ?? 0n, delay + run].reduce((a, b) => (b > a ? b : a)),
      );
    expect(new Map(drains.map(([cpu, , most]) => [cpu, most]))).toEqual(slowest);
    expect(slowest.size).toBeGreaterThan(0);
  });
});
