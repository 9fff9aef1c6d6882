// SPDX-License-Identifier: MIT
import type { ByteSource } from '../byte-source.ts';
import { readFully } from '../byte-source.ts';
import { InputError } from '../../ledger/index.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import { LineReader } from './line-reader.ts';

/** Large enough that a read costs little beside its lines, small enough to be forgotten. */
const BLOCK_BYTES = 1024 * 1024;
/** No line of ftrace is longer; what goes on beyond it is no text of ftrace. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Reads the text of tracefs `trace` or `trace_pipe`, block by block. Times are rounded to microseconds by the kernel.
 * @throws InputError where no line is an event.
 */
export async function readFtraceText(source: ByteSource, options: ReadOptions): Promise<TraceSummary> {
  if (options.buffer !== undefined) {
    throw new InputError(
      `${source.name}: ftrace text is of one buffer and does not name it; a trace.dat has named buffers`,
    );
  }
  const lines = new LineReader(source.name, options.onEvents);
  // One byte is kept free behind what was read, for the newline that the last line may lack.
  const block = new Uint8Array(MAX_LINE_BYTES + BLOCK_BYTES + 1);
  let kept = 0;
  let isCut = false;
  for (let offset = 0; offset < source.size; ) {
    const bytes = await readFully(source, offset, Math.min(BLOCK_BYTES, block.length - 1 - kept));
    if (bytes.byteLength === 0) break;
    block.set(bytes, kept);
    offset += bytes.byteLength;
    let filled = kept + bytes.byteLength;
    const isLast = offset >= source.size;
    if (isLast && block[filled - 1] !== 0x0a) {
      isCut = true;
      block[filled++] = 0x0a;
    }
    const done = lines.read(block, filled, isLast);
    kept = filled - done;
    if (kept > MAX_LINE_BYTES)
      throw new InputError(
        `${source.name}: line ${lines.lineNumber}: longer than ${MAX_LINE_BYTES} bytes, no ftrace text`,
      );
    block.copyWithin(0, done, filled);
    options.onProgress?.(offset / source.size);
  }
  return lines.finish(isCut);
}
