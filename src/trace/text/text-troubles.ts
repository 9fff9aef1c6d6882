// SPDX-License-Identifier: MIT
import { Damages } from '../damage.ts';
import { MAX_CPUS } from './line-prefix.ts';
import { TextLosses } from './text-losses.ts';
import { TextNotes } from './text-notes.ts';

/** No line of a trace is longer; the rest of it is skipped up to the next newline. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** A time and an event's name, in a line that has lost some of its columns. Text around a recording has none. */
const TIMED_EVENT = /(?:^|\s)\d{1,12}\.\d{6,9}: +(?:\d+ +)?[\w-]+(?::[\w-]+)?[:(] ?/;
/** Events that an answer depends on, in a line that has lost all columns before them. */
const WANTED =
  /\b(?:mm_filemap_(?:add_to|delete_from)_page_cache: |mm_lru_insertion: |mm_page_free: |page_ref_\w+: |workqueue_(?:queue_work|execute_(?:start|end)): |sys_(?:enter_|exit_)?(?:ioctl|fallocate)\b|sys_(?:enter|exit): NR )/;

/** What is wrong with a text, where, and what may be lost by that. */
export class TextTroubles {
  readonly damages = new Damages();
  readonly notes = new TextNotes();
  readonly losses = new TextLosses();
  /** Lines before the present one. */
  lines = 0;
  /** Bytes of the text before the present block, and the position of the present line in it. */
  blockAt = 0;
  lineAt = 0;

  /** Number of the present line. */
  get #line(): number {
    return this.lines + 1;
  }

  /** The same with its first byte in the text. */
  get #place(): string {
    return `line ${this.#line}, byte ${this.blockAt + this.lineAt}`;
  }

  /** The present line is too long for one of a trace; it is skipped. */
  tooLong(): void {
    this.damages.add(this.#place, `a line of more than ${MAX_LINE_BYTES} bytes, expected an event`);
    this.notes.strange(this.#line, this.#place);
    this.losses.ofAll();
  }

  /** No text of a kernel has a NUL: the lost part there may be many lines. */
  nul(): void {
    this.damages.add(this.#place, 'a NUL, expected text');
    this.notes.strange(this.#line, this.#place);
    this.losses.ofAll();
  }

  /**
   * A line of no known kind.
   * @param line from before its first byte that is no blank, if it has one: an event must not be hidden by what shifted
   * it. `isBehindEvents`: events stood before it.
   */
  strange(line: string, isBehindEvents: boolean): void {
    if (line.trim() === '') return;
    this.notes.strange(this.#line, this.#place);
    if (!TIMED_EVENT.test(line) && (!isBehindEvents || !WANTED.test(line))) return;
    this.damages.add(this.#place, "an event without its columns, expected 'TASK-PID [CPU] ... TIME: NAME: ...'");
    this.losses.ofAll();
  }

  /** An event of interest whose fields are others. */
  unreadable(cpu: number, buffer: string | undefined): void {
    this.notes.unreadable(this.#line);
    this.damages.add(this.#place, 'an event that cannot be read, expected the fields of its format');
    this.losses.add({ cpu, events: 1, buffer });
  }

  /** Whether a line with a loss names a possible CPU. If not, it may have been any CPU's. */
  isCpu(cpu: number): boolean {
    if (cpu < MAX_CPUS) return true;
    this.damages.add(this.#place, `a loss on CPU ${cpu}, expected a CPU below ${MAX_CPUS}`);
    this.losses.ofAll();
    return false;
  }
}
