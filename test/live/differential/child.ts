// SPDX-License-Identifier: MIT
// Makes the calls on the real kernel, in a process of its own: the process that compares allocates memory, and would fill the
// batches that are looked at. Here everything that a look needs is allocated before.
//
//   node child.ts MARKER PIPE     sequences come as messages, and what was seen goes back
import { fstatSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KPF } from '../../../src/abi/index.ts';
import { loadNative } from '../../../src/live/index.ts';
import { Caller } from './caller.ts';
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
  readonly #caller: Caller;
  readonly #frames = new Float64Array(PAGES);
  readonly #pinned = new Float64Array(PINS);

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  step(nth: number, step: Step): void {
    writeSync(mark, `b${nth}`);
    const returned = this.#caller.make(step);
    writeSync(mark, `e${nth}`);
    takeAdds(this.#frames);
    if (step.call === 'punch') this.#frames.fill(0, step.start, step.start + step.pages);
    if (step.call === 'pin') this.#pinned[step.pin] = this.#frames[step.page] ?? 0;
    if (step.call === 'unpin') this.#pinned[step.pin] = 0;
    const at = nth * COLUMNS;
    table[at] = returned;
    this.#look(at + 2, this.#frames);
    this.#look(at + 2 + ROW * PAGES, this.#pinned);
    table[at + 1] = native.cached(process.pid, this.#caller.memory.fd);
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
}

function seenPage(at: number): SeenPage | null {
  const pfn = table[at] ?? 0;
  if (pfn === 0) return null;
  const bits = table[at + 1] ?? 0;
  const has = (bit: bigint): boolean => ((bits >>> Number(bit)) & 1) === 1;
  return { pfn, lru: has(KPF.LRU), unevictable: has(KPF.UNEVICTABLE), mapped: table[at + 2] ?? 0 };
}

function run({ steps }: Request): Reply {
  const caller = new Caller(native);
  try {
    const { cpus, memory } = caller;
    const { ino } = fstatSync(memory.fd, { bigint: true });
    writeFileSync(addFilter, `i_ino == ${ino}`);
    takeAdds(new Float64Array(PAGES));
    const one = new Run(caller);
    cpus.drain(cpus.allowed);
    cpus.moveTo(cpus.allowed[0] ?? 0);
    writeSync(mark, 'begin');
    for (const [nth, step] of steps.entries()) one.step(nth, step);
    return { ino: `0x${ino.toString(16)}`, seen: steps.map((_, nth) => seenAt(nth * COLUMNS)) };
  } finally {
    caller.close();
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
