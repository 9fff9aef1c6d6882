// SPDX-License-Identifier: MIT

/** CPU numbers beyond it are taken for damage (the kernel's NR_CPUS is at most 8192). */
export const MAX_CPUS = 1 << 16;

const BLANKS = 0x2020_2020;

/**
 * What stands before the event on a line of text, whoever wrote it. One object is filled again for each line, because
 * there are millions.
 *
 * It also knows from which bytes it was filled. Most lines begin as the line before does, since a task fires many events
 * within a second: what is the same byte by byte means the same, and is not taken apart again.
 */
export class LinePrefix {
  /** Another number for each task and CPU that is taken from a line. */
  task = 0;
  pid = 0;
  cpu = 0;
  seconds = 0;
  /** Part of a second, in nanoseconds. */
  nanoseconds = 0;
  /** Some line had a whole number for its time: the clock counts, it does not measure time. Never taken back. */
  isCount = false;
  /** Where the task name's column starts and ends; leading blanks are padding. */
  commStart = 0;
  commEnd = 0;
  /** Where the event's name starts. */
  body = 0;
  /** The instance buffer that the line names; undefined for the top buffer and where lines name none. */
  buffer: string | undefined;

  /** Bytes of the columns that are known: up to behind the CPU, and up to behind the second's point; 0 where they are not. */
  taskBytes = 0;
  secondBytes = 0;
  #last = 0;
  #bytes: Uint8Array | undefined;
  /** Four bytes at a time from any place of what was opened. */
  view: DataView = new DataView(new ArrayBuffer(0));

  /** The lines that come now stand in `bytes`, which stay as they are until this is called again. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.forget();
  }

  /** A task and a CPU are taken from a line anew. */
  forget(): void {
    this.task++;
    this.taskBytes = 0;
  }

  /** The columns at `start` have been taken apart up to so many bytes, `taskBytes` at least four. */
  remember(start: number, taskBytes: number, secondBytes: number): void {
    this.#last = start;
    this.taskBytes = taskBytes;
    this.secondBytes = secondBytes;
  }

  /** How many bytes from `start` on are those that are known: {@link secondBytes}, {@link taskBytes} or 0. */
  repeated(bytes: Uint8Array, start: number): number {
    const { taskBytes, secondBytes } = this;
    if (taskBytes === 0 || bytes !== this.#bytes || start + Math.max(taskBytes, secondBytes) > bytes.length) return 0;
    if (!this.#isSame(start, 0, taskBytes)) return 0;
    return secondBytes > 0 && this.#isSame(start, taskBytes, secondBytes) ? secondBytes : taskBytes;
  }

  /** Where the blanks end that start at `at`. */
  behindBlanks(bytes: Uint8Array, at: number): number {
    let end = at;
    if (bytes === this.#bytes) {
      const { view } = this;
      for (const last = view.byteLength - 4; end <= last && view.getInt32(end) === BLANKS; ) end += 4;
    }
    while (bytes[end] === 0x20) end++;
    return end;
  }

  /** Whether bytes `[from, to)` are as in the line before, four at a time; some before `from` may be compared again. */
  #isSame(start: number, from: number, to: number): boolean {
    const view = this.view;
    const last = this.#last;
    for (let at = from; at < to - 4; at += 4) if (view.getInt32(start + at) !== view.getInt32(last + at)) return false;
    return view.getInt32(start + to - 4) === view.getInt32(last + to - 4);
  }
}
