// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import { hashOf } from './rows.ts';

/** Slots, twice as many as numbers, are addressed by signed 32-bit numbers. */
const MOST_BITS = 29;
/** Halves that are moved between two calls of `beat`. */
const MOVED = 2 ** 16;

/** Numbers for the different halves of states, in the order of arrival. */
export class Dictionary {
  /** Words of a half; an empty half has the number 0. */
  readonly words: number;
  /** The half with number i begins at i * words. */
  nodes: Int32Array;
  /** Numbers plus 1, indexed by the low bits of their halves' hashes. Half of the slots are empty. */
  slots: Int32Array;
  count = 0;
  /** Bits of the largest number that fits. */
  bits: number;

  readonly #beat: () => void;

  /** @param beat called while it grows. */
  constructor(words: number, bits: number, beat: () => void) {
    this.words = words;
    this.#beat = beat;
    this.bits = words === 0 ? 0 : bits;
    this.nodes = allocate(words * 2 ** this.bits, false);
    this.slots = allocate(2 ** (this.bits + 1), false);
  }

  get bytes(): number {
    return this.nodes.byteLength + this.slots.byteLength;
  }

  /** @throws RangeError if there is no memory for it. */
  grow(bits: number): void {
    if (bits > MOST_BITS) throw new RangeError(`a dictionary has at most 2^${MOST_BITS} numbers`);
    const nodes = allocate(this.words * 2 ** bits, false);
    const slots = allocate(2 ** (bits + 1), false);
    nodes.set(this.nodes);
    const mask = slots.length - 1;
    for (let id = 0; id < this.count; id++) {
      if (id % MOVED === 0) this.#beat();
      let slot = hashOf(nodes, id * this.words, this.words) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.bits = bits;
    this.nodes = nodes;
    this.slots = slots;
  }
}
