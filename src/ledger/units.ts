// SPDX-License-Identifier: MIT

/** A number that must not be confused with another kind of number; erased at run time. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** Page frame number of a folio's head page. */
export type Pfn = Brand<number, 'Pfn'>;
/** Offset of a folio in its inode, in pages. */
export type FolioIndex = Brand<number, 'FolioIndex'>;
/** A logical CPU, from 0. */
export type Cpu = Brand<number, 'Cpu'>;
/** A folio is 2^order pages. */
export type Order = Brand<number, 'Order'>;
/** Nanoseconds of the recording's clock. A bigint, because 2^53 ns is only 104 days. */
export type Nanoseconds = Brand<bigint, 'Nanoseconds'>;
/** `major:minor` of a superblock, as the trace events print it. */
export type Dev = Brand<string, 'Dev'>;
/** Inode number: 64 bits in newer kernels, so a bigint. */
export type Ino = Brand<bigint, 'Ino'>;

const bounded = (value: number, what: string): number => {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${what} must be a whole number from 0, not ${value}`);
  return value;
};

/**
 * @throws RangeError unless `value` is a whole number from 0.
 * @example
 * import { cpu, dev, folioIndex, ino, nanoseconds, order, pfn } from 'folioscope/ledger';
 * [cpu(1), folioIndex(3), ino(0x4414n), nanoseconds(5n), order(0), pfn(1396979)]; // => [1, 3, 17428n, 5n, 0, 1396979]
 * dev(0, 16); // => '0:16'
 */
export const pfn = (value: number): Pfn => bounded(value, 'pfn') as Pfn;
/** @throws RangeError unless `value` is a whole number from 0. */
export const folioIndex = (value: number): FolioIndex => bounded(value, 'folio index') as FolioIndex;
/** @throws RangeError unless `value` is a whole number from 0. */
export const cpu = (value: number): Cpu => bounded(value, 'cpu') as Cpu;
/** @throws RangeError unless `value` is a whole number from 0. */
export const order = (value: number): Order => bounded(value, 'order') as Order;
export const nanoseconds = (value: bigint): Nanoseconds => value as Nanoseconds;
export const dev = (major: number, minor: number): Dev =>
  `${bounded(major, 'major')}:${bounded(minor, 'minor')}` as Dev;
export const ino = (value: bigint): Ino => value as Ino;

/**
 * A time as `718.867524000`: seconds and nine digits of nanoseconds, as everywhere in our output.
 * @example
 * import { formatTime, parseTime } from 'folioscope/ledger';
 * parseTime('718.867524'); // => 718867524000n
 * formatTime(parseTime('718.867524')!); // => '718.867524000'
 * parseTime('now'); // => undefined
 */
export function formatTime(time: Nanoseconds): string {
  const sign = time < 0n ? '-' : '';
  const magnitude = time < 0n ? -time : time;
  return `${sign}${magnitude / 1_000_000_000n}.${String(magnitude % 1_000_000_000n).padStart(9, '0')}`;
}

/**
 * Reads `seconds[.fraction]` with up to nine digits of fraction.
 * @returns undefined if the text is no such time.
 */
export function parseTime(text: string): Nanoseconds | undefined {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = ''] = match;
  return (BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))) as Nanoseconds;
}
