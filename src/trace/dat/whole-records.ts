// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type Dev,
  type FolioIndex,
  type Ino,
  ino,
  type Nanoseconds,
  type Order,
  type Pfn,
} from '../../ledger/index.ts';
import { keyOf } from '../json-bytes.ts';
import type { FieldKey, FieldSink, WholeEvent } from '../whole-event.ts';
import type { Decoder, RecordInHand } from './decoder.ts';
import { devNamed } from './device-names.ts';
import { type EventFormat, type FormatField, parseEventFormat } from './event-format.ts';
import type { DescribedEvent } from './format-scanner.ts';
import { type NumberField, numberField, readBigint, readNumber, type Words } from './record-fields.ts';
import type { KernelSymbols } from './symbols.ts';
import { isDynamic } from './text-field.ts';

/** A record in its page: its fields are read when it is delivered, before its page leaves the memory. */
export interface WholeRecord {
  readonly type: 'record';
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly comm: string | undefined;
  readonly buffer: string | undefined;
  readonly plan: Plan;
  readonly words: Words;
  readonly bytes: Uint8Array;
  readonly base: number;
  /** In words. */
  readonly length: number;
}

/** Writes one field's value. */
type Write = (record: WholeRecord, into: FieldSink) => void;

/** The fields to read from the records of one event. */
interface Plan {
  readonly system: string | undefined;
  readonly name: string;
  readonly fields: readonly { readonly key: FieldKey; readonly needs: number; readonly write: Write }[];
  readonly dev: NumberField | undefined;
  readonly ino: NumberField | undefined;
  readonly pfn: NumberField | undefined;
  readonly index: NumberField | undefined;
  readonly order: NumberField | undefined;
}

interface Surroundings {
  readonly littleEndian: boolean;
  /** Bytes of the kernel's long. */
  readonly longSize: 4 | 8;
  readonly symbols: KernelSymbols | undefined;
}

const LATIN1 = new TextDecoder('latin1');

/** The decoder of all records. A format is parsed at its first record, because a kernel has thousands. */
export function wholeDecoder(
  described: readonly DescribedEvent[],
  surroundings: Surroundings,
): Decoder<WholeRecord> | undefined {
  const texts = new Map(described.map((one) => [one.id, one]));
  const plans = new Map<number, Plan>();
  const [first] = described;
  const common = first === undefined ? undefined : parseEventFormat(first.system, LATIN1.decode(first.text));
  const { littleEndian } = surroundings;
  const pid = numberField(common?.fields.get('common_pid'), littleEndian);
  if (pid === undefined) return undefined;
  const idShift = littleEndian ? 0 : 16;
  let lastId = -1;
  let last: Plan | undefined;
  return {
    id: -1,
    pid,
    needs: pid.needs,
    decode: ({ words, bytes, base, length, at, cpu, pid: task, comm, buffer }: RecordInHand): WholeRecord => {
      const id = (words[base]! >>> idShift) & 0xffff;
      if (id !== lastId || last === undefined) {
        lastId = id;
        last = plans.get(id) ?? planOf(id, texts.get(id), surroundings);
        plans.set(id, last);
      }
      return { type: 'record', at, cpu, pid: task, comm, buffer, plan: last, words, bytes, base, length };
    },
  };
}

function planOf(id: number, described: DescribedEvent | undefined, surroundings: Surroundings): Plan {
  const format =
    described === undefined ? undefined : parseEventFormat(described.system, LATIN1.decode(described.text));
  const own = [...(format?.fields.values() ?? [])].filter(({ name }) => !name.startsWith('common_'));
  const number = (...names: readonly string[]): NumberField | undefined => {
    const field = own.find(({ name, isArray }) => names.includes(name) && !isArray);
    return numberField(field, surroundings.littleEndian);
  };
  return {
    system: format?.system,
    name: format?.name ?? `event ${id}`,
    fields: format === undefined ? [] : own.map((field) => fieldOf(field, format, surroundings)),
    dev: number('s_dev', 'dev'),
    ino: number('i_ino', 'ino'),
    pfn: number('pfn'),
    index: number('index'),
    order: number('order'),
  };
}

