// SPDX-License-Identifier: MIT

/** A field of a struct; an array has `count` consecutive ones. */
export interface Field {
  /** In bytes. */
  readonly offset: number;
  /** Size of one element in bytes. */
  readonly size: 4 | 8;
  readonly count: number;
}
/** A struct's fields by name; the struct ends with the last one. */
export type Layout = Readonly<Record<string, Field>>;

/** Consecutive fields, as a compiler lays them out with natural alignment. */
export function layout(fields: readonly (readonly [name: string, size: 4 | 8, count?: number])[]): Layout {
  let offset = 0;
  return Object.fromEntries(
    fields.map(([name, size, count = 1]) => {
      const field = { offset, size, count };
      offset += size * count;
      return [name, field];
    }),
  );
}

/** Size of a struct in bytes. */
export const sizeOfStruct = (of: Layout): number =>
  Math.max(0, ...Object.values(of).map(({ offset, size, count }) => offset + size * count));

/** Values of a struct's fields; an array's elements in order, absent ones are 0. */
export type FieldValues = Readonly<Record<string, bigint | readonly bigint[]>>;

/**
 * A struct's bytes, little-endian, as for an ioctl. Absent fields are 0.
 * @throws RangeError if a value does not fit, or there is no such field.
 * @example
 * import {
 *   decodeStruct,
 *   encodeStruct,
 *   KVM_MEMORY_ATTRIBUTE_PRIVATE,
 *   PAGE_SIZE,
 *   sizeOfStruct,
 *   STRUCTS,
 * } from 'folioscope/abi';
 * const { kvm_memory_attributes2 } = STRUCTS;
 * const bytes = encodeStruct(kvm_memory_attributes2, { size: PAGE_SIZE, attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE });
 * bytes.length === sizeOfStruct(kvm_memory_attributes2); // => true
 * decodeStruct(kvm_memory_attributes2, bytes)['attributes']; // => 8n
 */
export function encodeStruct(of: Layout, values: FieldValues): Uint8Array {
  const bytes = new Uint8Array(sizeOfStruct(of));
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(values)) {
    const field = of[name];
    if (field === undefined) throw new RangeError(`no field '${name}'; there are ${Object.keys(of).join(', ')}`);
    const elements = typeof value === 'bigint' ? [value] : value;
    if (elements.length > field.count) throw new RangeError(`${name} has ${field.count} elements`);
    for (const [i, element] of elements.entries()) {
      if (element !== BigInt.asUintN(8 * field.size, element))
        throw new RangeError(`${name}: ${element} is no unsigned number of ${8 * field.size} bits`);
      const at = field.offset + i * field.size;
      if (field.size === 4) view.setUint32(at, Number(element), true);
      else view.setBigUint64(at, element, true);
    }
  }
  return bytes;
}

/** The values in a struct's bytes, an array's elements as a list. @throws RangeError if there are too few bytes. */
export function decodeStruct(of: Layout, bytes: Uint8Array): FieldValues {
  if (bytes.length < sizeOfStruct(of)) throw new RangeError(`${bytes.length} bytes, expected ${sizeOfStruct(of)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number, size: 4 | 8): bigint =>
    size === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
  return Object.fromEntries(
    Object.entries(of).map(([name, { offset, size, count }]) => [
      name,
      count === 1 ? read(offset, size) : Array.from({ length: count }, (_, i) => read(offset + i * size, size)),
    ]),
  );
}
