// SPDX-License-Identifier: MIT
// Makes the calls on the real kernel, in a process of its own: the process that compares allocates memory, and would fill the
// batches that are looked at. Here everything that a look needs is allocated before.
//
//   node child.ts MARKER PIPE     sequences come as messages, and what was seen goes back
import { closeSync, fstatSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KPF,
  MADV_DONTNEED,
  POSIX_FADV_DONTNEED,
} from '../../../src/abi/index.ts';
import { Cpus, GuestMemory, loadNative, Vm } from '../../../src/live/index.ts';
import type { SeenPage } from './observed.ts';
import { PAGES, PINS, type Step } from './steps.ts';

export interface Request {
  readonly steps: readonly Step[];
}
/** What was seen after each step, in the steps' order. */
export interface Reply {
  readonly ino: string;
  readonly seen: readonly {
    readonly returned: number;
    readonly cached: number;
    readonly pages: readonly (SeenPage | null)[];
    readonly pins: readonly (SeenPage | null)[];
  }[];
}

const [marker = '', addPipe = ''] = process.argv.slice(2);
/** Of the events of that pipe. */
const addFilter = join(dirname(addPipe), 'events/filemap/mm_filemap_add_to_page_cache/filter');
const native = await loadNative();
const mark = openSync(marker, 'w');
/** O_NONBLOCK. */
const adds = openSync(addPipe, 0o4_000);
const [flags, counts] = [openSync('/proc/kpageflags', 'r'), openSync('/proc/kpagecount', 'r')];
const program = openSync(process.execPath, 'r');
const cell = new Uint32Array(2);
const cellBytes = new Uint8Array(cell.buffer);
const text = Buffer.alloc(64 * 1024);
/** A row of a page: its frame, flags and mappings. */
const ROW = 3;
const COLUMNS = 2 + ROW * (PAGES + PINS);
const MOST_STEPS = 1024;
const table = new Float64Array(MOST_STEPS * COLUMNS);

/** The lower half of a page's entry. */
function entry(fd: number, pfn: number): number {
  readSync(fd, cellBytes, 0, 8, pfn * 8);
  return cell[0] ?? 0;
}

const ADD = /ofs=(\d+)/;
const FRAME = /pfn=0x([0-9a-f]+)/;

/** Page frames of the pages that were added since the last time. */
function takeAdds(frames: Float64Array): void {
  for (let rest = ''; ; ) {
    let got: number;
    try {
      got = readSync(adds, text, 0, text.length, null);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return;
      throw error;
    }
    if (got === 0) return;
    const lines = (rest + text.toString('latin1', 0, got)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [offset, frame] = [ADD.exec(line)?.[1], FRAME.exec(line)?.[1]];
      if (offset !== undefined && frame !== undefined)
        frames[Number(offset) / native.pageSize] = Number.parseInt(frame, 16);
    }
  }
}

class Run {
  readonly #cpus: Cpus;
  readonly #memory: GuestMemory;
  readonly #frames = new Float64Array(PAGES);
  readonly #pinned = new Float64Array(PINS);
  readonly #pipes: readonly { readonly read: number; readonly write: number }[];

  constructor(cpus: Cpus, memory: GuestMemory, pipes: Run['pipes']) {
    this.#cpus = cpus;
    this.#memory = memory;
    this.#pipes = pipes;
  }

  get pipes(): readonly { readonly read: number; readonly write: number }[] {
    return this.#pipes;
  }

