// SPDX-License-Identifier: MIT
import { lowerBound } from '../data/columns.ts';
import type { ConversionSeen, DrainRoundSeen, Timeline } from '../data/model.ts';

/** A sign of a call: one call, or several that fall on one place. */
export interface CallSign {
  /** Pixels from the left. */
  readonly x: number;
  readonly width: number;
  readonly result: ConversionSeen['result'];
  readonly count: number;
  /** Its position from above among the signs at one place, and their number: no sign hides another. */
  readonly nth: number;
  readonly of: number;
}

/** Smallest width of a sign in pixels, so that it can be seen and clicked. */
export const SIGN = 16;
const WORST_FIRST = ['refused', 'failed', 'unknown', 'safe'] as const;

/** Times of the items that are drawn one by one, with running counts, to count a range without visiting each item. */
export interface CallIndex {
  readonly times: Float64Array;
  readonly before: Readonly<Record<ConversionSeen['result'], Uint32Array>>;
}

export function indexCalls(calls: readonly ConversionSeen[]): CallIndex {
  const before = {
    safe: new Uint32Array(calls.length + 1),
    refused: new Uint32Array(calls.length + 1),
    failed: new Uint32Array(calls.length + 1),
    unknown: new Uint32Array(calls.length + 1),
  };
  for (const [place, { result }] of calls.entries())
    for (const one of WORST_FIRST) before[one][place + 1] = (before[one][place] ?? 0) + (one === result ? 1 : 0);
  return { times: Float64Array.from(calls, ({ at }) => at), before };
}

/** Signs of the calls of a window; where several fall on one place, a sign for each result, the refused first. */
export function callSigns(
  { conversions }: Pick<Timeline, 'conversions'>,
  { times, before }: CallIndex,
  { from, to, width }: { readonly from: number; readonly to: number; readonly width: number },
): readonly CallSign[] {
  const scale = width / (to - from);
  const signs: CallSign[] = [];
  // A long call that began before the window is seen in it.
  let place = Math.max(0, lowerBound(times, from) - 1);
  while (place < times.length) {
    const at = times[place] ?? to;
    if (at >= to) break;
    const x = (at - from) * scale;
    const next = Math.max(place + 1, lowerBound(times, from + (x + SIGN) / scale));
    const until = conversions[next - 1]?.until ?? at;
    const here = WORST_FIRST.flatMap((result) => {
      const count = (before[result][next] ?? 0) - (before[result][place] ?? 0);
      return count > 0 ? [{ x, width: Math.max(SIGN, (until - at) * scale), result, count }] : [];
    });
    signs.push(...here.map((sign, nth) => ({ ...sign, nth, of: here.length })));
    place = next;
  }
  return signs.filter((sign) => sign.x + sign.width > 0);
}

/** The round that runs at a time, or the last one before it. */
export function roundAt(drains: readonly DrainRoundSeen[], time: number): DrainRoundSeen | undefined {
  let low = 0;
  let high = drains.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((drains[middle]?.at ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  const round = drains[low - 1];
  if (round === undefined) return undefined;
  return time <= (round.until ?? round.at) ? round : undefined;
}

/** Times at which work items were queued for a CPU and began to run there. */
export interface DrainTicks {
  readonly queued: Float64Array;
  readonly started: Float64Array;
}

export function drainTicks({ drains }: Timeline): ReadonlyMap<number, DrainTicks> {
  const byCpu = new Map<number, { queued: number[]; started: number[] }>();
  for (const { works } of drains)
    for (const { cpu, queued, started } of works) {
      const known = byCpu.get(cpu) ?? { queued: [], started: [] };
      byCpu.set(cpu, known);
      known.queued.push(queued);
      if (started !== undefined) known.started.push(started);
    }
  return new Map(
    [...byCpu].map(([cpu, { queued, started }]) => [
      cpu,
      { queued: Float64Array.from(queued).toSorted(), started: Float64Array.from(started).toSorted() },
    ]),
  );
}
