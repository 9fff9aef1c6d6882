// SPDX-License-Identifier: MIT
import type { Cpu, Loss, Marker, Nanoseconds } from '../../ledger/index.ts';
import { cpu as cpuNumber, nanoseconds } from '../../ledger/index.ts';
import { Batcher } from '../batcher.ts';
import { InputError } from '../input-error.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import { classify, EventText } from './event-text.ts';
import { COMM_BYTES, LinePrefix, MAX_CPUS } from './line-prefix.ts';
import { TaskNames } from './task-names.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH = 0x23;
const MAX_MARKER_LENGTH = 1 << 16;

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

/** Header: how many events the text has, how many were written before the oldest were overwritten, CPUs. */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** `trace` prints it at a CPU's first event, once the start of some CPU's buffer has been overwritten. */
const STARTED = /^##### CPU (\d+) buffer started ####/;
/** `trace_pipe` prints it before the first event after a gap. */
const LOST = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/;

/** Turns the lines of ftrace text into events, in the order of the lines. */
export class LineReader {
  /** Lines read so far. */
  number = 0;

  readonly #name: string;
  readonly #batcher: Batcher;
  readonly #prefix = new LinePrefix();
  readonly #events = new EventText();
  readonly #taskNames = new TaskNames();
  readonly #notes: string[] = [];

  #count = 0;
  #first: Nanoseconds | undefined;
  #last: Nanoseconds | undefined;
  /** One second of the trace clock as a bigint, since neighbours share it. */
  #second = -1;
  #secondStart = 0n;

  readonly #seen = new Uint8Array(MAX_CPUS);
  /** Losses that wait for their CPU's next event. */
  readonly #pending = new Map<number, { events: number | undefined }>();
  /** The last event if it is a marker: the lines of its text may go on. */
  #marker: Marker | undefined;
  #entries: { readonly kept: number; readonly written: number; readonly cpus: number } | undefined;
  /** No line has the columns: text that was trimmed or quoted. Known with the first event. */
  #isTrimmed: boolean | undefined;
  #endsInReturn: boolean | undefined;
  #strange = 0;
  #firstStrange = 0;

  /** @param name of the input, for messages. */
  constructor(name: string, onEvents: ReadOptions['onEvents']) {
    this.#name = name;
    this.#batcher = new Batcher(onEvents);
  }

  /**
   * Reads the whole lines in `bytes[0, filled)`.
   * @returns how many bytes are done with; the rest is to come again with what follows it.
   */
  read(bytes: Uint8Array, filled: number, isLast: boolean): number {
    const prefix = this.#prefix;
    const view = bytes.subarray(0, filled);
    let start = 0;
    for (;;) {
      const newline = view.indexOf(NEWLINE, start);
      if (newline < 0) return start;
      let next = newline + 1;
      if (newline - start > COMM_BYTES && this.#isTrimmed !== true && prefix.parse(view, start)) {
        this.#isTrimmed = false;
        this.#event(view, newline);
      } else {
        next = this.#otherLine(view, start, newline, isLast);
        if (next === start) return start;
      }
      this.number++;
      start = next;
    }
  }

  /** @throws InputError where no line was an event and the text is not just an empty trace. */
  finish(): TraceSummary {
    this.#flushMarker();
    for (const cpu of [...this.#pending.keys()].toSorted((a, b) => a - b)) this.#tellLoss(cpu, undefined);
    this.#batcher.flush();
    if (this.#count === 0 && this.#strange > 0) {
      throw new InputError(`${this.#name}: line ${this.#firstStrange}: no event of ftrace text ('TASK-PID [CPU] ... TIME: NAME: ...')`);
    }
    return {
      format: 'ftrace text',
      events: this.#count,
      cpus: this.#cpus(),
      from: this.#first,
      to: this.#last,
      lost: this.#batcher.lost,
      notes: this.#allNotes(),
      buffers: undefined,
      recordedOn: undefined,
      clock: undefined,
    };
  }

  /** An event whose prefix has just been parsed and whose line ends at `newline`. Most lines end at `classify`. */
  #event(bytes: Uint8Array, newline: number): void {
    const prefix = this.#prefix;
    if (this.#marker !== undefined) this.#flushMarker();
    this.#count++;
    if (this.#seen[prefix.cpu] === 0) this.#firstOfCpu(prefix.cpu);
    if (prefix.seconds !== this.#second) {
      this.#second = prefix.seconds;
      this.#secondStart = BigInt(prefix.seconds) * 1_000_000_000n;
      this.#sawTime();
    }
    this.#lastNanoseconds = prefix.nanoseconds;
    const kind = classify(bytes, prefix.body);
    if (this.#pending.size > 0) this.#tellLoss(prefix.cpu, this.#time());
    if (kind === undefined) return;
    const end = this.#endsInReturn === true && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    const at = this.#time();
    const comm = this.#taskNames.name(bytes, prefix.commStart, prefix.commEnd, prefix.pid);
    const origin = { at, cpu: prefix.cpu as Cpu, pid: prefix.pid, comm };
    const event = this.#events.decode(kind, bytes, prefix.body, end, origin);
    if (event === 'nothing') return;
    if (event === 'unreadable') {
      this.#lose(prefix.cpu, 1);
      this.#tellLoss(prefix.cpu, at);
      this.#unreadable++;
      return;
    }
    if (event.type === 'marker') this.#marker = event;
    else this.#batcher.push(event);
  }
}