  step(nth: number, step: Step): void {
    writeSync(mark, `b${nth}`);
    const returned = this.#make(step);
    writeSync(mark, `e${nth}`);
    takeAdds(this.#frames);
    if (step.call === 'punch') this.#frames.fill(0, step.start, step.start + step.pages);
    if (step.call === 'pin') this.#pinned[step.pin] = this.#frames[step.page] ?? 0;
    if (step.call === 'unpin') this.#pinned[step.pin] = 0;
    const at = nth * COLUMNS;
    table[at] = returned;
    this.#look(at + 2, this.#frames);
    this.#look(at + 2 + ROW * PAGES, this.#pinned);
    table[at + 1] = native.cached(process.pid, this.#memory.fd);
    writeSync(mark, `o${nth}`);
  }

  #look(from: number, frames: Float64Array): void {
    let at = from;
    for (const frame of frames) {
      table[at] = frame;
      if (frame !== 0) {
        table[at + 1] = entry(flags, frame);
        table[at + 2] = entry(counts, frame);
      }
      at += ROW;
    }
  }

  #make(step: Step): number {
    const memory = this.#memory;
    switch (step.call) {
      case 'move':
        this.#cpus.moveTo(this.#cpus.allowed[step.cpu] ?? 0);
        return 0;
      case 'touch':
        return Math.min(0, memory.touch(step.start, step.pages));
      case 'fallocate':
        return memory.allocate(step.start, step.pages);
      case 'punch':
        return memory.punch(step.start, step.pages);
      case 'mlock':
        return memory.mlock(step.start, step.pages);
      case 'munlock':
        return memory.munlock(step.start, step.pages);
      case 'dontneed':
        return native.madvise(memory.at(step.start), step.pages * native.pageSize, MADV_DONTNEED);
      case 'drain':
        return this.#cpus.drainHere();
      case 'drain-all':
        return native.fadvise(program, 0, native.pageSize, POSIX_FADV_DONTNEED);
      case 'pin':
        return Math.min(0, memory.pin(this.#pipes[step.pin]?.write ?? -1, step.page, 1));
      case 'unpin':
        return readSync(this.#pipes[step.pin]?.read ?? -1, text, 0, native.pageSize, null) > 0 ? 0 : -1;
    }
  }
}

function seenPage(at: number): SeenPage | null {
  const pfn = table[at] ?? 0;
  if (pfn === 0) return null;
  const bits = table[at + 1] ?? 0;
  const has = (bit: bigint): boolean => ((bits >>> Number(bit)) & 1) === 1;
  return { pfn, lru: has(KPF.LRU), unevictable: has(KPF.UNEVICTABLE), mapped: table[at + 2] ?? 0 };
}

function run({ steps }: Request): Reply {
  const opened: (() => void)[] = [];
  try {
    const vm = new Vm(native);
    opened.push(() => vm.close());
    const memory = new GuestMemory(native, vm, PAGES, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
    opened.push(() => memory.close());
    const cpus = new Cpus(native);
    opened.push(() => cpus.close());
    const pipes = Array.from({ length: PINS }, () => {
      const pipe = native.pipe();
      if (typeof pipe === 'number') throw new Error(`no pipe: ${pipe}`);
      opened.push(() => {
        closeSync(pipe.read);
        closeSync(pipe.write);
      });
      return pipe;
    });
    const { ino } = fstatSync(memory.fd, { bigint: true });
    writeFileSync(addFilter, `i_ino == ${ino}`);
    takeAdds(new Float64Array(PAGES));
    const one = new Run(cpus, memory, pipes);
    cpus.drain(cpus.allowed);
    cpus.moveTo(cpus.allowed[0] ?? 0);
    writeSync(mark, 'begin');
    for (const [nth, step] of steps.entries()) one.step(nth, step);
    return { ino: `0x${ino.toString(16)}`, seen: steps.map((_, nth) => seenAt(nth * COLUMNS)) };
  } finally {
    for (const close of opened.toReversed()) close();
  }
}

function seenAt(at: number): Reply['seen'][number] {
  const rows = (from: number, count: number): readonly (SeenPage | null)[] =>
    Array.from({ length: count }, (_, nth) => seenPage(from + ROW * nth));
  const [returned = 0, cached = 0] = [table[at], table[at + 1]];
  return { returned, cached, pages: rows(at + 2, PAGES), pins: rows(at + 2 + ROW * PAGES, PINS) };
}

process.on('message', (request: Request) => {
  process.send?.(run(request));
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => process.exit());
process.send?.('ready');
