// SPDX-License-Identifier: MIT
import type { ByteStream, PieceReader } from './byte-stream.ts';
import { gunzip } from './gunzip.ts';
import { withoutFetch } from './without-fetch.ts';

/** Packed text ends here because the rest is damaged or missing. Everything before it is good. */
export class PackingError extends Error {
  override readonly name = 'PackingError';
  /** Position up to which packed bytes had been read. */
  readonly place: string;
  readonly what: string;

  constructor(packed: PieceReader, what: string) {
    const place = `byte ${packed.taken}`;
    super(`${place}: ${what}`);
    this.place = place;
    this.what = what;
  }
}

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

/**
 * Unpacker of a stream that starts with `head`; undefined if it is not packed, or not in a format that can be unpacked
 * everywhere: gzip by our own text, zstd and xz by WebAssembly. Memory is bounded by the format's window, at most 128
 * MB.
 */
export function unpackerFor(head: Uint8Array): ((packed: PieceReader) => ByteStream) | undefined {
  if (GZIP.every((byte, at) => head[at] === byte)) return unpackGzip;
  if (ZSTD.every((byte, at) => head[at] === byte)) return unpackZstd;
  if (XZ.every((byte, at) => head[at] === byte)) return unpackXz;
  return undefined;
}

const unpackGzip = (packed: PieceReader): ByteStream => ({
  name: packed.name,
  pieces: (async function* () {
    try {
      yield* gunzip(packed);
    } catch (error) {
      throw asPackingError(packed, 'gzip', error);
    }
  })(),
});

/** Calls of the decoder without output although it still has input; more are a sign that it is stuck. */
const MAX_IDLE = 8;

const unpackZstd = (packed: PieceReader): ByteStream => ({
  name: packed.name,
  pieces: (async function* () {
    const { ZSTDDecoder } = await import('zstddec/stream');
    const decoder = new ZSTDDecoder();
    await withoutFetch(() => decoder.init());
    // The decoder takes its input from an iterator that cannot wait: it gets one piece, and asks for the next only
    // after all output of the first.
    const given: Uint8Array[] = [];
    let asked = 0;
    const input: Iterable<Uint8Array> = {
      [Symbol.iterator]: () => ({
        next: () => {
          asked++;
          const value = given.shift();
          return value === undefined ? { done: true, value: undefined } : { done: false, value };
        },
      }),
    };
    const output = decoder.decodeStreaming(input);
    let idle = 0;
    for (;;) {
      if (given.length === 0) {
        const piece = await packed.next();
        if (piece !== undefined) given.push(piece);
      }
      const before = asked;
      let step: IteratorResult<Uint8Array>;
      try {
        step = output.next();
      } catch (error) {
        throw asPackingError(packed, 'zstd', error);
      }
      if (step.done === true) return;
      idle = step.value.byteLength > 0 || asked > before ? 0 : idle + 1;
      if (idle > MAX_IDLE) throw new PackingError(packed, `${DAMAGED} (zstd)`);
      if (step.value.byteLength > 0) yield step.value;
    }
  })(),
});

/** Why xz-embedded gives up although the data may be whole, by the number in its message (linux/xz.h, enum xz_ret). */
const XZ_LIMITS: Readonly<Record<string, string>> = {
  4: 'a dictionary of more than 64 MB',
  6: 'an unknown filter or check',
};

/**
 * The exports of a CommonJS package: Node offers them as `default`, loaders that know `__esModule` (tsx, bundlers) by
 * name.
 */
const exportsOf = <Exports extends object>(module: Exports | { readonly default: Exports }): Exports =>
  'default' in module ? module.default : module;

const unpackXz = (packed: PieceReader): ByteStream => ({
  name: packed.name,
  pieces: (async function* () {
    const { XzReadableStream } = exportsOf(await import('xz-decompress'));
    const input = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const piece = await packed.next();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 }, // a piece is requested when the previous one is used up, and not earlier
    );
    try {
      for await (const piece of new XzReadableStream(input)) if (piece.byteLength > 0) yield piece;
    } catch (error) {
      const limit = XZ_LIMITS[/code (\d+)$/.exec(String(error))?.[1] ?? ''];
      if (limit === undefined) throw asPackingError(packed, 'xz', error);
      throw new PackingError(packed, `packed by xz with ${limit}; unpack it first (xz -dc FILE | folioscope ... -)`);
    }
  })(),
});

const DAMAGED = 'the packed data are cut off or damaged at or before this place, expected more data';

function asPackingError(packed: PieceReader, how: string, error: unknown): PackingError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PackingError(packed, `${DAMAGED} (${how}: ${reason})`);
}
