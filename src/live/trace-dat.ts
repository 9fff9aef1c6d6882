// SPDX-License-Identifier: MIT
import { endianness } from 'node:os';
import type { Pack } from './compress.ts';

/** A file that is written sequentially, with places that are filled in later. */
export interface Output {
  readonly position: number;
  write(bytes: Uint8Array): void;
  /** Writes over bytes that were written before. */
  patch(position: number, bytes: Uint8Array): void;
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
  /** As `uname -a` without the name of the machine. */
  readonly uname: string;
  readonly version: string;
  readonly cpus: readonly {
    readonly cpu: number;
    readonly pages: readonly Uint8Array[];
    /** Its file `stats`. */
    readonly stats: string;
  }[];
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
  traceId: 11,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  cmdlines: 21,
} as const;

const LITTLE = endianness() === 'LE';
const PACKED = 1;
/** Pages that are packed together: PAGES_IN_CHUNK of trace-cmd. A reader unpacks one chunk at a time. */
const CHUNK_PAGES = 10;

/** Bytes in the order of this machine. */
class Bytes {
  #bytes = new Uint8Array(256);
  #length = 0;

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#length + size));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  number(value: number | bigint, size: 1 | 2 | 4 | 8): this {
    this.#room(size);
    const view = new DataView(this.#bytes.buffer);
    const at = this.#length;
    this.#length += size;
    switch (size) {
      case 1:
        view.setUint8(at, Number(value));
        break;
      case 2:
        view.setUint16(at, Number(value), LITTLE);
        break;
      case 4:
        view.setUint32(at, Number(value), LITTLE);
        break;
      case 8:
        view.setBigUint64(at, BigInt(value), LITTLE);
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
    return this;
  }

  /** Text of tracefs, a byte a character. */
  text(text: string): this {
    return this.raw(Uint8Array.from(Buffer.from(text, 'latin1')));
  }

  cstring(text: string): this {
    return this.text(text).number(0, 1);
  }

  get done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

const bytes = (): Bytes => new Bytes();

/**
 * Writes a trace.dat of version 7, packed with zstd, as trace-cmd reads it.
 * @returns the number of bytes.
 */
export function writeTraceDat(out: Output, dat: TraceDat, pack: Pack): number {
  out.write(
    bytes()
      .raw(Uint8Array.from([0x17, 0x08, 0x44]))
      .text('tracing')
      .cstring('7')
      .number(LITTLE ? 0 : 1, 1)
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
  text(ID.uname, dat.uname);
  text(ID.version, dat.version);
  option(ID.cpuCount, bytes().number(dat.cpus.length, 4).done);
  text(ID.traceClock, dat.clocks);
  for (const { cpu, stats } of dat.cpus) text(ID.cpuStat, `CPU: ${cpu}\n${stats}`);
  option(ID.buffer, buffer(out, dat, pack));

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

/** Writes the events of all CPUs. @returns option BUFFER. */
function buffer(out: Output, { cpus, clock, ringPageSize }: TraceDat, pack: Pack): Uint8Array {
  const start = out.position;
  header(out, ID.buffer, PACKED, 0);
  const option = bytes().number(start, 8).cstring('').cstring(clock).number(ringPageSize, 4).number(cpus.length, 4);
  const body = out.position;
  for (const { cpu, pages } of cpus) {
    const at = out.position;
    const chunks = Math.ceil(pages.length / CHUNK_PAGES);
    if (chunks > 0) out.write(bytes().number(chunks, 4).done);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = pages.slice(chunk * CHUNK_PAGES, (chunk + 1) * CHUNK_PAGES);
      const whole = part.reduce((all, page) => all.raw(page), bytes()).done;
      const packed = pack(whole);
      out.write(bytes().number(packed.byteLength, 4).number(whole.byteLength, 4).raw(packed).done);
    }
    // The number of chunks is not counted.
    option
      .number(cpu, 4)
      .number(chunks === 0 ? 0 : at, 8)
      .number(chunks === 0 ? 0 : out.position - at - 4, 8);
  }
  const end = out.position;
  // The size stands in the last 8 bytes of the header.
  out.patch(body - 8, bytes().number(end - body, 8).done);
  return option.done;
}
