// SPDX-License-Identifier: MIT
import { lostCount } from '../limits.ts';

/**
 * Events that the ring buffer did not take because it was full (option `overwrite` off), by buffer and CPU. Nothing in
 * the pages tells of them; the option CPUSTAT, tracefs `per_cpu/cpuN/stats`, does. Overwritten events are no matter
 * here: the pages say where they are missing.
 */
export function droppedEvents(cpuStats: readonly string[]): Map<string, Map<number, number>> {
  const dropped = new Map<string, Map<number, number>>();
  let buffer = '';
  for (const text of cpuStats) {
    const name = /^[ \t]*Buffer: (.*)$/m.exec(text)?.[1];
    if (name !== undefined) buffer = name;
    const cpu = /^CPU: (\d+)$/m.exec(text)?.[1];
    const count = lostCount(Number(/^dropped events: (\d+)$/m.exec(text)?.[1] ?? 0)) ?? 0;
    if (cpu === undefined || count === 0) continue;
    const ofBuffer = dropped.get(buffer) ?? new Map<number, number>();
    dropped.set(buffer, ofBuffer.set(Number(cpu), count));
  }
  return dropped;
}
