// SPDX-License-Identifier: MIT
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { machine, release, version as kernelVersion } from 'node:os';
import { dirname, join } from 'node:path';
import { KVM_CREATE_GUEST_MEMFD, KVM_SET_MEMORY_ATTRIBUTES2, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from '../abi/index.ts';
import { InputError } from '../ledger/index.ts';
import { type Output, type PageLayout, parsePageLayout, writeTraceDat } from '../trace/index.ts';
import { zstdPacker } from './compress.ts';
import { codeOf } from './error-code.ts';
import { Vm } from './kvm.ts';
import { errorName, type Native } from './native.ts';
import { eventsIn, lostBefore } from './ring-page.ts';
import { type Dropped, Spool } from './spool.ts';
import { TraceInstance } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';

/** Which events are recorded. */
export type EventSet = 'minimal' | 'full' | 'page-ref';
export const EVENT_SETS: readonly EventSet[] = ['minimal', 'full', 'page-ref'];

export interface RecorderOptions {
  readonly events: EventSet;
  /** Largest number of bytes of pages to keep. */
  readonly limit: number;
  /** Size of the ring buffer of each CPU, in KiB. */
  readonly ringKilobytes: number;
  /** Version of the program, for the file. */
  readonly version: string;
}

/** Recording of one CPU. */
interface RecordedCpu {
  readonly cpu: number;
  readonly pages: number;
  readonly events: number;
  /** Events that the kernel overwrote before they were read, as the pages say; undefined if some number is not known. */
  readonly lost: number | undefined;
  readonly dropped: Readonly<Dropped> | undefined;
}

export interface Recorded {
  readonly cpus: readonly RecordedCpu[];
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** Names of the events; whether those of other files than guest_memfds were left out. */
  readonly events: readonly string[];
  readonly filtered: boolean;
  readonly packedBy: string;
}

/** An event with its filter, if it has one. */
interface Wanted {
  readonly event: string;
  readonly filter?: string | undefined;
}

/** Without them there is no answer. */
const NEEDED = [
  'filemap/mm_filemap_add_to_page_cache',
  'filemap/mm_filemap_delete_from_page_cache',
  'pagemap/mm_lru_insertion',
];
/**
 * LRU_UNEVICTABLE is the list of every guest_memfd folio. A folio that left the page cache while it waited goes to
 * LRU_INACTIVE_FILE, or to LRU_ACTIVE_FILE if it had been used twice. include/linux/mmzone.h, mm/swap.c:
 * folio_mark_accessed(), 6.18
 */
const INSERTED = 'lru == 4 || lru == 2 || lru == 3';
const PIPE_BYTES = 1024 * 1024;

/**
 * Records the events of all CPUs into memory, from an instance of its own. Whole sub-buffers are taken by splice(2):
 * a read(2) would take a sub-buffer that the kernel still fills, and the file would be full of half-empty pages.
 */
export class Recorder {
  readonly #native: Native;
  readonly #options: RecorderOptions;
  readonly #tracefs: string;
  readonly #instance: TraceInstance;
  readonly #layout: PageLayout;
  readonly #spool: Spool;
  readonly #staging: Uint8Array;
  readonly #raw: { readonly cpu: number; readonly fd: number }[] = [];
  readonly #pipe: { readonly read: number; readonly write: number };
  readonly #wanted: readonly Wanted[];
  /** Descriptors to close, besides the instance's own. */
  readonly #open: number[] = [];
  readonly #clock: string;
  /** Whether adds of other files than guest_memfds are left out. */
  readonly #isFiltered: boolean;

  /**
   * Starts recording.
   * @throws UnavailableError if this machine lacks what the events need.
   */
  constructor(native: Native, tracefs: string, options: RecorderOptions) {
    this.#native = native;
    this.#tracefs = tracefs;
    this.#options = options;
    this.#instance = new TraceInstance(tracefs, 'record');
    try {
      this.#wanted = wantedEvents(native, this.#instance, options.events);
      const place = { error: (what: string) => new InputError(`${tracefs}/events/header_page: ${what}`) };
      this.#layout = parsePageLayout(place, readFileSync(join(tracefs, 'events/header_page'), 'latin1'));
      this.#spool = new Spool(this.#layout, options.limit);
      this.#staging = new Uint8Array(PIPE_BYTES).fill(0);
      const pipe = native.pipe();
      if (typeof pipe === 'number') throw new UnavailableError(`no pipe (${errorName(pipe)})`, 'close descriptors');
      this.#pipe = pipe;
      this.#open.push(pipe.read, pipe.write);
      native.setPipeSize(pipe.write, PIPE_BYTES);
      this.#clock = this.#setUp();
      for (const name of readdirSync(join(this.#instance.path, 'per_cpu')).toSorted(byNumber)) {
        const path = join(this.#instance.path, 'per_cpu', name, 'trace_pipe_raw');
        const fd = openSync(path, RAW_FLAGS);
        this.#open.push(fd);
        this.#raw.push({ cpu: Number(name.slice('cpu'.length)), fd });
      }
      let isFiltered = false;
      for (const { event, filter } of this.#wanted) {
        const isUnderstood = this.#instance.enable(event, filter);
        if (event === NEEDED[0]) isFiltered = isUnderstood && filter !== undefined;
      }
      this.#isFiltered = isFiltered;
      if (options.events === 'page-ref') this.#instance.write('options/stacktrace', '1');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #setUp(): string {
    const { ringKilobytes } = this.#options;
    this.#instance.write('buffer_size_kb', String(ringKilobytes));
    // Its times are comparable across CPUs, unlike those of the default clock.
    const clocks = this.#instance.read('trace_clock');
    if (/\bmono\b/.test(clocks)) this.#instance.write('trace_clock', 'mono');
    return /\[(\S+)\]/.exec(this.#instance.read('trace_clock'))?.[1] ?? 'local';
  }

  /** A file that takes markers for this recording. */
  get marker(): string {
    return join(this.#instance.path, 'trace_marker');
  }

  /** Takes the whole sub-buffers that have filled. */
  poll(): void {
    for (const { cpu, fd } of this.#raw)
      for (;;) {
        const taken = this.#native.splice(fd, this.#pipe.write, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (taken <= 0) break;
        for (let got = 0; got < taken; ) got += readSync(this.#pipe.read, this.#staging, got, taken - got, null);
        this.#take(cpu, taken);
      }
  }

  #take(cpu: number, length: number): void {
    const { pageSize } = this.#layout;
    for (let at = 0; at < length; at += pageSize) this.#spool.add(cpu, this.#staging.subarray(at, at + pageSize));
  }

  /** Stops recording, and takes the rest: sub-buffers that are filled in part come by read(2). */
  stop(): void {
    this.#instance.write('tracing_on', '0');
    this.poll();
    const { pageSize } = this.#layout;
    for (const { cpu, fd } of this.#raw)
      for (;;) {
        let got: number;
        try {
          got = readSync(fd, this.#staging, 0, pageSize, null);
        } catch (error) {
          if (codeOf(error) === 'EAGAIN') break;
          throw error;
        }
        if (got <= 0) break;
        this.#staging.fill(0, got, pageSize);
        this.#take(cpu, pageSize);
      }
  }

  /** Writes what was recorded as a trace.dat. After {@link stop}. */
  write(path: string): Recorded {
    const { pack, by } = zstdPacker(this.#native);
    const file = openOutput(path);
    try {
      const cpus = this.#raw.map(({ cpu }) => ({
        cpu,
        pages: this.#spool.pagesOf(cpu),
        stats: this.#instance.read(`per_cpu/cpu${cpu}/stats`),
      }));
      const systems = [...new Set(this.#wanted.map(({ event }) => event.split('/')[0] ?? ''))];
      const top = (name: string): string => this.#top(name);
      const bytes = writeTraceDat(
        file,
        {
          headerPage: top('events/header_page'),
          headerEvent: top('events/header_event'),
          ftraceFormats: this.#formats('ftrace'),
          systems: systems.map((name) => ({ name, formats: this.#formats(name) })),
          // Names of functions: needed for stacks, and to recognise a worker of a drain. 5 MB.
          kallsyms: this.#options.events === 'minimal' ? '' : readFileSync('/proc/kallsyms', 'latin1'),
          printkFormats: top('printk_formats'),
          taskNames: top('saved_cmdlines'),
          pageSize: this.#native.pageSize,
          ringPageSize: this.#layout.pageSize,
          clock: this.#clock,
          clocks: this.#instance.read('trace_clock'),
          uname: `Linux ${release()} ${kernelVersion()} ${machine()}`,
          version: `folioscope ${this.#options.version} recorded ${this.#wanted.map(({ event }) => event.replace('/', ':')).join(' ')}`,
          buffers: [{ name: '', cpus }],
        },
        pack,
      );
      return {
        cpus: cpus.map(({ cpu, pages }) => ({
          cpu,
          pages: pages.length,
          events: pages.reduce((sum, page) => sum + eventsIn(page, this.#layout), 0),
          lost: this.#lostOf(cpu, pages),
          dropped: this.#spool.dropped.get(cpu),
        })),
        bytes,
        events: this.#wanted.map(({ event }) => event),
        filtered: this.#isFiltered,
        packedBy: by,
      };
    } finally {
      file.close();
    }
  }

  #lostOf(cpu: number, pages: readonly Uint8Array[]): number | undefined {
    // The first page also records the dropped events.
    const dropped = this.#spool.dropped.get(cpu);
    const all = pages.reduce<number | undefined>((sum, page) => {
      const lost = lostBefore(page, this.#layout);
      return sum === undefined || lost === undefined ? undefined : sum + lost;
    }, 0);
    return all === undefined ? undefined : all - (dropped?.events ?? 0);
  }

  #top(name: string): string {
    try {
      return readFileSync(join(this.#tracefs, name), 'latin1');
    } catch {
      // Task names and texts: without them the events are still valid.
      return '';
    }
  }

  /** Formats of a system's events: all events of `ftrace`, and the recorded events of other systems. */
  #formats(system: string): readonly string[] {
    const events =
      system === 'ftrace'
        ? readdirSync(join(this.#tracefs, 'events', system)).filter((name) =>
            existsSync(join(this.#tracefs, 'events', system, name, 'format')),
          )
        : this.#wanted.map(({ event }) => event.split('/')).flatMap(([of, name = '']) => (of === system ? [name] : []));
    return events.map((event) => readFileSync(join(this.#tracefs, 'events', system, event, 'format'), 'latin1'));
  }

  /** Number of folios that entered the page cache, by the kernel's counts. After {@link stop}. */
  countAdds(): number {
    const id = Number(this.#instance.read(`events/${NEEDED[0]}/id`));
    return this.#raw.reduce(
      (sum, { cpu }) => sum + this.#spool.pagesOf(cpu).reduce((all, page) => all + eventsIn(page, this.#layout, id), 0),
      0,
    );
  }

  /** Removes the instance, with its buffers and settings. */
  close(): void {
    for (const fd of this.#open.splice(0)) closeSync(fd);
    this.#instance.close();
  }
}

/** O_RDONLY, O_NONBLOCK. */
const RAW_FLAGS = 0o4_000;

const byNumber = (a: string, b: string): number => Number(a.slice('cpu'.length)) - Number(b.slice('cpu'.length));

function wantedEvents(native: Native, instance: TraceInstance, events: EventSet): readonly Wanted[] {
  const missing = NEEDED.filter((event) => !instance.hasEvent(event));
  if (missing.length > 0)
    throw new UnavailableError(
      `this kernel has no event ${missing.join(', ')}`,
      'a kernel with CONFIG_TRACING and its mm events',
    );
  const have = (names: readonly string[]): readonly Wanted[] =>
    names.filter((event) => instance.hasEvent(event)).map((event) => ({ event }));
  if (events === 'minimal') {
    const device = deviceOfGuestMemfd(native);
    const ofDevice = device === undefined ? undefined : `s_dev == ${device}`;
    const calls = [KVM_SET_MEMORY_ATTRIBUTES2, KVM_CREATE_GUEST_MEMFD].map((number) => `cmd == ${number}`);
    return [
      { event: 'filemap/mm_filemap_add_to_page_cache', filter: ofDevice },
      { event: 'filemap/mm_filemap_delete_from_page_cache', filter: ofDevice },
      { event: 'pagemap/mm_lru_insertion', filter: INSERTED },
      ...have(['syscalls/sys_enter_ioctl']).map((one) => ({ ...one, filter: calls.join(' || ') })),
      ...have(['syscalls/sys_exit_ioctl']),
    ];
  }
  const { have: recorded } = eventsOfSet(instance, events);
  if (events === 'page-ref' && !recorded.some((event) => event.startsWith('page_ref/')))
    throw new UnavailableError('this kernel has no page_ref events', `${DEBUG_PAGE_REF}; --events full works without`);
  return recorded.map((event) => ({ event }));
}

const DEBUG_PAGE_REF = 'a kernel with CONFIG_DEBUG_PAGE_REF';
const CALLS = ['enter_ioctl', 'exit_ioctl', 'enter_fallocate', 'exit_fallocate'].map((name) => `syscalls/sys_${name}`);
const WORKS = ['queue_work', 'execute_start', 'execute_end'].map((name) => `workqueue/workqueue_${name}`);
const REFERENCES = ['set', 'mod', 'mod_and_test', 'mod_and_return', 'mod_unless', 'freeze', 'unfreeze'].map(
  (name) => `page_ref/page_ref_${name}`,
);

/** The events of a set that this kernel has, those that the set adds, and those of them that it lacks. */
export function eventsOfSet(
  instance: TraceInstance,
  set: EventSet,
): {
  readonly have: readonly string[];
  readonly added: readonly string[];
  readonly lack: readonly string[];
  readonly enable: string;
} {
  const sets = { minimal: NEEDED, full: [...CALLS, ...WORKS], 'page-ref': REFERENCES };
  const all = set === 'minimal' ? NEEDED : [...NEEDED, ...sets.full, ...(set === 'full' ? [] : REFERENCES)];
  const enables = {
    minimal: 'a kernel with CONFIG_TRACING and its mm events',
    full: 'a kernel with CONFIG_FTRACE_SYSCALLS and workqueue events',
    'page-ref': DEBUG_PAGE_REF,
  };
  return {
    have: all.filter((event) => instance.hasEvent(event)),
    added: sets[set],
    lack: sets[set].filter((event) => !instance.hasEvent(event)),
    enable: enables[set],
  };
}

/**
 * The device number of guest_memfd's inodes, as events have it; undefined if none can be made here. A recording of its
 * events only is small, and does not record itself.
 */
function deviceOfGuestMemfd(native: Native): number | undefined {
  let vm: Vm | undefined;
  try {
    vm = new Vm(native);
    const fd = vm.createGuestMemfd(BigInt(native.pageSize), 0n);
    if (fd < 0) return undefined;
    const { dev } = fstatSync(fd);
    closeSync(fd);
    // For an anonymous device the major number is 0, and the encodings of stat and of the kernel agree.
    return dev < 256 ? dev : undefined;
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  } finally {
    vm?.close();
  }
}

/** Checks before a recording that its file can be written. @throws InputError */
export function checkWritable(path: string): void {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${codeOf(error)}`);
  }
}

/** A file to write to. @throws InputError if it cannot be written. */
function openOutput(path: string): Output & { close(): void } {
  let position = 0;
  try {
    const fd = openSync(path, 'w');
    return {
      get position() {
        return position;
      },
      write: (bytes) => {
        for (let done = 0; done < bytes.byteLength; )
          done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
        position += bytes.byteLength;
      },
      patch: (at, bytes) => void writeSync(fd, bytes, 0, bytes.byteLength, at),
      close: () => closeSync(fd),
    };
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${codeOf(error)}`);
  }
}
