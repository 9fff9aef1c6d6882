// SPDX-License-Identifier: MIT
import type { Cpu, Marker, Nanoseconds } from '../../ledger/index.ts';
import { InputError, nanoseconds } from '../../ledger/index.ts';
import { Batcher } from '../batcher.ts';
import { Damages } from '../damage.ts';
import { lostCount } from '../limits.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import { unknownBuffer } from '../unknown-buffer.ts';
import type { Dialect } from './dialect.ts';
import { classify } from './event-kind.ts';
import type { LineOrigin } from './decoded-text.ts';
import { EventText } from './event-text.ts';
import { LineClock } from './line-clock.ts';
import { LineEnds } from './line-end.ts';
import { LinePrefix, MAX_CPUS } from './line-prefix.ts';
import { StackTraces } from './stack-traces.ts';
import { TaskNames } from './task-names.ts';
import { TextLosses } from './text-losses.ts';
import { TextNotes } from './text-notes.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const CARRIAGE_RETURN = 0x0d;
/** Longest marker: a write to trace_marker has at most a page, but the lines behind it may not belong to it. */
const MAX_MARKER_LENGTH = 1 << 16;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Header: number of events in the text, number written before the oldest were overwritten, CPUs. */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** The same in the header of the latency format. */
const LATENCY_ENTRIES = /^# latency: .*, #(\d+)\/(\d+), .*#P:(\d+)\)/;
/** Printed by `trace` at a CPU's first event, once the start of some CPU's buffer has been overwritten. */
const STARTED = /^##### CPU (\d+) buffer started ####/;
/** `PERF_RECORD_LOST lost 12`, and LOST_SAMPLES. */
const PERF_LOST = /^PERF_RECORD_LOST(?:_SAMPLES)?\b(?:\D+(\d+))?/;

