// SPDX-License-Identifier: MIT
import { type CType, INT } from './syntax.ts';

/** Target of a pointer that is a value: the folio, or the inode with its mapping. */
export function pointee(type: CType): 'folio' | 'inode' | undefined {
  if (type.kind !== 'pointer' || type.to.kind !== 'struct') return undefined;
  switch (type.to.name) {
    case 'folio':
      return 'folio';
    case 'inode':
    case 'address_space':
    case 'file':
      return 'inode';
    default:
      return undefined;
  }
}

export const isBatch = (type: CType): boolean => type.kind === 'struct' && type.name === 'folio_batch';
export const isNumber = (type: CType): boolean => type.kind === 'bool' || type.kind === 'int';

/** Smallest and largest number of a type. */
export function limits(type: CType): { readonly low: number; readonly high: number } {
  if (type.kind === 'bool') return { low: 0, high: 1 };
  if (type.kind !== 'int') return { low: 0, high: 2 ** 31 - 1 };
  return type.signed
    ? { low: -(2 ** (type.bits - 1)), high: 2 ** (type.bits - 1) - 1 }
    : { low: 0, high: 2 ** type.bits - 1 };
}

/** The integer promotions. */
export const promoted = (type: CType): CType =>
  type.kind === 'bool' || (type.kind === 'int' && type.bits < 32) ? INT : type;

/** The usual arithmetic conversions. */
export function common(a: CType, b: CType): CType {
  const [left, right] = [promoted(a), promoted(b)];
  if (left.kind !== 'int' || right.kind !== 'int') return left;
  if (left.bits !== right.bits) return left.bits > right.bits ? left : right;
  return left.signed ? right : left;
}

export const typeText = (type: CType): string => {
  switch (type.kind) {
    case 'void':
    case 'bool':
      return type.kind;
    case 'int':
      return `${type.signed ? '' : 'unsigned '}${type.bits === 64 ? 'long' : type.bits === 32 ? 'int' : type.bits === 16 ? 'short' : 'char'}`;
    case 'struct':
      return `struct ${type.name}`;
    case 'pointer':
      return `${typeText(type.to)} *`;
  }
};

/** A value wrapped to the range of a type. */
export function wrapped(value: number, type: CType): number {
  if (type.kind !== 'int') return value;
  const whole = BigInt(value);
  return Number(type.signed ? BigInt.asIntN(type.bits, whole) : BigInt.asUintN(type.bits, whole));
}
