// SPDX-License-Identifier: MIT
import { HOST_IS_LITTLE_ENDIAN } from '../../host-order.ts';
import { Bytes } from './bytes.ts';

/** A file that is written sequentially, with places that are filled in later. */
export interface Output {
  readonly position: number;
  write(bytes: Uint8Array): void;
  /** Writes over bytes that were written before. */
  patch(position: number, bytes: Uint8Array): void;
}

/** Packs bytes into one zstd frame: the only packing that every trace-cmd of a distribution reads. */
export type Pack = (bytes: Uint8Array) => Uint8Array;

/** One buffer of events. */
export interface BufferPages {
  /** '' is the top one, which comes first. */
  readonly name: string;
  readonly cpus: readonly {
    readonly cpu: number;
    readonly pages: Iterable<Uint8Array>;
    /** Its file `stats`. */
    readonly stats: string;
  }[];
}

/** Content of a trace.dat; texts are those of tracefs. */
export interface TraceDat {
  readonly headerPage: string;
  readonly headerEvent: string;
  /** Formats of the events of `ftrace`, and of the other systems. */
  readonly ftraceFormats: readonly string[];
  readonly systems: readonly { readonly name: string; readonly formats: readonly string[] }[];
  readonly kallsyms: string;
  readonly printkFormats: string;
  readonly taskNames: string;
  /** Size of a page of the machine in bytes, and of a page of the ring buffer. */
  readonly pageSize: number;
  readonly ringPageSize: number;
  /** Name of the trace clock, and the file of tracefs with all of them. */
  readonly clock: string;
  readonly clocks: string;
  /** As `uname -a` without the name of the machine; undefined if it is not known. */
  readonly uname: string | undefined;
  readonly version: string;
  /** How cycles become nanoseconds (option TSC2NSEC); undefined if times are nanoseconds or counts. */
  readonly tsc?: { readonly mult: number; readonly shift: number } | undefined;
  readonly buffers: readonly BufferPages[];
}

/** Option and section ids, trace-cmd.dat.v7(5). */
const ID = {
  done: 0,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  cpuCount: 8,
  version: 9,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  cmdlines: 21,
} as const;

const PACKED = 1;
/** Pages that are packed together: PAGES_IN_CHUNK of trace-cmd. A reader unpacks one chunk at a time. */
const CHUNK_PAGES = 10;

const bytes = (): Bytes => new Bytes();

/**
 * Writes a trace.dat of version 7, as trace-cmd reads it.
 * @param pack packs bytes into one zstd frame.
 * @returns the number of bytes.
 * @example
 * import { EventRecords, HEADER_EVENT, HEADER_PAGE, RING_PAGE_BYTES, RingPages, writeTraceDat } from 'folioscope/trace';
 * import { cpu, nanoseconds, order, pfn } from 'folioscope/ledger';
 * const records = new EventRecords();
 * const pages: Uint8Array[] = [];
 * const ring = new RingPages((page) => void pages.push(page.slice()));
 * const at = nanoseconds(5n);
 * ring.add(at, records.of({ type: 'mm_page_free', at, cpu: cpu(0), pid: 7, comm: 'vmm', pfn: pfn(1), order: order(0) }));
 * ring.flush();
 * let position = 0;
 * const out = { get position() { return position; }, write: (bytes: Uint8Array) => void (position += bytes.byteLength), patch: () => {} };
 * const systems = [...records.formats].map(([name, formats]) => ({ name, formats }));
 * const texts = { headerPage: HEADER_PAGE, headerEvent: HEADER_EVENT, ftraceFormats: [], systems, taskNames: records.taskNames };
 * const file = { ...texts, kallsyms: records.kallsyms, printkFormats: '', pageSize: 4096, ringPageSize: RING_PAGE_BYTES };
 * const said = { clock: 'local', clocks: '[local]', uname: undefined, version: 'an example' };
 * const buffers = [{ name: '', cpus: [{ cpu: 0, pages, stats: '' }] }];
 * writeTraceDat(out, { ...file, ...said, buffers }, (bytes) => bytes) === position; // => true
 */