/** A time and an event's name, in a line that has lost some of its columns. Prose around a recording has none. */
const TIMED_EVENT = /(?:^|\s)\d{1,12}\.\d{6,9}: +(?:\d+ +)?[\w-]+(?::[\w-]+)?[:(] ?/;
/** Events that an answer depends on, in a line that has lost all columns before them. */
const WANTED =
  /\b(?:mm_filemap_(?:add_to|delete_from)_page_cache: |mm_lru_insertion: |mm_page_free: |page_ref_\w+: |workqueue_(?:queue_work|execute_(?:start|end)): |sys_(?:enter_|exit_)?(?:ioctl|fallocate)\b|sys_(?:enter|exit): NR )/;

/**
 * Within so many bytes of the end of what was read, columns are parsed only if the line's end is known: they need a
 * byte behind them.
 */
const MAX_COLUMN_BYTES = 1024;

/** Why a text ends early. */
export interface TextDamage {
  readonly place: string;
  readonly what: string;
}

/** Longest line of a trace; the rest of a longer one is skipped up to the next newline. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Turns the lines of a text into events, in the order of the lines. */
export class LineReader {
  readonly #name: string;
  readonly #dialect: Dialect;
  readonly #options: ReadOptions;
  readonly #readsSched: boolean;
  readonly #batcher: Batcher;
  readonly #ends = new LineEnds();
  readonly #prefix = new LinePrefix();
  readonly #events: EventText;
  readonly #taskNames = new TaskNames();
  readonly #notes = new TextNotes();
  readonly #stacks: StackTraces;
  readonly #losses = new TextLosses();
  readonly #buffers = new Set<string>();

  readonly #damages = new Damages();

  #lineNumber = 0;
  /** Bytes of the text before the present block, and the position of the present line in it. */
  #blockAt = 0;
  #lineAt = 0;
  #count = 0;
  #first: Nanoseconds | undefined;
  /** The latest time, as seconds and nanoseconds: compared for every line, so no bigint. */
  #lastSeconds = -1;
  #lastNanoseconds = 0;
  readonly #clock = new LineClock();
  /** Reused for each decoded event, which copies what it needs. */
  readonly #origin: { -readonly [Part in keyof LineOrigin]: LineOrigin[Part] } = {
    at: nanoseconds(0n),
    cpu: 0 as Cpu,
    pid: 0,
    comm: undefined,
    buffer: undefined,
  };

  readonly #seen = new Uint8Array(MAX_CPUS);
  /** The last event if it is a marker: its text may continue in the next line. */
  #marker: Marker | undefined;
  #entries: { readonly kept: number; readonly written: number; readonly cpus: number } | undefined;
  /** Some line had its columns, so a line without them was not trimmed. */
  #hasColumns = false;
  #endsInReturn: boolean | undefined;
  /** Some line had lost its leading blanks. */
  #isTrimmed = false;
  /** Some line showed a loss, so the text would show others too. */
  #sawLoss = false;

  /** @param name of the input, for messages. */
  constructor(name: string, dialect: Dialect, options: ReadOptions) {
    this.#name = name;
    this.#dialect = dialect;
    this.#options = options;
    this.#readsSched = options.scheduling === true;
    this.#batcher = new Batcher(options.onEvents);
    this.#events = new EventText(options.pageSize);
    this.#stacks = new StackTraces(this.#batcher);
  }

  /** Number of the present line. */
  get #lineInHand(): number {
    return this.#lineNumber + 1;
  }

  /** The same with its first byte in the text, for messages. */
  get #place(): string {
    return `line ${this.#lineInHand}, byte ${this.#blockAt + this.#lineAt}`;
  }

  /**
   * Reads the whole lines in `bytes[0, filled)`; `isLast` means that nothing follows.
   * @returns the number of finished bytes; the rest must be passed again with what follows it.
   */
  read(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const done = this.#lines(bytes, filled, isLast);
    this.#blockAt += done;
    return done;
  }

  #lines(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const prefix = this.#prefix;
    const dialect = this.#dialect;
    const { commBytes } = dialect;
    const view = bytes.subarray(0, filled);
    const ends = this.#ends;
    ends.open(view);
    prefix.open(view);
    const mayBeEarly = !dialect.namesBuffers;
    let start = 0;
    for (;;) {
      // Known columns have no newline, so the search starts behind them.
      let hasColumns =
        mayBeEarly && start + MAX_COLUMN_BYTES < filled ? dialect.columns(prefix, view, start) : undefined;
      const newline = ends.next(hasColumns === true ? start + prefix.known : start, filled);
      if (newline < 0) return start;
      this.#endsInReturn ??= view[newline - 1] === CARRIAGE_RETURN;
      this.#lineAt = start;
      const length = newline - start;
      if (length > commBytes && length <= MAX_LINE_BYTES) hasColumns ??= dialect.columns(prefix, view, start);
      else hasColumns = false;
      if (hasColumns) {
        this.#hasColumns = true;
        if (ends.hasNul) this.#eventBesideNul(view, start, newline);
        else this.#event(view, newline);
        if (ends.hasNul || newline < prefix.body) prefix.forgetAll();
        this.#lineNumber++;
        start = newline + 1;
        continue;
      }
      if (newline - start > MAX_LINE_BYTES) {
        prefix.forgetAll();
        this.skipLine(start);
        start = newline + 1;
        continue;
      }
      const end = this.#endOfSplitLine(view, start, newline, isLast);
      if (end === 'wait') return start;
      if (end === undefined) this.#otherLine(view, start, newline);
      else this.#eventBesideNul(view, start, end);
      const last = end ?? newline;
      this.#lineNumber += end === undefined ? 1 : countNewlines(view, start, last + 1);
      start = last + 1;
      // Some of the lines that were parsed here have a newline in their columns.
      prefix.forgetAll();
    }
  }

  /** Records that the next line is too long for a line of a trace; it is skipped. */
  skipLine(start = 0): void {
    this.#lineAt = start;
    this.#damages.add(this.#place, `a line of more than ${MAX_LINE_BYTES} bytes, expected an event`);
    this.#notes.strange(this.#lineInHand, this.#place);
    this.#losses.ofAll();
    this.#lineNumber++;
  }

  /** Skipped bytes of it, its newline among them. */
  passOver(bytes: number): void {
    this.#blockAt += bytes;
  }

  /**
   * Ends the text.
   * @param end whether its last line lacked the newline; and why the text ends early, if it does.
   * @throws InputError if it had lines and none was an event.
   */
  finish(end: { readonly isCut: boolean; readonly damage: TextDamage | undefined }): TraceSummary {
    this.#stacks.end();
    this.#flushMarker();
    const wanted = this.#options.buffer;
    // The top buffer always exists, with or without events.
    if (wanted !== undefined && wanted !== '' && this.#buffers.size > 0 && !this.#buffers.has(wanted))
      throw unknownBuffer(this.#name, wanted, [...this.#buffers]);
    const { kept, written } = this.#entries ?? { kept: this.#count, written: this.#count };
    if (this.#count === 0 && this.#notes.strangeLine !== undefined) {
      throw new InputError(
        `${this.#name}: ${this.#notes.strangePlace}: no event of ${this.#dialect.format}, expected 'TASK-PID [CPU] ... TIME: NAME: ...', also in the other lines`,
      );
    }
    const cpus = this.#cpus();
    if (end.damage !== undefined) this.#damages.add(end.damage.place, end.damage.what);
    if (end.damage !== undefined || (end.isCut && this.#count < kept)) this.#losses.ofEach(cpus);
    for (const loss of this.#losses.rest(cpus)) this.#batcher.pushLoss(loss);
    this.#batcher.flush();
    return {
      format: this.#dialect.format,
      events: this.#count,
      cpus,
      from: this.#first,
      to: this.#lastSeconds < 0 ? undefined : this.#clock.at(this.#lastSeconds, this.#lastNanoseconds),
      lost: this.#batcher.lost,
      notes: [
        ...this.#dialect.notes,
        ...(this.#prefix.isCount
          ? ['times are whole numbers, of a clock that counts (jiffies, cycles or events): durations are in its ticks']
          : []),
        ...(end.damage === undefined ? [] : [`${end.damage.what}: what came before it was read`]),
        ...(end.isCut ? ['the last line does not end: the text may be cut off'] : []),
        ...this.#notes.sentences(this.#count, kept, written, this.#entries !== undefined),
        ...this.#oneCpuOnly(cpus),
      ],
      damage: this.#damages.told,
      buffers: this.#dialect.namesBuffers ? (wanted === undefined ? [...this.#buffers] : [wanted]) : undefined,
      recordedOn: undefined,
      clock: undefined,
      showsLosses: this.#showsLosses,
      countsTime: this.#prefix.isCount,
      pageSize: this.#events.pageSize,
      hiddenMarkers: this.#notes.hiddenMarkers,
    };
  }

  /** The same for a line that may have NULs, before or behind which events may have been lost. */
  #eventBesideNul(bytes: Uint8Array, start: number, newline: number): void {
    const { body } = this.#prefix;
    if (hasNul(bytes, start, body)) this.#nul();
    this.#event(bytes, newline);
    if (hasNul(bytes, body, newline)) this.#nul();
  }

  /** An event whose prefix has just been parsed, and whose line ends at `newline`. Most lines end at `classify`. */
  #event(bytes: Uint8Array, newline: number): void {
    const { cpu, pid, seconds, nanoseconds: fraction, buffer } = this.#prefix;
    const body = behindDifference(bytes, this.#prefix.body);
    if (this.#dialect.namesBuffers) {
      this.#buffers.add(buffer ?? '');
      if (this.#options.buffer !== undefined && this.#options.buffer !== (buffer ?? '')) return;
    }
    this.#count++;
    if (this.#marker !== undefined) this.#flushMarker();
    if (this.#stacks.isOpen) this.#stacks.end();
    if (this.#seen[cpu] === 0) this.#firstOfCpu(cpu, seconds, fraction);
    if (seconds > this.#lastSeconds || (seconds === this.#lastSeconds && fraction > this.#lastNanoseconds)) {
      this.#lastSeconds = seconds;
      this.#lastNanoseconds = fraction;
    } else if (seconds < this.#lastSeconds) this.#earlier(seconds, fraction);
    const kind = classify(bytes, this.#prefix.view, body, this.#readsSched);
    if (kind === 'perf-record') {
      this.#perfRecord(bytes, body, newline, cpu);
      return;
    }
    if (this.#losses.isWaiting) this.#tellLoss(cpu, buffer, this.#clock.at(seconds, fraction));
    if (kind === 'stack') {
      this.#stacks.begin(cpu, pid);
      return;
    }
    if (kind === 'hidden-marker') this.#notes.hiddenMarkers++;
    if (kind === undefined || kind === 'hidden-marker') {
      this.#stacks.passed(cpu);
      if (this.#dialect.stackFollows) this.#stacks.beginBehind(undefined);
      return;
    }

    const end = this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    const at = this.#clock.at(seconds, fraction);
    const origin = this.#origin;
    origin.at = at;
    origin.cpu = cpu as Cpu;
    origin.pid = pid;
    origin.comm = this.#taskNames.of(this.#prefix, bytes);
    origin.buffer = buffer;
    const event = this.#events.decode(kind, bytes, body, end, origin);
    if (typeof event === 'string') {
      this.#stacks.passed(cpu);
      if (event === 'nothing') return;
      this.#notes.unreadable(this.#lineInHand);
      this.#damages.add(this.#place, 'an event that cannot be read, expected the fields of its format');
      this.#losses.add({ cpu, events: 1, buffer });
      this.#tellLoss(cpu, buffer, at);
    } else if ((kind === 'marker' || kind === 'print') && event.type === 'marker') {
      this.#stacks.passed(cpu);
      this.#marker = event;
    } else {
      this.#batcher.push(event);
      this.#stacks.decoded(cpu, event);
      if (this.#dialect.stackFollows) this.#stacks.beginBehind(event);
    }
  }

  /** A time that runs back: texts of several buffers or recordings, one after the other. */
  #earlier(seconds: number, fraction: number): void {
    const at = this.#clock.at(seconds, fraction);
    if (this.#first !== undefined && at < this.#first) this.#first = at;
  }

  /** A line of perf about the recording itself: no event, but possibly a loss. */
  #perfRecord(bytes: Uint8Array, body: number, newline: number, cpu: number): void {
    this.#count--;
    const match = PERF_LOST.exec(LATIN1.decode(bytes.subarray(body, newline)));
    if (match === null) return;
    this.#sawLoss = true;
    this.#losses.add({
      cpu,
      events: match[1] === undefined ? undefined : lostCount(Number(match[1])),
      buffer: undefined,
    });
  }

  /**
   * A task name may contain newlines, so the dash behind its column is in a later line. If that line has columns of its
   * own, the short one before is something else (a marker's second line).
   * @returns the end of the split line, whose prefix is then parsed; undefined if it is none; 'wait' if it needs to see
   * what follows.
   */
  #endOfSplitLine(bytes: Uint8Array, start: number, newline: number, isLast: boolean): number | 'wait' | undefined {
    const { commBytes } = this.#dialect;
    if (newline - start >= commBytes) return undefined;
    const end = bytes.indexOf(NEWLINE, start + commBytes);
    if (end < 0) return isLast ? undefined : 'wait';
    if (end - start > MAX_LINE_BYTES) return undefined;
    for (let next = newline; next < start + commBytes && next >= 0; next = bytes.indexOf(NEWLINE, next + 1)) {
      if (this.#dialect.columns(this.#prefix, bytes, next + 1)) return undefined;
    }
    return this.#dialect.columns(this.#prefix, bytes, start) ? end : undefined;
  }

  /** A line without the columns of an event: header, loss, more of a marker, a stack trace, or something unknown. */
  #otherLine(bytes: Uint8Array, start: number, newline: number): void {
    if (hasNul(bytes, start, newline)) {
      this.#nul();
      return;
    }
    const line = beginning(bytes, start, newline);
    const frame = this.#dialect.frame(line);
    if (frame !== undefined && this.#marker === undefined) {
      if (this.#stacks.isOpen && frame !== '') this.#stacks.frame(frame);
      return;
    }
    this.#stacks.end();
    if (this.#headerLine(line) || this.#lossLine(line) || this.#dialect.isSilent(line)) return;
    // Behind a marker it may belong to the marker; if no line has its columns, a marker has none either.
    const mayBeTrimmed =
      !this.#hasColumns || ((this.#marker === undefined || this.#isTrimmed) && bytes[start]! > SPACE);
    if (mayBeTrimmed && this.#dialect.trimmed(this.#prefix, bytes, start, newline)) {
      this.#isTrimmed = true;
      this.#event(bytes, newline);
    } else if (this.#marker !== undefined && this.#marker.text.length < MAX_MARKER_LENGTH) {
      const end = this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
      this.#marker = { ...this.#marker, text: `${this.#marker.text}\n${UTF8.decode(bytes.subarray(start, end))}` };
    } else {
      this.#strangeLine(line.trim() === '' ? beginning(bytes, firstNonBlank(bytes, start, newline), newline) : line);
    }
  }

  /** No text of a kernel has a NUL: the lost part there may be many lines. */
  #nul(): void {
    this.#damages.add(this.#place, 'a NUL, expected text');
    this.#notes.strange(this.#lineInHand, this.#place);
    this.#losses.ofAll();
  }

  /**
   * @param line from before its first byte that is no blank, if it has one: an event must not be hidden by what shifted
   * it.
   */
  #strangeLine(line: string): void {
    if (line.trim() === '') return;
    this.#notes.strange(this.#lineInHand, this.#place);
    if (!TIMED_EVENT.test(line) && (this.#count === 0 || !WANTED.test(line))) return;
    this.#damages.add(this.#place, "an event without its columns, expected 'TASK-PID [CPU] ... TIME: NAME: ...'");
    this.#losses.ofAll();
  }

  #headerLine(line: string): boolean {
    if (this.#count > 0 || !line.startsWith('#') || STARTED.test(line)) return false;
    const [, kept, written, cpus] = ENTRIES.exec(line) ?? LATENCY_ENTRIES.exec(line) ?? [];
    if (kept !== undefined) this.#entries = { kept: Number(kept), written: Number(written), cpus: Number(cpus ?? 0) };
    return true;
  }

  #lossLine(line: string): boolean {
    const [, started] = STARTED.exec(line) ?? [];
    if (started !== undefined) {
      if (!this.#isCpu(Number(started))) return true;
      if (!this.#isOverwritten()) this.#losses.add({ cpu: Number(started), events: undefined, buffer: undefined });
      this.#notes.sawStart();
      return true;
    }
    const loss = this.#dialect.loss(line);
    if (loss === undefined) return false;
    this.#sawLoss = true;
    const isWanted = this.#options.buffer === undefined || this.#options.buffer === (loss.buffer ?? '');
    if (isWanted && this.#isCpu(loss.cpu)) this.#losses.add(loss);
    return true;
  }

  /** Whether a line with a loss names a possible CPU. If not, it may have been any CPU's. */
  #isCpu(cpu: number): boolean {
    if (cpu < MAX_CPUS) return true;
    this.#damages.add(this.#place, `a loss on CPU ${cpu}, expected a CPU below ${MAX_CPUS}`);
    this.#losses.ofAll();
    return false;
  }

  /**
   * Whether losses show in such a text: `trace-cmd report` and `trace_pipe` print them, `trace` only the number of
   * overwritten events, and perf script on request.
   */
  get #showsLosses(): boolean {
    const { format } = this.#dialect;
    return format === 'trace-cmd report' || this.#sawLoss || (format === 'ftrace text' && this.#isOverwritten());
  }

  /** Whether the oldest events of some CPU were overwritten: each CPU's record then starts in the middle. */
  #isOverwritten(): boolean {
    return this.#entries !== undefined && this.#entries.written > this.#entries.kept;
  }

  #firstOfCpu(cpu: number, seconds: number, fraction: number): void {
    this.#seen[cpu] = 1;
    this.#first ??= this.#clock.at(seconds, fraction);
    if (this.#entries === undefined || !this.#isOverwritten()) return;
    const { kept, written, cpus } = this.#entries;
    this.#losses.add({ cpu, events: cpus === 1 ? lostCount(written - kept) : undefined, buffer: undefined });
  }

  #tellLoss(cpu: number, buffer: string | undefined, at: Nanoseconds): void {
    const loss = this.#losses.take(cpu, buffer, at);
    if (loss !== undefined) this.#batcher.pushLoss(loss);
  }

  #flushMarker(): void {
    if (this.#marker !== undefined) this.#batcher.push(this.#marker);
    this.#marker = undefined;
  }

  /** The same header stands above the buffer of one CPU, in which the others' events are missing without a sign. */
  #oneCpuOnly(cpus: readonly Cpu[]): string[] {
    const seen = cpus.filter((cpu) => this.#seen[cpu] === 1);
    const [only] = seen;
    if (this.#entries === undefined || this.#entries.cpus < 2 || this.#entries.kept !== this.#count) return [];
    if (seen.length !== 1 || only === undefined) return [];
    return [
      `all events are of CPU ${only}, of ${this.#entries.cpus} CPUs: if this is that CPU's buffer alone (per_cpu/cpu${only}/trace), it tells nothing of folios that others added, and nothing of their batches; 'trace' has all`,
    ];
  }

  /** The CPUs with events; with the header's number of CPUs also the silent ones, if the numbers are without holes. */
  #cpus(): Cpu[] {
    const seen: Cpu[] = [];
    for (let cpu = 0; cpu < MAX_CPUS; cpu++) if (this.#seen[cpu] === 1) seen.push(cpu as Cpu);
    const declared = Math.min(this.#entries?.cpus ?? this.#dialect.cpus, MAX_CPUS);
    if (seen.some((cpu) => cpu >= declared)) return seen;
    return Array.from({ length: declared }, (_, cpu) => cpu as Cpu);
  }
}

/**
 * Position of the event's name: `trace-cmd report --ts-diff` puts the time since the previous line before it, `(+2)`,
 * or as many blanks in the first line of a CPU.
 */
function behindDifference(bytes: Uint8Array, body: number): number {
  let at = body;
  if (bytes[at] === 0x28 /* ( */ && bytes[at + 1] === 0x2b /* + */) {
    at += 2;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
    if (bytes[at] !== 0x29 /* ) */) return body;
    at++;
  } else if (bytes[at] !== SPACE) return body;
  while (bytes[at] === SPACE) at++;
  return at;
}

/** The part of a line that everything but an event needs. */
const beginning = (bytes: Uint8Array, start: number, newline: number): string =>
  LATIN1.decode(bytes.subarray(start, Math.min(newline, start + 300)));

function firstNonBlank(bytes: Uint8Array, start: number, newline: number): number {
  let at = start;
  while (at < newline && bytes[at]! <= 0x20) at++;
  return at;
}

function countNewlines(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}

const hasNul = (bytes: Uint8Array, from: number, to: number): boolean => bytes.subarray(from, to).includes(0);
