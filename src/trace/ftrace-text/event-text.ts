// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FolioIndex, Ino, KernelEvent, Nanoseconds, Order, Pfn } from '../../ledger/index.ts';
import { dev, ino } from '../../ledger/index.ts';
import { SyscallTwins } from '../syscall-twins.ts';
import { syscallFromText } from './syscall-text.ts';
import { ascii, TextCursor } from './text-cursor.ts';

/** What a line's event is: decoded; of no interest; or of interest and not readable. */
export type DecodedText = KernelEvent | 'nothing' | 'unreadable';

/** Where and when a line says that its event fired. */
export interface LineOrigin {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly comm: string | undefined;
}

const ADD = ascii('mm_filemap_add_to_page_cache: ');
const DELETE = ascii('mm_filemap_delete_from_page_cache: ');
const INSERTION = ascii('mm_lru_insertion: ');
const MARKER = ascii('tracing_mark_write: ');
const SYS = ascii('sys_');

const DEV = ascii('dev ');
const INO = ascii(' ino ');
const PAGE = ascii(' page=');
const SPACED_PFN = ascii(' pfn=');
const PFN = ascii('pfn=');
const OFS = ascii(' ofs=');
const ORDER = ascii(' order=');
const LRU = ascii(' lru=');
const FLAGS = ascii(' flags=');

/** Bytes of a page, by which text gives a folio's place; text does not say it, other page sizes are not supported. */
const PAGE_BYTES = 4096;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Kinds of event that {@link classify} tells apart. */
type Kind = 'add' | 'delete' | 'insertion' | 'marker' | 'syscall';

/**
 * Which event stands at `at`, judged by its name; undefined for one that is only counted. The first letter decides
 * for most of them.
 */
