// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Marker, Nanoseconds } from '../../ledger/index.ts';
import { InputError, nanoseconds } from '../../ledger/index.ts';
import { Batcher } from '../batcher.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import { classify, EventText } from './event-text.ts';
import { COMM_BYTES, LinePrefix, MAX_CPUS } from './line-prefix.ts';
import { TaskNames } from './task-names.ts';
import { TextNotes } from './text-notes.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A write to trace_marker has at most a page, but the lines behind it may be no part of it. */
const MAX_MARKER_LENGTH = 1 << 16;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Header: how many events the text has, how many were written before the oldest were overwritten, CPUs. */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** `trace` prints it at a CPU's first event, once the start of some CPU's buffer has been overwritten. */
const STARTED = /^##### CPU (\d+) buffer started ####/;
/** `trace_pipe` prints it before the first event after a gap. */
const LOST = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/;
/** A function of a stack trace, which belongs to the event before. */
const STACK = /^ => /;

/** Turns the lines of ftrace text into events, in the order of the lines. */
export class LineReader {
  readonly #name: string;
  readonly #batcher: Batcher;
  readonly #prefix = new LinePrefix();
  readonly #events = new EventText();
  readonly #taskNames = new TaskNames();
  readonly #notes = new TextNotes();

  #lineNumber = 0;
  #count = 0;
  #first: Nanoseconds | undefined;
  /** The latest time, as seconds and nanoseconds: compared for every line, so no bigint. */
  #lastSeconds = -1;
  #lastNanoseconds = 0;
  /** One second of the trace clock as a bigint, since neighbours share it. */
  #second = -1;
  #secondStart = 0n;

  readonly #seen = new Uint8Array(MAX_CPUS);
  /** Losses that wait for their CPU's next event. */
  readonly #pending = new Map<number, number | undefined>();
  /** The last event if it is a marker: its text may go on in the next line. */
  #marker: Marker | undefined;
  #entries: { readonly kept: number; readonly written: number; readonly cpus: number } | undefined;
  /** Some line had its columns, so that a line without them is none that was trimmed. */
  #hasColumns = false;
  #endsInReturn: boolean | undefined;

  /** @param name of the input, for messages. */
  constructor(name: string, onEvents: ReadOptions['onEvents']) {
    this.#name = name;
    this.#batcher = new Batcher(onEvents);
  }

  /** For messages: the line that is being read. */
  get lineNumber(): number {
    return this.#lineNumber + 1;
  }

  /**
   * Reads the whole lines in `bytes[0, filled)`; `isLast` says that nothing follows.
   * @returns how many bytes are done with; the rest is to come again with what follows it.
   */
  read(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const prefix = this.#prefix;
    const view = bytes.subarray(0, filled);
    let start = 0;
    for (;;) {
      const newline = view.indexOf(NEWLINE, start);
      if (newline < 0) return start;
      this.#endsInReturn ??= view[newline - 1] === CARRIAGE_RETURN;
      if (newline - start > COMM_BYTES && prefix.parse(view, start)) {
        this.#hasColumns = true;
        this.#event(view, newline);
        this.#lineNumber++;
        start = newline + 1;
        continue;
      }
      const end = this.#endOfSplitLine(view, start, newline, isLast);
      if (end === 'wait') return start;
      if (end === undefined) this.#otherLine(view, start, newline);
      else this.#event(view, end);
      const last = end ?? newline;
      this.#lineNumber += end === undefined ? 1 : countNewlines(view, start, last + 1);
      start = last + 1;
    }
  }

