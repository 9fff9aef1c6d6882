// SPDX-License-Identifier: MIT
import { DEFAULT_PAGE_SIZE } from '../../abi/index.ts';
import type { KernelEvent, Loss } from '../../ledger/index.ts';
import {
  type BufferPages,
  type ByteSource,
  EventRecords,
  HEADER_EVENT,
  HEADER_PAGE,
  InputError,
  type Output,
  type Pack,
  readTrace,
  type Redactor,
  RING_PAGE_BYTES,
  RingPages,
  type TraceSummary,
  writeTraceDat,
} from '../../trace/index.ts';
import { Plan } from './plan.ts';
import { Reducing } from './reducing.ts';

/** Keeps ring-buffer pages of {@link RING_PAGE_BYTES} bytes until all are written: in a file, because there may be gigabytes. */
export interface PageStore {
  /** Number of pages. */
  readonly count: number;
  /** Takes a copy. */
  add(page: Uint8Array): void;
  /** Valid until the next call. */
  at(place: number): Uint8Array;
}

/** Where a reduced recording goes, and what of it. */
export interface ReducedOptions {
  readonly out: Output;
  readonly pack: Pack;
  readonly store: PageStore;
  /** What the file says of its maker: `folioscope 0.1.0`. */
  readonly madeBy: string;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Replaces what identifies; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  /** Progress callback with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** What was written. */
export interface WrittenTrace {
  /** Of the recording, redacted if that was asked for. */
  readonly trace: TraceSummary;
  /** Number of kept events. */
  readonly events: number;
  readonly bytes: number;
}

/**
 * Writes a trace.dat with only what `explain` needs of a recording: events of folios that may be a guest_memfd's, insertions,
 * markers, conversions, drains, losses, the release of the kernel, and names of the tasks that occur. `explain` gives the same answer
 * for both, except for the number of events. The recording is read twice; memory holds a bit for each page frame.
 * @throws InputError if it is no trace.dat, or nothing can be read from it.
 * @example
 * import { exportTrace } from 'folioscope/export';
 * import { InputError, memorySource } from 'folioscope/trace';
 * const text = ' vmm-1 [001] ..... 1.000001: mm_lru_insertion: folio=00000000d1fa36bb pfn=0x7 lru=4 flags= f    ';
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const pages: Uint8Array[] = [];
 * const store = { count: 0, add: (page: Uint8Array) => void pages.push(page.slice()), at: (place: number) => pages[place]! };
 * const out = { position: 0, write: () => {}, patch: () => {} };
 * const pack = (bytes: Uint8Array) => bytes;
 * const refused = await exportTrace(source, { out, pack, store, madeBy: 'an example' }).catch((error: unknown) => error);
 * refused instanceof InputError; // => true
 */
export async function exportTrace(source: ByteSource, options: ReducedOptions): Promise<WrittenTrace> {
  const { buffer, redactor, onProgress } = options;
  const share = (from: number) => (done: number) => onProgress?.(from + done / 2);
  const plan = new Plan();
  const first = await readTrace(source, {
    buffer,
    redactor,
    scheduling: true,
    onEvents: (events) => {
      for (const event of events) plan.see(event);
    },
    onProgress: share(0),
  });
  if (!first.format.startsWith('trace.dat'))
    throw new InputError(
      `${source.name}: is ${first.format}, expected a trace.dat; of a text, --redact with explain, query or --parquet leaves nothing that identifies`,
    );
  const pages = new Pages(options.store, first);
  const records = new EventRecords();
  let events = 0;
  const keep = (event: Exclude<KernelEvent, Loss>): void => {
    events++;
    const ring = pages.of(event);
    ring.add(event.at, records.of(event));
    const stack = records.stackOf(event);
    if (stack !== undefined) ring.add(event.at, stack);
  };
  const reducing = new Reducing(plan, keep);
  pages.frame(records, first.from);
  const trace = await readTrace(source, {
    buffer,
    redactor,
    // As explain reads them.
    scheduling: plan.hasDrains,
    onEvents: (some) => {
      for (const event of some) {
        if (event.type !== 'loss') {
          reducing.event(event);
          continue;
        }
        reducing.lost(event);
        const ring = pages.of(event);
        ring.lost(event.events);
        if (event.at !== undefined) ring.add(event.at, records.nothing());
      }
    },
    onProgress: share(0.5),
  });
  reducing.finish();
  pages.frame(records, trace.to);
  return { trace, events, bytes: writeFile(options, { trace, records, buffers: pages.finish() }) };
}

/** The pages of all CPUs and buffers. */
class Pages {
  readonly #store: PageStore;
  readonly #buffers: readonly string[];
  readonly #cpus: TraceSummary['cpus'];
  readonly #rings = new Map<string, { readonly ring: RingPages; readonly places: number[] }>();

  constructor(store: PageStore, { buffers, cpus }: TraceSummary) {
    this.#store = store;
    this.#buffers = buffers ?? [''];
    this.#cpus = cpus;
  }

  of({ cpu, buffer = '' }: Pick<Loss, 'cpu' | 'buffer'>): RingPages {
    return this.#of(buffer, cpu).ring;
  }

  #of(buffer: string, cpu: number): { readonly ring: RingPages; readonly places: number[] } {
    const key = `${cpu} ${buffer}`;
    const known = this.#rings.get(key);
    if (known !== undefined) return known;
    const places: number[] = [];
    const ring = new RingPages((page) => {
      places.push(this.#store.count);
      this.#store.add(page);
    });
    const made = { ring, places };
    this.#rings.set(key, made);
    return made;
  }

  /** The first or last record of the recording, whatever it was. */
  frame(records: EventRecords, at: TraceSummary['from']): void {
    const [buffer = ''] = this.#buffers;
    const [cpu = 0] = this.#cpus;
    if (at !== undefined) this.#of(buffer, cpu).ring.add(at, records.nothing());
  }

  finish(): readonly BufferPages[] {
    return this.#buffers.map((name) => ({
      name,
      cpus: this.#cpus.map((cpu) => {
        const { ring, places } = this.#of(name, cpu);
        ring.flush();
        return { cpu, stats: '', pages: pagesAt(this.#store, places) };
      }),
    }));
  }
}

function* pagesAt(store: PageStore, places: readonly number[]): Generator<Uint8Array> {
  for (const place of places) yield store.at(place);
}

function writeFile(
  { out, pack, madeBy }: ReducedOptions,
  {
    trace,
    records,
    buffers,
  }: { readonly trace: TraceSummary; readonly records: EventRecords; readonly buffers: readonly BufferPages[] },
): number {
  const { clock = 'local', countsTime, recordedOn, recordedEvents, pageSize = DEFAULT_PAGE_SIZE } = trace;
  const formats = records.formats;
  return writeTraceDat(
    out,
    {
      headerPage: HEADER_PAGE,
      headerEvent: HEADER_EVENT,
      ftraceFormats: formats.get('ftrace') ?? [],
      systems: [...formats].flatMap(([name, texts]) => (name === 'ftrace' ? [] : [{ name, formats: texts }])),
      kallsyms: records.kallsyms,
      printkFormats: '',
      taskNames: records.taskNames,
      pageSize,
      ringPageSize: RING_PAGE_BYTES,
      clock,
      clocks: trace.clock === undefined ? '' : `[${clock}]`,
      uname: recordedOn,
      version: recordedEvents === undefined ? madeBy : `${madeBy} recorded ${recordedEvents.join(' ')}`,
      // The times are nanoseconds already.
      tsc: clock === 'x86-tsc' && !countsTime ? { mult: 1, shift: 0 } : undefined,
      buffers,
    },
    pack,
  );
}
