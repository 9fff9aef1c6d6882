// SPDX-License-Identifier: MIT
import { COMM_BYTES } from './kernel-columns.ts';
import type { LinePrefix } from './line-prefix.ts';

const MAX_TASKS = 1 << 16;
const SPACE = 0x20;
const UTF8 = new TextDecoder();

interface Known {
  readonly bytes: Uint8Array;
  readonly name: string | undefined;
}

/** Task names by pid, so that a string is made once for a task and not once for an event. */
export class TaskNames {
  readonly #known = new Map<number, Known>();
  /** By place: the tasks of the last lines. */
  readonly #tasks: number[] = [];
  readonly #names: (string | undefined)[] = [];

  /** The name in the columns of a line, without the padding; undefined for `<...>`, the kernel's text for "unknown". */
  of({ task, place, commStart, commEnd, pid }: LinePrefix, bytes: Uint8Array): string | undefined {
    if (task !== this.#tasks[place]) {
      this.#tasks[place] = task;
      this.#names[place] = this.#nameOf(bytes, commStart, commEnd, pid);
    }
    return this.#names[place];
  }

  #nameOf(bytes: Uint8Array, start: number, end: number, pid: number): string | undefined {
    const known = this.#known.get(pid);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.name;
    let from = start;
    while (from < end - 1 && bytes[from] === SPACE) from++;
    const text = UTF8.decode(bytes.subarray(from, end));
    const name = text === '<...>' ? undefined : text;
    if (this.#known.size >= MAX_TASKS) this.#known.clear();
    this.#known.set(pid, { bytes: bytes.slice(start, end), name });
    return name;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start || known.length > COMM_BYTES) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}
