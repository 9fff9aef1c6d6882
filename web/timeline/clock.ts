// SPDX-License-Identifier: MIT
import { formatTime, nanoseconds } from '../../src/ledger/index.ts';

/** The recording's clock, as far as a view writes its times. */
export interface Clock {
  readonly begin: bigint;
  readonly countsTime: boolean;
}

/** A time as `explain` writes it: seconds with nine digits, or the stamp of a clock that counts. */
export function timeText({ begin, countsTime }: Clock, offset: number): string {
  const at = begin + BigInt(Math.round(offset));
  return countsTime ? String(at) : formatTime(nanoseconds(at));
}

/** The time that a text states; undefined if it states none. */
export function offsetOf({ begin, countsTime }: Clock, text: string): number | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,20})(?:\.(\d{1,9}))?$/.exec(text.trim()) ?? [];
  if (seconds === undefined) return undefined;
  const at = countsTime ? BigInt(seconds) : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return Number(at - begin);
}

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
] as const;

/** A duration in words: `52.8 us`. */
export function durationText(nanos: number, countsTime = false): string {
  if (countsTime) return `${Math.round(nanos)} ticks`;
  const [size, unit] = UNITS.find(([least]) => Math.abs(nanos) >= least) ?? [1, 'ns'];
  const value = nanos / size;
  const digits = unit === 'ns' ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Steps of 1, 2 and 5 with their powers of ten, and tick labels as distances from the first tick of the recording. */
export function ticksOf(from: number, to: number, most: number, countsTime: boolean): readonly Tick[] {
  const rough = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? power;
  const ticks: Tick[] = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step)
    ticks.push({ at, label: tickLabel(at, step, countsTime) });
  return ticks;
}

function tickLabel(at: number, step: number, countsTime: boolean): string {
  if (countsTime) return `+${at}`;
  if (at === 0) return '0';
  const [size, unit] = UNITS.find(([least]) => at >= least) ?? [1, 'ns'];
  const digits = Math.max(0, Math.ceil(Math.log10(size)) - Math.floor(Math.log10(step)));
  return `+${(at / size).toFixed(Math.min(9, digits))} ${unit}`;
}
