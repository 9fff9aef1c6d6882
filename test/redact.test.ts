// SPDX-License-Identifier: MIT
// --redact leaves nothing that identifies, in any output. test/support/canaries.ts has recordings with a canary in every place
// where a name, a pid, a page frame, an address, a path or a host can stand.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { redactedInspection, redactedRecord } from '../src/cli/redacting.ts';
import { explainTrace } from '../src/explain/index.ts';
import { TABLE_NAMES } from '../src/export/index.ts';
import { cpu, dev, folioIndex, ino, pfn } from '../src/ledger/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import {
  explanationToJson,
  explanationToText,
  inspectReport,
  inspectToJson,
  recordReport,
} from '../src/report/index.ts';
import {
  JsonBytes,
  memorySource,
  readTrace,
  readWholeTrace,
  Redactor,
  redactorOf,
  type WholeEvent,
} from '../src/trace/index.ts';
import { folioscope } from './cli/folioscope.ts';
import { ADDRESSES, canariesIn, canaryDat, canaryText, FRAMES, MARKER, NAME, PIDS } from './support/canaries.ts';
import { reduced } from './support/reduced.ts';

const hasDuckdb = await import('@duckdb/node-api').then(
  () => true,
  () => false,
);
const hasTraceCmd = spawnSync('trace-cmd', ['--version']).error === undefined;

const RECORDINGS: Readonly<Record<string, () => Uint8Array>> = {
  'v7.dat': () => canaryDat(7),
  'v6.dat': () => canaryDat(6),
  'text.txt': () => canaryText(),
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'folioscope-redacted-'));
  mkdirSync(join(folder, NAME));
  for (const [name, make] of Object.entries(RECORDINGS)) writeFileSync(join(folder, NAME, name), make());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that a command prints, standard error included. */
function printed(...args: readonly string[]): readonly Uint8Array[] {
  const { status, stdout, stderr } = folioscope(args, { env: { TMPDIR: folder } });
  expect([args, [0, 1, 2].includes(status ?? -1), stdout.length > 0]).toEqual([args, true, true]);
  return [bytesOf(stdout), bytesOf(stderr)];
}

const filesIn = (place: string): readonly string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

/** Writes a file with a command. @returns what it prints but for the file's name, and the file. */
function file(name: string, ...args: readonly string[]): readonly Uint8Array[] {
  const to = join(folder, name);
  const all = printed(...args, to).map((text) => bytesOf(new TextDecoder().decode(text).replaceAll(folder, '')));
  return [...all, readFileSync(to)];
}

/** Tables as they are written, and as SQL reads them back. */
function parquet(path: string): readonly Uint8Array[] {
  const root = join(folder, 'tables');
  rmSync(root, { recursive: true, force: true });
  printed('export', path, '--redact', '--parquet', root);
  const files = filesIn(root);
  const read = hasDuckdb
    ? TABLE_NAMES.flatMap((table) => printed('query', '--csv', root, `SELECT * FROM ${table}`))
    : [];
  return [bytesOf(files.join('\n').replaceAll(folder, '')), ...files.map((one) => readFileSync(one)), ...read];
}

const question = (path: string, tables: readonly string[], ...how: readonly string[]): readonly Uint8Array[] =>
  tables.flatMap((table) => printed('query', ...how, '--redact', path, `SELECT * FROM ${table}`));

/** Every output. @returns pieces that must not have a canary, none of them packed. */
const OUTPUTS: Readonly<Record<string, (path: string) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>>> = {
  explain: (path) => printed('explain', path, '--redact'),
  'explain --json': (path) => printed('explain', path, '--redact', '--json'),
  'explain --at marker': (path) => printed('explain', path, '--redact', '--at', `marker:${MARKER}`),
  'explain --pfn': (path) => printed('explain', path, '--redact', '--pfn', String(FRAMES[0]), '--at', 'every-marker'),
  'explain --pfn --json': (path) => printed('explain', path, '--redact', '--json', '--pfn', String(FRAMES[0])),
  'explain --html': (path) => file('a.html', 'explain', path, '--redact', '--html'),
  'explain --pfn --html': (path) => file('b.html', 'explain', path, '--redact', '--pfn', String(FRAMES[0]), '--html'),
  'explain --html --at marker': (path) =>
    printed('explain', path, '--redact', '--html', '-', '--at', `marker:${MARKER}`),
  conform: (path) => printed('conform', path, '--redact'),
  'conform --json': (path) => printed('conform', path, '--redact', '--json'),
  'export --perfetto': (path) => file('a.pftrace', 'export', path, '--redact', '--perfetto'),
  'export --parquet': parquet,
  ...(hasDuckdb
    ? {
        query: (path: string) => question(path, ['events']),
        'query --csv': (path: string) => question(path, ['events', 'recordings'], '--csv'),
        'query --json': (path: string) => question(path, TABLE_NAMES, '--json'),
      }
    : {}),
};

