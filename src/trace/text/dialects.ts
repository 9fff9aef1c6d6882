// SPDX-License-Identifier: MIT
import { lostCount, MAX_PID } from '../limits.ts';
import type { Dialect, TextLoss } from './dialect.ts';
import { COMM_BYTES, kernelColumns, trimmedKernelLine } from './kernel-columns.ts';
import { latencyColumns } from './latency-columns.ts';
import { type LinePrefix, MAX_CPUS } from './line-prefix.ts';
import { perfColumns, unpaddedPerfLine } from './perf-columns.ts';

const LATIN1 = new TextDecoder('latin1');

/** `trace_pipe` prints it before the first event after a gap; blanks or a mail's `> ` may stand before it. */
const LOST = /^(?:> ?)*[ \t]*CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/;
/** `trace-cmd report` prints it, behind the name of the buffer if there are several. */
const DROPPED = /^(?:> ?)*(?: *(.*): | *)CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]/;
/** A function of a stack trace: ` => name`, `=> name (address)`, both with an offset if asked for. */
const FRAME = /^\s*=> (\S+)/;
/**
 * perf: address, name and offset, object. Addresses of the kernel have all their digits. A number before `[000]` that
 * looks like an address is the pid of an event whose task name was cut away, and no function has a CPU and a time in
 * its name.
 */
const PERF_FRAME =
  /^\s+(?:(f[0-9a-f]{15})|[0-9a-f]{1,16}) (?!\[\d+\]|.*\[\d{3,}\] +\d{1,12}\.\d{6,9}: )(\S.*?)(?: \(.*\))?\s*$/;

const count = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : lostCount(Number(text));
const frameName = (line: string): string | undefined => withoutOffset(FRAME.exec(line)?.[1]);
const withoutOffset = (name: string | undefined): string | undefined => name?.replace(/\+0x[0-9a-f]+.*$/, '');

/** tracefs `trace` and `trace_pipe`. */
export const FTRACE: Dialect = {
  format: 'ftrace text',
  commBytes: COMM_BYTES,
  notes: [],
  cpus: 0,
  namesBuffers: false,
  stackFollows: false,
  columns: kernelColumns,
  trimmed: trimmedKernelLine,
  loss: (line) => {
    const [, cpu, events] = LOST.exec(line) ?? [];
    return cpu === undefined ? undefined : { cpu: Number(cpu), events: count(events), buffer: undefined };
  },
  frame: frameName,
  isSilent: () => false,
};

/** tracefs `trace` with option latency-format. */
export const LATENCY: Dialect = {
  ...FTRACE,
  commBytes: 8,
  notes: ['latency format: times are counted from the start of the recording, task names are cut off after 8 bytes'],
  columns: latencyColumns,
  trimmed: () => false,
};

/** The log's prefix of a line: its time, perhaps the level or the task before it (kernel/printk/printk.c). */
const LOG_PREFIX = /^(?:<\d+>)?(?:.{0,60}? kernel: )?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /;
/**
 * As in the latency format, with the time in microseconds of the trace's clock (ftrace_dump(), kernel/trace/trace.c).
 */
