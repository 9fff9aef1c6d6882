// SPDX-License-Identifier: MIT
// What a Perfetto trace of a recording says, read by a decoder that knows nothing of the writer, is what explain and the readers say.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explainTrace } from '../src/explain/index.ts';
import { exportPerfetto, type PerfettoOptions } from '../src/export/index.ts';
import { type FolioLedger, type Loss, nanoseconds } from '../src/ledger/index.ts';
import {
  type FieldKey,
  type FieldSink,
  InputError,
  memorySource,
  readWholeTrace,
  redactorOf,
} from '../src/trace/index.ts';
import { type Fact, type ReadSlice, type ReadTrace, readPerfetto, type Track } from './support/perfetto-trace.ts';

const FOLDERS = ['examples', 'test/recordings', 'test/lab'];
const RECORDINGS = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /\.(dat|txt|gz)$/.test(file))
    .map((file) => `${folder}/${file}`),
);

const sourceOf = (file: string) => memorySource(file, readFileSync(file));

async function written(source: ReturnType<typeof memorySource>, options: Omit<PerfettoOptions, 'sink'> = {}) {
  const pieces: Uint8Array[] = [];
  const answer = await exportPerfetto(source, { ...options, sink: (piece) => void pieces.push(piece) });
  const bytes = Buffer.concat(pieces);
  return { ...answer, bytes, read: readPerfetto(bytes) };
}

/** Made once for a file: several tests look at it. */
function once<Value>(make: (file: string) => Promise<Value>): (file: string) => Promise<Value> {
  const made = new Map<string, Promise<Value>>();
  return (file) => {
    const known = made.get(file) ?? make(file);
    made.set(file, known);
    return known;
  };
}

const writtenOf = once((file) => written(sourceOf(file)));
const explainedOf = once((file) => explained(file));

const explained = (file: string) =>
  explainTrace(sourceOf(file), { moments: [{ kind: 'every-marker' }, { kind: 'end' }], patches: [] });

/** A folio of explain's answer, in the words of the trace. */
const inWords = ({ index, pfn, order, strength, holders }: FolioLedger, mayBeGone: boolean): Fact => ({
  index: BigInt(index),
  pfn: BigInt(pfn),
  order: BigInt(order),
  strength,
  ...(mayBeGone ? { mayBeGone } : {}),
  holders: holders.map(({ kind, references, cpu, task, since }) => ({
    kind,
    references: BigInt(references),
    ...(cpu === undefined ? {} : { cpu: BigInt(cpu) }),
    ...(task === undefined ? {} : { task }),
    ...(since === undefined ? {} : { since }),
  })),
});

const statesOf = ({ tracks, stateAt }: ReadTrace, inode: string, at: bigint) =>
  tracks
    .filter(({ is, parent }) => is === 'state' && parent?.name === `inode ${inode}`)
    .flatMap((track) => {
      const state = stateAt(track, at);
      return state === undefined ? [] : [{ track, ...state }];
    })
    .toSorted((a, b) => Number(a.facts['index']) - Number(b.facts['index']));

const textOf = (fact: Fact | undefined): string =>
  typeof fact === 'string' || typeof fact === 'bigint' ? String(fact) : 'no text';

const isOpenAt = ({ from, to }: ReadSlice, at: bigint): boolean => from <= at && (to === undefined || to > at);

