// SPDX-License-Identifier: MIT

/** CPU numbers beyond it count as damage (the kernel's NR_CPUS is at most 8192). */
export const MAX_CPUS = 1 << 16;

const BLANKS = 0x2020_2020;

/** Columns of an earlier line, by which the next line of that task on that CPU is recognised. */
interface KnownColumns {
  /** Position of that line. */
  start: number;
  /** Bytes of its columns: up to and with the CPU, and up to and with the second's point; 0 if they are unknown. */
  taskBytes: number;
  secondBytes: number;
  /** The last eight bytes up to and with the CPU: the pid and the CPU, which distinguish most tasks. */
  tail: number;
  task: number;
  pid: number;
  cpu: number;
  seconds: number;
  isPreemptible: boolean;
}

/** Number of tasks that alternate at a time: two tasks that wake each other on two CPUs. */
const KNOWN = 4;

/**
 * The part of a line of text before its event, for any writer. One object is reused for each line, because there are
 * millions.
 *
 * It also remembers the bytes from which it was filled. Most lines begin like one of the last lines, since a task fires
 * many events within a second. Equal bytes have equal meaning, and are not parsed again.
 */
export class LinePrefix {
  /** A new number for each task and CPU that is parsed from a line. */
  task = 0;
  /** Below {@link KNOWN}: distinct among the tasks that are known at a time. */
  place = 0;
  pid = 0;
  cpu = 0;
  seconds = 0;
  /** Fraction of a second, in nanoseconds. */
  nanoseconds = 0;
  /** Some line had a whole number as its time: the clock counts, it does not measure time. Never reset. */
  isCount = false;
  /** Start and end of the task name's column; leading blanks are padding. */
  commStart = 0;
  commEnd = 0;
  /** The columns show that only migration was off: interrupts and preemption were on. */
  isPreemptible = false;
  /** Position of the event's name. */
  body = 0;
  /** The instance buffer that the line names; undefined for the top buffer and if lines name none. */
  buffer: string | undefined;
  /** Bytes of the line's columns, from the first on, that occurred in an earlier line since {@link forgetAll}. */
  known = 0;

  #tasks = 0;
  readonly #columns: readonly KnownColumns[] = Array.from({ length: KNOWN }, () => ({
    start: 0,
    taskBytes: 0,
    secondBytes: 0,
    tail: 0.5,
    task: 0,
    pid: 0,
    cpu: 0,
    seconds: 0,
    isPreemptible: false,
  }));
  #bytes: Uint8Array | undefined;
  /** A view for reading several bytes at once. */
  view: DataView = new DataView(new ArrayBuffer(0));

  /** The next lines are in `bytes`, which stay unchanged until the next call. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.forgetAll();
  }

  /** Forgets all earlier lines. */
  forgetAll(): void {
    for (const columns of this.#columns) columns.taskBytes = 0;
    this.known = 0;
  }

  /** A task and a CPU are parsed from a line anew, in place of the oldest ones. */
  begin(): void {
    this.task = ++this.#tasks;
    this.place = (this.place + 1) % KNOWN;
    this.#columns[this.place]!.taskBytes = 0;
    this.known = 0;
    this.isPreemptible = false;
  }

  /** Records that the columns at `start` have been parsed up to so many bytes, `taskBytes` at least eight. */
  remember(start: number, taskBytes: number, secondBytes: number): void {
    const columns = this.#columns[this.place]!;
    columns.start = start;
    columns.taskBytes = taskBytes;
    columns.secondBytes = secondBytes;
    if (start + taskBytes <= this.view.byteLength) columns.tail = this.view.getFloat64(start + taskBytes - 8, true);
    columns.task = this.task;
    columns.pid = this.pid;
    columns.cpu = this.cpu;
    columns.seconds = this.seconds;
    columns.isPreemptible = this.isPreemptible;
  }

  /**
   * Number of known bytes from `start` on, up to and with the CPU or the second's point, or 0; their meaning is then
   * that of the earlier line.
   */
  repeated(bytes: Uint8Array, start: number): number {
    if (bytes !== this.#bytes) return 0;
    const found = this.#repeats(this.place, start);
    if (found > 0) return found;
    const { view } = this;
    const columns = this.#columns;
    for (let place = 0; place < KNOWN; place++) {
      const { taskBytes, tail } = columns[place]!;
      const end = start + taskBytes;
      if (taskBytes === 0 || end > view.byteLength || view.getFloat64(end - 8, true) !== tail) continue;
      const repeats = place === this.place ? 0 : this.#repeats(place, start);
      if (repeats > 0) return repeats;
    }
    return 0;
  }

  #repeats(place: number, start: number): number {
    const columns = this.#columns[place]!;
    const { taskBytes, secondBytes } = columns;
    if (taskBytes === 0 || start + Math.max(taskBytes, secondBytes) > this.view.byteLength) return 0;
    if (!this.#isSame(start, columns.start, 0, taskBytes)) return 0;
    this.place = place;
    this.task = columns.task;
    this.pid = columns.pid;
    this.cpu = columns.cpu;
    this.known = taskBytes;
    if (secondBytes === 0 || !this.#isSame(start, columns.start, taskBytes, secondBytes)) return taskBytes;
    this.seconds = columns.seconds;
    this.isPreemptible = columns.isPreemptible;
    this.known = secondBytes;
    return secondBytes;
  }

  /** End of the blanks that start at `at`. */
  behindBlanks(bytes: Uint8Array, at: number): number {
    let end = at;
    if (bytes === this.#bytes) {
      const { view } = this;
      for (const last = view.byteLength - 4; end <= last && view.getInt32(end) === BLANKS; ) end += 4;
    }
    while (bytes[end] === 0x20) end++;
    return end;
  }

  /**
   * Whether bytes `[from, to)` equal those of the line at `other`; some before `from` may be compared again. Eight at a
   * time, as one floating-point number: two equal numbers have the same bits unless both are zero, which takes seven
   * NULs, and lines with a NUL are forgotten. NaN equals nothing, so such a line is parsed.
   */
  #isSame(start: number, other: number, from: number, to: number): boolean {
    const view = this.view;
    for (let at = from; at < to - 8; at += 8)
      if (view.getFloat64(start + at, true) !== view.getFloat64(other + at, true)) return false;
    return view.getFloat64(start + to - 8, true) === view.getFloat64(other + to - 8, true);
  }
}
