// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../../ledger/index.ts';
import { lostCount } from '../limits.ts';
import type { LineClock } from './line-clock.ts';
import { MAX_CPUS } from './line-prefix.ts';

/** Header: how many events the text has, how many were written before the oldest were overwritten, CPUs. */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** The same in the header of the latency format. */
const LATENCY_ENTRIES = /^# latency: .*, #(\d+)\/(\d+), .*#P:(\d+)\)/;

/** What a text has: events, their CPUs and times, and what its header announces. */
export class TextTally {
  /** Events, losses excluded. */
  count = 0;
  /** What the header announces; undefined where there is none. */
  entries: { readonly kept: number; readonly written: number; readonly cpus: number } | undefined;
  readonly #clock: LineClock;
  readonly #seen = new Uint8Array(MAX_CPUS);
  #first: Nanoseconds | undefined;
  /** The latest time, as seconds and nanoseconds: compared for every line, so no bigint. */
  #lastSeconds = -1;
  #lastNanoseconds = 0;

  constructor(clock: LineClock) {
    this.#clock = clock;
  }

  /** A line of the header. */
  header(line: string): void {
    const [, kept, written, cpus] = ENTRIES.exec(line) ?? LATENCY_ENTRIES.exec(line) ?? [];
    if (kept !== undefined) this.entries = { kept: Number(kept), written: Number(written), cpus: Number(cpus ?? 0) };
  }

  /** An event. @returns whether it is the first of its CPU. */
  passed(cpu: number, seconds: number, fraction: number): boolean {
    this.count++;
    const isFirst = this.#seen[cpu] === 0;
    if (isFirst) {
      this.#seen[cpu] = 1;
      this.#first ??= this.#clock.at(seconds, fraction);
    }
    if (seconds > this.#lastSeconds || (seconds === this.#lastSeconds && fraction > this.#lastNanoseconds)) {
      this.#lastSeconds = seconds;
      this.#lastNanoseconds = fraction;
    } else if (seconds < this.#lastSeconds) this.#earlier(seconds, fraction);
    return isFirst;
  }

  /** A time that runs back: texts of several buffers or recordings, one after the other. */
  #earlier(seconds: number, fraction: number): void {
    const at = this.#clock.at(seconds, fraction);
    if (this.#first !== undefined && at < this.#first) this.#first = at;
  }

  /** Time of the first and of the last event; undefined where there is none. */
  get from(): Nanoseconds | undefined {
    return this.#first;
  }

  get to(): Nanoseconds | undefined {
    return this.#lastSeconds < 0 ? undefined : this.#clock.at(this.#lastSeconds, this.#lastNanoseconds);
  }

  /** Whether the oldest events of some CPU were overwritten: each CPU's record then starts in the middle. */
  get isOverwritten(): boolean {
    return this.entries !== undefined && this.entries.written > this.entries.kept;
  }

  /** How many events of a CPU were overwritten; undefined where the header does not say of which. */
  get overwritten(): number | undefined {
    if (this.entries === undefined) return undefined;
    const { kept, written, cpus } = this.entries;
    return cpus === 1 ? lostCount(written - kept) : undefined;
  }

  /**
   * The CPUs with events; with the number of CPUs that is declared also the silent ones, if the numbers are without holes.
   * @param otherwise how many are declared where no header says it.
   */
  cpus(otherwise: number): readonly Cpu[] {
    const seen = this.#withEvents();
    const declared = Math.min(this.entries?.cpus ?? otherwise, MAX_CPUS);
    if (seen.some((cpu) => cpu >= declared)) return seen;
    return Array.from({ length: declared }, (_, cpu) => cpu as Cpu);
  }

  /** The same header stands above the buffer of one CPU, in which the others' events are missing without a sign. */
  get oneCpuOnly(): readonly string[] {
    const [only, ...others] = this.#withEvents();
    if (this.entries === undefined || this.entries.cpus < 2 || this.entries.kept !== this.count) return [];
    if (only === undefined || others.length > 0) return [];
    return [
      `all events are of CPU ${only}, of ${this.entries.cpus} CPUs: if this is only that CPU's buffer (per_cpu/cpu${only}/trace), it shows neither the folios that other CPUs added nor their batches; the file 'trace' has all CPUs`,
    ];
  }

  #withEvents(): readonly Cpu[] {
    const seen: Cpu[] = [];
    for (let cpu = 0; cpu < MAX_CPUS; cpu++) if (this.#seen[cpu] === 1) seen.push(cpu as Cpu);
    return seen;
  }
}