describe('at every marker and at the end the tracks have what explain answers', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const [{ read, notes }, { trace, moments }] = [await writtenOf(file), await explainedOf(file)];
    expect(notes.filter((note) => !note.includes('CLOCK_BOOTTIME'))).toEqual([]);
    const waiting = new Map<bigint, Map<bigint, string[]>>();
    const seen = new Set<string>();
    for (const { at, dev, ino, folios, stale } of moments) {
      const inode = `${dev}:0x${ino.toString(16)}`;
      const states = statesOf(read, inode, at);
      expect(states.map(({ facts }) => facts)).toEqual(
        folios.toSorted((a, b) => a.index - b.index).map((folio) => inWords(folio, stale.has(folio.index))),
      );
      for (const { track, name, facts } of states) {
        expect(track.name).toBe(`index ${textOf(facts['index'])}`);
        const holders = folios.find(({ index }) => BigInt(index) === facts['index'])?.holders ?? [];
        const words = holders.map(({ kind, cpu }) => (cpu === undefined ? kind : `${kind} CPU ${cpu}`));
        expect(new Set(name.split(', '))).toEqual(new Set(words));
      }
      const ofMoment = waiting.get(at) ?? new Map<bigint, string[]>();
      waiting.set(at, ofMoment);
      // Two markers of one time are two moments with the same folios.
      if (seen.has(`${at} ${inode}`)) continue;
      seen.add(`${at} ${inode}`);
      for (const { index, holders } of folios)
        for (const { kind, cpu } of holders)
          if (kind === 'lru-add-batch' && cpu !== undefined)
            ofMoment.set(BigInt(cpu), [...(ofMoment.get(BigInt(cpu)) ?? []), `${inode} index ${index}`]);
    }
    for (const [at, ofMoment] of waiting)
      for (const cpu of trace.cpus) {
        const there = ofMoment.get(BigInt(cpu)) ?? [];
        const group = (track: Track): boolean => track.parent?.name === `CPU ${cpu}: lru_add batch`;
        const fill = read.tracks.find((track) => track.is === 'counter' && group(track));
        expect([at, cpu, fill === undefined ? undefined : read.counterAt(fill, at)]).toEqual([
          at,
          cpu,
          BigInt(there.length),
        ]);
        const slotted = read.slices.filter(
          (slice) => group(slice.track) && slice.track.name.startsWith('slot ') && isOpenAt(slice, at),
        );
        expect(slotted.map(({ name, facts }) => `${textOf(facts['inode'])} ${name}`).toSorted()).toEqual(
          there.toSorted(),
        );
        expect(new Set(slotted.map(({ track }) => track)).size).toBe(there.length);
      }
  });
});

/** The fields of an event, written down as they come. */
class Fields implements FieldSink {
  readonly list: [name: string, value: bigint | string][] = [];
  #name = '';
  #nth: number | undefined;

