// SPDX-License-Identifier: MIT
import { InputError } from '../../ledger/index.ts';
import type { TraceSummary } from '../summary.ts';
import { unknownBuffer } from '../unknown-buffer.ts';
import type { Dialect } from './dialect.ts';
import { EventLines, type TextOptions } from './event-lines.ts';
import { LineEnds } from './line-end.ts';
import { LinePrefix } from './line-prefix.ts';
import { MAX_LINE_BYTES, TextTroubles } from './text-troubles.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;

const LATIN1 = new TextDecoder('latin1');

/** `trace` prints it at a CPU's first event, once the start of some CPU's buffer has been overwritten. */
const STARTED = /^##### CPU (\d+) buffer started ####/;

/**
 * Within this many bytes of the end of the block, columns are parsed only after the end of their line is known: the parser
 * needs a byte behind them.
 */
const MAX_COLUMN_BYTES = 1024;

/** Why a text ends early. */
export interface TextDamage {
  readonly place: string;
  readonly what: string;
}

/** Finds the lines of a text and what each is: an event's, which {@link EventLines} decodes, or another. */
export class LineReader {
  readonly #name: string;
  readonly #dialect: Dialect;
  readonly #buffer: string | undefined;
  readonly #troubles = new TextTroubles();
  readonly #events: EventLines;
  readonly #ends = new LineEnds();
  readonly #prefix = new LinePrefix();
  /** Some line had its columns, so a line without them was not trimmed. */
  #hasColumns = false;
  /** Some line had lost its leading blanks. */
  #isTrimmed = false;

  /** @param name of the input, for messages. */
  constructor(name: string, dialect: Dialect, options: TextOptions) {
    this.#name = name;
    this.#dialect = dialect;
    this.#buffer = options.buffer;
    this.#events = new EventLines(dialect, options, this.#troubles);
  }

  /**
   * Reads the whole lines in `bytes[0, filled)`; `isLast` means that nothing follows.
   * @returns the number of finished bytes; the rest must be passed again with what follows it.
   */
  read(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const done = this.#lines(bytes, filled, isLast);
    this.#troubles.blockAt += done;
    return done;
  }

