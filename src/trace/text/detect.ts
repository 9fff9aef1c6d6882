// SPDX-License-Identifier: MIT
import type { Dialect } from './dialect.ts';
import { DUMP, FTRACE, LATENCY, PERF, ReportDialect, UNPADDED_PERF } from './dialects.ts';
import { COMM_BYTES, kernelColumns, trimmedKernelLine } from './kernel-columns.ts';
import { latencyColumns } from './latency-columns.ts';
import { LinePrefix } from './line-prefix.ts';
import { perfColumns, unpaddedPerfLine } from './perf-columns.ts';

const LATENCY_HEADER = /^# (?:.*latency trace v|latency: )/;
const HEADER = /^# (?:tracer: |entries-in-buffer)/;
const LOST = /^CPU:\d+ \[LOST /;
const REPORT = /^(?:cpus=\d+|version = \d+|CPU \d+ is empty|\s*(?:.*: )?CPU:\d+ \[(?:\d+ )?EVENTS DROPPED\])\s*$/;
/** `%16s-%-5d [%03d]`, where the kernel pads the pid to 7, and a blank-padded name of the event. */
const REPORT_LINE = /^.{16}-(?:(?=\d{1,5} )[\d ]{6}|\d{6} )\[\d+\] +\d+\.\d+: (?:\(\+\d+\) +| +)?[a-z]\w*: {2,}\S/;

/** A buffer's name is a file's name in tracefs/instances. */
const MAX_BUFFER_WIDTH = 260;
/** Number of lines of a report that determine the width of the buffers' names. */
const REPORT_LINES = 50;

/**
 * The dialect of a text that starts with `beginning`, from the first line that shows it: a header, a loss, or an
 * event's columns. Undefined if no line does.
 */
export function detectText(beginning: Uint8Array): Dialect | undefined {
  const head = beforeNul(beginning);
  const prefix = new LinePrefix();
  const lines = linesOf(head);
  const has = (columns: Dialect['columns'], from: number): boolean => columns(prefix, head, from);
  for (const { text, start } of lines) {
    if (LATENCY_HEADER.test(text)) return LATENCY;
    if (HEADER.test(text)) return lines.some((line) => LATENCY_HEADER.test(line.text)) ? LATENCY : FTRACE;
    if (LOST.test(text)) return FTRACE;
    if (REPORT.test(text)) return reportDialect(head, lines);
    if (has(kernelColumns, start)) return REPORT_LINE.test(text) ? reportDialect(head, lines) : FTRACE;
    if (has(perfColumns, start)) return PERF;
    if (has(latencyColumns, start)) return LATENCY;
  }
  if (widthOfBuffers(head, lines, kernelColumns) !== undefined) return reportDialect(head, lines);
  if (lines.some(({ start }) => DUMP.columns(prefix, head, start))) return DUMP;
  for (const { start, end } of lines) {
    if (trimmedKernelLine(prefix, head, start, end)) return FTRACE;
    if (unpaddedPerfLine(prefix, head, start, end)) return UNPADDED_PERF;
  }
  return undefined;
}

/** The lines before the first NUL: a text has none, but after a crash a cut-off text may end in NULs. */
function beforeNul(start: Uint8Array): Uint8Array {
  const nul = start.indexOf(0);
  return nul < 0 ? start : start.subarray(0, start.lastIndexOf(0x0a, nul) + 1);
}

interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function linesOf(head: Uint8Array): Line[] {
  const lines: Line[] = [];
  const decoder = new TextDecoder('latin1');
  for (let start = 0; start < head.length; ) {
    const newline = head.indexOf(0x0a, start);
    const end = newline < 0 ? head.length : newline;
    lines.push({ text: decoder.decode(head.subarray(start, Math.min(end, start + 300))), start, end });
    start = end + 1;
  }
  return lines;
}

function reportDialect(head: Uint8Array, lines: readonly Line[]): Dialect {
  const cpus = lines.find(({ text }) => text.startsWith('cpus='))?.text.slice('cpus='.length);
  const declared = Number(cpus ?? 0);
  const width = widthOfBuffers(head, lines, kernelColumns);
  if (width !== undefined) return new ReportDialect(width, declared, false);
  const latency = widthOfBuffers(head, lines, latencyColumns);
  return new ReportDialect(latency ?? 0, declared, latency !== undefined);
}

/**
 * Number of bytes before the columns of the first lines: the smallest width with which most of them have columns, since
 * a task's name may imitate them in some.
 */
function widthOfBuffers(head: Uint8Array, lines: readonly Line[], columns: Dialect['columns']): number | undefined {
  const prefix = new LinePrefix();
  const events = lines.filter(({ text }) => text.length > COMM_BYTES && !REPORT.test(text)).slice(0, REPORT_LINES);
  const fitting = (width: number): number =>
    events.filter(
      ({ text, start }) =>
        (width === 0 || text.slice(0, width).trim() === '' || text.slice(width - 2, width) === ': ') &&
        columns(prefix, head, start + width),
    ).length;
  for (let width = 0; width <= MAX_BUFFER_WIDTH; width++) {
    if (width === 1) continue;
    const found = fitting(width);
    if (found > 0 && found * 2 >= events.length) return width;
  }
  return undefined;
}
