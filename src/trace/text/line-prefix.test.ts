// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { recordingBytes } from '../../../test/support/read-recording.ts';
import type { Dialect } from './dialect.ts';
import { kernelColumns } from './kernel-columns.ts';
import { latencyColumns } from './latency-columns.ts';
import { LinePrefix } from './line-prefix.ts';
import { perfColumns } from './perf-columns.ts';

const FORMS: readonly (readonly [string, Dialect['columns']])[] = [
  ['trace_default.txt', kernelColumns],
  ['trace_noirq-info.txt', kernelColumns],
  ['odd_trace.txt', kernelColumns],
  ['odd_report.txt', kernelColumns],
  ['trace_latency.txt', latencyColumns],
  ['perf_script.txt', perfColumns],
];
const LINES = 400;
/** What a byte is replaced with: what ends a column, and what makes a number longer. */
const BYTES = new TextEncoder().encode('0 9.:[]()-\n');

const told = (columns: Dialect['columns'], prefix: LinePrefix, bytes: Uint8Array, start: number): unknown => {
  if (!columns(prefix, bytes, start)) return undefined;
  const { pid, cpu, seconds, nanoseconds, commStart, commEnd, body, isCount } = prefix;
  return { pid, cpu, seconds, nanoseconds, commStart, commEnd, body, isCount };
};

function startsOf(bytes: Uint8Array): number[] {
  const starts = [0];
  for (let newline = bytes.indexOf(0x0a); newline >= 0; newline = bytes.indexOf(0x0a, newline + 1))
    starts.push(newline + 1);
  return starts.slice(0, LINES);
}

describe('columns that are known from the line before', () => {
  it.each(FORMS)('%s: say the same as when they are taken apart', (name, columns) => {
    const bytes = recordingBytes(name);
    const knowing = new LinePrefix();
    knowing.open(bytes);
    let repeated = 0;
    for (const start of startsOf(bytes)) {
      if (knowing.repeated(bytes, start) > 0) repeated++;
      expect(told(columns, knowing, bytes, start)).toEqual(told(columns, new LinePrefix(), bytes, start));
    }
    expect(repeated).toBeGreaterThan(20);
  });

  it.each(FORMS)('%s: are not taken for others that differ in one byte', (name, columns) => {
    const text = recordingBytes(name);
    const start = startsOf(text).find((at) => columns(new LinePrefix(), text, at)) ?? 0;
    const line = text.slice(start, text.indexOf(0x0a, start) + 1);
    const two = new Uint8Array(2 * line.length);
    for (let at = 0; at < 60; at++) {
      for (const byte of BYTES) {
        two.set(line);
        two.set(line, line.length);
        two[line.length + at] = byte;
        const knowing = new LinePrefix();
        knowing.open(two);
        expect(columns(knowing, two, 0)).toBe(true);
        const { task } = knowing;
        expect(told(columns, knowing, two, line.length), `byte ${at} is ${byte}`).toEqual(
          told(columns, new LinePrefix(), two, line.length),
        );
        const nameAt = (from: number): Uint8Array => two.slice(from, from + knowing.commEnd - knowing.commStart);
        if (knowing.task === task) expect(nameAt(line.length)).toEqual(nameAt(0));
      }
    }
  });

  it('are those of tasks that take turns, each with its own number and place', () => {
    const second = '   1253.000001: a: b\n';
    const columnsOf = (task: number): string =>
      `${`task${task}`.padStart(16)}-${task}       [00${task}] .....${second}`;
    const bytes = new TextEncoder().encode([1, 2, 3, 4, 1, 3, 2, 4, 4, 1].map(columnsOf).join(''));
    const length = columnsOf(1).length;
    const prefix = new LinePrefix();
    prefix.open(bytes);
    const lines = Array.from({ length: 10 }, (_, line) => {
      expect(kernelColumns(prefix, bytes, line * length)).toBe(true);
      return { pid: prefix.pid, cpu: prefix.cpu, known: prefix.known, task: prefix.task, place: prefix.place };
    });
    for (const line of lines.slice(4)) {
      const first = lines[line.pid - 1];
      expect(line).toEqual({ ...first, known: length - '000001: a: b\n'.length });
      expect(first?.known).toBe(0);
    }
    prefix.forgetAll();
    expect(prefix.repeated(bytes, 0)).toBe(0);
  });
});