  raw(bracket: '{' | '}' | '[' | ']'): void {
    if (bracket === '[') this.#nth = 0;
    if (bracket === ']') this.#nth = undefined;
  }
  key({ name }: FieldKey): this {
    this.#name = name;
    return this;
  }
  number(value: number): void {
    this.#add(BigInt(value));
  }
  hex(low: number, high: number): void {
    this.#add((BigInt(high) << 32n) | BigInt(low));
  }
  text(value: string): void {
    this.#add(value);
  }
  symbol(name: string): void {
    this.#add(name);
  }
  textOf(from: Uint8Array, start: number, end: number): void {
    this.#add(new TextDecoder().decode(from.subarray(start, end)));
  }
  #add(value: bigint | string): void {
    this.list.push([this.#nth === undefined ? this.#name : `${this.#name}[${this.#nth++}]`, value]);
  }
}

/** Every event and loss of a recording, by its CPU. */
async function wholeOf(file: string) {
  const events = new Map<number, unknown[]>();
  const losses: Loss[] = [];
  const last = new Map<number, bigint>();
  const sides: (bigint | undefined)[] = [];
  const names: string[] = [];
  const trace = await readWholeTrace(
    sourceOf(file),
    {
      onEvent: (event) => {
        const { at, cpu, pid, name, comm, buffer } = event;
        const fields = new Fields();
        event.writeFields(fields);
        if (buffer !== undefined) fields.list.push(['buffer', buffer]);
        if (comm !== undefined && pid > 0) names.push(comm);
        const ofCpu = events.get(cpu) ?? [];
        events.set(cpu, ofCpu);
        ofCpu.push({ at, pid: pid >>> 0, comm: pid > 0 ? comm : undefined, name, fields: fields.list });
        last.set(cpu, at);
      },
      onLoss: (loss) => {
        losses.push(loss);
        sides.push(last.get(loss.cpu));
      },
    },
    { pageSize: (await explainedOf(file)).trace.pageSize },
  );
  return { trace, events, losses, sides, names: [...new Set(names)] };
}

/** The name that a task has at a time, by the packets. */
function namesOf({ packets }: ReadTrace) {
  const ofTask = new Map<bigint, { readonly at: bigint; readonly comm: string }[]>();
  for (const { rename, timestamp = 0n } of packets) {
    if (rename === undefined) continue;
    const list = ofTask.get(rename.tid) ?? [];
    list.push({ at: BigInt.asIntN(64, timestamp), comm: rename.comm });
    ofTask.set(rename.tid, list);
  }
  return (pid: bigint, at: bigint) => ofTask.get(pid)?.findLast((one) => one.at <= at)?.comm;
}

describe('every event is a generic ftrace event, in its order on its CPU, and every loss shows', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const [{ read, events: count }, whole] = [await writtenOf(file), await wholeOf(file)];
    expect(count).toBe(whole.trace.events);
    const found = new Map<number, unknown[]>();
    let bundlesAfterLosses = 0;
    const nameOf = namesOf(read);
    for (const { ftraceEvents } of read.packets) {
      if (ftraceEvents === undefined) continue;
      const { cpu, events = [], lostEvents } = ftraceEvents;
      if (lostEvents === true) bundlesAfterLosses++;
      const ofCpu = found.get(Number(cpu)) ?? [];
      found.set(Number(cpu), ofCpu);
      for (const { timestamp, pid, generic } of events)
        ofCpu.push({
          at: timestamp,
          pid: Number(pid),
          comm: whole.names.length === 0 || pid === 0n ? undefined : nameOf(pid, timestamp),
          name: generic.name,
          fields: (generic.fields ?? []).map(({ name, text, int, uint }) => [name, text ?? int ?? uint]),
        });
    }
    for (const list of found.values()) if (list.length === 0) expect(bundlesAfterLosses).toBeGreaterThan(0);
    expect([...found].filter(([, list]) => list.length > 0).toSorted(([a], [b]) => a - b)).toEqual(
      [...whole.events].toSorted(([a], [b]) => a - b),
    );
    const lost = read.slices.filter(({ track }) => track.parent?.name === 'losses');
    const { from: begin = 0n, to: end = begin } = whole.trace;
    expect(lost.map(({ from, to, name, facts }) => [facts['cpu'], from, to, name])).toEqual(
      whole.losses
        .map(({ cpu, at, events }, nth) => {
          const from = whole.sides[nth] ?? begin;
          const to = at ?? end;
          return [
            BigInt(cpu),
            from,
            to < from ? from : to,
            events === undefined ? 'LOST events' : `LOST ${events} events`,
          ] as const;
        })
        .toSorted(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)),
    );
    expect(bundlesAfterLosses > 0).toBe(whole.losses.length > 0);
  });
});

