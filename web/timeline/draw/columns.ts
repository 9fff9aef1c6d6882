// SPDX-License-Identifier: MIT
import type { CpuLane, FolioLane } from '../data/model.ts';
import { type Columns, columnsFor, fillColumns, type Span } from '../data/series.ts';

/** Smallest height of a holder in a lane, in pixels, so that one page among millions is visible. */
const LEAST_SEEN = 3;

/** Content of a lane's pixel columns, from below: heights of parts, each of one code. */
export interface Bands {
  /** Codes of the parts, from below. */
  readonly codes: readonly number[];
  /** By part, by column: height in pixels. */
  readonly heights: readonly Float64Array[];
}

const shared = new Map<string, Columns>();

/** Columns to be used at once: frames should leave no garbage. */
function columnsOf(channels: number, width: number): Columns {
  const key = `${channels}`;
  const known = shared.get(key);
  if (known?.width === width) return known;
  const made = columnsFor(channels, width);
  shared.set(key, made);
  return made;
}

/** The columns of a folio lane. @param end time of the last event. */
export function bandsOf({ series, codes, rows }: FolioLane, span: Span, height: number, end: number): Bands {
  const columns = columnsOf(codes.length, span.width);
  fillColumns(series, span, end, columns);
  const heights = codes.map((_, channel) => columns.most[channel] ?? new Float64Array(span.width));
  const light = codes.indexOf(0);
  for (let column = 0; column < span.width; column++) {
    let others = 0;
    for (let channel = codes.length - 1; channel >= 0; channel--) {
      const part = heights[channel];
      const count = part?.[column] ?? 0;
      if (part === undefined || count === 0 || channel === light) continue;
      const wanted = rows === 1 ? height : Math.max(LEAST_SEEN, Math.round((count * height) / rows));
      const given = Math.min(wanted, height - others);
      part[column] = given;
      others += given;
    }
    const plain = heights[light];
    if (plain !== undefined)
      plain[column] = Math.min(height - others, Math.round(((plain[column] ?? 0) * height) / rows));
  }
  return { codes, heights };
}

/** Content of the pixel columns of a CPU's lane: fills in pixels. */
export interface Fills {
  /** Folios that wait throughout the column, and at most within it. */
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** The largest number, including folios that may wait. */
  readonly perhaps: Float64Array;
}

export function fillsOf({ fill }: CpuLane, span: Span, height: number, batchSize: number, end: number): Fills {
  const columns = columnsOf(2, span.width);
  fillColumns(fill, span, end, columns);
  const [most, unsure] = columns.most;
  const [least] = columns.least;
  const scaled = (count: number): number =>
    count === 0 ? 0 : Math.max(2, Math.min(height, (count * height) / batchSize));
  for (let column = 0; column < span.width; column++) {
    if (most === undefined || unsure === undefined || least === undefined) break;
    unsure[column] = scaled((most[column] ?? 0) + (unsure[column] ?? 0));
    most[column] = scaled(most[column] ?? 0);
    least[column] = scaled(least[column] ?? 0);
  }
  const none = new Float64Array(0);
  return { least: least ?? none, most: most ?? none, perhaps: unsure ?? none };
}

/** Whether something lies in each pixel column: a run of times that rise. */
export function ticksIn(times: Float64Array, { from, to, width }: Span, into: Uint8Array): void {
  into.fill(0);
  const scale = width / (to - from);
  let place = firstFrom(times, from, 0);
  while (place < times.length) {
    const at = times[place] ?? to;
    if (at >= to) return;
    const column = Math.floor((at - from) * scale);
    into[column] = 1;
    // To the first time of another column: as many steps as there are columns.
    place = firstFrom(times, from + (column + 1) / scale, place + 1);
  }
}

function firstFrom(times: Float64Array, time: number, start: number): number {
  // Galloping: the next is near where a view is wide, and far where it is narrow.
  let step = 1;
  let low = start;
  while (low + step < times.length && (times[low + step] ?? 0) < time) {
    low += step;
    step *= 2;
  }
  let high = Math.min(times.length, low + step + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
