// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../test/support/make-trace-dat.ts';
import {
  ByteWriter,
  formatsOf,
  formatText,
  makeV6,
  makeV7,
  PageMaker,
  records,
  X86_64,
  zstdZeros,
} from '../../../test/support/make-trace-dat.ts';
import { readAll, recording, recordingBytes } from '../../../test/support/read-recording.ts';
import { InputError, memorySource } from '../index.ts';

/** What `trace-cmd report` counts (3.1.6). */
const COUNTS = {
  'single.dat': 561,
  'two-cpu.dat': 401,
  'punch.dat': 575,
  'random-1.dat': 2168,
  'random-2.dat': 288,
  'random-3.dat': 309,
  'odd_v7_zstd.dat': 30504,
  't_lossy.dat': 11764,
} as const;

/** The reference, where it is installed. */
const TRACE_CMD: string = 'trace-cmd';

const BIG_ENDIAN: Machine = { littleEndian: false, long: 8 };
const MACHINES: readonly Machine[] = [
  X86_64,
  { littleEndian: true, long: 4 },
  BIG_ENDIAN,
  { littleEndian: false, long: 4 },
];
const nameOf = ({ littleEndian, long }: Machine): string =>
  `${littleEndian ? 'little' : 'big'} endian, long of ${long}`;

const read = (bytes: Uint8Array): ReturnType<typeof readAll> => readAll(memorySource('made.dat', bytes));

/** Two CPUs and an instance; what is in them is told by {@link EXPECTED}. */
const story = (machine: Machine): Parameters<typeof makeV6>[0] => ({
  machine,
  taskNames: '7 a b-12 [001]\n8 two\nlines\n',
  buffers: {
    '': {
      0: [
        new PageMaker(machine, 1000n)
          .short(5, records.add(machine, 7, 0x1234, 0x4414n, 3))
          .short(10, records.other(machine, 7))
          .done(),
        new PageMaker(machine, 2000n).long(0, records.print(machine, 8, 'begin x\n')).done(),
        new PageMaker(machine, 4000n)
          .lost(17)
          .short(0, records.insertion(machine, 9, 0x1234))
          .done(),
      ],
      1: [new PageMaker(machine, 1005n).short(0, records.insertion(machine, 0, 0x99, 1)).done()],
    },
    lab: { 0: [new PageMaker(machine, 1005n).short(0, records.insertion(machine, 7, 0x77)).done()] },
  },
});

const EXPECTED = [
  {
    type: 'mm_filemap_add_to_page_cache',
    at: 1005n,
    cpu: 0,
    pid: 7,
    comm: 'a b-12 [001]',
    dev: '0:16',
    ino: 0x4414n,
    pfn: 0x1234,
    index: 3,
    order: 0,
  },
  { type: 'mm_lru_insertion', at: 1005n, cpu: 1, pid: 0, comm: '<idle>', pfn: 0x99, lru: 4, mapped: true },
  {
    type: 'mm_lru_insertion',
    at: 1005n,
    cpu: 0,
    pid: 7,
    comm: 'a b-12 [001]',
    buffer: 'lab',
    pfn: 0x77,
    lru: 4,
    mapped: false,
  },
  { type: 'marker', at: 2000n, cpu: 0, pid: 8, comm: 'two\nlines', text: 'begin x' },
  { type: 'loss', cpu: 0, at: 4000n, events: 17 },
  { type: 'mm_lru_insertion', at: 4000n, cpu: 0, pid: 9, pfn: 0x1234, lru: 4, mapped: false },
];

