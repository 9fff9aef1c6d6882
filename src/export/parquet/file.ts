// SPDX-License-Identifier: MIT
import {
  BooleanColumn,
  type Column,
  type Encoded,
  Int32Column,
  Int64Column,
  JsonColumn,
  PHYSICAL,
  TextColumn,
} from './columns.ts';
import { bitWidthOf, hybrid, maxHybridBytes } from './hybrid.ts';
import { maxSnappyBytes, snappy } from './snappy.ts';
import { struct, thriftBytes, type ThriftStruct } from './thrift.ts';

/** Rows that are written together: some megabytes of memory, and enough for a reader to skip groups by their bounds. */
export const ROWS_A_GROUP = 65_536;

/** Rows that a new file has room for: most tables have few. */
const FIRST_ROOM = 1024;
const FIRST_BYTES = 1 << 14;

const MAKERS = {
  int64: Int64Column,
  int32: Int32Column,
  boolean: BooleanColumn,
  text: TextColumn,
  json: JsonColumn,
} as const;

/** Kinds of columns: a `json` is a text that hardly ever repeats. */
export type ColumnType = keyof typeof MAKERS;

/** Where a file's bytes go, in order. They may be overwritten after the call. */
export type Sink = (bytes: Uint8Array) => void;

/** The columns of a file, by their names in their order. */
export type Types = Readonly<Record<string, { readonly type: ColumnType }>>;

/** What fills the columns: each takes one value, or none, a row. */
export type Cells<Specs extends Types> = {
  readonly [Name in keyof Specs]: InstanceType<(typeof MAKERS)[Specs[Name]['type']]>;
};

/** A row by the names of its columns. */
export type RowOf<Specs extends Types> = {
  readonly [Name in keyof Specs]: Parameters<Cells<Specs>[Name]['add']>[0];
};

const MAGIC = new TextEncoder().encode('PAR1');
// Enumerations of parquet.thrift.
const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const SNAPPY = 1;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const UTF8 = 0;
const OPTIONAL = 1;

/**
 * A Parquet file that is written row group by row group: memory holds one group, however long the file is. Values are in typed
 * arrays, and are encoded a column at a time. Pages are of version 1 and packed with Snappy, which every reader knows. What else
 * was tried: docs/query.md.
 */
export class ParquetFile<Specs extends Types> {
  readonly cells: Cells<Specs>;
  /** Number of rows so far. */
  rows = 0;
  readonly #columns: readonly Column[];
  readonly #sink: Sink;
  readonly #createdBy: string;
  readonly #groups: ThriftStruct[] = [];
  #offset = 0;
  #inGroup = 0;
  #room = FIRST_ROOM;
  #page = new Uint8Array(FIRST_BYTES);
  #packed = new Uint8Array(FIRST_BYTES);

  /** @param createdBy what the file says of its maker. */
  constructor(specs: Specs, sink: Sink, createdBy: string) {
    const made = Object.entries(specs).map(([name, { type }]) => [name, new MAKERS[type](name, FIRST_ROOM)] as const);
    this.cells = Object.fromEntries(made) as Cells<Specs>;
    this.#columns = made.map(([, column]) => column);
    this.#sink = sink;
    this.#createdBy = createdBy;
    this.#write(MAGIC);
  }

  /** Adds a row. What fills millions uses {@link cells}. */
  add(row: RowOf<Specs>): void {
    // Each value is of its own column's type, which the types of a loop cannot say.
    for (const name of Object.keys(this.cells)) this.cells[name]!.add(row[name] as never);
    this.endRow();
  }