function fieldOf(field: FormatField, format: EventFormat, surroundings: Surroundings): Plan['fields'][number] {
  const key = keyOf(field.name);
  const isFunction = format.functions.has(field.name);
  const { littleEndian } = surroundings;
  if (isDynamic(field)) {
    const place = numberField(field, littleEndian);
    if (place === undefined) return { key, needs: 0, write: unreadable };
    const from = field.type.startsWith('__rel_loc') ? field.offset + field.size : 0;
    const write = arrayOf(field, isFunction, surroundings);
    return {
      key,
      needs: place.needs,
      write: (record, into) => {
        const packed = readNumber(record.words, record.base, place);
        write(record, into, (packed & 0xffff) + from, packed >>> 16);
      },
    };
  }
  if (field.isArray || field.size === 0) {
    const write = arrayOf(field, isFunction, surroundings);
    const { offset, size } = field;
    return {
      key,
      needs: offset >>> 2,
      // A field without a size extends to the end of the record; the bounds of a long stack are too small.
      write: (record, into) => {
        const room = record.length * 4 - offset;
        write(record, into, offset, size === 0 || isFunction ? room : Math.min(size, room));
      },
    };
  }
  const number = numberField(field, littleEndian);
  if (number === undefined) return { key, needs: 0, write: unreadable };
  const write = numberOf(field, isFunction, surroundings);
  return { key, needs: number.needs, write: (record, into) => write(record, into, number, 0) };
}

/** A field across words, or of an odd size; no kernel's records have such fields. */
const unreadable: Write = (_, into) => {
  into.raw('[');
  into.raw(']');
};

type WriteNumber = (record: WholeRecord, into: FieldSink, field: NumberField, words: number) => void;

/** Addresses, and numbers that a double cannot have exactly, are written in hexadecimal. */
function numberOf(
  { type, isSigned, size }: Pick<FormatField, 'type' | 'isSigned' | 'size'>,
  isFunction: boolean,
  { symbols }: Surroundings,
): WriteNumber {
  const isAddress = type.includes('*') || isFunction;
  return ({ words, base }, into, field, further) => {
    const at = base + further;
    const low = ((words[at + field.word]! >>> field.shift) & field.mask) >>> 0;
    const high = field.high < 0 ? 0 : words[at + field.high]!;
    if (isFunction) {
      const name = symbols?.name((BigInt(high) << 32n) | BigInt(low));
      if (name !== undefined) {
        into.symbol(name);
        return;
      }
    }
    if (isAddress) into.hex(low, high);
    else if (field.high < 0) {
      const unused = 32 - 8 * size;
      into.number(isSigned ? (low << unused) >> unused : low);
    } else if (high < 0x20_0000) into.number(low + high * 0x1_0000_0000);
    else if (isSigned && high >= 0xffe0_0000) into.number(low + (high | 0) * 0x1_0000_0000);
    else into.hex(low, high);
  };
}

type WriteArray = (record: WholeRecord, into: FieldSink, offset: number, size: number) => void;