describe('a recording of trace-cmd', () => {
  it.each(Object.entries(COUNTS))('%s has as many events as trace-cmd counts', async (name, count) => {
    const { summary } = await readAll(recording(name));
    expect(summary.events).toBe(count);
    expect(summary.cpus).toEqual([0, 1]);
    expect(summary.notes).toEqual([]);
  });

  const hasTraceCmd = spawnSync(TRACE_CMD, ['--version']).error === undefined;
  it.skipIf(!hasTraceCmd).each(Object.keys(COUNTS))(
    '%s gives the same lines as trace-cmd report (skipped where trace-cmd is not installed)',
    async (name) => {
      const file = fileURLToPath(new URL(`../../../test/recordings/${name}`, import.meta.url));
      const report = spawnSync(TRACE_CMD, ['report', '-t', file], { maxBuffer: 1 << 28, encoding: 'latin1' }).stdout;
      const lines = report.split('\n').filter((line) => / \[\d{3}\] +\d+\.\d{9}: /.test(line));
      const { summary, events } = await readAll(recording(name));
      expect(summary.events).toBe(lines.length);
      const theirs = lines.flatMap(
        (line) =>
          /-(\d+) +\[(\d+)\] +(\d+)\.(\d+): mm_lru_insertion: .* pfn=0x([0-9a-f]+)/.exec(line)?.slice(1).join(' ') ??
          [],
      );
      const ours = events.flatMap((event) => {
        if (event.type !== 'mm_lru_insertion') return [];
        const time = String(event.at).padStart(10, '0');
        const cpu = String(event.cpu).padStart(3, '0');
        return `${event.pid} ${cpu} ${time.slice(0, -9)} ${time.slice(-9)} ${event.pfn.toString(16)}`;
      });
      expect(ours).toEqual(theirs);
    },
  );

  it('tells what was lost, where and how much', async () => {
    const { summary, events } = await readAll(recording('t_lossy.dat'));
    expect(summary.lost).toEqual([
      { type: 'loss', cpu: 0, at: 1308945904116n, events: 55857, buffer: undefined },
      { type: 'loss', cpu: 1, at: 1310025046232n, events: 220975, buffer: undefined },
    ]);
    expect(events.filter((event) => event.type === 'loss')).toEqual(summary.lost);
    for (const loss of summary.lost) {
      expect(events[events.indexOf(loss) + 1]).toMatchObject({ cpu: loss.cpu, at: loss.at });
    }
  });

  it('keeps hostile task names', async () => {
    const { events } = await readAll(recording('odd_v7_zstd.dat'));
    const names = new Set(events.map((event) => (event.type === 'loss' ? undefined : event.comm)));
    for (const name of ['a b-12 [001]', 'x: y: 1.5:', ']tricky[', '<...>', 'sp  two', 'tab\there', 'uni\u00e9']) {
      expect([...names]).toContainEqual(name);
    }
  });

  it('says where it comes from', async () => {
    const { summary } = await readAll(recording('single.dat'));
    expect(summary).toMatchObject({
      format: 'trace.dat v7',
      recordedOn: 'Linux vm 6.18.44-fc-v657 x86_64',
      clock: 'local',
      from: 2571420199209n,
      to: 2571424660958n,
      buffers: ['', 'lab'],
    });
  });

  it('reads one buffer if told so, and names the others if it is not there', async () => {
    const top = await readAll(recording('single.dat'), { buffer: '' });
    expect(top.summary.events).toBe(0);
    const lab = await readAll(recording('single.dat'), { buffer: 'lab' });
    expect(lab.summary.events).toBe(561);
    await expect(readAll(recording('single.dat'), { buffer: 'lob' })).rejects.toThrow(
      "single.dat: no buffer 'lob'; there are '' (the top buffer), 'lab'",
    );
  });

  it('is the same from a source that hands out its bytes in small, unaligned pieces', async () => {
    const bytes = recordingBytes('two-cpu.dat');
    const pieces = {
      name: 'pieces',
      size: bytes.length,
      read: (offset: number, length: number) => {
        const piece = new Uint8Array(Math.min(length, 1001) + 1).subarray(1);
        piece.set(bytes.subarray(offset, offset + piece.length));
        return Promise.resolve(piece.subarray(0, Math.min(piece.length, bytes.length - offset)));
      },
    };
    const whole = await readAll(recording('two-cpu.dat'));
    expect((await readAll(pieces)).events).toEqual(whole.events);
  });
});

