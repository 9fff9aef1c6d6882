// SPDX-License-Identifier: MIT
import { DEFAULT_PAGE_SIZE, type PageSize, pagesOf } from '../../abi/index.ts';
import {
  type Cpu,
  type Dev,
  dev,
  type FolioIndex,
  type Ino,
  ino,
  type Nanoseconds,
  type Order,
  type Pfn,
} from '../../ledger/index.ts';
import { keyOf } from '../json-bytes.ts';
import { MAX_MAJOR, MAX_MINOR, MAX_ORDER } from '../limits.ts';
import type { FieldKey, FieldSink, WholeEvent } from '../whole-event.ts';
import type { LineOrigin } from './decoded-text.ts';
import type { WholeLines } from './event-lines.ts';

/** `mm_lru_insertion:`, `pagemap:mm_lru_insertion:`, `sys_ioctl(`, `ksys_read <-do_syscall_64`. */
const NAME = /^(?:(\w+):(?=\w))?([\w.]+)/;
/** `a=0x1f (31)`, `b=(7)`, `c=-5`, `d="some words"`, `e=word`. */
const PAIR = /(?:^|[\s({,])(\w+)=(?:(0x[\da-f]+) \((-?\d+)\)|\((-?\d+)\)|"([^"]*)"|([^\s,)}]+))/gi;
const WHOLE = /^-?\d{1,15}$/;
const MAX_FRAMES = 512;

const TEXT = keyOf('text');
const CALLER = keyOf('caller');
const STACK = keyOf('stack');

/** Delivers every event of a text with all its data, after all lines that belong to it were read. */
export class WholeEvents implements WholeLines {
  readonly #onEvent: (event: WholeEvent) => void;
  readonly #pageSize: PageSize | undefined;
  #line: WholeLine | undefined;

  constructor(onEvent: (event: WholeEvent) => void, pageSize: PageSize | undefined) {
    this.#onEvent = onEvent;
    this.#pageSize = pageSize;
  }

  begin(line: string, origin: LineOrigin): void {
    this.end();
    this.#line = new WholeLine(line, origin, this.#pageSize);
  }

  continue(line: string): void {
    this.#line?.continue(line);
  }

  frame(name: string): void {
    this.#line?.frame(name);
  }

  unreadable(): void {
    this.#line?.unreadable();
  }

  end(): void {
    const line = this.#line;
    this.#line = undefined;
    if (line !== undefined) this.#onEvent(line);
  }
}

/** Keys made so far: nearly all lines have the same few. */
const KEYS = new Map<string, FieldKey>();
const MOST_KEYS = 1000;

function keyNamed(name: string): FieldKey {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const made = keyOf(name);
  // Words of a line may look like names, so there may be any number of them.
  if (KEYS.size < MOST_KEYS) KEYS.set(name, made);
  return made;
}

/** One event of a text, with the lines that follow it and belong to it. */
class WholeLine implements WholeEvent {
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  readonly pid: number;
  readonly comm: string | undefined;
  readonly buffer: string | undefined;
  readonly system: string | undefined;
  readonly name: string;
  #text: string;
  readonly #frames: string[] = [];
  readonly #isStack: boolean;
  /** A marker's text belongs to its writer, whatever it looks like. */
  readonly #isMarker: boolean;
  readonly #pageSize: PageSize;
  #pairs: ReadonlyMap<string, string> | undefined;
  /** Its words may be cut off, so its numbers may be wrong. */
  #isUnreadable = false;

  /** @param line from the event's name on. */
  constructor(line: string, { at, cpu, pid, comm, buffer }: LineOrigin, pageSize: PageSize = DEFAULT_PAGE_SIZE) {
    this.at = at;
    this.cpu = cpu;
    this.pid = pid;
    this.comm = comm;
    this.buffer = buffer;
    this.#pageSize = pageSize;
    this.#isStack = line.startsWith('<stack trace') || line.startsWith('kernel_stack:');
    const [whole, system, name] = NAME.exec(line) ?? ['', undefined, ''];
    this.system = system;
    this.name = this.#isStack ? 'kernel_stack' : name || 'unknown';
    this.#isMarker = this.name === 'tracing_mark_write' || this.name === 'print';
    this.#text = line
      .slice(whole.length)
      .replace(/^:?\s*/, '')
      .trimEnd();
  }

  /** A further line of a marker's text. */
  continue(line: string): void {
    this.#text += `\n${line}`;
  }

  /** A function of the stack trace after it. */
  frame(name: string): void {
    if (this.#frames.length < MAX_FRAMES) this.#frames.push(name);
  }

  /** The decoder could not read the line. */
  unreadable(): void {
    this.#isUnreadable = true;
  }

  get dev(): Dev | undefined {
    if (this.#isMarker || this.#isUnreadable) return undefined;
    const [, major, minor] = /(?:^| )dev[ =](\d+):(\d+)/.exec(this.#text) ?? [];
    if (major !== undefined) return devOf(Number(major), Number(minor));
    const number = this.#number('s_dev');
    return number === undefined ? undefined : devOf(Math.floor(number / 0x10_0000), number % 0x10_0000);
  }

  get ino(): Ino | undefined {
    if (this.#isMarker || this.#isUnreadable) return undefined;
    const [, hex] = /(?:^| )ino[ =](?:0x)?([\da-f]{1,16})\b/.exec(this.#text) ?? [];
    if (hex !== undefined) return ino(BigInt(`0x${hex}`));
    const number = this.#number('i_ino');
    return number === undefined ? undefined : ino(BigInt(number));
  }

  get pfn(): Pfn | undefined {
    return this.#number('pfn') as Pfn | undefined;
  }

  get index(): FolioIndex | undefined {
    const index = this.#number('index') as FolioIndex | undefined;
    if (index !== undefined) return index;
    const offset = this.#number('ofs');
    return offset === undefined ? undefined : (Math.floor(pagesOf(offset, this.#pageSize)) as FolioIndex);
  }

  get order(): Order | undefined {
    const order = this.#number('order');
    return order === undefined || order > MAX_ORDER ? undefined : (order as Order);
  }

  writeFields(into: FieldSink): void {
    into.raw('{');
    if (this.#text !== '' && !this.#isStack) into.key(TEXT).text(this.#text);
    for (const [name, value] of this.#fields()) {
      if (name === 'text' || name === 'stack') continue;
      into.key(keyNamed(name));
      if (WHOLE.test(value)) into.number(Number(value));
      else into.text(value);
    }
    if (this.#frames.length > 0) {
      into.key(this.#isStack ? CALLER : STACK).raw('[');
      for (const frame of this.#frames) into.symbol(frame);
      into.raw(']');
    }
    into.raw('}');
  }

  #fields(): ReadonlyMap<string, string> {
    if (this.#pairs !== undefined) return this.#pairs;
    const pairs = new Map<string, string>();
    if (!this.#isMarker && !this.#isUnreadable)
      for (const [, name = '', hex, beside, bracketed, quoted, word = ''] of this.#text.matchAll(PAIR))
        if (!pairs.has(name)) pairs.set(name, numberText(hex, beside) ?? bracketed ?? quoted ?? word);
    this.#pairs = pairs;
    return pairs;
  }

  #number(name: string): number | undefined {
    const value = this.#fields().get(name);
    if (value === undefined || !/^(?:\d+|0x[\da-f]+)$/i.test(value)) return undefined;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
}

/** The number that option `fields` prints twice: of an address the hexadecimal one. */
const numberText = (hex: string | undefined, decimal: string | undefined): string | undefined =>
  hex !== undefined && hex.length > 10 && decimal?.startsWith('-') === true ? hex : decimal;

const devOf = (major: number, minor: number): Dev | undefined =>
  major > MAX_MAJOR || minor > MAX_MINOR ? undefined : dev(major, minor);
