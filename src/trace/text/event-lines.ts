// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Marker, Nanoseconds } from '../../ledger/index.ts';
import { nanoseconds } from '../../ledger/index.ts';
import { Batcher } from '../batcher.ts';
import { lostCount } from '../limits.ts';
import type { ReadOptions } from '../summary.ts';
import type { Dialect, TextLoss } from './dialect.ts';
import { classify } from './event-kind.ts';
import type { LineOrigin } from './decoded-text.ts';
import { EventText } from './event-text.ts';
import { LineClock } from './line-clock.ts';
import type { LinePrefix } from './line-prefix.ts';
import { StackTraces } from './stack-traces.ts';
import { TaskNames } from './task-names.ts';
import { TextTally } from './text-tally.ts';
import type { TextTroubles } from './text-troubles.ts';

const SPACE = 0x20;
const CARRIAGE_RETURN = 0x0d;
/** A write to trace_marker has at most a page, but the following lines may not belong to it. */
const MAX_MARKER_LENGTH = 1 << 16;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** `PERF_RECORD_LOST lost 12`, and LOST_SAMPLES. */
const PERF_LOST = /^PERF_RECORD_LOST(?:_SAMPLES)?\b(?:\D+(\d+))?/;

/** How a text is read. */
export interface TextOptions extends ReadOptions {
  /** Receives every event's line, decoded or not, and the further lines that belong to it. */
  readonly whole?: WholeLines | undefined;
}

/** Receiver of whole lines. What follows a line belongs to it until the next one begins. */
export interface WholeLines {
  /** @param line from the event's name on. */
  begin(line: string, origin: LineOrigin): void;
  /** A further line of a marker's text. */
  continue(line: string): void;
  /** A function of the stack trace behind it. */
  frame(name: string): void;
  /** The decoder could not read it. */
  unreadable(): void;
  end(): void;
}