describe('drains and conversions are those of explain, and every arrow has two ends', () => {
  test.each(RECORDINGS)('%s', async (file) => {
    const [{ read }, { conversions, drains }] = [await writtenOf(file), await explainedOf(file)];
    const top = (name: string) => read.slices.filter(({ track, depth }) => depth === 0 && track.name === name);
    const rounds = drains?.rounds ?? [];
    expect(top('lru_add_drain_all').map(({ from, to, facts }) => [from, to, facts['cpu'], facts['pid']])).toEqual(
      rounds.map(({ at, cpu, pid, took }) => [
        at,
        took === undefined ? undefined : at + took,
        BigInt(cpu),
        BigInt(pid),
      ]),
    );
    expect(
      top('conversions').map(({ from, to, facts }) => [from, to, facts['fd'], facts['returned'], facts['drained']]),
    ).toEqual(
      conversions.map(({ at, until, fd, returned, drained }) => [
        at,
        until,
        BigInt(fd),
        returned === undefined ? undefined : BigInt(returned),
        drained,
      ]),
    );
    const begins = new Map<bigint, ReadSlice>();
    for (const slice of read.slices)
      for (const flow of slice.flows) {
        expect(begins.has(flow)).toBe(false);
        begins.set(flow, slice);
      }
    const ends = read.slices.flatMap((slice) => slice.terminatingFlows.map((flow) => [flow, slice] as const));
    expect(new Set(ends.map(([flow]) => flow))).toEqual(new Set(begins.keys()));
    expect(ends).toHaveLength(begins.size);
    for (const [flow, to] of ends) {
      const from = begins.get(flow)!;
      // Perfetto drops an arrow that ends before it begins.
      expect(read.slices.indexOf(from)).toBeLessThan(read.slices.indexOf(to));
      if (to.name === 'lru_add_drain_all')
        expect([from.track.name, from.facts['pid']]).toEqual(['conversions', to.facts['pid']]);
      else expect([from.name, to.name]).toEqual(['lru_add_drain_all', 'lru_add_drain_per_cpu']);
    }
    const works = read.slices.filter(({ name }) => name === 'lru_add_drain_per_cpu');
    expect(works.map(({ from, facts }) => [from, facts['cpu'], facts['insertions'], facts['ranMeanwhile']])).toEqual(
      rounds
        .flatMap(({ works: ofRound }) => ofRound)
        .map(({ queued, cpu, insertions, meanwhile }) => {
          const ran = meanwhile.map(({ pid, task, time }) => ({ pid: BigInt(pid), task, nanoseconds: time }));
          return [queued, BigInt(cpu), BigInt(insertions), ran.length === 0 ? undefined : ran] as const;
        })
        .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    );
  });

  test('an arrow goes from a conversion to its drain, and on to the works of the CPUs', async () => {
    const { read } = await writtenOf('test/lab/s2_othercpu.v8.txt');
    const drained = read.slices.filter(({ track, flows }) => track.name === 'conversions' && flows.length > 0);
    expect(drained.length).toBeGreaterThan(0);
    for (const { flows, facts } of drained) {
      expect(facts['drained']).toBe(true);
      const rounds = read.slices.filter(({ terminatingFlows }) =>
        terminatingFlows.some((flow) => flows.includes(flow)),
      );
      expect(rounds.map(({ name }) => name)).toEqual(flows.map(() => 'lru_add_drain_all'));
      for (const round of rounds) expect(BigInt(round.flows.length)).toBe(round.facts['works']);
    }
  });

  test.each([
    ['test/recordings/s2_othercpu.baseline.pageref.txt', true],
    ['test/lab/s2_othercpu.baseline.txt', false],
  ])('%s: a refusal says which folio refused, and who held it', async (file, certain) => {
    const [{ read }, { conversions }] = [await writtenOf(file), await explainedOf(file)];
    const refused = read.slices.filter(({ name }) => name === 'conversion: -EAGAIN');
    expect(refused.length).toBeGreaterThan(0);
    const call = conversions.find(({ returned }) => returned === -11);
    const [lowest] = call!.causes[0]!.batched.toSorted((a, b) => a.index - b.index);
    expect(refused[0]?.facts['refusingFolio']).toEqual({
      inode: `${lowest!.dev}:0x${lowest!.ino.toString(16)}`,
      index: BigInt(lowest!.index),
      pfn: BigInt(lowest!.pfn),
      holder: 'lru-add-batch',
      cpu: BigInt(lowest!.cpu),
      certain,
    });
  });
});

test.each(RECORDINGS)('%s: a slice ends within the one that it is in', async (file) => {
  const { read } = await writtenOf(file);
  const open = new Map<bigint, readonly ReadSlice[]>();
  const wrong = read.slices.filter((slice) => {
    const { track, from, to, depth } = slice;
    const stack = open.get(track.uuid)?.slice(0, depth) ?? [];
    open.set(track.uuid, [...stack, slice]);
    const around = stack.at(-1);
    const isWithin = around === undefined || around.to === undefined || (to !== undefined && to <= around.to);
    return !isWithin || (to !== undefined && to < from);
  });
  expect(wrong).toEqual([]);
});

/** A text of a trace whose events are these. */
const textSource = (...lines: readonly string[]) =>
  memorySource(
    'trace.txt',
    new TextEncoder().encode(
      `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${lines.length}/${lines.length}   #P:2\n#\n${lines.map((line) => `${line}\n`).join('')}`,
    ),
  );

const added = (nth: number, index: number): string =>
  ` vmm-1000 [001] ..... 1.${String(nth).padStart(6, '0')}: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${(nth + 7).toString(16)} ofs=${index * 4096} order=0`;
