// SPDX-License-Identifier: MIT
import { deflateSync } from 'node:zlib';

/** How a synthetic machine lays out its numbers. */
export interface Machine {
  readonly littleEndian: boolean;
  /** Size of the kernel's long, which `commit` and pointers have. */
  readonly long: 4 | 8;
}

export const X86_64: Machine = { littleEndian: true, long: 8 };

/** Collects bytes in the machine's order. */
export class ByteWriter {
  readonly #littleEndian: boolean;
  readonly #bytes: number[] = [];

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  get length(): number {
    return this.#bytes.length;
  }

  number(value: number | bigint, size: number): this {
    const bytes = Array.from({ length: size }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 0xffn));
    return this.raw(this.#littleEndian ? bytes : bytes.toReversed());
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  text(text: string): this {
    return this.raw(new TextEncoder().encode(text));
  }

  cstring(text: string): this {
    return this.text(text).raw([0]);
  }

  padTo(length: number): this {
    while (this.#bytes.length < length) this.#bytes.push(0);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** One ring-buffer page, record by record. */
export class PageMaker {
  readonly #machine: Machine;
  readonly #stamp: bigint;
  readonly #body: ByteWriter;
  #lost: { readonly stored: number | undefined } | undefined;

  constructor(machine: Machine, stamp: bigint) {
    this.#machine = machine;
    this.#stamp = stamp;
    this.#body = new ByteWriter(machine.littleEndian);
  }

  /** The header word: type in 5 bits, delta in 27. */
  word(type: number, delta: number): this {
    const word = this.#machine.littleEndian ? (delta << 5) | type : (type << 27) | delta;
    this.#body.number(word >>> 0, 4);
    return this;
  }

  number(value: number): this {
    this.#body.number(value, 4);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#body.raw(bytes).padTo(Math.ceil(this.#body.length / 4) * 4);
    return this;
  }

  /** Data with its length in the header word. */
  short(delta: number, payload: Uint8Array): this {
    return this.word(Math.ceil(payload.length / 4), delta).raw(payload);
  }

  /** Data with its length in a word of its own. */
  long(delta: number, payload: Uint8Array): this {
    return this.word(0, delta)
      .number(payload.length + 4)
      .raw(payload);
  }

  /** Events were lost before this page; `stored` says how many, if the writer had room to. */
  lost(stored?: number): this {
    this.#lost = { stored };
    return this;
  }

  done(pageSize = PAGE_SIZE): Uint8Array {
    const { littleEndian, long } = this.#machine;
    let commit = BigInt(this.#body.length);
    if (this.#lost !== undefined) commit |= this.#lost.stored === undefined ? 0x8000_0000n : 0xc000_0000n;
    const page = new ByteWriter(littleEndian).number(this.#stamp, 8).number(commit, long).raw(this.#body.done());
    if (this.#lost?.stored !== undefined) page.number(this.#lost.stored, long);
    return page.padTo(pageSize).done();
  }
}

const PAGE_SIZE = 4096;

export const headerPage = ({ long }: Machine, pageSize = PAGE_SIZE): string =>
  [
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
    `\tfield: local_t commit;\toffset:8;\tsize:${long};\tsigned:1;`,
    '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;',
    `\tfield: char data;\toffset:${8 + long};\tsize:${pageSize - 8 - long};\tsigned:1;`,
    '',
  ].join('\n');

const HEADER_EVENT = '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n';

const COMMON = [
  '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;',
  '\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;',
  '\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;',
  '\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;',
];

/** A format text; `fields` are lines such as `unsigned long pfn;8;8`. */
export const formatText = (name: string, id: number, fields: readonly string[]): string => {
  const lines = fields.map((field) => {
    const [declaration, offset, size] = field.split(';');
    return `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:0;`;
  });
  return [`name: ${name}`, `ID: ${id}`, 'format:', ...COMMON, '', ...lines, '', 'print fmt: "%d", REC->x', ''].join(
    '\n',
  );
};

const ID = { print: 5, insertion: 621, add: 600, delete: 601, other: 77, enter: 700, exit: 701 } as const;

/** Formats of a kernel as it is today, for a machine's size of long. */
export function formatsOf({ long }: Machine): Record<string, readonly string[]> {
  const at = (nth: number): string => `${8 + nth * long};${long}`;
  const filemap = [
    `unsigned long pfn;${at(0)}`,
    `unsigned long i_ino;${at(1)}`,
    `unsigned long index;${at(2)}`,
    `dev_t s_dev;${8 + 3 * long};4`,
    `unsigned char order;${12 + 3 * long};1`,
  ];
  return {
    filemap: [
      formatText('mm_filemap_add_to_page_cache', ID.add, filemap),
      formatText('mm_filemap_delete_from_page_cache', ID.delete, filemap),
    ],
    pagemap: [
      formatText('mm_lru_insertion', ID.insertion, [
        `struct folio * folio;${at(0)}`,
        `unsigned long pfn;${at(1)}`,
        `enum lru_list lru;${8 + 2 * long};4`,
        `unsigned long flags;${8 + 3 * long};${long}`,
      ]),
      formatText('mm_lru_activate', ID.other, [`unsigned long pfn;${at(0)}`]),
    ],
    ftrace: [formatText('print', ID.print, [`unsigned long ip;${at(0)}`, `char buf[];${8 + long};0`])],
  };
}

/** The same with the calls of ioctl, for a machine with longs of 8 bytes. */
export const callFormats = (machine: Machine): Record<string, readonly string[]> => ({
  ...formatsOf(machine),
  syscalls: [
    formatText('sys_enter_ioctl', ID.enter, [
      'int __syscall_nr;8;4',
      'unsigned int fd;16;8',
      'unsigned int cmd;24;8',
      'unsigned long arg;32;8',
    ]),
    formatText('sys_exit_ioctl', ID.exit, ['int __syscall_nr;8;4', 'long ret;16;8']),
  ],
});

const start = ({ littleEndian }: Machine, id: number, pid: number): ByteWriter =>
  new ByteWriter(littleEndian).number(id, 2).number(0, 2).number(pid, 4);

const filemapRecord =
  (id: number) =>
  (machine: Machine, pid: number, pfn: number, ino: bigint, index: number, device = 16): Uint8Array =>
    start(machine, id, pid)
      .number(pfn, machine.long)
      .number(ino, machine.long)
      .number(index, machine.long)
      .number(device, 4)
      .number(0, 4)
      .done();

/** Records that match {@link formatsOf}. */
export const records = {
  add: filemapRecord(ID.add),
  delete: filemapRecord(ID.delete),
  enter: (machine: Machine, pid: number, args: readonly bigint[]): Uint8Array =>
    args.reduce((out, arg) => out.number(arg, 8), start(machine, ID.enter, pid).number(16, 4).padTo(16)).done(),
  exit: (machine: Machine, pid: number, returned: bigint): Uint8Array =>
    start(machine, ID.exit, pid).number(16, 4).padTo(16).number(BigInt.asUintN(64, returned), 8).done(),
  insertion: (machine: Machine, pid: number, pfn: number, flags = 0x10, lru = 4): Uint8Array =>
    start(machine, ID.insertion, pid)
      .number(0xdead, machine.long)
      .number(pfn, machine.long)
      .number(lru, 4)
      .padTo(8 + 3 * machine.long)
      .number(flags, machine.long)
      .done(),
  print: (machine: Machine, pid: number, text: string): Uint8Array =>
    start(machine, ID.print, pid).number(0x1234, machine.long).cstring(text).done(),
  other: (machine: Machine, pid: number): Uint8Array => start(machine, ID.other, pid).number(1, machine.long).done(),
};

/** What a synthetic file holds. */
export interface Contents {
  readonly machine?: Machine;
  readonly formats?: Record<string, readonly string[]>;
  readonly taskNames?: string;
  readonly kallsyms?: string;
  /** Buffers by name, '' being the top one; for each its CPUs and their pages. */
  readonly buffers: Readonly<Record<string, Readonly<Record<number, readonly Uint8Array[]>>>>;
  readonly options?: readonly { readonly id: number; readonly data: Uint8Array }[];
}

/** A trace.dat of version 6: trace-cmd.dat.v6(5). */
export function makeV6({
  machine = X86_64,
  formats = formatsOf(machine),
  taskNames = '',
  kallsyms = 'sym\n',
  buffers,
  options = [],
}: Contents): Uint8Array {
  const out = common(machine, '6');
  headerInfo(out, machine);
  ftraceFormats(out, formats);
  eventFormats(out, formats);
  out.number(kallsyms.length, 4).text(kallsyms).number(3, 4).text('fmt').number(taskNames.length, 8).text(taskNames);
  const cpus = 1 + Math.max(0, ...Object.values(buffers).flatMap((buffer) => Object.keys(buffer).map(Number)));
  out.number(cpus, 4);
  const names = Object.keys(buffers).filter((name) => name !== '');
  const optionBytes = options.reduce((sum, { data }) => sum + 6 + data.length, 0);
  const bufferBytes = names.reduce((sum, name) => sum + 6 + 8 + name.length + 1, 0);
  const tableBytes = 10 + 16 * cpus;
  let tableAt = out.length + 10 + optionBytes + bufferBytes + 2;
  const places = new Map<string, number>();
  for (const name of ['', ...names]) {
    places.set(name, tableAt);
    tableAt += tableBytes;
  }
  out.text('options  \0');
  for (const { id, data } of options) out.number(id, 2).number(data.length, 4).raw(data);
  for (const name of names) {
    out
      .number(3, 2)
      .number(9 + name.length, 4)
      .number(places.get(name) ?? 0, 8)
      .cstring(name);
  }
  out.number(0, 2);
  let dataAt = Math.ceil(tableAt / PAGE_SIZE) * PAGE_SIZE;
  const data: Uint8Array[] = [];
  for (const name of ['', ...names]) {
    out.text('flyrecord\0');
    for (let cpu = 0; cpu < cpus; cpu++) {
      const pages = concat(buffers[name]?.[cpu] ?? []);
      out.number(dataAt, 8).number(pages.length, 8);
      data.push(pages);
      dataAt += pages.length;
    }
  }
  out.padTo(Math.ceil(tableAt / PAGE_SIZE) * PAGE_SIZE);
  return concat([out.done(), ...data]);
}

/** A trace.dat of version 7: trace-cmd.dat.v7(5). Chunks have two pages, so that there are several. */
export function makeV7(
  { machine = X86_64, formats = formatsOf(machine), taskNames = '', kallsyms = '', buffers, options = [] }: Contents,
  compression: 'none' | 'zlib' | 'zstd' = 'none',
  pageSize = PAGE_SIZE,
): Uint8Array {
  const pack = compression === 'zstd' ? zstdStored : deflateSync;
  const { littleEndian } = machine;
  const writer = (): ByteWriter => new ByteWriter(littleEndian);
  const out = common(machine, '7').cstring(compression).cstring('');
  const firstOptionsAt = out.length;
  const parts: Uint8Array[] = [];
  let place = firstOptionsAt + 8;
  const section = (id: number, body: Uint8Array): number => {
    const packed = compression === 'none' ? body : packedBody(writer(), body, pack);
    const at = place;
    const whole = writer()
      .number(id, 2)
      .number(compression === 'none' ? 0 : 1, 2)
      .number(0, 4)
      .number(packed.length, 8)
      .raw(packed)
      .done();
    parts.push(whole);
    place += whole.length;
    return at;
  };
  const list: { id: number; data: Uint8Array }[] = [...options];
  const point = (id: number, body: ByteWriter): void => {
    list.push({ id, data: writer().number(section(id, body.done()), 8).done() });
  };
  point(16, headerInfo(writer(), machine, pageSize));
  point(17, ftraceFormats(writer(), formats));
  point(18, eventFormats(writer(), formats));
  point(19, writer().number(kallsyms.length, 4).text(kallsyms));
  point(21, writer().number(taskNames.length, 8).text(taskNames));
  list.push({ id: 99, data: writer().text('an option of the future').done() });
  for (const [name, cpus] of Object.entries(buffers)) {
    const dataSection = place;
    parts.push(
      writer()
        .number(3, 2)
        .number(compression === 'none' ? 0 : 1, 2)
        .number(0, 4)
        .number(0, 8)
        .done(),
    );
    place += 16;
    const option = writer()
      .number(dataSection, 8)
      .cstring(name)
      .cstring('local')
      .number(pageSize, 4)
      .number(Object.keys(cpus).length, 4);
    for (const [cpu, pages] of Object.entries(cpus)) {
      const body = compression === 'none' ? concat(pages) : chunks(writer(), pages, pack);
      option
        .number(Number(cpu), 4)
        .number(place, 8)
        .number(compression === 'none' ? body.length : body.length - 4, 8);
      parts.push(body);
      place += body.length;
    }
    list.push({ id: 3, data: option.done() });
  }
  const optionsAt = place;
  const body = writer();
  for (const { id, data } of list) body.number(id, 2).number(data.length, 4).raw(data);
  body.number(0, 2).number(8, 4).number(0, 8);
  parts.push(writer().number(0, 2).number(0, 2).number(0, 4).number(body.length, 8).raw(body.done()).done());
  return concat([out.number(optionsAt, 8).done(), ...parts]);
}

const common = ({ littleEndian, long }: Machine, version: string): ByteWriter =>
  new ByteWriter(littleEndian)
    .raw([0x17, 0x08, 0x44])
    .text('tracing')
    .cstring(version)
    .raw([littleEndian ? 0 : 1, long])
    .number(PAGE_SIZE, 4);

function headerInfo(out: ByteWriter, machine: Machine, pageSize = PAGE_SIZE): ByteWriter {
  const page = headerPage(machine, pageSize);
  return out
    .cstring('header_page')
    .number(page.length, 8)
    .text(page)
    .cstring('header_event')
    .number(HEADER_EVENT.length, 8)
    .text(HEADER_EVENT);
}

function formatList(out: ByteWriter, texts: readonly string[]): ByteWriter {
  out.number(texts.length, 4);
  for (const text of texts) out.number(text.length, 8).text(text);
  return out;
}

const ftraceFormats = (out: ByteWriter, formats: Record<string, readonly string[]>): ByteWriter =>
  formatList(out, formats['ftrace'] ?? []);

function eventFormats(out: ByteWriter, formats: Record<string, readonly string[]>): ByteWriter {
  const systems = Object.entries(formats).filter(([system]) => system !== 'ftrace');
  out.number(systems.length, 4);
  for (const [system, texts] of systems) formatList(out.cstring(system), texts);
  return out;
}

type Pack = (body: Uint8Array) => Uint8Array;

const packedBody = (out: ByteWriter, body: Uint8Array, pack: Pack): Uint8Array => {
  const packed = pack(body);
  return out.number(packed.length, 4).number(body.length, 4).raw(packed).done();
};

function chunks(out: ByteWriter, pages: readonly Uint8Array[], pack: Pack): Uint8Array {
  out.number(Math.ceil(pages.length / 2), 4);
  for (let at = 0; at < pages.length; at += 2) {
    const body = concat(pages.slice(at, at + 2));
    const packed = pack(body);
    out.number(packed.length, 4).number(body.length, 4).raw(packed);
  }
  return out.done();
}

/** Largest block of a zstd frame. */
const ZSTD_BLOCK = 128 * 1024;

/** A zstd frame (RFC 8878) of `size` bytes; `block` writes each of its blocks. */
function zstdFrame(
  size: number,
  block: (out: ByteWriter, last: number, length: number, from: number) => void,
): Uint8Array {
  const out = new ByteWriter(true).number(0xfd2f_b528, 4).number(0xa0, 1).number(size, 4);
  for (let from = 0; from < size || from === 0; from += ZSTD_BLOCK) {
    block(out, from + ZSTD_BLOCK >= size ? 1 : 0, Math.min(ZSTD_BLOCK, size - from), from);
  }
  return out.done();
}

/** As zstd stores what it cannot make smaller: Node 20 brings no packer. */
const zstdStored = (body: Uint8Array): Uint8Array =>
  zstdFrame(body.length, (out, last, length, from) => {
    out.number(last | (length << 3), 3).raw(body.subarray(from, from + length));
  });

/** `size` zeros in four bytes a block: as small as zstd makes them. */
export const zstdZeros = (size: number): Uint8Array =>
  zstdFrame(size, (out, last, length) => out.number(last | (1 << 1) | (length << 3), 3).number(0, 1));

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
