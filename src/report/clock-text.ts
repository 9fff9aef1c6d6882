// SPDX-License-Identifier: MIT
import { formatTime, type Nanoseconds } from '../ledger/index.ts';

/**
 * Whether the present text is of a recording whose clock counts. Text is made in one go, so no other text sees this.
 */
let countsTime = false;

/** Makes a text with the times of a clock that counts, or measures. */
export function withClock<Text>(counts: boolean, make: () => Text): Text {
  const before = countsTime;
  countsTime = counts;
  try {
    return make();
  } finally {
    countsTime = before;
  }
}

/** A time as the recorder prints it: `718.867524000`, or a whole number if its clock counts. */
export const timeText = (time: Nanoseconds): string => (countsTime ? String(time) : formatTime(time));

/** The unit of a clock that counts; undefined for one that measures time. */
export const countText = (time: Nanoseconds): string | undefined =>
  countsTime ? `${time} ${time === 1n ? 'tick' : 'ticks'}` : undefined;