describe.each(MACHINES)('a synthetic recording of a machine', (machine) => {
  it(`${nameOf(machine)}: version 6`, async () => {
    const { summary, events } = await read(makeV6(story(machine)));
    expect(events).toEqual(EXPECTED);
    expect(summary).toMatchObject({
      format: 'trace.dat v6',
      events: 6,
      cpus: [0, 1],
      from: 1005n,
      to: 4000n,
      buffers: ['', 'lab'],
      notes: [],
    });
  });

  it.each(['none', 'zlib'] as const)(`${nameOf(machine)}: version 7, compression %s`, async (compression) => {
    const { summary, events } = await read(makeV7(story(machine), compression));
    expect(events).toEqual(EXPECTED);
    expect(summary).toMatchObject({ format: 'trace.dat v7', events: 6, notes: [] });
  });
});

describe('formats of other kernels', () => {
  const withFormats = (formats: Record<string, readonly string[]>, ...payloads: readonly Uint8Array[]) => {
    const page = new PageMaker(X86_64, 1n);
    for (const payload of payloads) page.short(1, payload);
    return read(makeV6({ formats, buffers: { '': { 0: [page.done()] } } }));
  };
  const record = (id: number): ByteWriter => new ByteWriter(true).number(id, 2).number(0, 2).number(7, 4);

  it('reads an add event without order and with an inode number of 4 bytes', async () => {
    const filemap = [
      formatText('mm_filemap_add_to_page_cache', 9, [
        'unsigned long pfn;8;8',
        'unsigned int i_ino;16;4',
        'dev_t s_dev;20;4',
        'unsigned long index;24;8',
      ]),
    ];
    const { events } = await withFormats(
      { filemap },
      record(9).number(5, 8).number(0x4414, 4).number(0x0fe0_0000, 4).number(6, 8).done(),
    );
    expect(events).toMatchObject([{ ino: 0x4414n, dev: '254:0', pfn: 5, index: 6, order: 0 }]);
  });

  it('keeps all 64 bits of an inode number', async () => {
    const { events } = await withFormats(formatsOf(X86_64), records.add(X86_64, 1, 2, 0xfedc_ba98_7654_3210n, 3));
    expect(events).toMatchObject([{ ino: 0xfedc_ba98_7654_3210n }]);
  });

  it('reads an insertion of the time when a folio was a page', async () => {
    const pagemap = [
      formatText('mm_lru_insertion', 9, [
        'struct page * page;8;8',
        'unsigned long pfn;16;8',
        'int lru;24;4',
        'unsigned long flags;32;8',
      ]),
    ];
    const { events } = await withFormats(
      { pagemap },
      record(9).number(1, 8).number(5, 8).number(4, 8).number(1, 8).done(),
    );
    expect(events).toMatchObject([{ type: 'mm_lru_insertion', pfn: 5, lru: 4, mapped: true }]);
  });

  it.each([
    ['__data_loc char[] buf;8;4', (size: number) => 16 | (size << 16)],
    ['__rel_loc char[] buf;8;4', (size: number) => 4 | (size << 16)],
  ])('reads a marker from %s', async (field, locate) => {
    const ftrace = [formatText('print', 9, [field])];
    const { events } = await withFormats({ ftrace }, record(9).number(locate(4), 4).number(0, 4).cstring('abc').done());
    expect(events).toMatchObject([{ type: 'marker', text: 'abc' }]);
  });

  it('counts an event that it should know and cannot read as lost', async () => {
    const pagemap = [formatText('mm_lru_insertion', 9, ['struct page * page;8;8'])];
    const { summary, events } = await withFormats(
      { pagemap },
      record(9).number(1, 8).done(),
      record(9).number(1, 8).done(),
    );
    expect(summary.events).toBe(2);
    expect(events).toMatchObject([
      { type: 'loss', cpu: 0, at: 3n, events: undefined },
      { type: 'loss', cpu: 0, at: undefined, events: undefined },
    ]);
    expect(summary.notes).toEqual(['2 places in the events could not be read, each counted as a loss']);
  });

  it('takes a system call once that both families recorded', async () => {
    const formats = {
      syscalls: [
        formatText('sys_enter_ioctl', 20, [
          'int __syscall_nr;8;4',
          'unsigned int fd;16;8',
          'unsigned int cmd;24;8',
          'unsigned long arg;32;8',
        ]),
        formatText('sys_exit_ioctl', 21, ['int __syscall_nr;8;4', 'long ret;16;8']),
      ],
      raw_syscalls: [
        formatText('sys_enter', 30, ['long id;8;8', 'unsigned long args[6];16;48']),
        formatText('sys_exit', 31, ['long id;8;8', 'long ret;16;8']),
      ],
    };
    const enter = record(20).number(16, 8).number(6, 8).number(0xae01, 8).number(0, 8).done();
    const rawEnter = record(30).number(16, 8).number(6, 8).number(0xae01, 8).number(0, 32).done();
    const exit = record(21).number(16, 8).number(-11n, 8).done();
    const rawExit = record(31).number(16, 8).number(-11n, 8).done();
    const rawRead = record(30).number(0, 8).number(0, 48).done();
    const call = [
      { type: 'syscall-enter', name: 'ioctl', args: [6n, 0xae01n, 0n] },
      { type: 'syscall-exit', name: 'ioctl', returned: -11n },
    ];
    const both = await withFormats(formats, rawEnter, enter, rawRead, exit, rawExit);
    expect(both.events).toMatchObject(call);
    expect(both.events).toHaveLength(2);
    expect(both.summary.events).toBe(5);
    expect((await withFormats(formats, rawEnter, rawExit)).events).toMatchObject(call);
    expect((await withFormats(formats, enter, exit, enter, exit)).events).toMatchObject([...call, ...call]);
  });

  it('tells of events that a full buffer refused', async () => {
    const data = new TextEncoder().encode('CPU: 0\nentries: 0\noverrun: 0\ndropped events: 12\n\0');
    const { summary } = await read(makeV6({ ...story(X86_64), options: [{ id: 2, data }] }));
    expect(summary.lost.at(-1)).toEqual({ type: 'loss', cpu: 0, at: undefined, events: 12, buffer: undefined });
  });

  it('reads sub-buffers that are larger than a page', async () => {
    const page = new PageMaker(X86_64, 1n);
    for (let nth = 0; nth < 300; nth++) page.short(1, records.insertion(X86_64, 1, nth));
    const bytes = makeV7({ buffers: { '': { 0: [page.done(16384), page.done(16384)] } } }, 'none', 16384);
    expect((await read(bytes)).summary).toMatchObject({ events: 600, notes: [] });
  });
});

