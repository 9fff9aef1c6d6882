// SPDX-License-Identifier: MIT
import { gzipSync } from 'node:zlib';
import type { Contents, Machine } from '../support/make-trace-dat.ts';
import { formatsOf, makeV6, makeV7, PageMaker, records, X86_64 } from '../support/make-trace-dat.ts';
import { recordingBytes } from '../support/read-recording.ts';

/** Where the pages of an unpacked trace.dat stand, so that the judge can walk them by himself. */
export interface PlainPages {
  readonly machine: Machine;
  readonly size: number;
  readonly starts: readonly number[];
}

/** A small recording that mutations start from. */
export interface Seed {
  readonly name: string;
  readonly kind: 'dat' | 'packed dat' | 'text' | 'packed text';
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly pages: PlainPages | undefined;
  /** How often it is taken, beside the others. */
  readonly weight: number;
}

const LITTLE_32: Machine = { littleEndian: true, long: 4 };
const BIG_64: Machine = { littleEndian: false, long: 8 };
const BIG_32: Machine = { littleEndian: false, long: 4 };

/** Two CPUs and an instance: folios that come, wait in batches and go, markers, a counted loss, every kind of record. */
function story(machine: Machine, size: number): { contents: Contents; pages: Uint8Array[] } {
  const pages: Uint8Array[] = [];
  const stream = (cpu: number): Uint8Array[] =>
    [0, 1, 2].map((nth) => {
      const page = new PageMaker(machine, BigInt(1_000_000 + nth * 100_000 + cpu * 37));
      const pfn = 0x100 * (cpu + 1) + nth * 0x10;
      page.short(5, records.add(machine, 7 + cpu, pfn, 0x4414n, nth * 4 + cpu));
      page.long(11, records.print(machine, 9, `phase ${cpu} ${nth}\n`));
      page.word(30, 3).number(1).short(2, records.other(machine, 7));
      page.word(29, 20).number(12).raw(new Uint8Array(8));
      page.short(9, records.add(machine, 7 + cpu, pfn + 1, 0x4414n, nth * 4 + cpu + 2));
      if (nth === 1) page.word(31, 2_500_000).number(0);
      page.short(1, records.insertion(machine, 7 + cpu, pfn));
      page.long(40, records.insertion(machine, 7 + cpu, pfn + 1));
      if (nth === 2) page.lost(cpu === 0 ? 17 : undefined);
      const bytes = page.done(size);
      pages.push(bytes);
      return bytes;
    });
  const contents: Contents = {
    machine,
    formats: formatsOf(machine),
    taskNames: '7 vmm\n8 odd name-1 [000]\n9 two\nlines\n',
    kallsyms: 'ffffffff81000000 T _stext\nffffffff81000100 T lru_add_drain_per_cpu\n',
    buffers: { '': { 0: stream(0), 1: stream(1) }, lab: { 0: stream(0).slice(0, 1), 1: [] } },
  };
  return { contents, pages };
}

function dat(
  name: string,
  machine: Machine,
  size: number,
  make: (contents: Contents, size: number) => Uint8Array,
  isPacked = false,
): Seed {
  const { contents, pages } = story(machine, size);
  const bytes = make(contents, size);
  const inFile = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  const starts = pages.flatMap((page) => {
    const start = inFile.indexOf(page, from);
    if (start >= 0) from = start + page.length;
    return start < 0 ? [] : [start];
  });
  return {
    name,
    kind: isPacked ? 'packed dat' : 'dat',
    bytes,
    littleEndian: machine.littleEndian,
    pages: isPacked ? undefined : { machine, size, starts },
    weight: name.includes('zlib') ? 15 : 60, // starting the unpacker takes ten times as long as the rest
  };
}

const PAGE = 4096;
const SMALL_PAGE = 512;

const made: readonly Seed[] = [
  dat('v6', X86_64, PAGE, (contents) => makeV6(contents)),
  dat('v6, longs of 4 bytes', LITTLE_32, PAGE, (contents) => makeV6(contents)),
  dat('v6, big endian', BIG_64, PAGE, (contents) => makeV6(contents)),
  dat('v6, big endian, longs of 4 bytes', BIG_32, PAGE, (contents) => makeV6(contents)),
  dat('v7', X86_64, SMALL_PAGE, (contents, size) => makeV7(contents, 'none', size)),
  dat('v7, big endian, longs of 4 bytes', BIG_32, SMALL_PAGE, (contents, size) => makeV7(contents, 'none', size)),
  dat('v7 zlib', X86_64, SMALL_PAGE, (contents, size) => makeV7(contents, 'zlib', size), true),
  dat('v7 zlib, big endian', BIG_64, SMALL_PAGE, (contents, size) => makeV7(contents, 'zlib', size), true),
  dat('v7 zstd', X86_64, SMALL_PAGE, (contents, size) => makeV7(contents, 'zstd', size), true),
];

/** A recording of a real kernel; half a megabyte of formats makes it slow, so it is taken rarely. */
const recorded: readonly Seed[] = [
  {
    name: 'v7 zstd of trace-cmd',
    kind: 'packed dat',
    bytes: recordingBytes('lab_drain.dat'),
    littleEndian: true,
    pages: undefined,
    weight: 1,
  },
];

/** The first whole lines of a text. */
function text(file: string, length = 6000, skip = 0): Seed {
  const all = recordingBytes(file);
  const start = skip === 0 ? 0 : all.indexOf(0x0a, skip) + 1;
  const end = all.lastIndexOf(0x0a, Math.min(start + length, all.length) - 1) + 1;
  return {
    name: `${file}, ${end - start} bytes from byte ${start}`,
    kind: 'text',
    bytes: all.slice(start, end),
    littleEndian: true,
    pages: undefined,
    weight: 30,
  };
}

const texts: readonly Seed[] = [
  text('drain.trace.txt', 20_000),
  text('trace_default.txt'),
  text('trace_fields.txt'),
  text('trace_latency.txt'),
  text('trace_noirq-info.txt'),
  text('trace_verbose.txt'),
  text('trace_pipe_lost.txt'),
  text('odd_trace.txt'),
  text('odd_report.txt'),
  text('report_lossy.txt'),
  text('drain.report.txt'),
  text('gmem_drain.txt'),
  text('lab_drain.pageref.txt'),
  text('s14_fifo.v8.txt'),
  text('two-cpu.txt'),
  text('perf_script.txt'),
  text('perf_chains.txt'),
];

const packedTexts: readonly Seed[] = [
  {
    name: 'two-cpu.txt.zst',
    kind: 'packed text',
    bytes: recordingBytes('two-cpu.txt.zst'),
    littleEndian: true,
    pages: undefined,
    weight: 10,
  },
  {
    name: 'two-cpu.txt.xz',
    kind: 'packed text',
    bytes: recordingBytes('two-cpu.txt.xz'),
    littleEndian: true,
    pages: undefined,
    weight: 10,
  },
  {
    name: 'drain.trace.txt.gz',
    kind: 'packed text',
    bytes: new Uint8Array(gzipSync(recordingBytes('drain.trace.txt'))),
    littleEndian: true,
    pages: undefined,
    weight: 10,
  },
];

export const SEEDS: readonly Seed[] = [...made, ...recorded, ...texts, ...packedTexts];
