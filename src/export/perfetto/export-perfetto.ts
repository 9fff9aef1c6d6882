// SPDX-License-Identifier: MIT
import type { ByteSource } from '../../trace/index.ts';
import type { PerfettoOptions, WrittenPerfetto } from './written.ts';

/**
 * Writes a recording as a Perfetto trace: every event as a generic ftrace event, and tracks of what they mean. It is written packet
 * by packet, and memory stays bounded: docs/perfetto.md says what is then left out.
 * @throws InputError if nothing can be read from the input.
 * @example
 * import { exportPerfetto } from 'folioscope/export';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 1/1   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * let bytes = 0;
 * const { events, notes } = await exportPerfetto(source, { sink: (piece) => void (bytes += piece.byteLength) });
 * [events, notes.length, bytes > 0]; // => [1, 1, true]
 */
export async function exportPerfetto(source: ByteSource, options: PerfettoOptions): Promise<WrittenPerfetto> {
  // The library for protocol buffers is loaded only now: other exports start without it.
  const { writePerfetto } = await import('./write-perfetto.ts');
  return writePerfetto(source, options);
}
