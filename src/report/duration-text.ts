// SPDX-License-Identifier: MIT
import type { Nanoseconds } from '../ledger/index.ts';
import { countText } from './clock-text.ts';

const UNITS = [
  [86_400e9, 'd'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
] as const;

/** `17.7 us`: three digits and a suitable unit; `17700 ticks` of a clock that counts. */
export function durationText(time: Nanoseconds): string {
  const count = countText(time);
  if (count !== undefined) return count;
  const ns = Number(time);
  for (const [size, name] of UNITS)
    if (ns >= size) return `${ns >= 1000 * size ? Math.round(ns / size) : Number((ns / size).toPrecision(3))} ${name}`;
  return `${ns} ns`;
}
