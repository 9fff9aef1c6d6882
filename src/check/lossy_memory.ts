// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import { Frontier } from './frontier.ts';
import type { Insertion, StateMemory } from './state_memory.ts';
import type { Rows } from './rows.ts';

/** An inexact way to store visited states: a new state may be taken for a visited one. */
export type Lossy =
  /** A hash of 64 bits a state: about 10 to 20 bytes, however long states are. */
  | { readonly kind: 'hash compaction' }
  /** Three bits of 2^`bits` for each state. @property bits 5 to 32. */
  | { readonly kind: 'bitstate'; readonly bits: number };

/** Visited states, stored as hashes. */
interface Seen {
  readonly bytes: number;
  /** Additional bytes needed before another state can be added. */
  readonly growth: number;
  /** @returns whether the state is new, as far as hashes show. */
  readonly add: (first: number, second: number) => boolean;
  /** Natural logarithm of the probability that no state was omitted, if the hashes were random. */
  readonly lnComplete: number;
}

const POSITIONS = 3;
const FULLEST = 0.8;
const FIRST_BITS = 12;
/** A slot is two words, and its number is a signed 32-bit number. */
const MOST_BITS = 30;

/**
 * States stored as hashes; only the level that is found and the level that is expanded are kept whole. For one thread.
 */
export class LossyMemory implements StateMemory {
  readonly #words: number;
  readonly #seen: Seen;
  readonly #frontier: Frontier;

  /** @throws RangeError if `bits` is invalid, or if there is no memory. */
  constructor(words: number, lossy: Lossy) {
    this.#words = words;
    this.#frontier = new Frontier(words, false);
    this.#seen = lossy.kind === 'bitstate' ? new Bits(lossy.bits) : new Hashes();
  }

  get bytes(): number {
    return this.#seen.bytes + this.#frontier.bytes;
  }

  get lnComplete(): number {
    return this.#seen.lnComplete;
  }

  nextLevel(): void {
    this.#frontier.nextLevel();
  }

  insert(_depth: number, all: readonly Rows[], room: number, bytes: number): Insertion {
    const [words, seen, frontier] = [this.#words, this.#seen, this.#frontier];
    const most = this.bytes + bytes;
    let added = 0;
    const ended = (exhausted: Insertion['exhausted']): Insertion => ({ pieces: frontier.take(), added, exhausted });
    try {
      for (const rows of all)
        for (let heap = 0; heap < rows.ends.length; heap++)
          for (let at = rows.begin(heap); at < rows.end(heap); at += words + 1) {
            // Whether a state is new is known only when it is added: there must be room for it before.
            if (added === room) return ended('states');
            if (frontier.growth > 0 && this.bytes + frontier.growth > most) return ended('memory');
            frontier.open();
            const { growth } = seen;
            if (growth > 0 && this.bytes + growth > most) return ended('memory');
            if (!seen.add(rows.words[at + words]!, otherHash(rows.words, at, words))) continue;
            frontier.add(rows.words, at);
            added++;
          }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return ended('memory');
    }
    return ended(undefined);
  }

  visit(): never {
    throw new Error('states of which only hashes are known cannot be visited');
  }
}

/** A hash independent of that of rows. */
function otherHash(words: Int32Array, at: number, count: number): number {
  let hash = 0x51ed270b;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ words[i]!, 0xcc9e2d51);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0x1b873593);
    hash ^= hash >>> 16;
  }
  return hash;
}

/** Hashes of 64 bits, each once. */
class Hashes implements Seen {
  #bits = FIRST_BITS;
  /** A slot is two words; 0, 0 is an empty one. */
  #slots = allocate(2 ** (FIRST_BITS + 1), false);
  #count = 0;

  get bytes(): number {
    return this.#slots.byteLength;
  }

  get growth(): number {
    return this.#count < FULLEST * 2 ** this.#bits ? 0 : this.#slots.byteLength * 2;
  }

  /** Any two of n states have the same hash with a probability of 2^-64. */
  get lnComplete(): number {
    return (-this.#count * (this.#count - 1)) / 2 ** 65;
  }

  add(first: number, second: number): boolean {
    if (this.growth > 0) this.#grow();
    const isNew = this.#put(first, first === 0 && second === 0 ? 1 : second);
    if (isNew) this.#count++;
    return isNew;
  }

  #put(first: number, second: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (first >>> (32 - this.#bits)) * 2; ; slot = (slot + 2) & mask) {
      if (slots[slot] === first && slots[slot + 1] === second) return false;
      if (slots[slot] !== 0 || slots[slot + 1] !== 0) continue;
      slots[slot] = first;
      slots[slot + 1] = second;
      return true;
    }
  }

  /** @throws RangeError if the machine, or the code, does not support so many slots. */
  #grow(): void {
    if (this.#bits === MOST_BITS) throw new RangeError(`there are at most 2^${MOST_BITS} slots`);
    const before = this.#slots;
    this.#slots = allocate(before.length * 2, false);
    this.#bits++;
    for (let slot = 0; slot < before.length; slot += 2) {
      const [first, second] = [before[slot]!, before[slot + 1]!];
      if (first !== 0 || second !== 0) this.#put(first, second);
    }
  }
}

/** A Bloom filter, as SPIN's bitstate hashing. */
class Bits implements Seen {
  readonly growth = 0;
  readonly #array: Int32Array;
  readonly #bits: number;
  #set = 0;
  lnComplete = 0;

  constructor(bits: number) {
    if (!Number.isInteger(bits) || bits < 5 || bits > 32)
      throw new RangeError(`bitstate takes 5 to 32 bits of a position, not ${bits}`);
    this.#bits = bits;
    this.#array = allocate(2 ** (bits - 5), false);
  }

  get bytes(): number {
    return this.#array.byteLength;
  }

  add(first: number, second: number): boolean {
    const before = this.#set;
    for (let i = 0, hash = first; i < POSITIONS; i++, hash = (hash + (second | 1)) | 0) {
      const position = hash >>> (32 - this.#bits);
      const word = position >>> 5;
      const bit = 1 << (position & 31);
      if ((this.#array[word]! & bit) !== 0) continue;
      this.#array[word]! |= bit;
      this.#set++;
    }
    if (this.#set === before) return false;
    this.lnComplete += Math.log1p(-((before / 2 ** this.#bits) ** POSITIONS));
    return true;
  }
}