/** A text, a list of numbers, or, if the type is unknown, bytes in hexadecimal. */
function arrayOf(field: FormatField, isFunction: boolean, surroundings: Surroundings): WriteArray {
  const type = field.type
    .replace(/^__(?:data|rel)_loc /, '')
    .replace(/\[.*$/, '')
    .trim();
  if (/^(?:const )?(?:unsigned |signed )?char$/.test(type) && !type.includes('unsigned')) return textOf;
  const size = sizeOf(type, surroundings.longSize);
  const single = size === undefined ? undefined : { ...field, offset: 0, size, type };
  const first = numberField(single, surroundings.littleEndian);
  if (single === undefined || first === undefined) return bytesOf;
  const write = numberOf({ ...single, isSigned: single.isSigned }, isFunction, surroundings);
  const step = single.size;
  return (record, into, offset, bytes) => {
    into.raw('[');
    const room = Math.min(bytes, record.length * 4 - offset);
    for (let at = 0; at + step <= room; at += step) {
      const place = offset + at;
      if (step >= 4 && place % 4 !== 0) break;
      if (step >= 4) {
        if (isFunction && isEnd(record, first, place >>> 2)) break;
        write(record, into, first, place >>> 2);
      } else {
        const own = numberField({ ...single, offset: place }, surroundings.littleEndian);
        if (own !== undefined) write(record, into, own, 0);
      }
    }
    into.raw(']');
  };
}

/** The end of a list of functions: 0 or, in kernels before 5.2, ULONG_MAX. */
function isEnd({ words, base }: WholeRecord, field: NumberField, further: number): boolean {
  const low = words[base + further + field.word]!;
  const high = field.high < 0 ? low : words[base + further + field.high]!;
  return low === high && (low === 0 || low === 0xffff_ffff);
}

const textOf: WriteArray = ({ bytes, base, length }, into, offset, size) => {
  const start = base * 4 + offset;
  const end = Math.max(start, Math.min(start + size, (base + length) * 4));
  let nul = start;
  while (nul < end && bytes[nul] !== 0) nul++;
  // trace_marker's text has the newline that the kernel adds.
  into.textOf(bytes, start, bytes[nul - 1] === 0x0a && nul > start ? nul - 1 : nul);
};

const bytesOf: WriteArray = ({ bytes, base, length }, into, offset, size) => {
  const start = base * 4 + offset;
  const end = Math.min(start + size, (base + length) * 4);
  into.text(
    Array.from(bytes.subarray(start, Math.max(start, end)), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  );
};

/** Bytes of a C type of the kernel; undefined for a structure. */
function sizeOf(type: string, longSize: 4 | 8): 4 | 8 | 2 | 1 | undefined {
  if (type.includes('*') || /\blong\b|^size_t$|^pgoff_t$/.test(type)) return type.includes('long long') ? 8 : longSize;
  const [, bits] = /^(?:__)?[us](8|16|32|64)$/.exec(type) ?? /^u?int(8|16|32|64)_t$/.exec(type) ?? [];
  if (bits === '8' || /\bchar\b|^bool$/.test(type)) return 1;
  if (bits === '16' || /\bshort\b/.test(type)) return 2;
  if (bits === '64') return 8;
  return bits === '32' || /\bint\b|^unsigned$|^dev_t$/.test(type) ? 4 : undefined;
}

/** The delivered event: one object, laid over one record after the other. */
export class RecordView implements WholeEvent {
  #record: WholeRecord | undefined;
  readonly #devices = new Map<number, Dev>();
  #lastNumber = -1;
  #lastIno = ino(0n);

  at: Nanoseconds = 0n as Nanoseconds;
  cpu: Cpu = 0 as Cpu;
  pid = 0;
  comm: string | undefined;
  buffer: string | undefined;
  system: string | undefined;
  name = '';
  dev: Dev | undefined;
  ino: Ino | undefined;
  pfn: Pfn | undefined;
  index: FolioIndex | undefined;
  order: Order | undefined;

  over(record: WholeRecord): this {
    const { plan } = record;
    this.#record = record;
    this.at = record.at;
    this.cpu = record.cpu;
    this.pid = record.pid;
    this.comm = record.comm;
    this.buffer = record.buffer;
    this.system = plan.system;
    this.name = plan.name;
    const dev = numberIn(record, plan.dev);
    this.dev = dev === undefined ? undefined : devNamed(dev, this.#devices);
    this.ino = this.#inoIn(record);
    this.pfn = numberIn(record, plan.pfn) as Pfn | undefined;
    this.index = numberIn(record, plan.index) as FolioIndex | undefined;
    this.order = numberIn(record, plan.order) as Order | undefined;
    return this;
  }

  writeFields(into: FieldSink): void {
    const record = this.#record;
    into.raw('{');
    if (record !== undefined)
      for (const { key, needs, write } of record.plan.fields) if (needs <= record.length) write(record, into.key(key));
    into.raw('}');
  }

  /** One inode has many events: its bigint is made once. */
  #inoIn({ words, base, length, plan: { ino: field } }: WholeRecord): Ino | undefined {
    if (field === undefined || field.needs > length) return undefined;
    const number = readNumber(words, base, field);
    if (number !== this.#lastNumber || number > Number.MAX_SAFE_INTEGER) {
      this.#lastNumber = number;
      this.#lastIno = ino(readBigint(words, base, field));
    }
    return this.#lastIno;
  }
}

/** A number that a double has exactly; undefined if there is no such number. */
function numberIn({ words, base, length }: WholeRecord, field: NumberField | undefined): number | undefined {
  if (field === undefined || field.needs > length) return undefined;
  const value = readNumber(words, base, field);
  return value > Number.MAX_SAFE_INTEGER ? undefined : value;
}
