// SPDX-License-Identifier: MIT
import type { Pfn } from '../ledger/index.ts';

/** 2^32 divided by the golden ratio, odd: spreads frames that lie side by side (Knuth, volume 3, 6.4). */
const SPREAD = 0x9e37_79b1;
const FIRST_BITS = 8;

/**
 * Values by page frame, for entries that come and go by the hundred thousand. A Map allocates a new table each time it
 * has seen enough of them, and V8 lets the old tables point to the new ones: a table in the old generation keeps all
 * later ones alive until the next full collection. Here the table stays, and deleted entries are freed
 * (docs/trace-readers.md).
 */
export class ByFrame<Value extends object> {
  #bits = FIRST_BITS;
  #frames = new Float64Array(1 << FIRST_BITS);
  /** `undefined` for an empty slot; there is no empty slot between a frame's own slot and its entry. */
  #values = slots<Value>(1 << FIRST_BITS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(frame: Pfn): Value | undefined {
    return this.#values[this.#place(frame)];
  }

  set(frame: Pfn, value: Value): void {
    const place = this.#place(frame);
    if (this.#values[place] === undefined) this.#size++;
    this.#frames[place] = frame;
    this.#values[place] = value;
    if (this.#size * 2 > this.#values.length) this.#grow();
  }

  delete(frame: Pfn): void {
    let hole = this.#place(frame);
    if (this.#values[hole] === undefined) return;
    this.#size--;
    const last = this.#values.length - 1;
    // Later entries move up, unless they are between their own slot and the hole.
    for (let next = (hole + 1) & last; this.#values[next] !== undefined; next = (next + 1) & last) {
      const other = this.#frames[next] ?? 0;
      if (((next - this.#slot(other)) & last) < ((next - hole) & last)) continue;
      this.#frames[hole] = other;
      this.#values[hole] = this.#values[next];
      hole = next;
    }
    this.#values[hole] = undefined;
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** In no particular order. */
  values(): readonly Value[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** Position of the frame's entry, or of the slot for it. */
  #place(frame: number): number {
    const values = this.#values;
    const frames = this.#frames;
    const last = values.length - 1;
    let place = this.#slot(frame);
    while (values[place] !== undefined && frames[place] !== frame) place = (place + 1) & last;
    return place;
  }

  #slot(frame: number): number {
    return Math.imul(frame ^ (frame / 0x1_0000_0000), SPREAD) >>> (32 - this.#bits);
  }

  #grow(): void {
    const [frames, values] = [this.#frames, this.#values];
    this.#bits++;
    this.#frames = new Float64Array(1 << this.#bits);
    this.#values = slots(1 << this.#bits);
    for (const [old, value] of values.entries()) {
      if (value === undefined) continue;
      const frame = frames[old] ?? 0;
      const place = this.#place(frame);
      this.#frames[place] = frame;
      this.#values[place] = value;
    }
  }
}

const slots = <Value>(count: number): (Value | undefined)[] => Array.from({ length: count }, () => undefined);
