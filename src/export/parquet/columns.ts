// SPDX-License-Identifier: MIT
import { JsonBytes } from '../../trace/index.ts';

/** Physical types of Parquet (Type in parquet.thrift). */
export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, bytes: 6 } as const;

/** The encoded values of a column in one row group. */
export interface Encoded {
  /** Values that a dictionary of a row group has, plain; undefined where there is none. */
  readonly dictionary: { readonly bytes: Uint8Array; readonly count: number } | undefined;
  /** Values, without those that are missing: plain, or places in the dictionary. */
  readonly values: { readonly codes: Uint32Array; readonly most: number } | Uint8Array;
  /** Smallest and largest value, plain; undefined where there is none, or it is not worth it. */
  readonly range: { readonly min: Uint8Array; readonly max: Uint8Array } | undefined;
}

/** One column's values in the present row group. A missing value takes a bit, and no place among the values. */
export abstract class Column {
  abstract readonly physical: (typeof PHYSICAL)[keyof typeof PHYSICAL];
  readonly name: string;
  /** Number of rows so far, and of those that have a value. */
  rows = 0;
  count = 0;
  /** By row: 1 where it has a value. */
  present: Uint8Array<ArrayBuffer>;

  /** @param room number of rows, until {@link grow}. */
  constructor(name: string, room: number) {
    this.name = name;
    this.present = new Uint8Array(room);
  }

  /** Makes room for so many rows. */
  grow(room: number): void {
    const present = new Uint8Array(room);
    present.set(this.present);
    this.present = present;
  }

  /** The row has no value. */
  skip(): void {
    this.present[this.rows++] = 0;
  }

  abstract encoded(): Encoded;

  /** Starts the next row group. */
  clear(): void {
    this.rows = 0;
    this.count = 0;
  }
}

/** Whole numbers of 64 bits, in halves: a bigint a value would take longer than all else. */
export class Int64Column extends Column {
  readonly physical = PHYSICAL.int64;
  #values: BigInt64Array<ArrayBuffer>;
  #halves: Int32Array<ArrayBuffer>;

  constructor(name: string, room: number) {
    super(name, room);
    this.#values = new BigInt64Array(room);
    this.#halves = new Int32Array(this.#values.buffer);
  }

  override grow(room: number): void {
    super.grow(room);
    const values = new BigInt64Array(room);
    values.set(this.#values);
    this.#values = values;
    this.#halves = new Int32Array(values.buffer);
  }

  add(value: number | bigint | undefined): void {
    if (value === undefined) {
      this.skip();
      return;
    }
    this.present[this.rows++] = 1;
    if (typeof value === 'bigint') {
      this.#values[this.count++] = value;
      return;
    }
    const at = 2 * this.count++;
    this.#halves[at] = value;
    this.#halves[at + 1] = Math.floor(value / 0x1_0000_0000);
  }

  encoded(): Encoded {
    const halves = this.#halves;
    let min = 0;
    let max = 0;
    for (let row = 1; row < this.count; row++) {
      if (isBelow(halves, row, min)) min = row;
      else if (isBelow(halves, max, row)) max = row;
    }
    const one = (row: number): Uint8Array => new Uint8Array(halves.buffer, 8 * row, 8).slice();
    return {
      dictionary: undefined,
      values: new Uint8Array(halves.buffer, 0, 8 * this.count),
      range: this.count === 0 ? undefined : { min: one(min), max: one(max) },
    };
  }
}

function isBelow(halves: Int32Array, a: number, b: number): boolean {
  const [highA, highB] = [halves[2 * a + 1]!, halves[2 * b + 1]!];
  return highA < highB || (highA === highB && halves[2 * a]! >>> 0 < halves[2 * b]! >>> 0);
}

/** Whole numbers of 32 bits. */
export class Int32Column extends Column {
  readonly physical = PHYSICAL.int32;
  #values: Int32Array<ArrayBuffer>;

  constructor(name: string, room: number) {
    super(name, room);
    this.#values = new Int32Array(room);
  }

