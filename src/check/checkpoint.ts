// SPDX-License-Identifier: MIT
import { fingerprintOf, hashOf } from './rows.ts';
import type { Wrong } from './fault.ts';

/** Storage for the checkpoint of a search, for a later process. Byte order is that of this machine. */
export interface Store {
  /**
   * Stores the parts, concatenated, under a name of letters, digits, '-' and '.'. It must be atomic: after a crash a
   * reader finds either all of it or the previous content.
   * @throws UnwrittenError if there is no room: the search then ends with what it knows.
   */
  readonly write: (name: string, parts: readonly Uint8Array[]) => void;
  /** The content under a name; undefined if there is none. */
  readonly read: (name: string) => Uint8Array | undefined;
  /** Called between two levels: whether the levels found since the last time should be written. */
  readonly isDue: () => boolean;
}

/**
 * A store that no search can resume from. The message is one line and says what to do.
 * @example
 * import { CheckpointError, exploreProgram, type Store, StoreFullError, UnwrittenError } from 'folioscope/check';
 * import { buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 2 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 2 }, [total], [adding]);
 * const initial = createMemory(counting);
 * const interpreter = new Interpreter(counting, initial);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const question = {
 *   program: counting,
 *   codeOf: [0, 0],
 *   initial,
 *   properties: [{ name: 'at most one', holds: total.le(1) }],
 *   mayEnd: literal<'bool'>(1),
 * };
 * const kept = new Map<string, Uint8Array>();
 * const checkpoint: Store = {
 *   write: (name, parts) => void kept.set(name, Uint8Array.from(parts.flatMap((part) => [...part]))),
 *   read: (name) => kept.get(name),
 *   isDue: () => true,
 * };
 * exploreProgram(question, { mostStates: 1000, checkpoint }).verdict; // => 'violated'
 * kept.has('index.json'); // => true
 * // What a store throws: it is damaged or another question's; no checkpoint can be written any more; no more states fit.
 * [new CheckpointError(''), new UnwrittenError(''), new StoreFullError('')].map(({ name }) => name); // => ['CheckpointError', 'CheckpointError', 'StoreFullError']
 */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/**
 * Thrown by a store's `write` if no more can be written: a search that spills its states there ends with what it knows.
 */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}

/** A checkpoint that can no longer be written. Everything written before is still valid. */
export class UnwrittenError extends CheckpointError {}

/** Progress of a search between two levels. */
export interface Boundary {
  readonly transitions: number;
  readonly wrong: Wrong | undefined;
  /** By `sometimes`, and by place. */
  readonly reached: Uint8Array;
  readonly taken: Uint8Array;
}

/** Raised with every change of the format. */
const VERSION = 2;
const INDEX = 'index.json';
/** Largest number of words of states that wait to be written together, and largest chunk in words: 16 and 64 MB. */
const WAITING = 2 ** 22;
const CHUNK = 2 ** 24;

interface Chunk {
  readonly name: string;
  readonly words: number;
  readonly hash: number;
}

/** Content of the index, which is written last: a chunk that it does not name does not count. */
interface Index {
  readonly version: number;
  readonly question: string;
  /** Words of a state. */
  readonly words: number;
  /** States of each level, from the initial state on. */
  readonly levels: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly transitions: number;
  readonly wrong: (Omit<Wrong, 'state'> & { readonly state: readonly number[] }) | undefined;
  readonly reached: readonly number[];
  readonly taken: readonly number[];
}

/**
 * The levels of a search in a store: all states, in chunks, level by level, and an index. Tables are rebuilt from the
 * states, so the number of threads may change.
 */
export class Checkpoint {
  readonly #store: Store;
  readonly #question: string;
  readonly #words: number;
  #levels: number[] = [];
  #chunks: Chunk[] = [];
  #waiting: Int32Array[] = [];
  #waitingWords = 0;
  #boundary: Boundary | undefined;

  /**
   * @param question a fingerprint of the question.
   * @param words words of a state.
   */
  constructor(store: Store, question: string, words: number) {
    this.#store = store;
    this.#question = question;
    this.#words = words;
  }

