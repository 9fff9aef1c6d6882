// SPDX-License-Identifier: MIT
import type { ByteSource } from './byte-source.ts';
import { memorySource, readFully } from './byte-source.ts';
import { InputError } from '../ledger/index.ts';

/** A recording's bytes from the first to the last, once: standard input, a download. */
export interface ByteStream {
  /** Name for messages, as the user gave it. */
  readonly name: string;
  /** Pieces of any size. The reader does not write to a piece, and has finished with it when it asks for the next. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

export const isStream = (input: ByteSource | ByteStream): input is ByteStream => 'pieces' in input;

/** Large enough that a read costs little beside its lines, small enough to be negligible. */
const BLOCK_BYTES = 256 * 1024;

/** Bytes in order, with peeking at the first ones. */
export class PieceReader {
  readonly name: string;
  /** Number of bytes taken. */
  taken = 0;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #ahead: Uint8Array[] = [];
  #aheadBytes = 0;
  /** The error that ended the pieces, if any; reported once all bytes before it have been taken. */
  #failure: { readonly error: unknown } | undefined;

  constructor({ name, pieces }: ByteStream) {
    this.name = name;
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next piece, never empty; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead.shift();
    if (ahead === undefined) {
      const piece = await this.#fetch();
      if (piece === undefined && this.#failure !== undefined) throw this.#failure.error;
      this.taken += piece?.byteLength ?? 0;
      return piece;
    }
    this.#aheadBytes -= ahead.byteLength;
    this.taken += ahead.byteLength;
    return ahead;
  }

  /** The first `length` bytes of the rest, fewer if it ends, without taking them. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#aheadBytes < length) {
      const piece = await this.#fetch();
      if (piece === undefined) break;
      this.#ahead.push(piece.slice()); // its memory may be reused for the next piece
      this.#aheadBytes += piece.byteLength;
    }
    return joined(this.#ahead, this.#aheadBytes).subarray(0, length);
  }

  /** The whole rest, in memory. @throws InputError if it has more than `limit` bytes; `advice` says what to do then. */
  async whole(limit: number, advice: string): Promise<ByteSource> {
    const bytes = await this.peek(limit + 1);
    if (bytes.byteLength > limit) throw new InputError(`${this.name}: more than ${limit} bytes: ${advice}`);
    return memorySource(this.name, bytes);
  }

  /** The error that ended the pieces, if any: known once all bytes before it have been seen. */
  get failure(): Error | undefined {
    if (this.#failure === undefined) return undefined;
    const { error } = this.#failure;
    return error instanceof Error ? error : new Error('the pieces ended', { cause: error });
  }

  async #fetch(): Promise<Uint8Array | undefined> {
    try {
      for (;;) {
        const step = await this.#pieces.next();
        if (step.done === true) return undefined;
        if (step.value.byteLength > 0) return step.value;
      }
    } catch (error) {
      this.#failure = { error };
      return undefined;
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const all = new Uint8Array(length);
  let filled = 0;
  for (const piece of pieces) {
    all.set(piece, filled);
    filled += piece.byteLength;
  }
  return all;
}

/** A source read from its start to its end; `onShare` is called with the progress, 0 to 1. */
export const streamOf = (source: ByteSource, onShare: ((share: number) => void) | undefined): ByteStream => ({
  name: source.name,
  pieces: (async function* () {
    const memory = new Uint8Array(BLOCK_BYTES);
    for (let offset = 0; offset < source.size; ) {
      const bytes = await readFully(source, offset, BLOCK_BYTES, memory);
      if (bytes.byteLength === 0) return;
      yield bytes;
      offset += bytes.byteLength;
      onShare?.(offset / source.size);
    }
  })(),
});
