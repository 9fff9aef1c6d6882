// SPDX-License-Identifier: MIT
import { fingerprintOf, hashOf } from './rows.ts';
import type { Wrong } from './fault.ts';

/** Where a search keeps what it needs to go on after its process has ended. Bytes are those of this kind of machine. */
export interface Store {
  /**
   * Keeps the parts, behind each other, under a name of letters, digits, '-' and '.'. It is to be atomic: whoever reads the
   * name, also after the machine was stopped in the middle, finds all of it or what was there before.
   * @throws UnwrittenError where there is no room: the search then ends with what it knows.
   */
  readonly write: (name: string, parts: readonly Uint8Array[]) => void;
  /** What was kept under a name; undefined where there is nothing. */
  readonly read: (name: string) => Uint8Array | undefined;
  /** Asked between two levels: whether it is time to write what was found since the last time. */
  readonly isDue: () => boolean;
}

/**
 * A store that nobody can go on with. The message is one line and says what to do.
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

/** Thrown by a store's `write` where no more can be written: a search whose states are put aside there ends with what it knows. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}

/** A checkpoint that cannot be written any more. What was written before is still good. */
export class UnwrittenError extends CheckpointError {}

/** How far a search was between two levels. */
export interface Boundary {
  readonly transitions: number;
  readonly wrong: Wrong | undefined;
  /** By `sometimes`, and by place. */
  readonly reached: Uint8Array;
  readonly taken: Uint8Array;
}

/** Raised with every change of what is written. */
const VERSION = 2;
const INDEX = 'index.json';
/** Words of states that wait at most to be written together, and words of a chunk at most: 16 and 64 MB. */
const WAITING = 2 ** 22;
const CHUNK = 2 ** 24;

interface Chunk {
  readonly name: string;
  readonly words: number;
  readonly hash: number;
}

/** What stands in the index, which is written last: chunks that it does not name are none. */
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
 * The levels of a search in a store: all states, in chunks, level by level, and an index. What is not among them, tables and
 * numbers of halves, is made anew from the states, with any number of threads and any kind of table.
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
   * @param question a fingerprint of what is asked.
   * @param words of a state.
   */
  constructor(store: Store, question: string, words: number) {
    this.#store = store;
    this.#question = question;
    this.#words = words;
  }

  /**
   * What the store holds; undefined where it holds nothing.
   * @throws CheckpointError where that is of another question, or damaged.
   */
  open(): (Boundary & { readonly levels: readonly number[] }) | undefined {
    const bytes = this.#store.read(INDEX);
    if (bytes === undefined) return undefined;
    const index = indexOf(new TextDecoder().decode(bytes));
    if (index.version !== VERSION)
      throw new CheckpointError(
        `the checkpoint is of version ${index.version}, this program reads ${VERSION}: begin anew, with an empty directory`,
      );
    if (index.question !== this.#question || index.words !== this.#words)
      throw new CheckpointError(
        'the checkpoint is of another question: ask what was asked when it was begun, or begin anew, with an empty directory',
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

  /** The states that `open` spoke of, in the order of levels, a chunk at a time. @throws CheckpointError where one is damaged. */
  *states(): Generator<Int32Array> {
    for (const { name, words, hash } of this.#chunks) {
      const bytes = this.#store.read(name);
      const states =
        bytes === undefined ? undefined : new Int32Array(new Uint8Array(bytes).buffer, 0, bytes.byteLength >> 2);
      if (states?.length !== words || hashOf(states, 0, words) !== hash)
        throw new CheckpointError(
          `the checkpoint's ${name} is damaged or missing: begin anew, with an empty directory`,
        );
      yield states;
    }
  }

  /** Takes down a level that is complete. Its states may change afterwards. */
  add(states: readonly Int32Array[], count: number, boundary: Boundary): void {
    this.#levels.push(count);
    this.#boundary = boundary;
    this.#waitingWords += count * this.#words;
    if (this.#waitingWords >= WAITING || this.#store.isDue()) {
      this.#waiting.push(...states);
      this.flush();
    } else this.#waiting.push(...states.map((part) => part.slice()));
  }

  /** Writes what waits. */
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

/** Puts parts behind each other into arrays of at most so many words. */
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

/** Of all that the index says. */
const checksumOf = (index: object): string => fingerprintOf([JSON.stringify(index)]);

/** @throws CheckpointError where the text is no index. */
function indexOf(text: string): Index {
  const damaged = new CheckpointError(`the checkpoint's ${INDEX} is damaged: begin anew, with an empty directory`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (!isIndex(value)) throw damaged;
  return value;
}

/** Of another version only that much is looked at; of this one the checksum says that it is as it was written. */
function isIndex(value: unknown): value is Index {
  if (typeof value !== 'object' || value === null || !('version' in value) || !isNumber(value.version)) return false;
  if (value.version !== VERSION) return true;
  const { checksum, ...index } = { checksum: undefined, ...value };
  return checksum === checksumOf(index);
}
