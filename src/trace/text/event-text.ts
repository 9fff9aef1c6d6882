// SPDX-License-Identifier: MIT
import { DEFAULT_PAGE_SIZE, type PageSize, pagesOf } from '../../abi/index.ts';
import type { Dev, FolioIndex, Ino, Order, Pfn } from '../../ledger/index.ts';
import { dev, ino } from '../../ledger/index.ts';
import { MAX_MAJOR, MAX_MINOR, MAX_ORDER } from '../limits.ts';
import { SyscallTwins } from '../syscall-twins.ts';
import type { DecodedText, LineOrigin } from './decoded-text.ts';
import type { EventKind } from './event-kind.ts';
import { argumentsAt } from './event-kind.ts';
import { fieldsOf } from './fields-text.ts';
import { freeFromText, referenceFromText } from './reference-text.ts';
import { syscallFromText } from './syscall-text.ts';
import { Offsets } from './offsets.ts';
import { literal, TextCursor } from './text-cursor.ts';
import { schedFromText, workFromText } from './work-text.ts';

type FilemapType = 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache';

const ADD = 'mm_filemap_add_to_page_cache';
const DELETE = 'mm_filemap_delete_from_page_cache';
const INSERTION = 'mm_lru_insertion';
const MARKER_BYTES = 'tracing_mark_write'.length;

const DEV = literal('dev ');
const INO = literal(' ino ');
const PAGE = literal(' page=');
const SPACED_PFN = literal(' pfn=');
const PFN = literal('pfn=');
const OFS = literal(' ofs=');
const ORDER = literal(' order=');
const LRU = literal(' lru=');
const I_INO = literal(' i_ino=');
const INDEX = literal(' index=');
const S_DEV = literal(' s_dev=');
const MAX_DEVICE = 0xffff_ffff;
const FLAGS = literal(' flags=');

/** Longest event that is matched by patterns; matching a longer one could take the square of its length. */
const MAX_PATTERN_BYTES = 1024;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Turns the events of a text into values. Keeps what repeats (inodes, devices) from being made again. */
export class EventText {
  readonly #cursor = new TextCursor();
  readonly #twins = new SyscallTwins();
  #lastIno = ino(0n);
  #lastInoNumber = -1;
  #lastDev: Dev = dev(0, 0);
  #lastMajor = 0;
  #lastMinor = 0;
  readonly #pageSize: PageSize;
  readonly #offsets = new Offsets();

  /** @param pageSize of the kernel that wrote the text, which gives places in bytes. */
  constructor(pageSize: PageSize = DEFAULT_PAGE_SIZE) {
    this.#pageSize = pageSize;
  }

  /** What the text's offsets show; undefined where they show nothing, or it has none. */
  get pageSize(): PageSize | undefined {
    return this.#offsets.pageSize;
  }

  /** @param start of the event's name; `kind` is the result of `classify`. */
  decode(
    kind: Exclude<EventKind, 'stack' | 'perf-record' | 'hidden-marker'>,
    bytes: Uint8Array,
    start: number,
    end: number,
    origin: LineOrigin,
  ): DecodedText {
    switch (kind) {
      case 'add': {
        const args = argumentsAt(bytes, start + ADD.length, end);
        return this.#filemap(ADD, bytes, args, end, origin);
      }
      case 'delete': {
        const args = argumentsAt(bytes, start + DELETE.length, end);
        return this.#filemap(DELETE, bytes, args, end, origin);
      }
      case 'insertion':
        return this.#insertion(bytes, argumentsAt(bytes, start + INSERTION.length, end), end, origin);
      case 'marker':
        return { type: 'marker', ...origin, text: UTF8.decode(bytes.subarray(behindSymbol(bytes, start, end), end)) };
      case 'print': {
        // trace-cmd names the writer: a function, or its address without symbols.
        const text = UTF8.decode(bytes.subarray(argumentsAt(bytes, start, end), end));
        return { type: 'marker', ...origin, text: text.replace(/^\S+: /, '') };
      }
      case 'syscall': {
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        const found = syscallFromText(LATIN1.decode(bytes.subarray(start, end)), origin);
        if (typeof found === 'string') return found;
        return this.#twins.isTwin(found.event, found.family) ? 'nothing' : found.event;
      }
      case 'reference':
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        return referenceFromText(LATIN1.decode(bytes.subarray(start, end)), origin);
      case 'free':
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        return freeFromText(LATIN1.decode(bytes.subarray(start, end)), origin);
      case 'work':
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        return workFromText(LATIN1.decode(bytes.subarray(start, end)), origin);
      case 'sched':
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        return schedFromText(UTF8.decode(bytes.subarray(start, end)), origin);
    }
  }