describe.each(Object.keys(RECORDINGS))('%s', (name) => {
  test('has every canary', () => {
    const found = canariesIn(RECORDINGS[name]?.() ?? new Uint8Array(0));
    const form = name.endsWith('.txt') ? 'in hexadecimal' : 'little-endian';
    const isThere = (value: number | bigint): boolean => found.includes(`0x${value.toString(16)} ${form}`);
    expect(found).toContain('name');
    const numbers: readonly (number | bigint)[] = name.endsWith('.txt')
      ? FRAMES.slice(0, 2)
      : [...FRAMES, ...PIDS, ...ADDRESSES];
    // Functions have addresses of their own there.
    const missing = numbers.filter((value) => !isThere(value));
    expect(missing.map(String)).toEqual([]);
  });

  test.each(Object.entries(OUTPUTS))('%s leaves none', { timeout: 120_000 }, async (_, write) => {
    const pieces = await write(join(folder, NAME, name));
    expect(pieces.length).toBeGreaterThan(0);
    expect(pieces.flatMap((piece) => canariesIn(piece))).toEqual([]);
  });
});

describe.each(['v7.dat', 'v6.dat'])('reduced, %s', (name) => {
  test('leaves none', async () => {
    const source = memorySource(name, RECORDINGS[name]?.() ?? new Uint8Array(0));
    const { bytes, events } = await reduced(source, await redactorOf(source));
    expect(events).toBeGreaterThan(10);
    expect(canariesIn(bytes)).toEqual([]);
  });

  test.skipIf(!hasTraceCmd)('as trace-cmd prints it, leaves none', () => {
    const to = join(folder, 'reduced.dat');
    const { status, stderr } = folioscope(['export', join(folder, NAME, name), '--redact', '--trace', to]);
    expect([status, stderr]).toEqual([0, '']);
    const { stdout } = spawnSync('trace-cmd', ['report', '-R', to], { encoding: 'utf8' });
    expect(stdout).toContain('mm_lru_insertion');
    expect(canariesIn(bytesOf(stdout))).toEqual([]);
  });
});

test.each(['v7.dat', 'text.txt'])('%s: the same has one name in every output', async (name) => {
  const path = join(folder, NAME, name);
  const explained = folioscope(['explain', path, '--redact']).stdout;
  const frame = folioscope(['explain', path, '--redact', '--pfn', String(FRAMES[1])]).stdout;
  const redactor = await redactorOf(memorySource(name, RECORDINGS[name]?.() ?? new Uint8Array(0)));
  const [task, pid, page] = [
    redactor.task(`${NAME}vmm`),
    redactor.pid(PIDS[0] ?? 0),
    redactor.frame(pfn(FRAMES[1] ?? 0)),
  ];
  expect(explained).toContain(task);
  expect(explained).toContain(`pid ${pid}`);
  expect(frame).toContain(`0x${page.toString(16)}`);
  if (!hasDuckdb) return;
  const sql = `SELECT count(*) AS n FROM folios JOIN events USING (recording, pfn) WHERE folios.task = '${task}' AND folios.pid = ${pid} AND pfn = ${page} AND name = 'mm_lru_insertion'`;
  expect(folioscope(['query', '--csv', '--redact', path, sql]).stdout).toBe('n\n1\n');
});

