// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';
import type { Insertion, Piece, StateMemory } from './part.ts';
import type { Rows } from './rows.ts';

/** A way to remember that a state was seen that may be wrong: a state that was never seen may be taken for one that was. */
export type Lossy =
  /** A hash of 64 bits a state: about 10 to 20 bytes, however long states are. */
  | { readonly kind: 'hash compaction' }
  /** Three bits of 2^`bits` for each state. @property bits 5 to 32. */
  | { readonly kind: 'bitstate'; readonly bits: number };

/** What remembers states by hashes. */
interface Seen {
  readonly bytes: number;
  /** Bytes that it needs more before another state is added. */
  readonly growth: number;
  /** @returns whether it was never seen, as far as hashes tell. */
  readonly add: (first: number, second: number) => boolean;
  /** Natural logarithm of the probability that nothing was left out, were the hashes random. */
  readonly lnComplete: number;
}

const CHUNK_STATES = 2 ** 13;
const POSITIONS = 3;
const FULLEST = 0.8;
const FIRST_BITS = 12;

/** States as hashes; only the level that is found and the one that is expanded are there whole. Of one thread. */
export class LossyMemory implements StateMemory {
  readonly #words: number;
  readonly #seen: Seen;
  #chunks: Int32Array[] = [];
  #expanded: Int32Array[] = [];
  readonly #free: Int32Array[] = [];
  #chunkTo = 0;

  /** @throws RangeError where there are no such bits, or no memory for them. */
  constructor(words: number, lossy: Lossy) {
    this.#words = words;
    this.#seen = lossy.kind === 'bitstate' ? new Bits(lossy.bits) : new Hashes();
  }

  get bytes(): number {
    const chunks = this.#chunks.length + this.#expanded.length + this.#free.length;
    return this.#seen.bytes + chunks * this.#chunkBytes;
  }

  get lnComplete(): number {
    return this.#seen.lnComplete;
  }

  get #chunkBytes(): number {
    return CHUNK_STATES * this.#words * Int32Array.BYTES_PER_ELEMENT;
  }

  nextLevel(): void {
    this.#free.push(...this.#expanded);
    this.#expanded = this.#chunks;
    this.#chunks = [];
    this.#chunkTo = 0;
  }

  insert(_depth: number, all: readonly Rows[], room: number, bytes: number): Insertion {
    const pieces: Piece[] = [];
    const words = this.#words;
    const most = this.bytes + bytes;
    let first = this.#chunkTo;
    let added = 0;
    const close = (): void => {
      const states = this.#chunks.at(-1);
      if (states !== undefined && this.#chunkTo > first)
        pieces.push({ states: states.subarray(first * words, this.#chunkTo * words), count: this.#chunkTo - first });
      first = this.#chunkTo;
    };
    const ended = (exhausted: Insertion['exhausted']): Insertion => {
      close();
      return { pieces, added, exhausted };
    };
    try {
      for (const rows of all)
        for (let heap = 0; heap < rows.ends.length; heap++)
          for (let at = rows.begin(heap); at < rows.end(heap); at += words + 1) {
            // Whether a state is new is known when it is added: there has to be room for it before.
            if (added === room) return ended('states');
            if (this.#chunks.length === 0 || this.#chunkTo === CHUNK_STATES) {
              close();
              if (this.bytes + (this.#free.length === 0 ? this.#chunkBytes : 0) > most) return ended('memory');
              this.#chunks.push(this.#free.pop() ?? allocate(CHUNK_STATES * words, false));
              first = this.#chunkTo = 0;
            }
            const { growth } = this.#seen;
            if (growth > 0 && this.bytes + growth > most) return ended('memory');
            if (!this.#seen.add(rows.words[at + words]!, otherHash(rows.words, at, words))) continue;
            this.#chunks.at(-1)!.set(rows.words.subarray(at, at + words), this.#chunkTo * words);
            this.#chunkTo++;
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

/** A hash that has nothing to do with that of rows. */
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

  /** Of n states any two have the same hash with a probability of 2^-64. */
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

  #grow(): void {
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
