// SPDX-License-Identifier: MIT
import type { Stays } from './batches-seen.ts';
import { COLUMNS } from './drawing.ts';

/** Places of stays, by rising begin, then index. */
export const sortedBy = ({ from, index }: Stays): Uint32Array =>
  Uint32Array.from(from.keys()).toSorted(
    (a, b) => (from[a] ?? 0) - (from[b] ?? 0) || (index[a] ?? 0) - (index[b] ?? 0),
  );

/** The largest number that wait at once in each column. @param place the column of a time, with a fraction. */
export function peaksOf({ from, to }: Stays, order: Uint32Array, place: (at: number) => number): readonly number[] {
  const ends = Float64Array.from(to).toSorted();
  let [next, left, now] = [0, 0, 0];
  const leave = (isOver: (end: number) => boolean): void => {
    while (left < next && isOver(ends[left] ?? 0)) {
      left++;
      now--;
    }
  };
  return Array.from({ length: COLUMNS }, (_, column) => {
    const isLast = column === COLUMNS - 1;
    let peak = now;
    for (; next < order.length; next++) {
      const begun = from[order[next] ?? 0] ?? 0;
      if (place(begun) >= column + 1 && !isLast) break;
      leave((end) => end <= begun);
      peak = Math.max(peak, ++now);
    }
    leave((end) => place(end) <= column + 1);
    return peak;
  });
}

/** The mean number that wait in each column. */
export function meansOf({ from, to }: Stays, place: (at: number) => number): readonly number[] {
  // Sums of the shares of columns at which stays begin and end, and changes of the number that fills whole columns.
  const parts = new Float64Array(COLUMNS + 1);
  const wholes = new Float64Array(COLUMNS + 1);
  const add = (all: Float64Array, column: number, value: number): void => {
    all[column] = (all[column] ?? 0) + value;
  };
  for (const [i, begun] of from.entries()) {
    const [low, high] = [place(begun), place(to[i] ?? 0)];
    const [first, last] = [Math.min(COLUMNS - 1, Math.floor(low)), Math.min(COLUMNS - 1, Math.floor(high))];
    if (first === last) {
      add(parts, first, high - low);
      continue;
    }
    add(parts, first, first + 1 - low);
    add(parts, last, high - last);
    add(wholes, first + 1, 1);
    add(wholes, last, -1);
  }
  return summed(wholes).map((sum, i) => sum + (parts[i] ?? 0));
}

/** Running sums, for each column. */
function summed(changes: Float64Array): readonly number[] {
  let now = 0;
  return Array.from({ length: COLUMNS }, (_, i) => (now += changes[i] ?? 0));
}