  override grow(room: number): void {
    super.grow(room);
    const values = new Int32Array(room);
    values.set(this.#values);
    this.#values = values;
  }

  add(value: number | undefined): void {
    if (value === undefined) {
      this.skip();
      return;
    }
    this.present[this.rows++] = 1;
    this.#values[this.count++] = value;
  }

  encoded(): Encoded {
    const values = this.#values;
    let min = values[0] ?? 0;
    let max = min;
    for (let row = 1; row < this.count; row++) {
      const value = values[row]!;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    const one = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
    return {
      dictionary: undefined,
      values: new Uint8Array(values.buffer, 0, 4 * this.count),
      range: this.count === 0 ? undefined : { min: one(min), max: one(max) },
    };
  }
}

export class BooleanColumn extends Column {
  readonly physical = PHYSICAL.boolean;
  #bits: Uint8Array<ArrayBuffer>;

  constructor(name: string, room: number) {
    super(name, room);
    this.#bits = new Uint8Array((room + 7) >>> 3);
  }

  override grow(room: number): void {
    super.grow(room);
    const bits = new Uint8Array((room + 7) >>> 3);
    bits.set(this.#bits);
    this.#bits = bits;
  }

  add(value: boolean | undefined): void {
    if (value === undefined) {
      this.skip();
      return;
    }
    this.present[this.rows++] = 1;
    if (value) this.#bits[this.count >>> 3]! |= 1 << (this.count & 7);
    this.count++;
  }

  encoded(): Encoded {
    return { dictionary: undefined, values: this.#bits.subarray(0, (this.count + 7) >>> 3), range: undefined };
  }

  override clear(): void {
    super.clear();
    this.#bits.fill(0);
  }
}

const ENCODER = new TextEncoder();
/** A text's bounds are cut to so many bytes, which keeps the footer small. */
const MOST_RANGE_BYTES = 64;

/** Texts that repeat: each is stored once for a row group. */
export class TextColumn extends Column {
  readonly physical = PHYSICAL.bytes;
  #codes: Uint32Array<ArrayBuffer>;
  readonly #known = new Map<string, number>();
  #last: string | undefined;
  #lastCode = 0;

  constructor(name: string, room: number) {
    super(name, room);
    this.#codes = new Uint32Array(room);
  }

  override grow(room: number): void {
    super.grow(room);
    const codes = new Uint32Array(room);
    codes.set(this.#codes);
    this.#codes = codes;
  }

  add(value: string | undefined): void {
    if (value === undefined) {
      this.skip();
      return;
    }
    this.present[this.rows++] = 1;
    if (value !== this.#last) {
      const known = this.#known.get(value);
      this.#lastCode = known ?? this.#known.size;
      if (known === undefined) this.#known.set(value, this.#lastCode);
      this.#last = value;
    }
    this.#codes[this.count++] = this.#lastCode;
  }

  encoded(): Encoded {
    if (this.count === 0) return { dictionary: undefined, values: new Uint8Array(0), range: undefined };
    const texts = Array.from(this.#known.keys(), (text) => ENCODER.encode(text));
    const bytes = new Uint8Array(texts.reduce((sum, { byteLength }) => sum + 4 + byteLength, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    let min = texts[0];
    let max = texts[0];
    for (const text of texts) {
      view.setUint32(at, text.byteLength, true);
      bytes.set(text, at + 4);
      at += 4 + text.byteLength;
      if (min !== undefined && compare(text, min) < 0) min = text;
      if (max !== undefined && compare(text, max) > 0) max = text;
    }
    const isShort = min !== undefined && max !== undefined && min.byteLength + max.byteLength <= 2 * MOST_RANGE_BYTES;
    return {
      dictionary: { bytes, count: texts.length },
      values: { codes: this.#codes, most: Math.max(0, texts.length - 1) },
      range: isShort && min !== undefined && max !== undefined ? { min, max } : undefined,
    };
  }

  override clear(): void {
    super.clear();
    this.#known.clear();
    this.#last = undefined;
  }
}

/** By bytes, which is the order of Parquet's texts. */
function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.byteLength, b.byteLength);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.byteLength - b.byteLength;
}

/** Texts that hardly ever repeat, written as they come: each with its length before it. */
export class JsonColumn extends Column {
  readonly physical = PHYSICAL.bytes;
  readonly #json = new JsonBytes();

  /** @param write writes one value. */
  add(write: (into: JsonBytes) => void): void {
    this.present[this.rows++] = 1;
    const json = this.#json;
    json.begin(4);
    const start = json.length;
    write(json);
    const length = json.length - start;
    json.bytes[start - 4] = length;
    json.bytes[start - 3] = length >>> 8;
    json.bytes[start - 2] = length >>> 16;
    json.bytes[start - 1] = length >>> 24;
    this.count++;
  }

  encoded(): Encoded {
    return { dictionary: undefined, values: this.#json.written(), range: undefined };
  }

  override clear(): void {
    super.clear();
    this.#json.clear();
  }
}