const inserted = (nth: number, pfn: number): string =>
  ` vmm-1000 [001] ..... 1.${String(nth).padStart(6, '0')}: mm_lru_insertion: pfn=0x${(pfn + 7).toString(16)} lru=4 flags=M`;

test('folios beyond the most tracks are counted by ranges, and so say notes', async () => {
  const count = 20_600;
  const lines = Array.from({ length: count }, (_, nth) => added(nth, nth));
  const { read, notes } = await written(textSource(...lines, inserted(count, count - 1)));
  expect(notes).toContainEqual(expect.stringContaining('the lives of others, 600, are counted by ranges'));
  expect(read.tracks.filter(({ is }) => is === 'state')).toHaveLength(20_000);
  const counted = (range: string, kind: string, at: bigint) => {
    const track = read.tracks.find(({ name }) => name === `index ${range}: folios held by ${kind}`);
    return track === undefined ? undefined : read.counterAt(track, at);
  };
  const end = 1_020_600_000n;
  expect(counted('19968..20480', 'page-cache', end)).toBe(480n);
  expect(counted('20480..20992', 'page-cache', end)).toBe(120n);
  expect(counted('20480..20992', 'page-cache', 1_020_489_000n)).toBe(10n);
  const fill = read.tracks.find(({ is, name }) => is === 'counter' && name.startsWith('CPU 1:'))!;
  expect(read.counterAt(fill, 1_020_598_000n)).toBe(20_599n);
});

test('a folio that leaves and one that comes in the same microsecond at the same index', async () => {
  const removed = added(2, 0).replace('add_to', 'delete_from').replace('pfn=0x9', 'pfn=0x7');
  const { read } = await written(textSource(added(0, 0), removed, added(2, 0), added(5, 1), inserted(7, 5)));
  const states = statesOf(read, '0:16:0x4414', 1_000_002_000n);
  expect(states.map(({ facts }) => facts['pfn'])).toEqual([9n]);
});

test('a recording with more lives than are kept, which is read twice', async () => {
  const lives = 21_000;
  const pages = 16;
  const lines: string[] = [];
  const push = (line: string, stamp: number): void => {
    const seconds = Math.floor(stamp / 1e6);
    lines.push(line.replace(/ \d+\.\d+:/, ` ${1 + seconds}.${String(stamp % 1e6).padStart(6, '0')}:`));
  };
  for (let life = 0; life < lives; life++) {
    const stamp = life * 10;
    const gone = life - pages;
    if (gone >= 0) push(added(gone, life % pages).replace('add_to', 'delete_from'), stamp);
    push(added(life, life % pages), stamp + 1);
    if (life % 8 === 7) for (let nth = 0; nth < 8; nth++) push(inserted(0, life - 7 + nth), stamp + 2 + nth);
  }
  const source = () => textSource(...lines);
  const { read } = await written(source());
  const times = [1_000_001_000n, 1_000_400_000n, 1_050_005_000n, 1_100_003_000n, 1_205_003_000n].map((at) =>
    nanoseconds(at),
  );
  const { moments } = await explainTrace(source(), { moments: times.map((at) => ({ kind: 'time', at })), patches: [] });
  expect(moments).toHaveLength(times.length);
  for (const { at, folios, stale } of moments)
    expect(statesOf(read, '0:16:0x4414', at).map(({ facts }) => facts)).toEqual(
      folios.toSorted((a, b) => a.index - b.index).map((folio) => inWords(folio, stale.has(folio.index))),
    );
  const fill = read.tracks.find(({ is, name }) => is === 'counter' && name.startsWith('CPU 1:'))!;
  for (const { at, folios } of moments)
    expect(read.counterAt(fill, at)).toBe(
      BigInt(folios.filter(({ holders }) => holders.some(({ kind }) => kind === 'lru-add-batch')).length),
    );
});

test('two folios one after the other at one index, both only in the page cache, are two states', async () => {
  const removed = added(3, 0).replace('add_to', 'delete_from').replace('pfn=0xa', 'pfn=0x7');
  const lines = [added(0, 0), inserted(1, 0), removed, added(3, 0), inserted(3, 3), added(5, 1), inserted(7, 5)];
  const { read } = await written(textSource(...lines));
  const at = (time: bigint) => statesOf(read, '0:16:0x4414', time).map(({ name, facts }) => [name, facts['pfn']]);
  expect(at(1_000_002_000n)).toEqual([[expect.stringContaining('page-cache'), 7n]]);
  expect(at(1_000_003_000n)).toEqual([[expect.stringContaining('page-cache'), 10n]]);
});

