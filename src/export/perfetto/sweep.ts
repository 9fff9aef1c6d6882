// SPDX-License-Identifier: MIT

const FIRST_LENGTH = 1024;

/** Numbers in memory that grows, 8 bytes each. */
class Numbers {
  #numbers = new Float64Array(FIRST_LENGTH);
  #length = 0;

  add(value: number): void {
    if (this.#length === this.#numbers.length) {
      const grown = new Float64Array(2 * this.#length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#length++] = value;
  }

  sorted(): Float64Array {
    return this.#numbers.subarray(0, this.#length).toSorted();
  }
}

/** Stays that all sweeps together may still hold. */
export interface Room {
  stays: number;
}

/** How many stays there are at a time. Stays come in any order; each takes 16 bytes until the end. */
export class Sweep {
  readonly #room: Room;
  readonly #starts = new Numbers();
  readonly #ends = new Numbers();

  constructor(room: Room) {
    this.#room = room;
  }

  /** @param to undefined: it lasts. */
  add(from: number, to: number | undefined): void {
    if (this.#room.stays-- <= 0) return;
    this.#starts.add(from);
    if (to !== undefined) this.#ends.add(to);
  }

  /** Calls back for each time at which stays begin or end, with how many there are then, and how many ended there. */
  forEachChange(onChange: (at: number, present: number, ended: number) => void): void {
    const starts = this.#starts.sorted();
    const ends = this.#ends.sorted();
    let present = 0;
    let start = 0;
    let end = 0;
    while (start < starts.length || end < ends.length) {
      const at = Math.min(starts[start] ?? Number.POSITIVE_INFINITY, ends[end] ?? Number.POSITIVE_INFINITY);
      let ended = 0;
      for (; ends[end] === at; end++) ended++;
      for (; starts[start] === at; start++) present++;
      present -= ended;
      onChange(at, present, ended);
    }
  }
}