  /**
   * What the store holds; undefined if it is empty.
   * @throws CheckpointError if it holds another question's checkpoint, or a damaged one.
   */
  open(): (Boundary & { readonly levels: readonly number[] }) | undefined {
    const bytes = this.#store.read(INDEX);
    if (bytes === undefined) return undefined;
    const index = indexOf(new TextDecoder().decode(bytes));
    if (index.version !== VERSION)
      throw new CheckpointError(
        `the checkpoint has version ${index.version}, this program reads ${VERSION}: start again with an empty directory`,
      );
    if (index.question !== this.#question || index.words !== this.#words)
      throw new CheckpointError(
        'the checkpoint belongs to another question: repeat that command, or start again with an empty directory',
      );
    const { levels, chunks, transitions, wrong } = index;
    this.#levels = [...levels];
    this.#chunks = [...chunks];
    this.#boundary = {
      transitions,
      wrong: wrong && { ...wrong, state: Int32Array.from(wrong.state) },
      reached: Uint8Array.from(index.reached),
      taken: Uint8Array.from(index.taken),
    };
    return { ...this.#boundary, levels };
  }

  /**
   * The states that `open` described, in the order of levels, a chunk at a time. @throws CheckpointError if one is
   * damaged.
   */
  *states(): Generator<Int32Array> {
    for (const { name, words, hash } of this.#chunks) {
      const bytes = this.#store.read(name);
      const states =
        bytes === undefined ? undefined : new Int32Array(new Uint8Array(bytes).buffer, 0, bytes.byteLength >> 2);
      if (states?.length !== words || hashOf(states, 0, words) !== hash)
        throw new CheckpointError(
          `the checkpoint's ${name} is damaged or missing: start again with an empty directory`,
        );
      yield states;
    }
  }

  /** Records a complete level. Its states may change afterwards. */
  add(states: readonly Int32Array[], count: number, boundary: Boundary): void {
    this.#levels.push(count);
    this.#boundary = boundary;
    this.#waitingWords += count * this.#words;
    if (this.#waitingWords >= WAITING || this.#store.isDue()) {
      this.#waiting.push(...states);
      this.flush();
    } else this.#waiting.push(...states.map((part) => part.slice()));
  }

  /** Writes the waiting states. */
  flush(): void {
    const boundary = this.#boundary;
    if (boundary === undefined || this.#waiting.length === 0) return;
    for (const chunk of together(this.#waiting, CHUNK)) {
      const name = `states-${this.#chunks.length}`;
      this.#store.write(name, [new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)]);
      this.#chunks.push({ name, words: chunk.length, hash: hashOf(chunk, 0, chunk.length) });
    }
    this.#waiting = [];
    this.#waitingWords = 0;
    const { transitions, wrong } = boundary;
    const index: Index = {
      version: VERSION,
      question: this.#question,
      words: this.#words,
      levels: this.#levels,
      chunks: this.#chunks,
      transitions,
      wrong: wrong && { ...wrong, state: [...wrong.state] },
      reached: [...boundary.reached],
      taken: [...boundary.taken],
    };
    const text = JSON.stringify({ ...index, checksum: checksumOf(index) });
    this.#store.write(INDEX, [new TextEncoder().encode(text)]);
  }
}

/** Concatenates parts into arrays of at most so many words. */
function* together(parts: readonly Int32Array[], most: number): Generator<Int32Array> {
  let left = parts.reduce((sum, { length }) => sum + length, 0);
  let chunk = new Int32Array(Math.min(most, left));
  let to = 0;
  for (const part of parts)
    for (let from = 0; from < part.length; ) {
      const taken = part.subarray(from, from + chunk.length - to);
      chunk.set(taken, to);
      to += taken.length;
      from += taken.length;
      if (to < chunk.length) continue;
      yield chunk;
      left -= to;
      chunk = new Int32Array(Math.min(most, left));
      to = 0;
    }
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Checksum of everything in the index. */
const checksumOf = (index: object): string => fingerprintOf([JSON.stringify(index)]);

/** @throws CheckpointError if the text is no index. */
function indexOf(text: string): Index {
  const damaged = new CheckpointError(`the checkpoint's ${INDEX} is damaged: start again with an empty directory`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (!isIndex(value)) throw damaged;
  return value;
}

/** For another version only this much is checked; for this version the checksum covers the rest. */
function isIndex(value: unknown): value is Index {
  if (typeof value !== 'object' || value === null || !('version' in value) || !isNumber(value.version)) return false;
  if (value.version !== VERSION) return true;
  const { checksum, ...index } = { checksum: undefined, ...value };
  return checksum === checksumOf(index);
}