describe('clocks', () => {
  const clockOfFile = async (clock: string | undefined, format = 'examples/two-cpu.dat') => {
    const bytes = readFileSync(format);
    const at = bytes.indexOf('[local]');
    if (clock !== undefined) bytes.write(clock.padEnd(7), at, 'latin1');
    const { read, notes } = await written(memorySource('trace.dat', bytes));
    const [first] = read.packets;
    const bundle = read.packets.find(({ ftraceEvents }) => ftraceEvents !== undefined)?.ftraceEvents;
    const event = read.packets.find(({ timestamp }) => timestamp !== undefined);
    return {
      clocks: first?.clockSnapshot?.clocks.map(({ id }) => Number(id)),
      primary: Number(first?.clockSnapshot?.primary),
      ofBundles: bundle?.clock === undefined ? undefined : Number(bundle.clock),
      ofPackets: Number(event?.clock),
      notes: notes.length,
    };
  };

  // Numbers of common/builtin_clock.proto; 64 is what ftrace's own clocks are read by, in the writer's sequence.
  test.each([
    [undefined, { clocks: [6, 64], primary: 6, ofBundles: 3, ofPackets: 64, notes: 1 }],
    ['[boot]', { clocks: [6], primary: 6, ofBundles: undefined, ofPackets: 6, notes: 0 }],
    ['[mono]', { clocks: [3, 64], primary: 3, ofBundles: 3, ofPackets: 3, notes: 0 }],
  ])('%s', async (clock, expected) => {
    expect(await clockOfFile(clock)).toEqual(expected);
  });

  test('of text, which does not say it', async () => {
    const { read, notes } = await written(textSource(added(0, 0)));
    expect(read.packets[0]?.clockSnapshot?.clocks.map(({ id }) => id)).toEqual([6n, 64n]);
    expect(notes).toEqual([expect.stringContaining('does not say its clock')]);
  });

  test('of the calendar', async () => {
    const { read, notes } = await written(textSource(added(0, 0).replace(' 1.0', ' 1777896000.0')));
    expect(read.packets[0]?.clockSnapshot).toMatchObject({ primary: 1n, clocks: [{ id: 1n }, { id: 64n }] });
    expect(notes).toEqual([]);
  });
});

describe('a recording that is cut off or damaged', () => {
  const file = readFileSync('examples/two-cpu.dat');
  test.each([0.55, 0.8, 0.95, 0.999])('cut at %f of its length', async (share) => {
    const bytes = file.subarray(0, Math.floor(file.byteLength * share));
    const source = () => memorySource('cut.dat', bytes);
    let events = 0;
    const whole = await readWholeTrace(source(), { onEvent: () => void events++, onLoss: () => {} }, {}).catch(String);
    if (typeof whole === 'string') {
      await expect(written(source())).rejects.toThrow(whole.replace(/^\w+: /, ''));
      return;
    }
    const { read, events: count, trace } = await written(source());
    expect(count).toBe(events);
    expect(trace.damage.length).toBeGreaterThan(0);
    expect(read.slices.some(({ name }) => name.startsWith('LOST'))).toBe(true);
  });

  test('with zeros anywhere: every packet that is written is well-formed, and every event is there', async () => {
    const original = readFileSync('test/recordings/punch.dat');
    let readable = 0;
    for (let nth = 1; nth < 40; nth++) {
      const bytes = Uint8Array.from(original);
      const at = Math.floor((bytes.byteLength * nth) / 40);
      bytes.fill(0, at, at + 300);
      const result = await written(memorySource('damaged.dat', bytes)).catch((error: unknown) => {
        if (error instanceof InputError) return undefined;
        throw error;
      });
      if (result === undefined) continue;
      readable++;
      const found = result.read.packets.flatMap(({ ftraceEvents }) => ftraceEvents?.events ?? []);
      expect(found).toHaveLength(result.trace.events);
    }
    expect(readable).toBeGreaterThan(10);
  });
});

