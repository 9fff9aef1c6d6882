// SPDX-License-Identifier: MIT
import { formatTime, type Nanoseconds } from '../ledger/index.ts';
import type { Explanation } from '../explain/index.ts';

export const timeOrNull = (time: Nanoseconds | undefined): string | null =>
  time === undefined ? null : formatTime(time);

/** The recording behind an answer, as in every JSON document of `explain`. */
export const traceJson = ({ format, events, cpus, from, to, lost, damage }: Explanation['trace']): object => ({
  format,
  events,
  cpus,
  from: timeOrNull(from),
  to: timeOrNull(to),
  lost: lost.map((loss) => ({ cpu: loss.cpu, before: timeOrNull(loss.at), events: loss.events ?? null })),
  damage,
});