  #open(bytes: Uint8Array, start: number, end: number): TextCursor {
    const cursor = this.#cursor;
    cursor.open(bytes, start, end);
    return cursor;
  }

  /** `dev 0:16 ino 1fa pfn=0x1a ofs=4096 order=0`; kernels before 6.8 have no order, before 6.3 a page pointer, too. */
  #filemap(type: FilemapType, bytes: Uint8Array, start: number, end: number, origin: LineOrigin): DecodedText {
    const cursor = this.#open(bytes, start, end);
    if (!cursor.literal(DEV)) return this.#filemapFields(type, cursor, start, origin);
    const major = cursor.decimal();
    cursor.at++;
    const minor = cursor.decimal();
    if (!cursor.literal(INO)) return 'unreadable';
    const inoStart = cursor.at;
    const inoNumber = cursor.hex();
    if (major < 0 || minor < 0 || major > MAX_MAJOR || minor > MAX_MINOR || inoNumber < 0) return 'unreadable';
    const inode = this.#ino(inoNumber, bytes, inoStart, cursor.at);
    if (cursor.literal(PAGE)) {
      if (!cursor.skipWord()) return 'unreadable';
      cursor.at--;
    }
    if (!cursor.literal(SPACED_PFN)) return 'unreadable';
    const pfn = cursor.number();
    if (!cursor.literal(OFS)) return 'unreadable';
    const offset = cursor.decimal();
    let order = 0;
    // The end of the offset may be cut off here; the missing order then shows it.
    if (cursor.literal(ORDER)) {
      order = cursor.decimal();
      if (order === 0 && offset > 0) this.#offsets.saw(offset, major);
    } else if (cursor.at !== end) return 'unreadable';
    return filemapEvent(
      type,
      origin,
      this.#dev(major, minor),
      inode,
      pfn,
      offset < 0 ? -1 : pagesOf(offset, this.#pageSize),
      order,
    );
  }

  /** Option `fields`: NAME=0xHEX (DECIMAL), or NAME=(DECIMAL) for single bytes; in this order, or by patterns in any. */
  #filemapFields(type: FilemapType, cursor: TextCursor, start: number, origin: LineOrigin): DecodedText {
    const { bytes, end } = cursor;
    const pfn = cursor.literal(PFN) ? cursor.field() : -1;
    const inoNumber = cursor.literal(I_INO) ? cursor.field() : -1;
    const index = cursor.literal(INDEX) ? cursor.field() : -1;
    const deviceNumber = cursor.literal(S_DEV) ? cursor.field() : -1;
    const order = cursor.literal(ORDER) ? cursor.field() : 0;
    const isWhole = cursor.at === end && Math.min(pfn, inoNumber, index, deviceNumber, order) >= 0;
    if (isWhole && inoNumber <= Number.MAX_SAFE_INTEGER && deviceNumber <= MAX_DEVICE)
      return filemapEvent(type, origin, this.#device(deviceNumber), this.#ino(inoNumber), pfn, index, order);

    if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
    const fields = fieldsOf(LATIN1.decode(bytes.subarray(start, end)));
    const device = Number(fields.get('s_dev') ?? -1n);
    const inode = ino(fields.get('i_ino') ?? -1n);
    if (device < 0 || device > MAX_DEVICE || inode < 0n) return 'unreadable';
    const number = (name: string, otherwise: bigint): number => Number(fields.get(name) ?? otherwise);
    return filemapEvent(
      type,
      origin,
      this.#device(device),
      inode,
      number('pfn', -1n),
      number('index', -1n),
      number('order', 0n),
    );
  }

  /** `folio=00000000d1fa36bb pfn=0x22718c lru=4 flags=Ma bd`: the pointer is hashed, the flags are six columns. */
  #insertion(bytes: Uint8Array, start: number, end: number, { at, cpu, pid, comm, buffer }: LineOrigin): DecodedText {
    const cursor = this.#open(bytes, start, end);
    let pfn = -1;
    let lru = -1;
    let mapped: boolean | undefined;
    if (cursor.literal(PFN) || (cursor.skipWord() && cursor.literal(PFN))) {
      pfn = cursor.number();
      if (!cursor.literal(LRU)) return 'unreadable';
      lru = cursor.decimal();
      if (cursor.literal(FLAGS) && cursor.at < end) {
        // Perfetto prints the number; bit 0 is PAGEMAP_MAPPED (include/trace/events/pagemap.h).
        const flags = cursor.decimal();
        mapped = flags < 0 ? bytes[cursor.at] === 0x4d /* M */ : flags % 2 === 1;
      }
    } else {
      // Option `fields`, where the pointer is a number, too.
      if (cursor.skipWord() && cursor.literal(PFN)) pfn = cursor.field();
      if (cursor.literal(LRU)) lru = cursor.field();
      const flags = cursor.literal(FLAGS) ? cursor.field() : -1;
      mapped = flags % 2 === 1;
      if (cursor.at !== end || Math.min(pfn, lru, flags) < 0) {
        if (end - start > MAX_PATTERN_BYTES) return 'unreadable';
        const fields = fieldsOf(LATIN1.decode(bytes.subarray(start, end)));
        pfn = Number(fields.get('pfn') ?? -1n);
        lru = Number(fields.get('lru') ?? -1n);
        const bits = fields.get('flags');
        mapped = bits === undefined ? undefined : (bits & 1n) !== 0n;
      }
    }
    if (!isWhole(pfn) || !isWhole(lru)) return 'unreadable';
    return { type: 'mm_lru_insertion', at, cpu, pid, comm, buffer, pfn: pfn as Pfn, lru, mapped };
  }

  /** @param value the number whose digits are `bytes[start, end)`; they are needed only where it is rounded. */
  #ino(value: number, bytes?: Uint8Array, start?: number, end?: number): Ino {
    if (value === this.#lastInoNumber && value <= Number.MAX_SAFE_INTEGER) return this.#lastIno;
    this.#lastInoNumber = value;
    this.#lastIno = ino(
      value <= Number.MAX_SAFE_INTEGER ? BigInt(value) : BigInt(`0x${LATIN1.decode(bytes?.subarray(start, end))}`),
    );
    return this.#lastIno;
  }

  /** @param number as the kernel keeps it, 12 bits for the major and 20 for the minor number. */
  #device(number: number): Dev {
    return this.#dev(Math.floor(number / 0x10_0000), number % 0x10_0000);
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

/** Behind the function that wrote a marker: with options sym-offset and sym-addr it has its offset and address. */
function behindSymbol(bytes: Uint8Array, start: number, end: number): number {
  let at = start + MARKER_BYTES;
  while (at < end && !(bytes[at] === 0x3a /* : */ && bytes[at + 1] === 0x20)) at++;
  return at < end ? at + 2 : start + MARKER_BYTES;
}

function filemapEvent(
  type: FilemapType,
  { at, cpu, pid, comm, buffer }: LineOrigin,
  device: Dev,
  inode: Ino,
  pfn: number,
  index: number,
  order: number,
): DecodedText {
  if (!isWhole(pfn) || !isWhole(index) || !isWhole(order) || order > MAX_ORDER) return 'unreadable';
  return {
    type,
    at,
    cpu,
    pid,
    comm,
    buffer,
    dev: device,
    ino: inode,
    pfn: pfn as Pfn,
    index: index as FolioIndex,
    order: order as Order,
  };
}

const isWhole = (value: number): boolean => value >= 0 && Number.isSafeInteger(value);