/** Turns lines whose columns are known into events, with the stacks and the marker's further lines that follow them. */
export class EventLines {
  readonly tally: TextTally;
  /** Buffers that lines named, '' being the top one. */
  readonly buffers = new Set<string>();
  /** Some line showed a loss, so the text would show others too. */
  sawLoss = false;
  readonly #dialect: Dialect;
  readonly #options: TextOptions;
  readonly #readsSched: boolean;
  readonly #troubles: TextTroubles;
  readonly #batcher: Batcher;
  readonly #events: EventText;
  readonly #taskNames = new TaskNames();
  readonly #stacks: StackTraces;
  readonly #clock = new LineClock();
  /** Reused for each decoded event, which copies what it needs. */
  readonly #origin: { -readonly [Part in keyof LineOrigin]: LineOrigin[Part] } = {
    at: nanoseconds(0n),
    cpu: 0 as Cpu,
    pid: 0,
    comm: undefined,
    buffer: undefined,
  };
  readonly #whole: WholeLines | undefined;
  /** The last event if it is a marker: its text may continue in the next line. */
  #marker: Marker | undefined;
  #endsInReturn: boolean | undefined;

  constructor(dialect: Dialect, options: TextOptions, troubles: TextTroubles) {
    this.#dialect = dialect;
    this.#options = options;
    this.#whole = options.whole;
    this.#readsSched = options.scheduling === true;
    this.#troubles = troubles;
    this.#batcher = new Batcher(options.onEvents);
    this.#events = new EventText(options.pageSize);
    this.#stacks = new StackTraces(this.#batcher);
    this.tally = new TextTally(this.#clock);
  }

  /** Whether lines end in a carriage return, by the first line. */
  endsIn(byte: number | undefined): void {
    this.#endsInReturn ??= byte === CARRIAGE_RETURN;
  }

  /** What the offsets of the text show of the kernel's page size. */
  get pageSize(): EventText['pageSize'] {
    return this.#events.pageSize;
  }

  /** All losses that were told, in their order. */
  get lost(): readonly Loss[] {
    return this.#batcher.lost;
  }

  /** Whether a marker's text may continue. */
  get isInMarker(): boolean {
    return this.#marker !== undefined;
  }

  /** An event whose prefix has just been parsed, and whose line ends at `newline`. Most lines end at `classify`. */
  event(prefix: LinePrefix, bytes: Uint8Array, newline: number): void {
    const { cpu, pid, seconds, nanoseconds: fraction, buffer } = prefix;
    const body = behindDifference(bytes, prefix.body);
    if (this.#dialect.namesBuffers) {
      this.buffers.add(buffer ?? '');
      if (!this.#isWanted(buffer)) return;
    }
    if (this.#marker !== undefined) this.#flushMarker();
    if (this.#stacks.isOpen) this.#stacks.end();
    const { losses } = this.#troubles;
    if (this.tally.passed(cpu, seconds, fraction) && this.tally.isOverwritten)
      losses.add({ cpu, events: this.tally.overwritten, buffer: undefined });
    const kind = classify(bytes, prefix.view, body, this.#readsSched);
    if (kind === 'perf-record') {
      this.#perfRecord(bytes, body, newline, cpu);
      return;
    }
    if (losses.isWaiting) this.#tellLoss(cpu, buffer, this.#clock.at(seconds, fraction));
    if (this.#whole !== undefined) this.#beginWhole(this.#whole, prefix, bytes, body, newline);
    if (kind === 'stack') {
      this.#stacks.begin(cpu, pid);
      return;
    }
    if (kind === 'hidden-marker') this.#troubles.notes.hiddenMarkers++;
    if (kind === undefined || kind === 'hidden-marker') {
      this.#stacks.passed(cpu);
      if (this.#dialect.stackFollows) this.#stacks.beginBehind(undefined);
      return;
    }

    const at = this.#clock.at(seconds, fraction);
    const origin = this.#origin;
    origin.at = at;
    origin.cpu = cpu as Cpu;
    origin.pid = pid;
    origin.comm = this.#taskNames.of(prefix, bytes);
    origin.buffer = buffer;
    const event = this.#events.decode(kind, bytes, body, this.#endOf(bytes, newline), origin);
    if (typeof event === 'string') {
      this.#stacks.passed(cpu);
      if (event === 'nothing') return;
      this.#whole?.unreadable();
      this.#troubles.unreadable(cpu, buffer);
      this.#tellLoss(cpu, buffer, at);
    } else if ((kind === 'marker' || kind === 'print') && event.type === 'marker') {
      this.#stacks.passed(cpu);
      this.#marker = event;
    } else {
      const whole =
        prefix.isPreemptible && event.type === 'mm_lru_insertion' ? { ...event, isPreemptible: true } : event;
      this.#batcher.push(whole);
      this.#stacks.decoded(cpu, whole);
      if (this.#dialect.stackFollows) this.#stacks.beginBehind(whole);
    }
  }

  #beginWhole(whole: WholeLines, prefix: LinePrefix, bytes: Uint8Array, body: number, newline: number): void {
    const { cpu, pid, seconds, nanoseconds: fraction, buffer } = prefix;
    const comm = this.#taskNames.of(prefix, bytes);
    const origin = { at: this.#clock.at(seconds, fraction), cpu: cpu as Cpu, pid, comm, buffer };
    const line = UTF8.decode(bytes.subarray(body, this.#endOf(bytes, newline)));
    whole.begin(line, origin);
  }

  /** Without a carriage return, where lines have one. */
  #endOf(bytes: Uint8Array, newline: number): number {
    return this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
  }

  /** A line of perf about the recording itself: no event, but possibly a loss. */
  #perfRecord(bytes: Uint8Array, body: number, newline: number, cpu: number): void {
    this.tally.count--;
    const match = PERF_LOST.exec(LATIN1.decode(bytes.subarray(body, newline)));
    if (match === null) return;
    this.sawLoss = true;
    this.#troubles.losses.add({
      cpu,
      events: match[1] === undefined ? undefined : lostCount(Number(match[1])),
      buffer: undefined,
    });
  }

  /** A line that reports a loss. */
  loss(loss: TextLoss): void {
    this.sawLoss = true;
    if (this.#isWanted(loss.buffer) && this.#troubles.isCpu(loss.cpu)) this.#troubles.losses.add(loss);
  }

  #isWanted(buffer: string | undefined): boolean {
    return this.#options.buffer === undefined || this.#options.buffer === (buffer ?? '');
  }

  /** A line of a stack trace; '' for a function of a program. */
  frame(name: string): void {
    if (!this.#stacks.isOpen || name === '') return;
    this.#stacks.frame(name);
    this.#whole?.frame(name);
  }

  /** A line that is none of a stack trace. */
  endStack(): void {
    this.#stacks.end();
  }

  /** A further line of the last marker's text. @returns whether it may be one. */
  continueMarker(bytes: Uint8Array, start: number, newline: number): boolean {
    if (this.#marker === undefined || this.#marker.text.length >= MAX_MARKER_LENGTH) return false;
    const line = UTF8.decode(bytes.subarray(start, this.#endOf(bytes, newline)));
    this.#marker = { ...this.#marker, text: `${this.#marker.text}\n${line}` };
    this.#whole?.continue(line);
    return true;
  }

  /** What waits for what may follow: nothing does. */
  settle(): void {
    this.#stacks.end();
    this.#flushMarker();
    this.#whole?.end();
  }

  /** Nothing follows; `cpus`: those of the recording. */
  end(cpus: readonly Cpu[]): void {
    for (const loss of this.#troubles.losses.rest(cpus)) this.#batcher.pushLoss(loss);
    this.#batcher.flush();
  }

  #tellLoss(cpu: number, buffer: string | undefined, at: Nanoseconds): void {
    const loss = this.#troubles.losses.take(cpu, buffer, at);
    if (loss !== undefined) this.#batcher.pushLoss(loss);
  }

  #flushMarker(): void {
    if (this.#marker !== undefined) this.#batcher.push(this.#marker);
    this.#marker = undefined;
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