  #lines(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const prefix = this.#prefix;
    const dialect = this.#dialect;
    const events = this.#events;
    const troubles = this.#troubles;
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
      events.endsIn(view[newline - 1]);
      troubles.lineAt = start;
      const length = newline - start;
      if (length > commBytes && length <= MAX_LINE_BYTES) hasColumns ??= dialect.columns(prefix, view, start);
      else hasColumns = false;
      if (hasColumns) {
        this.#hasColumns = true;
        if (ends.hasNul) this.#eventBesideNul(view, start, newline);
        else events.event(prefix, view, newline);
        if (ends.hasNul || newline < prefix.body) prefix.forgetAll();
        troubles.lines++;
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
      troubles.lines += end === undefined ? 1 : countNewlines(view, start, last + 1);
      start = last + 1;
      // Some of the lines that were parsed here have a newline in their columns.
      prefix.forgetAll();
    }
  }

  /** Records that the next line is too long for a line of a trace; it is skipped. */
  skipLine(start = 0): void {
    this.#troubles.lineAt = start;
    this.#troubles.tooLong();
    this.#troubles.lines++;
  }

  /** Skipped bytes of it, its newline among them. */
  passOver(bytes: number): void {
    this.#troubles.blockAt += bytes;
  }

  /**
   * Ends the text.
   * @param end whether its last line lacked the newline; and why the text ends early, if it does.
   * @throws InputError if it had lines and none was an event.
   */
  finish(end: { readonly isCut: boolean; readonly damage: TextDamage | undefined }): TraceSummary {
    const events = this.#events;
    const { tally, buffers } = events;
    const { notes, damages, losses } = this.#troubles;
    const { count } = tally;
    events.settle();
    const wanted = this.#buffer;
    // The top buffer always exists, with or without events.
    if (wanted !== undefined && wanted !== '' && buffers.size > 0 && !buffers.has(wanted))
      throw unknownBuffer(this.#name, wanted, [...buffers]);
    const { kept, written } = tally.entries ?? { kept: count, written: count };
    if (count === 0 && notes.strangeLine !== undefined) {
      throw new InputError(
        `${this.#name}: ${notes.strangePlace}: no event of ${this.#dialect.format}, expected 'TASK-PID [CPU] ... TIME: NAME: ...', also in the other lines`,
      );
    }
    const cpus = tally.cpus(this.#dialect.cpus);
    if (end.damage !== undefined) damages.add(end.damage.place, end.damage.what);
    if (end.damage !== undefined || (end.isCut && count < kept)) losses.ofEach(cpus);
    events.end(cpus);
    return {
      format: this.#dialect.format,
      events: count,
      cpus,
      from: tally.from,
      to: tally.to,
      lost: events.lost,
      notes: [
        ...this.#dialect.notes,
        ...(this.#prefix.isCount
          ? ['times are whole numbers, of a clock that counts (jiffies, cycles or events): durations are in its ticks']
          : []),
        ...(end.damage === undefined ? [] : [`${end.damage.what}: everything before that place was read`]),
        ...(end.isCut ? ['the last line does not end: the text may be cut off'] : []),
        ...notes.sentences(count, kept, written, tally.entries !== undefined),
        ...tally.oneCpuOnly,
      ],
      damage: damages.places,
      buffers: this.#dialect.namesBuffers ? (wanted === undefined ? [...buffers] : [wanted]) : undefined,
      recordedOn: undefined,
      clock: undefined,
      showsLosses: this.#showsLosses,
      countsTime: this.#prefix.isCount,
      pageSize: events.pageSize,
      hiddenMarkers: notes.hiddenMarkers,
      announced: tally.entries?.kept,
    };
  }

  /** The same for a line that may have NULs, before or behind which events may have been lost. */
  #eventBesideNul(bytes: Uint8Array, start: number, newline: number): void {
    const { body } = this.#prefix;
    if (hasNul(bytes, start, body)) this.#troubles.nul();
    this.#events.event(this.#prefix, bytes, newline);
    if (hasNul(bytes, body, newline)) this.#troubles.nul();
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
    const events = this.#events;
    if (hasNul(bytes, start, newline)) {
      this.#troubles.nul();
      return;
    }
    const line = beginning(bytes, start, newline);
    const frame = this.#dialect.frame(line);
    if (frame !== undefined && !events.isInMarker) {
      events.frame(frame);
      return;
    }
    events.endStack();
    if (this.#headerLine(line) || this.#lossLine(line) || this.#dialect.isSilent(line)) return;
    // Behind a marker it may belong to the marker; if no line has its columns, a marker has none either.
    const mayBeTrimmed = !this.#hasColumns || ((!events.isInMarker || this.#isTrimmed) && bytes[start]! > SPACE);
    if (mayBeTrimmed && this.#dialect.trimmed(this.#prefix, bytes, start, newline)) {
      this.#isTrimmed = true;
      events.event(this.#prefix, bytes, newline);
    } else if (!events.continueMarker(bytes, start, newline)) {
      const whole = line.trim() === '' ? beginning(bytes, firstNonBlank(bytes, start, newline), newline) : line;
      this.#troubles.strange(whole, events.tally.count > 0);
    }
  }

  #headerLine(line: string): boolean {
    const { tally } = this.#events;
    if (tally.count > 0 || !line.startsWith('#') || STARTED.test(line)) return false;
    tally.header(line);
    return true;
  }

  #lossLine(line: string): boolean {
    const [, started] = STARTED.exec(line) ?? [];
    if (started !== undefined) {
      if (!this.#troubles.isCpu(Number(started))) return true;
      if (!this.#events.tally.isOverwritten)
        this.#troubles.losses.add({ cpu: Number(started), events: undefined, buffer: undefined });
      this.#troubles.notes.sawStart();
      return true;
    }
    const loss = this.#dialect.loss(line);
    if (loss === undefined) return false;
    this.#events.loss(loss);
    return true;
  }

  /**
   * Whether losses show in such a text: `trace-cmd report` and `trace_pipe` print them, `trace` only the number of
   * overwritten events, and perf script on request.
   */
  get #showsLosses(): boolean {
    const { format } = this.#dialect;
    const { sawLoss, tally } = this.#events;
    return format === 'trace-cmd report' || sawLoss || (format === 'ftrace text' && tally.isOverwritten);
  }
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
