// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type Dev,
  type FolioIndex,
  type Ino,
  type Nanoseconds,
  type Order,
  type Pfn,
  pfn,
} from '../../ledger/index.ts';
import type { FieldKey, FieldSink, WholeEvent, WholeReceiver } from '../whole-event.ts';
import { type FieldKind, KNOWN_EVENTS } from './kept-fields.ts';
import type { Redactor } from './redactor.ts';

/** The receiver of a whole recording, which sees only what a redactor lets through. */
export function redactedReceiver({ onEvent, onLoss }: WholeReceiver, redactor: Redactor): WholeReceiver {
  const view = new RedactedEvent(redactor);
  return {
    onEvent: (event) => onEvent(view.over(event)),
    onLoss: (loss) => onLoss(redactor.loss(loss)),
  };
}

const NONE: Readonly<Record<string, FieldKind>> = {};

/** One object, laid over one event after the other. */
class RedactedEvent implements WholeEvent {
  readonly #redactor: Redactor;
  readonly #fields: RedactedFields;
  #event: WholeEvent | undefined;
  #kinds: Readonly<Record<string, FieldKind>> = NONE;

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

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.#fields = new RedactedFields(redactor);
  }

  over(event: WholeEvent): this {
    const redactor = this.#redactor;
    const kinds = KNOWN_EVENTS.get(event.name);
    this.#event = event;
    this.#kinds = kinds ?? NONE;
    this.at = event.at;
    this.cpu = event.cpu;
    this.pid = redactor.pid(event.pid);
    this.comm = event.comm === undefined ? undefined : redactor.task(event.comm);
    this.buffer = event.buffer === undefined ? undefined : redactor.buffer(event.buffer);
    this.name = redactor.eventName(event.name);
    // Probes may be in a group of any name.
    this.system = kinds === undefined || !SYSTEM.test(event.system ?? '') ? undefined : event.system;
    const has = (...names: readonly string[]): boolean => names.some((name) => this.#kinds[name] === 'number');
    this.dev = has('s_dev', 'dev') ? event.dev : undefined;
    this.ino = has('i_ino', 'ino') ? event.ino : undefined;
    this.index = has('index', 'ofs') ? event.index : undefined;
    this.order = has('order') ? event.order : undefined;
    const frame = this.#kinds['pfn'] === 'frame' ? event.pfn : undefined;
    this.pfn = frame === undefined ? undefined : redactor.frame(frame);
    return this;
  }

  writeFields(into: FieldSink): void {
    this.#event?.writeFields(this.#fields.for(this.#kinds, into));
  }
}

/** Systems of the kernel whose events stay. */
const SYSTEM =
  /^(?:filemap|pagemap|kmem|page_ref|folio_ref|page_pinner|workqueue|syscalls|raw_syscalls|sched|ftrace|irq|timer|power|exceptions|migrate|compaction|kvm)$/;

/** Passes the fields on that an event may show. */
class RedactedFields implements FieldSink {
  readonly #redactor: Redactor;
  #kinds: Readonly<Record<string, FieldKind>> = NONE;
  #into: FieldSink | undefined;
  /** The field that is read, and whether its key was written. */
  #key: FieldKey | undefined;
  #isKeyWritten = false;
  #kind: FieldKind | undefined;
  #isList = false;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  for(kinds: Readonly<Record<string, FieldKind>>, into: FieldSink): this {
    this.#kinds = kinds;
    this.#into = into;
    this.#kind = undefined;
    return this;
  }

  raw(bracket: '{' | '}' | '[' | ']'): void {
    switch (bracket) {
      case '{':
      case '}':
        this.#into?.raw(bracket);
        return;
      case '[':
        this.#isList = this.#kind !== undefined;
        if (this.#isList) this.#begin()?.raw('[');
        return;
      case ']':
        if (this.#isList) this.#into?.raw(']');
        this.#isList = false;
    }
  }

  key(key: FieldKey): this {
    this.#key = key;
    this.#isKeyWritten = false;
    this.#kind = Object.hasOwn(this.#kinds, key.name) ? this.#kinds[key.name] : undefined;
    return this;
  }

  number(value: number): void {
    switch (this.#kind) {
      case 'number':
      case 'flags':
        this.#begin()?.number(value);
        break;
      case 'frame':
        if (Number.isSafeInteger(value) && value >= 0) this.#begin()?.number(this.#redactor.frame(pfn(value)));
        break;
      case 'pid':
        this.#begin()?.number(this.#redactor.pid(value));
        break;
      case 'task':
      case 'workqueue':
      case 'marker':
      case undefined:
        break;
      case 'address':
      case 'function':
        this.#begin()?.number(this.#redactor.address(BigInt.asUintN(64, BigInt(value)).toString(16)));
    }
  }

  hex(low: number, high: number): void {
    const value = (BigInt(high) << 32n) | BigInt(low);
    switch (this.#kind) {
      case 'number':
      case 'flags':
        this.#begin()?.hex(low, high);
        break;
      case 'frame':
      case 'pid':
      case 'task':
      case 'workqueue':
      case 'marker':
      case undefined:
        break;
      case 'address':
      case 'function':
        this.#begin()?.number(this.#redactor.address(value.toString(16)));
    }
  }

  text(value: string): void {
    switch (this.#kind) {
      case 'number':
        if (NUMBERS.test(value)) this.#begin()?.text(value);
        break;
      case 'flags':
        if (FLAGS.test(value)) this.#begin()?.text(value);
        break;
      case 'frame':
        if (HEX.test(value)) this.number(Number(value.startsWith('0x') ? value : `0x${value}`));
        break;
      case 'address':
        if (HEX.test(value)) this.#begin()?.number(this.#redactor.address(value));
        break;
      case 'pid':
      case undefined:
        break;
      case 'task':
        this.#begin()?.text(this.#redactor.task(value));
        break;
      case 'workqueue':
        this.#begin()?.text(this.#redactor.workqueue(value));
        break;
      case 'marker':
        this.#begin()?.text(this.#redactor.marker(value));
        break;
      case 'function':
        this.symbol(value);
    }
  }

  symbol(name: string): void {
    if (this.#kind === 'function') this.#begin()?.symbol(this.#redactor.symbol(name));
  }

  textOf(from: Uint8Array, start: number, end: number): void {
    if (this.#kind !== undefined) this.text(UTF8.decode(from.subarray(start, end)));
  }

  /** Writes the key before its first value. */
  #begin(): FieldSink | undefined {
    if (this.#key !== undefined && !this.#isKeyWritten) this.#into?.key(this.#key);
    this.#isKeyWritten = true;
    return this.#into;
  }
}

const UTF8 = new TextDecoder();
/** A number, a device `0:16` or one in words of an order. */
const NUMBERS = /^-?(?:0x[\da-f]{1,16}|\d{1,20}(?::\d{1,9})?)$/i;
const HEX = /^(?:0x)?[\da-f]{1,16}$/i;
/** Letters of `mm_lru_insertion`, or GFP_* names. */
const FLAGS = /^(?:[MafsbRlS ?]{1,8}|(?:__)?GFP_[A-Z_]{1,24}(?:\|(?:__)?GFP_[A-Z_]{1,24})*)$/;
