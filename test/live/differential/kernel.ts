// SPDX-License-Identifier: MIT
// The real kernel as an executor of sequences: a child makes the calls, and a recording runs alongside.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KernelEvent } from '../../../src/ledger/index.ts';
import { findTracefs, removeDead, TraceInstance } from '../../../src/live/tracefs.ts';
import { memorySource, readTrace } from '../../../src/trace/index.ts';
import type { Reply, Request } from './child.ts';
import type { Event, Executor, Observed, SeenPage } from './observed.ts';
import type { Step } from './steps.ts';

const EVENTS = [
  'filemap/mm_filemap_add_to_page_cache',
  'filemap/mm_filemap_delete_from_page_cache',
  'pagemap/mm_lru_insertion',
];
/** Of the ring buffer of each CPU, in KiB: a sequence's insertions of the whole machine. */
const RING = 16 * 1024;

/** The calls of this machine's kernel. Everything is given back by `close()`; a killed one's instances go at the next start. */
export class RealKernel implements Executor {
  readonly #instance: TraceInstance;
  readonly #adds: TraceInstance;
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  readonly #gone: Promise<never>;

  constructor() {
    const tracefs = findTracefs();
    removeDead(tracefs);
    this.#instance = new TraceInstance(tracefs, 'differential');
    this.#adds = new TraceInstance(tracefs, 'additions');
    this.#instance.write('buffer_size_kb', String(RING));
    this.#instance.write('trace_clock', 'mono');
    for (const event of EVENTS) this.#instance.enable(event);
    // The child sets a filter for its file.
    this.#adds.enable('filemap/mm_filemap_add_to_page_cache', 'i_ino == 0');
    this.#child = fork(
      fileURLToPath(new URL('child.ts', import.meta.url)),
      [join(this.#instance.path, 'trace_marker'), join(this.#adds.path, 'trace_pipe')],
      { execArgv: ['--import', import.meta.resolve('tsx')], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    this.#ready = once(this.#child, 'message');
    this.#gone = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the process that makes the calls ended with ${code}`);
    });
    this.#gone.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async run(steps: readonly Step[]): Promise<readonly Observed[] | undefined> {
    await Promise.race([this.#ready, this.#gone]);
    this.#instance.write('trace', '');
    const reply = once(this.#child, 'message');
    const request: Request = { steps };
    this.#child.send(request);
    const [answer] = await Promise.race([reply, this.#gone]);
    const { ino, seen }: Reply = answer;
    const events: KernelEvent[] = [];
    const text = Buffer.from(this.#instance.read('trace'), 'latin1');
    const summary = await readTrace(memorySource('trace', new Uint8Array(text)), {
      onEvents: (batch) => events.push(...batch),
    });
    if (summary.lost.length > 0) return undefined;
    const windows = windowsOf(events, BigInt(ino), steps.length, this.pid);
    return seen.map((one, nth) => {
      const step = steps[nth];
      const window = windows[nth];
      if (step === undefined || window === undefined) throw new Error(`step ${nth} is not in the recording`);
      return {
        step,
        returned: one.returned,
        cached: one.cached,
        pages: orNone(one.pages),
        pins: orNone(one.pins),
        ...window,
      };
    });
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    this.#adds.close();
    this.#instance.close();
  }
}

const orNone = (pages: readonly (SeenPage | null)[]): readonly (SeenPage | undefined)[] =>
  pages.map((page) => page ?? undefined);

type Windows = Pick<Observed, 'before' | 'during' | 'looking' | 'moving'>;
type Phase = 'before' | 'during' | 'looking';

/** The events of each step, parted by its markers. */
function windowsOf(events: readonly KernelEvent[], inode: bigint, steps: number, pid: number): readonly Windows[] {
  const windows = Array.from({ length: steps }, () => ({
    before: [] as Event[],
    during: [] as Event[],
    looking: [] as Event[],
    moving: new Set<number>(),
  }));
  let [nth, phase]: [number, Phase] = [0, 'before'];
  /** Of each CPU the flush by another task that goes on, with the step in which it began. */
  const flushes = new Map<number, { readonly pid: number; readonly nth: number; readonly phase: Phase }>();
  for (const event of events) {
    if (event.type === 'loss') continue;
    if (event.type === 'marker' && event.pid === pid) {
      const number = Number(event.text.slice(1));
      if (event.text.startsWith('b')) [nth, phase] = [number, 'during'];
      else if (event.text.startsWith('e')) [nth, phase] = [number, 'looking'];
      else if (event.text.startsWith('o')) [nth, phase] = [number + 1, 'before'];
    }
    const { cpu } = event;
    if (event.type !== 'mm_lru_insertion') flushes.delete(cpu);
    if (event.type === 'mm_filemap_add_to_page_cache' && event.ino === inode)
      windows[nth]?.[phase].push({ type: 'add', cpu, pid: event.pid, index: event.index, pfn: event.pfn });
    if (event.type !== 'mm_lru_insertion') continue;
    // A flush on another CPU goes on while we take further steps: it is of the step in which it began.
    const last = flushes.get(cpu);
    const flush = last?.pid === event.pid && event.pid !== pid ? last : { pid: event.pid, nth, phase };
    flushes.set(cpu, flush);
    windows[flush.nth]?.[flush.phase].push({
      type: 'insertion',
      cpu,
      pid: event.pid,
      pfn: event.pfn,
      isWork: event.comm?.startsWith('kworker/') === true,
    });
    if (flush.nth !== nth || phase === 'looking')
      for (let step = flush.nth; step <= nth; step++) windows[step]?.moving.add(event.pfn);
  }
  return windows;
}
