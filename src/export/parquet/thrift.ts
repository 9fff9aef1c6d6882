// SPDX-License-Identifier: MIT

const ENCODER = new TextEncoder();

/** Types of the compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md). */
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** A field's value. A number is an i32, a bigint an i64; a boolean is in the field's type. */
export type ThriftValue = number | bigint | boolean | string | Uint8Array | ThriftStruct | ThriftList;

/** Fields by their ids, rising; a field without a value is absent. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Values of one type, at least one. */
type ThriftList = readonly (number | string | ThriftStruct)[];

/** A struct of the fields that have a value. */
export const struct = (fields: Readonly<Record<number, ThriftValue | undefined>>): ThriftStruct =>
  new Map(Object.entries(fields).flatMap(([id, value]) => (value === undefined ? [] : [[Number(id), value] as const])));

/** A struct in Thrift's compact protocol, as Parquet has its page headers and its footer. */
export function thriftBytes(value: ThriftStruct): Uint8Array {
  const bytes: number[] = [];
  writeStruct(bytes, value);
  return Uint8Array.from(bytes);
}

function writeStruct(bytes: number[], fields: ThriftStruct): void {
  let last = 0;
  for (const [id, value] of fields) {
    // All structs of Parquet have few fields: the distance fits.
    bytes.push(((id - last) << 4) | typeOf(value));
    last = id;
    if (typeof value !== 'boolean') writeValue(bytes, value);
  }
  bytes.push(0);
}

function typeOf(value: ThriftValue): number {
  if (typeof value === 'boolean') return value ? 1 : 2;
  if (typeof value === 'number') return I32;
  if (typeof value === 'bigint') return I64;
  if (typeof value === 'string' || value instanceof Uint8Array) return BINARY;
  return isList(value) ? LIST : STRUCT;
}

const isList = (value: ThriftStruct | ThriftList): value is ThriftList => Array.isArray(value);

function writeValue(bytes: number[], value: Exclude<ThriftValue, boolean>): void {
  if (typeof value === 'number') writeVarint(bytes, BigInt(value) >= 0n ? BigInt(value) << 1n : ~(BigInt(value) << 1n));
  else if (typeof value === 'bigint') writeVarint(bytes, value >= 0n ? value << 1n : ~(value << 1n));
  else if (typeof value === 'string') writeBinary(bytes, ENCODER.encode(value));
  else if (value instanceof Uint8Array) writeBinary(bytes, value);
  else if (isList(value)) {
    const [first] = value;
    const type = first === undefined ? STRUCT : typeOf(first);
    if (value.length < 15) bytes.push((value.length << 4) | type);
    else {
      bytes.push(0xf0 | type);
      writeVarint(bytes, BigInt(value.length));
    }
    for (const one of value) writeValue(bytes, one);
  } else writeStruct(bytes, value);
}

function writeBinary(bytes: number[], value: Uint8Array): void {
  writeVarint(bytes, BigInt(value.byteLength));
  for (const byte of value) bytes.push(byte);
}

function writeVarint(bytes: number[], value: bigint): void {
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
}