export function classify(bytes: Uint8Array, at: number): Kind | undefined {
  switch (bytes[at] ?? 0) {
    case 0x6d /* m */:
      // mm_filemap_[ad] or mm_lru_i
      if (bytes[at + 3] === 0x6c) return startsWith(bytes, at, INSERTION) ? 'insertion' : undefined;
      if (bytes[at + 11] === 0x61) return startsWith(bytes, at, ADD) ? 'add' : undefined;
      if (bytes[at + 11] === 0x64) return startsWith(bytes, at, DELETE) ? 'delete' : undefined;
      return undefined;
    case 0x74 /* t */:
      return startsWith(bytes, at, MARKER) ? 'marker' : undefined;
    case 0x73 /* s */:
      return startsWith(bytes, at, SYS) ? 'syscall' : undefined;
    default:
      return undefined;
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Turns the events of ftrace text into values. Keeps what repeats (inodes, devices) from being made again. */
export class EventText {
  readonly #cursor = new TextCursor();
  readonly #twins = new SyscallTwins();
  #lastIno = ino(0n);
  #lastInoNumber = -1;
  #lastDev: Dev = dev(0, 0);
  #lastMajor = 0;
  #lastMinor = 0;

  /** @param start of the event's name; `kind` is what {@link classify} said of it. */
  decode(kind: Kind, bytes: Uint8Array, start: number, end: number, origin: LineOrigin): DecodedText {
    switch (kind) {
      case 'add':
        return this.#filemap('mm_filemap_add_to_page_cache', bytes, start + ADD.length, end, origin);
      case 'delete':
        return this.#filemap('mm_filemap_delete_from_page_cache', bytes, start + DELETE.length, end, origin);
      case 'insertion':
        return this.#insertion(bytes, start + INSERTION.length, end, origin);
      case 'marker': {
        const text = UTF8.decode(bytes.subarray(start + MARKER.length, end));
        return {
          type: 'marker',
          at: origin.at,
          cpu: origin.cpu,
          pid: origin.pid,
          comm: origin.comm,
          buffer: undefined,
          text,
        };
      }
      case 'syscall': {
        const found = syscallFromText(LATIN1.decode(bytes.subarray(start, end)), origin);
        if (typeof found === 'string') return found;
        return this.#twins.isTwin(found.event, found.family) ? 'nothing' : found.event;
      }
    }
  }

  #open(bytes: Uint8Array, start: number, end: number): TextCursor {
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = start;
    cursor.end = end;
    return cursor;
  }

  /** `dev 0:16 ino 1fa pfn=0x1a ofs=4096 order=0`; kernels before 6.8 have no order, before 6.3 a page pointer, too. */
  #filemap(
    type: 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache',
    bytes: Uint8Array,
    start: number,
    end: number,
    { at, cpu, pid, comm }: LineOrigin,
  ): DecodedText {
    const cursor = this.#open(bytes, start, end);
    let pfn = -1;
    let index = -1;
    let order = 0;
    let inode = this.#lastIno;
    let device = this.#lastDev;
    if (cursor.literal(DEV)) {
      const major = cursor.decimal();
      cursor.at++;
      const minor = cursor.decimal();
      if (!cursor.literal(INO)) return 'unreadable';
      const inoStart = cursor.at;
      const inoNumber = cursor.hex();
      if (major < 0 || minor < 0 || inoNumber < 0) return 'unreadable';
      inode = this.#ino(inoNumber, bytes, inoStart, cursor.at);
      device = this.#dev(major, minor);
      if (cursor.literal(PAGE)) {
        if (!cursor.skipWord()) return 'unreadable';
        cursor.at--;
      }
      if (!cursor.literal(SPACED_PFN)) return 'unreadable';
      pfn = cursor.number();
      if (!cursor.literal(OFS)) return 'unreadable';
      const offset = cursor.decimal();
      index = offset < 0 ? -1 : offset / PAGE_BYTES;
      // What is cut off here may be the end of the offset, which the missing order then tells.
      if (cursor.literal(ORDER)) order = cursor.decimal();
      else if (cursor.at !== end) return 'unreadable';
    } else {
      // Option `fields`: NAME=0xHEX (DECIMAL), or NAME=(DECIMAL) for single bytes.
      const fields = fieldsOf(LATIN1.decode(bytes.subarray(start, end)));
      const deviceNumber = Number(fields.get('s_dev') ?? -1n);
      inode = ino(fields.get('i_ino') ?? -1n);
      if (deviceNumber < 0 || inode < 0n) return 'unreadable';
      device = this.#dev(Math.floor(deviceNumber / 0x10_0000), deviceNumber % 0x10_0000);
      pfn = Number(fields.get('pfn') ?? -1n);
      index = Number(fields.get('index') ?? -1n);
      order = Number(fields.get('order') ?? 0n);
    }
    if (!isWhole(pfn) || !isWhole(index) || !isWhole(order)) return 'unreadable';
    return {
      type,
      at,
      cpu,
      pid,
      comm,
      buffer: undefined,
      dev: device,
      ino: inode,
      pfn: pfn as Pfn,
      index: index as FolioIndex,
      order: order as Order,
    };
  }

  /** `folio=00000000d1fa36bb pfn=0x22718c lru=4 flags=Ma bd`: the pointer is hashed, the flags are six columns. */
  #insertion(bytes: Uint8Array, start: number, end: number, { at, cpu, pid, comm }: LineOrigin): DecodedText {
    const cursor = this.#open(bytes, start, end);
    let pfn = -1;
    let lru = -1;
    let mapped: boolean | undefined;
    if (cursor.literal(PFN) || (cursor.skipWord() && cursor.literal(PFN))) {
      pfn = cursor.number();
      if (!cursor.literal(LRU)) return 'unreadable';
      lru = cursor.decimal();
      if (cursor.literal(FLAGS) && cursor.at < end) mapped = bytes[cursor.at] === 0x4d; /* M */
    } else {
      const fields = fieldsOf(LATIN1.decode(bytes.subarray(start, end)));
      pfn = Number(fields.get('pfn') ?? -1n);
      lru = Number(fields.get('lru') ?? -1n);
      const flags = fields.get('flags');
      if (flags !== undefined) mapped = (flags & 1n) !== 0n;
    }
    if (!isWhole(pfn) || !isWhole(lru)) return 'unreadable';
    return { type: 'mm_lru_insertion', at, cpu, pid, comm, buffer: undefined, pfn: pfn as Pfn, lru, mapped };
  }

  #ino(value: number, bytes: Uint8Array, start: number, end: number): Ino {
    if (value === this.#lastInoNumber && value <= Number.MAX_SAFE_INTEGER) return this.#lastIno;
    this.#lastInoNumber = value;
    this.#lastIno = ino(BigInt(`0x${LATIN1.decode(bytes.subarray(start, end))}`));
    return this.#lastIno;
  }

  #dev(major: number, minor: number): Dev {
    if (major !== this.#lastMajor || minor !== this.#lastMinor) {
      this.#lastMajor = major;
      this.#lastMinor = minor;
      this.#lastDev = dev(major, minor);
    }
    return this.#lastDev;
  }
}

const isWhole = (value: number): boolean => value >= 0 && Number.isSafeInteger(value);

const FIELD = /(\w+)=(?:0x([0-9a-f]{1,16})|\((\d{1,20})\))/g;

/** `a=0x1f (31) b=(7)`, as option `fields` prints an event. */
function fieldsOf(text: string): Map<string, bigint> {
  const fields = new Map<string, bigint>();
  for (const [, name = '', hex, decimal = '0'] of text.matchAll(FIELD)) {
    fields.set(name, BigInt(hex === undefined ? decimal : `0x${hex}`));
  }
  return fields;
}