describe('an input that cannot be read', () => {
  const v7 = makeV7(story(X86_64));
  const changed = (at: number, value: number): Uint8Array => v7.with(at, value);

  it('of another version is refused with the number', async () => {
    await expect(read(changed(10, 0x38))).rejects.toThrow(
      new InputError('made.dat: byte 10: trace.dat version "8", expected 6 or 7'),
    );
  });

  it('with an unknown compression is refused with its name', async () => {
    await expect(read(changed(18, 0x4e))).rejects.toThrow(
      /^made\.dat: byte 18: compressed with "None", expected none, zlib or zstd/,
    );
  });

  it('and was cut off in its data is read as far as it goes', async () => {
    const whole = makeV6({ machine: X86_64, buffers: { '': { 0: [page(1n), page(2n)], 1: [page(3n), page(4n)] } } });
    const { summary, events } = await read(whole.subarray(0, whole.length - 100));
    expect(summary.events).toBe(3);
    expect(summary.notes).toEqual(['the file is cut off: events of CPU 1 are missing at the end']);
    expect(events.at(-1)).toEqual({ type: 'loss', cpu: 1, at: undefined, events: undefined });
  });

  it('and was cut off before its table is refused with the place', async () => {
    const bytes = recordingBytes('single.dat');
    await expect(readAll(memorySource('cut.dat', bytes.subarray(0, 1_000_000)))).rejects.toThrow(
      /^cut\.dat: byte \d+: .*\(the file is cut off: byte 1141722 should follow\)$/,
    );
  });

  describe('whose options do not lead to its pages', () => {
    /** The offset of the first options, and the place of the section of options behind the pages. */
    const FIRST_OPTIONS = 29;
    const LAST_OPTIONS = 1_148_132;
    const whole = recordingBytes('two-cpu.dat');
    const eventsOf = ({ events }: Awaited<ReturnType<typeof read>>): unknown[] =>
      events.filter(({ type }) => type !== 'loss');

    it('since it was cut off in them is read as far as it goes', async () => {
      const all = await read(whole);
      const cut = await read(whole.subarray(0, 1_146_000));
      expect(eventsOf(cut)).toEqual(eventsOf(all).filter((event) => (event as { cpu: number }).cpu === 0));
      expect(cut.summary.events).toBe(279);
      expect(cut.summary.lost.map(({ cpu }) => cpu)).toEqual([0, 1]);
      expect(cut.summary.notes).toContain(
        'no option names the CPUs of the pages; by the statistics of the CPUs they are of CPU 0 of lab',
      );
      const behind = await read(whole.subarray(0, LAST_OPTIONS));
      expect(eventsOf(behind)).toEqual(eventsOf(all));
      expect(behind.summary.damage).toHaveLength(1);
    });

    it.each([
      ['leads out of the file', 0xff],
      ['leads to no options', 0x00],
    ])('since their first offset %s is read section by section', async (_, byte) => {
      const damaged = whole.slice();
      damaged.fill(byte, FIRST_OPTIONS, FIRST_OPTIONS + 3);
      const found = await read(damaged);
      expect(eventsOf(found)).toEqual(eventsOf(await read(whole)));
      expect(found.summary.damage[0]).toMatch(/^byte 29: /);
      expect(found.summary.lost.map(({ cpu }) => cpu)).toEqual([0, 1]);
    });

    it('is refused where nothing says of which CPUs the pages are', async () => {
      const damaged = whole.slice(0, LAST_OPTIONS);
      const text = new TextDecoder('latin1').decode(damaged);
      for (let at = text.indexOf('read events: '); at >= 0; at = text.indexOf('read events: ', at + 1))
        damaged.set([0x78], at);
      await expect(read(damaged)).rejects.toThrow(/: no events: expected an option that names a buffer with CPUs/);
    });
  });

  const page = (stamp: bigint): Uint8Array =>
    new PageMaker(X86_64, stamp).short(0, records.insertion(X86_64, 1, 5)).done();

  const files: Record<string, Uint8Array> = {
    v6: makeV6(story(X86_64)),
    'v7 none': v7,
    'v7 zlib': makeV7(story(BIG_ENDIAN), 'zlib'),
    'v7 zstd': recordingBytes('single.dat'),
  };

  const survives = async (bytes: Uint8Array): Promise<void> => {
    try {
      await read(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(/^[^\n]+$/);
    }
  };

  it.each(Object.keys(files))('%s: whatever is cut off, no error but InputError', async (name) => {
    const bytes = files[name]!;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), (length) => survives(bytes.subarray(0, length))),
      { numRuns: name === 'v7 zstd' ? 40 : 300 },
    );
  });

  it.each(Object.keys(files))('%s: whatever bits are wrong, no error but InputError', async (name) => {
    const original = files[name]!;
    // Where a real file has its tables and events; the rest of it is mostly symbols that are not read.
    const places =
      name === 'v7 zstd'
        ? [fc.nat(2100), fc.integer({ min: 1_137_073, max: original.length - 1 })]
        : [fc.nat(original.length - 1)];
    const flip = fc.record({ at: fc.oneof(...places), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 12 }), (flips) => {
        const bytes = original.slice();
        for (const { at, value } of flips) bytes[at] = value;
        return survives(bytes);
      }),
      { numRuns: name === 'v7 zstd' ? 60 : 400 },
    );
  });
});

