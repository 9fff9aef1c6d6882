// SPDX-License-Identifier: MIT
import { lowerBound } from './columns.ts';

/** Counts of one channel. */
export type Counts = Uint8Array | Uint16Array | Uint32Array;

/** A level of summaries: node n covers the nodes (or samples) [8 n, 8 n + 8) of the level below. */
interface Level {
  /** By channel: the largest and the smallest count. */
  readonly most: readonly Counts[];
  readonly least: readonly Counts[];
}

/**
 * Several counts over time, each constant from one sample to the next:
 *
 *     times      0       10   12        20
 *     count 0    |   1   | 2  |    0    |   1 ...
 *
 * The summaries make a view of so many pixels cost so many steps: {@link columnsOf} goes down only where a node is wider
 * than a pixel. Plain data, so that it goes from the worker to the page without a copy.
 */
export interface Series {
  /** Nanoseconds after the recording's begin, rising. */
  readonly times: Float64Array;
  /** By channel, as long as `times`. */
  readonly counts: readonly Counts[];
  readonly levels: readonly Level[];
}

const FANOUT = 8;

/** @param counts by channel, as long as `times`, which rise. */
export function seriesOf(times: Float64Array, counts: readonly Counts[]): Series {
  const levels: Level[] = [];
  let below: Level = { most: counts, least: counts };
  for (let length = times.length; length > FANOUT; ) {
    length = Math.ceil(length / FANOUT);
    const level: Level = {
      most: below.most.map((channel) => summary(channel, length, Math.max)),
      least: below.least.map((channel) => summary(channel, length, Math.min)),
    };
    levels.push(level);
    below = level;
  }
  return { times, counts, levels };
}

function summary(below: Counts, length: number, of: (a: number, b: number) => number): Counts {
  const made = below.slice(0, length);
  for (let node = 0; node < length; node++) {
    let result = below[node * FANOUT] ?? 0;
    const end = Math.min(below.length, (node + 1) * FANOUT);
    for (let place = node * FANOUT + 1; place < end; place++) result = of(result, below[place] ?? 0);
    made[node] = result;
  }
  return made;
}

/** The place of the sample that holds at a time; -1 before the first. */
export function placeAt({ times }: Series, time: number): number {
  const place = lowerBound(times, time);
  return times[place] === time ? lastOf(times, place) : place - 1;
}

/** Of equal times the last counts. */
function lastOf(times: Float64Array, place: number): number {
  let last = place;
  while (times[last + 1] === times[place]) last++;
  return last;
}

/** The count of a channel at a time. */
export function countAt(series: Series, channel: number, time: number): number {
  const place = placeAt(series, time);
  return place < 0 ? 0 : (series.counts[channel]?.[place] ?? 0);
}

/** Times of a view, and its width in pixels. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/** What pixel columns show, by channel: the largest and the smallest count that hold within the column. */
export interface Columns {
  readonly width: number;
  readonly most: readonly Float64Array[];
  readonly least: readonly Float64Array[];
}

export const columnsFor = (channels: number, width: number): Columns => ({
  width,
  most: Array.from({ length: channels }, () => new Float64Array(width)),
  least: Array.from({ length: channels }, () => new Float64Array(width)),
});

/**
 * Fills pixel columns. The number of steps depends on the width, and not on the number of samples.
 * @param end time at which the last sample ends.
 * @returns the number of looked-at nodes, for tests.
 */
export function fillColumns(series: Series, { from, to, width }: Span, end: number, into: Columns): number {
  const { times, levels, counts } = series;
  const channels = counts.length;
  for (const column of into.most) column.fill(0);
  for (const column of into.least) column.fill(Number.POSITIVE_INFINITY);
  const scale = width / (to - from);
  const samples = times.length;
  let steps = 0;
  /** Columns before this one are complete already. */
  const put = (begin: number, stop: number, most: readonly Counts[], least: readonly Counts[], node: number): void => {
    let first = Math.floor((begin - from) * scale);
    // A sample that ends at a column's edge is outside the column; a sample of no width is inside its own column.
    let last = Math.ceil((stop - from) * scale) - 1;
    if (last < first) last = first;
    if (first < 0) first = 0;
    if (last >= width) last = width - 1;
    for (let channel = 0; channel < channels; channel++) {
      const high = most[channel]?.[node] ?? 0;
      const low = least[channel]?.[node] ?? 0;
      const [mosts, leasts] = [into.most[channel], into.least[channel]];
      if (mosts === undefined || leasts === undefined) continue;
      for (let column = first; column <= last; column++) {
        if (high > (mosts[column] ?? 0)) mosts[column] = high;
        if (low < (leasts[column] ?? 0)) leasts[column] = low;
      }
    }
  };
  const descend = (level: number, node: number): void => {
    steps++;
    const size = FANOUT ** level;
    const begin = times[node * size] ?? end;
    const nextPlace = (node + 1) * size;
    const stop = nextPlace < samples ? (times[nextPlace] ?? end) : Math.max(end, begin);
    if (stop < from || begin >= to) return;
    if (level === 0) {
      put(begin, stop, counts, counts, node);
      return;
    }
    const summaries = levels[level - 1];
    if (summaries !== undefined && (stop - begin) * scale <= 1) {
      put(begin, stop, summaries.most, summaries.least, node);
      return;
    }
    const length = levelLength(samples, level - 1);
    const below = Math.min(length, (node + 1) * FANOUT);
    for (let child = node * FANOUT; child < below; child++) descend(level - 1, child);
  };
  const top = levels.length;
  for (let node = 0; node < levelLength(samples, top); node++) descend(top, node);
  // Nothing holds before the first sample.
  const first = Math.ceil(((times[0] ?? end) - from) * scale);
  for (const column of into.least) column.fill(0, 0, Math.max(0, Math.min(width, first)));
  for (const column of into.least)
    for (let place = 0; place < width; place++) if (column[place] === Number.POSITIVE_INFINITY) column[place] = 0;
  return steps;
}

const levelLength = (samples: number, level: number): number => Math.ceil(samples / FANOUT ** level);

/** The arrays of a series, to hand them over without a copy. */
export const buffersOf = ({ times, counts, levels }: Series): readonly ArrayBuffer[] =>
  [times, ...counts, ...levels.flatMap(({ most, least }) => (most === least ? most : [...most, ...least]))].flatMap(
    ({ buffer }) => (buffer instanceof ArrayBuffer ? buffer : []),
  );