export function writeTraceDat(out: Output, dat: TraceDat, pack: Pack): number {
  out.write(
    bytes()
      .raw(Uint8Array.from([0x17, 0x08, 0x44]))
      .text('tracing')
      .cstring('7')
      .number(HOST_IS_LITTLE_ENDIAN ? 0 : 1, 1)
      .number(8, 1)
      .number(dat.pageSize, 4)
      .cstring('zstd')
      .cstring('1.5.4').done,
  );
  const placeOfOptions = out.position;
  out.write(bytes().number(0, 8).done);

  const options = bytes();
  const option = (id: number, data: Uint8Array): void => {
    options.number(id, 2).number(data.byteLength, 4).raw(data);
  };
  const text = (id: number, value: string): void => option(id, bytes().cstring(value).done);
  const section = (id: number, body: Bytes): void => {
    option(id, bytes().number(out.position, 8).done);
    const packed = pack(body.done);
    const whole = bytes().number(packed.byteLength, 4).number(body.done.byteLength, 4).raw(packed);
    header(out, id, PACKED, whole.done.byteLength);
    out.write(whole.done);
  };

  section(
    ID.headerInfo,
    bytes()
      .cstring('header_page')
      .number(dat.headerPage.length, 8)
      .text(dat.headerPage)
      .cstring('header_event')
      .number(dat.headerEvent.length, 8)
      .text(dat.headerEvent),
  );
  section(ID.ftraceEvents, formats(bytes(), dat.ftraceFormats));
  section(
    ID.eventFormats,
    dat.systems.reduce(
      (body, system) => formats(body.cstring(system.name), system.formats),
      bytes().number(dat.systems.length, 4),
    ),
  );
  section(ID.kallsyms, bytes().number(dat.kallsyms.length, 4).text(dat.kallsyms));
  section(ID.printk, bytes().number(dat.printkFormats.length, 4).text(dat.printkFormats));
  section(ID.cmdlines, bytes().number(dat.taskNames.length, 8).text(dat.taskNames));
  if (dat.uname !== undefined) text(ID.uname, dat.uname);
  text(ID.version, dat.version);
  const cpus = new Set(dat.buffers.flatMap((one) => one.cpus.map(({ cpu }) => cpu)));
  option(ID.cpuCount, bytes().number(cpus.size, 4).done);
  if (dat.clocks !== '') text(ID.traceClock, dat.clocks);
  if (dat.tsc !== undefined)
    option(ID.tsc2nsec, bytes().number(dat.tsc.mult, 4).number(dat.tsc.shift, 4).number(0, 8).done);
  for (const one of dat.buffers) {
    if (one.name !== '') text(ID.cpuStat, `\nBuffer: ${one.name}\n\n`);
    for (const { cpu, stats } of one.cpus) text(ID.cpuStat, `CPU: ${cpu}\n${stats}`);
  }
  for (const one of dat.buffers) option(ID.buffer, buffer(out, one, dat, pack));

  const optionsAt = out.position;
  options.number(ID.done, 2).number(8, 4).number(0, 8);
  header(out, ID.done, 0, options.done.byteLength);
  out.write(options.done);
  out.patch(placeOfOptions, bytes().number(optionsAt, 8).done);
  return out.position;
}

/** Header of a section. @param size of its body as it stands in the file. */
function header(out: Output, id: number, flags: number, size: number): void {
  out.write(bytes().number(id, 2).number(flags, 2).number(0, 4).number(size, 8).done);
}

const formats = (body: Bytes, texts: readonly string[]): Bytes =>
  texts.reduce((all, one) => all.number(one.length, 8).text(one), body.number(texts.length, 4));

/** Writes the events of a buffer. @returns option BUFFER. */
function buffer(out: Output, { name, cpus }: BufferPages, { clock, ringPageSize }: TraceDat, pack: Pack): Uint8Array {
  const start = out.position;
  header(out, ID.buffer, PACKED, 0);
  const option = bytes().number(start, 8).cstring(name).cstring(clock).number(ringPageSize, 4).number(cpus.length, 4);
  const body = out.position;
  for (const { cpu, pages } of cpus) {
    const at = out.position;
    const count = writeChunks(out, pages, pack);
    // The number of chunks is not counted.
    option
      .number(cpu, 4)
      .number(count === 0 ? 0 : at, 8)
      .number(count === 0 ? 0 : out.position - at - 4, 8);
  }
  const end = out.position;
  // The size stands in the last 8 bytes of the header.
  out.patch(body - 8, bytes().number(end - body, 8).done);
  return option.done;
}

/** @returns the number of chunks. */
function writeChunks(out: Output, pages: Iterable<Uint8Array>, pack: Pack): number {
  const at = out.position;
  const whole = bytes();
  let count = 0;
  let inChunk = 0;
  const write = (): void => {
    if (count++ === 0) out.write(bytes().number(0, 4).done);
    const packed = pack(whole.done);
    out.write(bytes().number(packed.byteLength, 4).number(whole.length, 4).raw(packed).done);
    whole.clear();
    inChunk = 0;
  };
  for (const page of pages) {
    whole.raw(page);
    if (++inChunk === CHUNK_PAGES) write();
  }
  if (inChunk > 0) write();
  if (count > 0) out.patch(at, bytes().number(count, 4).done);
  return count;
}
