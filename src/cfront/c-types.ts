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

/** Unsigned types that wrap in C: smaller ones become int before arithmetic. */
export const isWrapping = (type: CType): boolean => type.kind === 'int' && !type.signed && type.bits >= 32;

/**
 * Smallest and largest number that stands for a value of a type. Values of the upper half of `unsigned int` and of
 * `unsigned long` are kept as the negative numbers that they are in two's complement, so that ULONG_MAX is -1.
 */
export function limits(type: CType): { readonly low: number; readonly high: number } {
  if (type.kind === 'bool') return { low: 0, high: 1 };
  if (type.kind !== 'int') return { low: 0, high: 2 ** 31 - 1 };
  return type.signed || isWrapping(type)
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

/** The value in C that a number stands for. */
export const valueIn = (value: number, type: CType): bigint =>
  type.kind === 'int' && isWrapping(type) && value < 0 ? BigInt(value) + (1n << BigInt(type.bits)) : BigInt(value);

/** The number that stands for a value in a type, to which it is wrapped; undefined if no number here is that value. */
export function wrapped(value: bigint, type: CType): number | undefined {
  if (type.kind !== 'int') return Number(value);
  const whole = type.signed || isWrapping(type) ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
  const number = Number(whole);
  return BigInt(number) === whole ? number : undefined;
}
