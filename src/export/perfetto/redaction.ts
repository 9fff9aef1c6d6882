// SPDX-License-Identifier: MIT

/** Numbers from here on may be addresses: eight hexadecimal digits, as in explain's answers. */
const MAY_BE_ADDRESS = 0x1000_0000;

/**
 * What takes the place of task names, page frames, addresses and texts, consistently within one file. Inodes, indexes, CPUs, pids
 * and times stay: the file is about them. It holds one entry for each distinct value.
 */
export class Redaction {
  readonly #tasks = new Map<string, string>();
  readonly #frames = new Map<number, number>();
  readonly #addresses = new Map<bigint, number>();
  readonly #texts = new Map<string, string>();

  task(name: string): string {
    return numbered(this.#tasks, name, (number) => `task${number}`);
  }

  frame(pfn: number): number {
    return numbered(this.#frames, pfn, (number) => number);
  }

  address(value: bigint): number {
    return numbered(this.#addresses, value, (number) => number);
  }

  /** A number of an event's field that is no page frame by its name. */
  number(value: number): number {
    return Math.abs(value) < MAY_BE_ADDRESS ? value : this.address(BigInt(value));
  }

  /** A text from outside: of a task's name if it is one, else nothing is left of it. */
  text(text: string): string {
    return this.#tasks.get(text) ?? numbered(this.#texts, text, (number) => `text${number}`);
  }
}

/** The replacement of a key, from its number. */
function numbered<Key, Value>(known: Map<Key, Value>, key: Key, make: (number: number) => Value): Value {
  const value = known.get(key) ?? make(known.size + 1);
  known.set(key, value);
  return value;
}