describe('what lies about its size', () => {
  const file = makeV7(
    { buffers: { '': { 0: [new PageMaker(X86_64, 1n).short(0, records.insertion(X86_64, 1, 5)).done()] } } },
    'zstd',
  );
  const { length } = file;
  /** The bytes of the only chunk replaced: its sizes, and what is packed. */
  const withChunk = (unpackedSize: number, packed: Uint8Array): Uint8Array => {
    const chunk = new ByteWriter(true).number(1, 4).number(packed.length, 4).number(unpackedSize, 4).raw(packed).done();
    const bytes = new Uint8Array(length + chunk.length);
    bytes.set(file);
    bytes.set(chunk, length);
    // Offset and size of the data of CPU 0, behind its number in option BUFFER, which is the last one.
    const view = new DataView(bytes.buffer);
    const row = length - 14 - 16;
    view.setBigUint64(row, BigInt(length), true);
    view.setBigUint64(row + 8, BigInt(chunk.length - 4), true);
    return bytes;
  };

  it.each([
    [
      'says that it has gigabytes',
      0xf000_0000,
      zstdZeros(4096),
      /^byte \d+: a chunk of 4026531840 bytes, expected at most 262144$/,
    ],
    [
      'is larger than it says',
      4096,
      zstdZeros(1 << 27),
      /^byte \d+: a chunk that cannot be unpacked, expected 4096 bytes/,
    ],
    [
      'is smaller than it says',
      8192,
      zstdZeros(4096),
      /^byte \d+: a chunk that cannot be unpacked, expected 8192 bytes/,
    ],
  ])('a chunk that %s is a loss', async (_, unpackedSize, packed, damage) => {
    const { summary } = await read(withChunk(unpackedSize, packed));
    expect(summary.damage).toEqual([expect.stringMatching(damage)]);
    expect(summary.lost).toEqual([{ type: 'loss', cpu: 0, at: undefined, events: undefined, buffer: undefined }]);
  });

  it('options that lead back to themselves are read once', async () => {
    const bytes = file.slice();
    const view = new DataView(bytes.buffer);
    // Behind magic, version, byte order, size of long, page size, name and version of the compression.
    const first = 10 + 2 + 1 + 1 + 4 + 'zstd'.length + 1 + 1;
    view.setBigUint64(length - 8, view.getBigUint64(first, true), true);
    const { summary } = await read(bytes);
    expect(summary.events).toBe(1);
    expect(summary.damage).toEqual([
      expect.stringMatching(/^byte \d+: the options lead back to byte \d+, expected each section once$/),
    ]);
    expect(summary.lost).toEqual([{ type: 'loss', cpu: 0, at: undefined, events: undefined, buffer: undefined }]);
  });

  it('two CPUs that claim the same bytes are read where they are alone', async () => {
    const page = (pfn: number): Uint8Array =>
      new PageMaker(X86_64, 1n).short(0, records.insertion(X86_64, 1, pfn)).done();
    const bytes = makeV6({ buffers: { '': { 0: [page(1)], 1: [page(2)] } } });
    const table = Buffer.from(bytes).indexOf('flyrecord') + 10;
    new DataView(bytes.buffer).setBigUint64(table + 8, 8192n, true);
    const { summary, events } = await read(bytes);
    expect(events.flatMap((event) => ('pfn' in event ? [event.pfn] : []))).toEqual([1, 2]);
    expect(summary.damage).toEqual([
      expect.stringMatching(
        /^byte \d+: events of CPU 0 from byte \d+ to \d+, expected to end at \d+, where others stand$/,
      ),
    ]);
  });

  it('more CPUs than a kernel can have are refused with the place', async () => {
    const bytes = makeV6({ buffers: { '': { 0: [] } } });
    const count = Buffer.from(bytes).indexOf('options') - 4;
    new DataView(bytes.buffer).setUint32(count, 0x8000_0000, true);
    await expect(read(bytes)).rejects.toThrow(
      /^made\.dat: byte \d+: number of CPUs: 2147483648 CPUs are not possible, expected at most 8192$/,
    );
  });
});

it('ids of events that are not decoded may be anything', async () => {
  const payload = new ByteWriter(true).number(0xffff, 2).number(0, 10).done();
  const bytes = makeV6({ buffers: { '': { 0: [new PageMaker(X86_64, 1n).short(1, payload).done()] } } });
  const { summary, events } = await read(bytes);
  expect(summary.events).toBe(1);
  expect(events).toEqual([]);
});
