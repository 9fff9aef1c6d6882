// SPDX-License-Identifier: MIT
import { lostCount } from '../limits.ts';

/**
 * Events that the ring buffer refused because it was full (option `overwrite` off), by buffer and CPU. The pages do not
 * show them; the option CPUSTAT, tracefs `per_cpu/cpuN/stats`, does. Overwritten events are excluded: the pages show
 * where they are missing.
 */
export function droppedEvents(cpuStats: readonly string[]): Map<string, Map<number, number>> {
  const dropped = new Map<string, Map<number, number>>();
  for (const { buffer, cpu, text } of statistics(cpuStats)) {
    const count = lostCount(Number(/^dropped events: (\d+)$/m.exec(text)?.[1] ?? 0)) ?? 0;
    if (cpu === undefined || count === 0) continue;
    const ofBuffer = dropped.get(buffer) ?? new Map<number, number>();
    dropped.set(buffer, ofBuffer.set(cpu, count));
  }
  return dropped;
}

/** A buffer and its CPUs that have counted events, by rising number. */
export interface RecordedBuffer {
  readonly name: string;
  readonly cpus: readonly number[];
}

/** The buffers in the order of their statistics, which is that of their pages. */
export function recordedBuffers(cpuStats: readonly string[]): RecordedBuffer[] {
  const buffers = new Map<string, number[]>();
  for (const { buffer, cpu, text } of statistics(cpuStats)) {
    const cpus = buffers.get(buffer) ?? [];
    buffers.set(buffer, cpus);
    if (cpu !== undefined && /^(?:entries|read events): 0*[1-9]/m.test(text)) cpus.push(cpu);
  }
  return [...buffers].map(([name, cpus]) => ({ name, cpus: cpus.toSorted((a, b) => a - b) }));
}

/** Each text with its buffer: some texts only introduce a buffer. */
function* statistics(
  cpuStats: readonly string[],
): Generator<{ buffer: string; cpu: number | undefined; text: string }> {
  let buffer = '';
  for (const text of cpuStats) {
    buffer = /^[ \t]*Buffer: (.*)$/m.exec(text)?.[1] ?? buffer;
    const cpu = /^CPU: (\d+)$/m.exec(text)?.[1];
    yield { buffer, cpu: cpu === undefined ? undefined : Number(cpu), text };
  }
}