/** What is read of a recording with a redactor, by three ways: the answer, every event whole, the events that an answer needs. */
async function readWith(name: string, redactor: Redactor): Promise<readonly string[]> {
  const source = memorySource(name, RECORDINGS[name]?.() ?? new Uint8Array(0));
  const explanation = await explainTrace(source, { moments: [], patches: [], redactor });
  const json = new JsonBytes();
  const rows: unknown[] = [];
  const onEvent = (event: WholeEvent): void => {
    const { pid, comm, buffer, system, name: kind, pfn: frame } = event;
    rows.push([pid, comm, buffer, system, kind, frame]);
    event.writeFields(json);
  };
  const whole = await readWholeTrace(source, { onEvent, onLoss: (loss) => void rows.push(loss.buffer) }, { redactor });
  const text = JSON.stringify([rows, explanation, whole], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const { bytes } = await reduced(source, redactor);
  return [bytesOf(explanationToJson(explanation)), bytesOf(text), json.written(), bytes].flatMap((one) =>
    canariesIn(one),
  );
}

const same = <Value>(value: Value): Value => value;

test.each([
  ['task', (of: Redactor) => vi.spyOn(of, 'task').mockImplementation(same)],
  ['pid', (of: Redactor) => vi.spyOn(of, 'pid').mockImplementation(same)],
  ['frame', (of: Redactor) => vi.spyOn(of, 'frame').mockImplementation(same)],
  ['address', (of: Redactor) => vi.spyOn(of, 'address').mockImplementation((digits) => Number.parseInt(digits, 16))],
  ['symbol', (of: Redactor) => vi.spyOn(of, 'symbol').mockImplementation(same)],
  ['marker', (of: Redactor) => vi.spyOn(of, 'marker').mockImplementation(same)],
  ['buffer', (of: Redactor) => vi.spyOn(of, 'buffer').mockImplementation(same)],
  ['workqueue', (of: Redactor) => vi.spyOn(of, 'workqueue').mockImplementation(same)],
  ['eventName', (of: Redactor) => vi.spyOn(of, 'eventName').mockImplementation(same)],
] as const)('without one replacement, of %s, a canary is found', async (_, spoil) => {
  const source = memorySource('v7.dat', canaryDat(7));
  expect(await readWith('v7.dat', await redactorOf(source))).toEqual([]);
  const redactor = await redactorOf(source);
  spoil(redactor);
  expect(await readWith('v7.dat', redactor)).not.toEqual([]);
});

/** Recordings of real kernels: names of programs (a format is called perf too), and page frames as explain and a trace.dat have them. */
const REAL = readdirSync('test/recordings').filter((name) => /\.(?:dat|txt)$/.test(name));

test.each(REAL)('of test/recordings/%s neither names nor page frames are left', async (name) => {
  const source = memorySource(name, new Uint8Array(readFileSync(join('test/recordings', name))));
  const names = new Set<string>();
  const frames = new Set<number>();
  await readTrace(source, {
    scheduling: true,
    onEvents: (events) => {
      for (const event of events) {
        if (event.type === 'loss') continue;
        if (event.comm !== undefined && !/^(?:kworker|swapper)\/|^<|^perf$/.test(event.comm)) names.add(event.comm);
        if ('pfn' in event && event.pfn >= 0x1_0000) frames.add(event.pfn);
      }
    },
  });
  const redactor = await redactorOf(source);
  const explanation = await explainTrace(source, { moments: [], patches: PATCHES, redactor });
  const text =
    explanationToText(explanation, { file: 'recording1', options: [], version: '0' }) + explanationToJson(explanation);
  const words = new Set(text.split(/[^\w./:<>+-]+|-\d+ /));
  expect([...names].filter((one) => one.length > 2 && words.has(one))).toEqual([]);
  expect([...frames].filter((frame) => text.includes(`0x${frame.toString(16)}`))).toEqual([]);
  if (!name.endsWith('.dat')) return;
  const { bytes } = await reduced(source, redactor);
  const all = Buffer.from(bytes);
  expect([...names].filter((one) => one.length > 2 && all.includes(` ${one}\n`))).toEqual([]);
  const shown: number[] = [];
  await readTrace(memorySource('reduced', bytes), {
    onEvents: (events) => {
      for (const event of events) if ('pfn' in event && frames.has(event.pfn)) shown.push(event.pfn);
    },
  });
  expect(shown).toEqual([]);
});

const DESCRIPTOR = { pid: PIDS[0] ?? 0, task: `${NAME}vmm`, fd: 3 };

test('what inspect finds on this machine', () => {
  const seen = {
    inodes: [
      {
        dev: dev(0, 16),
        ino: ino(9n),
        pages: 8,
        descriptors: [DESCRIPTOR],
        mappings: [{ pid: PIDS[1] ?? 0, task: `${NAME}two`, address: Number(ADDRESSES[2]), from: 0, pages: 8 }],
        cached: 4,
        mapped: 4,
        waiting: [{ index: folioIndex(3), pfn: pfn(FRAMES[0] ?? 0), cpu: cpu(1) }],
        verdict: { verdict: 'refused', index: folioIndex(3), spurious: true },
      },
    ],
    processes: 12,
    hidden: 0,
    lookedOn: cpu(0),
    watch: { on: true },
  } as const;
  const open = inspectReport(seen, '0') + inspectToJson(seen);
  const shown = redactedInspection(seen, new Redactor());
  expect(canariesIn(bytesOf(open))).toContain('name');
  expect(canariesIn(bytesOf(inspectReport(shown, '0') + inspectToJson(shown)))).toEqual([]);
  expect(inspectReport(shown, '0')).toContain("open: 'task1' (pid 1), fd 3");
});

test('what record tells of its own work', () => {
  const done = {
    file: `/home/${NAME}/trace.dat`,
    milliseconds: 2,
    ownMilliseconds: 1,
    status: 0,
    recorded: { cpus: [], bytes: 5, events: [], filtered: true, packedBy: 'libzstd' },
    leftovers: { removed: [`folioscope-${PIDS[0]}`], alive: [] },
  };
  expect(canariesIn(bytesOf(recordReport(done, 'full')))).toContain('name');
  expect(canariesIn(bytesOf(recordReport(redactedRecord(done), 'full')))).toEqual([]);
});

test('a canary is found in every form', () => {
  const value = BigInt(FRAMES[0] ?? 0);
  const forms = [`x${value}x`, value.toString(16).toUpperCase(), NAME.toLowerCase()].map(bytesOf);
  expect(forms.map((form) => canariesIn(form).length > 0)).toEqual([true, true, true]);
  const binary = new DataView(new ArrayBuffer(16));
  binary.setUint32(1, Number(value), true);
  binary.setUint32(7, Number(value), false);
  expect(canariesIn(new Uint8Array(binary.buffer))).toEqual([
    `0x${value.toString(16)} little-endian`,
    `0x${value.toString(16)} big-endian`,
  ]);
});
