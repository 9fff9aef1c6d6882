// SPDX-License-Identifier: MIT
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { FieldKey, FieldSink } from '../../trace/index.ts';
import { GENERIC, GENERIC_FIELD } from './fields.ts';

const UTF8 = new TextDecoder();
const MOST_PREFIXES = 4096;
/** Not in a list. */
const SINGLE = -1;

/** Writes an event's fields as those of a GenericFtraceEvent. An item of a list is a field of its own, `caller[0]`. */
export class GenericFields implements FieldSink {
  #writer = new BinaryWriter();
  #key: FieldKey | undefined;
  #nth = SINGLE;
  /** The bytes before a field's value, made once a field. */
  readonly #prefixes = new Map<string, Uint8Array>();

  into(writer: BinaryWriter): this {
    this.#writer = writer;
    return this;
  }

  raw(bracket: '{' | '}' | '[' | ']'): void {
    if (bracket === '[') this.#nth = 0;
    else if (bracket === ']') this.#nth = SINGLE;
  }

  key(key: FieldKey): this {
    this.#key = key;
    return this;
  }

  number(value: number): void {
    const writer = this.#begin();
    if (value < 0) writer.uint32(GENERIC_FIELD.signed).int64(value);
    else if (value <= 0xffff_ffff) writer.uint32(GENERIC_FIELD.unsigned).uint32(value);
    else writer.uint32(GENERIC_FIELD.unsigned).uint64(value);
    writer.join();
  }

  hex(low: number, high: number): void {
    const value = high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
    const writer = this.#begin();
    writer.uint32(GENERIC_FIELD.unsigned).uint64(value).join();
  }

  text(value: string): void {
    this.#text(value);
  }

  symbol(name: string): void {
    this.#text(name);
  }

  textOf(from: Uint8Array, start: number, end: number): void {
    if (isAscii(from, start, end)) this.#begin().uint32(GENERIC_FIELD.text).bytes(from.subarray(start, end)).join();
    else this.text(UTF8.decode(from.subarray(start, end)));
  }

  #text(value: string): void {
    this.#begin().uint32(GENERIC_FIELD.text).string(value).join();
  }

  #begin(): BinaryWriter {
    const writer = this.#writer;
    const key = this.#key;
    writer.uint32(GENERIC.field).fork();
    if (key === undefined) return writer;
    if (this.#nth !== SINGLE) return writer.uint32(GENERIC_FIELD.name).string(`${key.name}[${this.#nth++}]`);
    let prefix = this.#prefixes.get(key.name);
    if (prefix === undefined) {
      prefix = new BinaryWriter().uint32(GENERIC_FIELD.name).string(key.name).finish();
      // Words of a text may look like names, so there may be any number of them.
      if (this.#prefixes.size >= MOST_PREFIXES) this.#prefixes.clear();
      this.#prefixes.set(key.name, prefix);
    }
    return writer.raw(prefix);
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0x80) >= 0x80) return false;
  return true;
}