/** All distinct texts anywhere in packets. */
function wordsIn(packets: unknown): readonly string[] {
  const words = new Set<string>();
  JSON.stringify(packets, (_, value: unknown) => {
    if (typeof value === 'string') words.add(value);
    return typeof value === 'bigint' ? 0 : value;
  });
  return [...words];
}

/** Whether a name stands in a text, and not within another word. */
function containsWord(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1))
    if (!/[\w-]/.test(text.charAt(at - 1)) && !/[\w-]/.test(text.charAt(at + name.length))) return true;
  return false;
}

describe('redacted', () => {
  const FILES = [
    'examples/two-cpu.dat',
    'examples/pinned.txt',
    'test/recordings/lab_drain.dat',
    'test/recordings/odd_v7_zstd.dat',
  ];
  test.each(FILES)('%s: no name of a task, page frame or address is left', async (file) => {
    const { read } = await written(sourceOf(file), { redactor: await redactorOf(sourceOf(file)) });
    const { names, events } = await wholeOf(file);
    const words = wordsIn(read.packets);
    const isNamed = (name: string): boolean => words.some((word) => containsWord(word, name));
    // The kernel's own workers: answers depend on their names.
    const ofPrograms = names.filter((name) => !/^(?:kworker\/u?\d+:\d+H?|swapper\/\d+|<\.\.\.>)$/.test(name));
    expect(ofPrograms.filter((name) => isNamed(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
    const secret = new Set<bigint>();
    // The number of an ioctl says what it does.
    for (const [, list] of events)
      for (const event of list as { readonly fields: readonly (readonly [string, bigint | string])[] }[])
        for (const [name, value] of event.fields)
          if (typeof value === 'bigint' && name !== 'cmd' && (value >= 1n << 28n || name === 'pfn')) secret.add(value);
    const shown = read.packets
      .flatMap(({ ftraceEvents }) => ftraceEvents?.events ?? [])
      .flatMap(({ generic }) => generic.fields ?? []);
    const large = shown.flatMap(({ uint }) =>
      uint !== undefined && uint >= 1n << 16n && secret.has(uint) ? [uint] : [],
    );
    expect(large).toEqual([]);
    expect(shown.filter(({ text: word }) => word !== undefined && /0x[\da-f]{8}/.test(word))).toEqual([]);
  });

  test('the same folios have the same holders, and a page frame the same number everywhere', async () => {
    const [open, redacted] = [
      await writtenOf('examples/two-cpu.dat'),
      await written(sourceOf('examples/two-cpu.dat'), { redactor: await redactorOf(sourceOf('examples/two-cpu.dat')) }),
    ];
    const frames = new Map<Fact | undefined, Fact | undefined>();
    const to = 2_571_891_032_455n; // marker 'phase faulted'
    const inode = open.read.tracks.find(({ name }) => name.startsWith('inode '))!.name.replace('inode ', '');
    const [before, after] = [statesOf(open.read, inode, to), statesOf(redacted.read, inode, to)];
    expect(after.length).toBe(before.length);
    for (const [nth, { name, facts }] of after.entries()) {
      expect([name, facts['index']]).toEqual([before[nth]?.name, before[nth]?.facts['index']]);
      frames.set(before[nth]?.facts['pfn'], facts['pfn']);
    }
    const pfns = (read: ReadTrace) =>
      read.packets.flatMap(({ ftraceEvents }) =>
        (ftraceEvents?.events ?? []).flatMap(
          ({ generic }) => generic.fields?.find(({ name }) => name === 'pfn')?.uint ?? [],
        ),
      );
    const [plain, numbered] = [pfns(open.read), pfns(redacted.read)];
    for (const [nth, pfn] of plain.entries()) if (frames.has(pfn)) expect(numbered[nth]).toBe(frames.get(pfn));
    expect(plain.some((pfn) => frames.has(pfn))).toBe(true);
  });
});

test('the same recording gives the same bytes', async () => {
  const [first, again] = [await writtenOf('examples/two-cpu.dat'), await written(sourceOf('examples/two-cpu.dat'))];
  expect(again.bytes.equals(first.bytes)).toBe(true);
});