  /**
   * Ends the text.
   * @param isCut whether its last line lacked the newline.
   * @throws InputError where lines stood in it and none was an event.
   */
  finish(isCut: boolean): TraceSummary {
    this.#flushMarker();
    const { kept, written } = this.#entries ?? { kept: this.#count, written: this.#count };
    if (this.#count === 0 && this.#notes.strangeLine !== undefined) {
      throw new InputError(
        `${this.#name}: line ${this.#notes.strangeLine}: no event of ftrace text ('TASK-PID [CPU] ... TIME: NAME: ...'), and none in any other line`,
      );
    }
    const cpus = this.#cpus();
    if (isCut && this.#count < kept) for (const cpu of cpus) this.#lose(cpu, undefined);
    for (const cpu of [...this.#pending.keys()].toSorted((a, b) => a - b)) this.#tellLoss(cpu, undefined);
    this.#batcher.flush();
    return {
      format: 'ftrace text',
      events: this.#count,
      cpus,
      from: this.#first,
      to: this.#lastSeconds < 0 ? undefined : this.#time(this.#lastSeconds, this.#lastNanoseconds),
      lost: this.#batcher.lost,
      notes: this.#notes.sentences(this.#count, kept, written, this.#entries !== undefined),
      buffers: undefined,
      recordedOn: undefined,
      clock: undefined,
    };
  }

  /** An event whose prefix has just been parsed and whose line ends at `newline`. Most lines end at `classify`. */
  #event(bytes: Uint8Array, newline: number): void {
    const { cpu, pid, seconds, nanoseconds: fraction, body, commStart, commEnd } = this.#prefix;
    this.#count++;
    if (this.#marker !== undefined) this.#flushMarker();
    if (this.#seen[cpu] === 0) this.#firstOfCpu(cpu, seconds, fraction);
    if (seconds > this.#lastSeconds || (seconds === this.#lastSeconds && fraction > this.#lastNanoseconds)) {
      this.#lastSeconds = seconds;
      this.#lastNanoseconds = fraction;
    }
    if (this.#pending.size > 0) this.#tellLoss(cpu, this.#time(seconds, fraction));
    const kind = classify(bytes, body);
    if (kind === undefined) return;

    const end = this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    const at = this.#time(seconds, fraction);
    const comm = this.#taskNames.name(bytes, commStart, commEnd, pid);
    const event = this.#events.decode(kind, bytes, body, end, { at, cpu: cpu as Cpu, pid, comm });
    if (event === 'nothing') return;
    if (event === 'unreadable') {
      this.#notes.unreadable(this.lineNumber);
      this.#lose(cpu, 1);
      this.#tellLoss(cpu, at);
    } else if (event.type === 'marker') {
      this.#marker = event;
    } else {
      this.#batcher.push(event);
    }
  }

  /**
   * A task name may hold newlines, so that the dash behind its column is found in a later line. Where that line has
   * columns of its own, the short one before is something else (a marker's second line).
   * @returns the end of the split line, whose prefix is then parsed; undefined where it is none; 'wait' where what
   *   follows must be seen first.
   */
  #endOfSplitLine(bytes: Uint8Array, start: number, newline: number, isLast: boolean): number | 'wait' | undefined {
    if (newline - start >= COMM_BYTES) return undefined;
    const end = bytes.indexOf(NEWLINE, start + COMM_BYTES);
    if (end < 0) return isLast ? undefined : 'wait';
    for (let next = newline; next < start + COMM_BYTES && next >= 0; next = bytes.indexOf(NEWLINE, next + 1)) {
      if (this.#prefix.parse(bytes, next + 1)) return undefined;
    }
    return this.#prefix.parse(bytes, start) ? end : undefined;
  }

  /** A line without the columns of an event: header, loss, more of a marker, a stack trace, or something strange. */
  #otherLine(bytes: Uint8Array, start: number, newline: number): void {
    const line = LATIN1.decode(bytes.subarray(start, Math.min(newline, start + 200)));
    if (this.#headerLine(line) || this.#lossLine(line)) return;
    if (!this.#hasColumns && this.#prefix.parseTrimmed(bytes, start, newline)) {
      this.#event(bytes, newline);
    } else if (this.#marker !== undefined && this.#marker.text.length < MAX_MARKER_LENGTH) {
      const end = this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
      this.#marker = { ...this.#marker, text: `${this.#marker.text}\n${UTF8.decode(bytes.subarray(start, end))}` };
    } else if (!STACK.test(line) && line.trim() !== '') {
      this.#notes.strange(this.lineNumber);
    }
  }

  #headerLine(line: string): boolean {
    if (this.#count > 0 || !line.startsWith('#') || STARTED.test(line)) return false;
    const [, kept, written, cpus] = ENTRIES.exec(line) ?? [];
    if (kept !== undefined) this.#entries = { kept: Number(kept), written: Number(written), cpus: Number(cpus ?? 0) };
    return true;
  }

  #lossLine(line: string): boolean {
    const [, started] = STARTED.exec(line) ?? [];
    if (started !== undefined) {
      if (Number(started) < MAX_CPUS && !this.#isOverwritten()) this.#lose(Number(started), undefined);
      this.#notes.sawStart();
      return true;
    }
    const [, cpu, count] = LOST.exec(line) ?? [];
    if (cpu === undefined) return false;
    if (Number(cpu) < MAX_CPUS) this.#lose(Number(cpu), count === undefined ? undefined : Number(count));
    return true;
  }

  /** Whether the oldest events were overwritten, of whichever CPU: each CPU's story then starts in the middle. */
  #isOverwritten(): boolean {
    return this.#entries !== undefined && this.#entries.written > this.#entries.kept;
  }

  #firstOfCpu(cpu: number, seconds: number, fraction: number): void {
    this.#seen[cpu] = 1;
    this.#first ??= this.#time(seconds, fraction);
    if (this.#entries === undefined || !this.#isOverwritten()) return;
    const { kept, written, cpus } = this.#entries;
    this.#lose(cpu, cpus === 1 ? written - kept : undefined);
  }

  #lose(cpu: number, events: number | undefined): void {
    const before = this.#pending.get(cpu);
    const isFirst = !this.#pending.has(cpu);
    const sum = before === undefined || events === undefined ? undefined : before + events;
    this.#pending.set(cpu, isFirst ? events : sum);
  }

  #tellLoss(cpu: number, at: Nanoseconds | undefined): void {
    if (!this.#pending.has(cpu)) return;
    const loss: Loss = { type: 'loss', cpu: cpu as Cpu, at, events: this.#pending.get(cpu), buffer: undefined };
    this.#pending.delete(cpu);
    this.#batcher.push(loss);
  }

  #flushMarker(): void {
    if (this.#marker !== undefined) this.#batcher.push(this.#marker);
    this.#marker = undefined;
  }

  #time(seconds: number, fraction: number): Nanoseconds {
    if (seconds !== this.#second) {
      this.#second = seconds;
      this.#secondStart = BigInt(seconds) * 1_000_000_000n;
    }
    return nanoseconds(this.#secondStart + BigInt(fraction));
  }

  /** The CPUs with events; with the header's number of CPUs also the silent ones, if the numbers are without holes. */
  #cpus(): Cpu[] {
    const seen: Cpu[] = [];
    for (let cpu = 0; cpu < MAX_CPUS; cpu++) if (this.#seen[cpu] === 1) seen.push(cpu as Cpu);
    const declared = Math.min(this.#entries?.cpus ?? 0, MAX_CPUS);
    if (seen.some((cpu) => cpu >= declared)) return seen;
    return Array.from({ length: declared }, (_, cpu) => cpu as Cpu);
  }
}

function countNewlines(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}