  /** Ends a row: every column has been given its value, or none. */
  endRow(): void {
    this.rows++;
    if (++this.#inGroup < this.#room) return;
    if (this.#inGroup === ROWS_A_GROUP) this.#endGroup();
    else {
      this.#room *= 2;
      for (const column of this.#columns) column.grow(this.#room);
    }
  }

  /** Writes what is left, and the footer. */
  finish(): void {
    if (this.#inGroup > 0) this.#endGroup();
    const columns = this.#columns.map(({ name, physical }) =>
      struct({
        1: physical,
        3: OPTIONAL,
        4: name,
        6: physical === PHYSICAL.bytes ? UTF8 : undefined,
        10: physical === PHYSICAL.bytes ? struct({ 1: struct({}) }) : undefined,
      }),
    );
    const footer = thriftBytes(
      struct({
        1: 2,
        2: [struct({ 4: 'folioscope', 5: columns.length }), ...columns],
        3: BigInt(this.rows),
        4: this.#groups,
        6: this.#createdBy,
        // Bounds are by the order of each type: without this they mean nothing.
        7: columns.map(() => struct({ 1: struct({}) })),
      }),
    );
    this.#write(footer);
    this.#write(new Uint8Array(Uint32Array.of(footer.byteLength).buffer));
    this.#write(MAGIC);
  }

  #endGroup(): void {
    const from = this.#offset;
    let unpacked = 0;
    const chunks = this.#columns.map((column) => {
      const chunk = this.#chunk(column);
      unpacked += chunk.unpacked;
      column.clear();
      return chunk.told;
    });
    this.#groups.push(
      struct({
        1: chunks,
        2: BigInt(unpacked),
        3: BigInt(this.#inGroup),
        5: BigInt(from),
        6: BigInt(this.#offset - from),
      }),
    );
    this.#inGroup = 0;
  }

  #chunk(column: Column): { readonly told: ThriftStruct; readonly unpacked: number } {
    const from = this.#offset;
    const { dictionary, values, range } = column.encoded();
    let unpacked = 0;
    if (dictionary !== undefined) {
      const header = { 7: struct({ 1: dictionary.count, 2: PLAIN }) };
      unpacked += this.#writePage(DICTIONARY_PAGE, header, dictionary.bytes, dictionary.bytes.byteLength);
    }
    const dataAt = this.#offset;
    const length = this.#fillPage(column, values);
    const encoding = dictionary === undefined ? PLAIN : RLE_DICTIONARY;
    unpacked += this.#writePage(
      DATA_PAGE,
      { 5: struct({ 1: column.rows, 2: encoding, 3: RLE, 4: RLE }) },
      this.#page,
      length,
    );
    const statistics = struct({
      3: BigInt(column.rows - column.count),
      5: range?.max,
      6: range?.min,
    });
    const meta = struct({
      1: column.physical,
      2: dictionary === undefined ? [PLAIN, RLE] : [PLAIN, RLE, RLE_DICTIONARY],
      3: [column.name],
      4: SNAPPY,
      5: BigInt(column.rows),
      6: BigInt(unpacked),
      7: BigInt(this.#offset - from),
      9: BigInt(dataAt),
      11: dictionary === undefined ? undefined : BigInt(from),
      12: statistics,
    });
    return { told: struct({ 2: BigInt(from), 3: meta }), unpacked };
  }

  /** A data page: which rows have a value, then the values. @returns its length. */
  #fillPage(column: Column, values: Encoded['values']): number {
    const { rows, count, present } = column;
    const most = values instanceof Uint8Array ? values.byteLength : maxHybridBytes(count, 1 + bitWidthOf(values.most));
    if (this.#page.byteLength < most + maxHybridBytes(rows, 1))
      this.#page = new Uint8Array(2 * most + maxHybridBytes(rows, 1));
    const page = this.#page;
    let at = hybrid(present, rows, 1, page, 4);
    new DataView(page.buffer).setUint32(0, at - 4, true);
    if (values instanceof Uint8Array) {
      page.set(values, at);
      return at + values.byteLength;
    }
    // Not every reader takes values of no bits.
    const bitWidth = Math.max(1, bitWidthOf(values.most));
    page[at++] = bitWidth;
    return hybrid(values.codes, count, bitWidth, page, at);
  }

  /** @returns the bytes of the page before it is packed, its header included. */
  #writePage(type: number, header: Readonly<Record<number, ThriftStruct>>, bytes: Uint8Array, length: number): number {
    if (this.#packed.byteLength < maxSnappyBytes(length)) this.#packed = new Uint8Array(2 * maxSnappyBytes(length));
    const packed = snappy(bytes, length, this.#packed);
    const head = thriftBytes(struct({ 1: type, 2: length, 3: packed, ...header }));
    this.#write(head);
    this.#write(this.#packed.subarray(0, packed));
    return head.byteLength + length;
  }

  #write(bytes: Uint8Array): void {
    this.#sink(bytes);
    this.#offset += bytes.byteLength;
  }
}
