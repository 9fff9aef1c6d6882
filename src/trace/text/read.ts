// SPDX-License-Identifier: MIT
import type { PieceReader } from '../byte-stream.ts';
import type { TraceSummary } from '../summary.ts';
import { UnknownBufferError } from '../unknown-buffer.ts';
import { PackingError } from '../unpack.ts';
import type { Dialect } from './dialect.ts';
import type { TextOptions } from './event-lines.ts';
import { LineReader, type TextDamage } from './line-reader.ts';
import { MAX_LINE_BYTES } from './text-troubles.ts';

const NEWLINE = 0x0a;
/** Bytes that are read at a time. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Reads text line by line, block by block. The kernel rounds times to microseconds in it.
 * @throws InputError if no line is an event.
 */
export async function readText(pieces: PieceReader, dialect: Dialect, options: TextOptions): Promise<TraceSummary> {
  if (options.buffer !== undefined && !dialect.namesBuffers) {
    throw new UnknownBufferError(
      `${pieces.name}: ${dialect.format} is of one buffer and does not name it; a trace.dat has named buffers`,
    );
  }
  const lines = new LineReader(pieces.name, dialect, options);
  // One byte is reserved behind the data, for the newline that the last line may lack.
  const block = new Uint8Array(MAX_LINE_BYTES + BLOCK_BYTES + 1);
  let filled = 0;
  let isSkipping = false;
  const read = (isLast: boolean): void => {
    const done = lines.read(block, filled, isLast);
    block.copyWithin(0, done, filled);
    filled -= done;
  };
  const take = (piece: Uint8Array): void => {
    for (let at = 0; at < piece.byteLength; ) {
      if (isSkipping) {
        const newline = piece.indexOf(NEWLINE, at);
        const next = newline < 0 ? piece.byteLength : newline + 1;
        lines.passOver(next - at);
        isSkipping = newline < 0;
        at = next;
        continue;
      }
      const part = piece.subarray(at, at + Math.min(BLOCK_BYTES, block.length - 1 - filled));
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      // Small pieces are collected, since each call of the reader moves the rest of the block.
      if (filled >= BLOCK_BYTES) read(false);
      if (filled > MAX_LINE_BYTES) read(true); // a short line that waits for its rest gets none here
      if (filled <= MAX_LINE_BYTES) continue;
      lines.skipLine();
      lines.passOver(filled);
      filled = 0;
      isSkipping = true;
    }
  };

  let damage: TextDamage | undefined;
  try {
    for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) take(piece);
  } catch (error) {
    if (!(error instanceof PackingError)) throw error;
    damage = error;
  }
  const isCut = filled > 0 && block[filled - 1] !== NEWLINE;
  if (isCut) block[filled++] = NEWLINE;
  read(true);
  return lines.finish({ isCut, damage });
}