const DUMPED =
  /^((?:<\d+>)?(?:.{0,60}? kernel: )?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? +)(.{1,15}?)-(\d{1,10}) +(\d{1,5})\S{3,6} +(\d{1,18})us[ !#*@$+]?: /;

function dumpedLine(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean {
  const match = DUMPED.exec(LATIN1.decode(bytes.subarray(start, Math.min(end, start + DUMPED_BYTES))));
  if (match === null) return false;
  const [all, padding = '', comm = '', pid = '', cpu = '', micros = ''] = match;
  if (Number(cpu) >= MAX_CPUS || Number(pid) > MAX_PID) return false;
  prefix.begin();
  prefix.pid = Number(pid);
  prefix.cpu = Number(cpu);
  prefix.seconds = Math.floor(Number(micros) / 1e6);
  prefix.nanoseconds = (Number(micros) % 1e6) * 1000;
  prefix.commStart = start + padding.length;
  prefix.commEnd = prefix.commStart + comm.length;
  prefix.body = start + all.length;
  return true;
}

const DUMPED_BYTES = 300;

/** The kernel's dump of its trace buffer, at an oops or by sysrq-z, among the other lines of its log. */
export const DUMP: Dialect = {
  ...FTRACE,
  commBytes: 0,
  notes: ["a dump of the trace buffer in the kernel's log: lines that the log lost do not show"],
  columns: (prefix, bytes, start) => {
    const newline = bytes.indexOf(0x0a, start);
    return dumpedLine(prefix, bytes, start, newline < 0 ? bytes.length : newline);
  },
  trimmed: () => false,
  loss: (line) => FTRACE.loss(line.replace(LOG_PREFIX, '')),
  frame: (line) => FTRACE.frame(line.replace(LOG_PREFIX, '')),
  isSilent: (line) => LOG_PREFIX.test(line) && !/\d+us.?: \w+: /.test(line),
};

/** `perf script`. Losses are lines with columns of their own (`PERF_RECORD_LOST`). */
export const PERF: Dialect = {
  format: 'perf script',
  commBytes: COMM_BYTES,
  notes: [],
  cpus: 0,
  namesBuffers: false,
  stackFollows: true,
  columns: perfColumns,
  trimmed: unpaddedPerfLine,
  loss: () => undefined,
  frame: (line) => {
    const match = PERF_FRAME.exec(line);
    if (match === null) return undefined;
    return match[1] === undefined ? '' : withoutOffset(match[2]);
  },
  isSilent: (line) => line.startsWith('#'),
};

/** Longest prefix of an unpadded line, in bytes. */
const UNPADDED_BYTES = 200;

/** `perf script` of a recording with call chains, or of one that has lost its padding. */
export const UNPADDED_PERF: Dialect = {
  ...PERF,
  commBytes: 0,
  columns: (prefix, bytes, start) => unpaddedPerfLine(prefix, bytes, start, start + UNPADDED_BYTES),
};

const SILENT = /^(?:cpus=\d+|version = \d+|CPU \d+ is empty|\s*(?:.*: )?CPU:\d+ \[SUBBUFFER START\])\s*$/;

/**
 * `trace-cmd report`. With several buffers each line starts with the name of its buffer, padded to the longest one, and
 * `: `; lines of the top buffer have blanks there. After a line with a loss the next line lacks the name.
 */
export class ReportDialect implements Dialect {
  readonly format = 'trace-cmd report';
  readonly notes: readonly string[];
  readonly cpus: number;
  readonly commBytes: number;
  readonly namesBuffers: boolean;
  readonly stackFollows = false;
  readonly frame = frameName;
  readonly isSilent = (line: string): boolean => SILENT.test(line);
  readonly #width: number;
  readonly #columns: Dialect['columns'];
  /** The buffer of the loss on the previous line. */
  #lossOf: { readonly buffer: string | undefined } | undefined;
  #name: string | undefined;
  #nameBytes = new Uint8Array(0);

  /** @param width bytes before the task name's column. */
  constructor(width: number, cpus: number, isLatency: boolean) {
    this.#width = width;
    this.cpus = cpus;
    this.namesBuffers = width > 0;
    this.#columns = isLatency ? latencyColumns : kernelColumns;
    this.commBytes = width + (isLatency ? LATENCY.commBytes : COMM_BYTES);
    this.notes = isLatency ? ['latency format: task names are cut off after 8 bytes'] : [];
  }

  columns(prefix: LinePrefix, bytes: Uint8Array, start: number): boolean {
    if (this.#width === 0) return this.#columns(prefix, bytes, start);
    if (this.#lossOf !== undefined && this.#columns(prefix, bytes, start)) {
      prefix.buffer = this.#lossOf.buffer;
      this.#lossOf = undefined;
      return true;
    }
    if (!this.#columns(prefix, bytes, start + this.#width)) return false;
    prefix.buffer = this.#bufferAt(bytes, start);
    return true;
  }

  trimmed(prefix: LinePrefix, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#width === 0 && trimmedKernelLine(prefix, bytes, start, end);
  }

  loss(line: string): TextLoss | undefined {
    const [, buffer, cpu, events] = DROPPED.exec(line) ?? [];
    if (cpu === undefined) return undefined;
    if (this.#width > 0) this.#lossOf = { buffer };
    return { cpu: Number(cpu), events: count(events), buffer };
  }

  /** The name before the columns; a new string only if it changes. */
  #bufferAt(bytes: Uint8Array, start: number): string | undefined {
    const known = this.#nameBytes;
    const end = start + this.#width - 2;
    let isSame = known.length === end - start;
    for (let at = 0; isSame && at < known.length; at++) isSame = known[at] === bytes[start + at];
    if (!isSame) {
      this.#nameBytes = bytes.slice(start, end);
      const name = LATIN1.decode(this.#nameBytes).trimStart();
      this.#name = name === '' ? undefined : name;
    }
    return this.#name;
  }
}
