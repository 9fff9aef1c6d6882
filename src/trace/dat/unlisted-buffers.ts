// SPDX-License-Identifier: MIT
import { ByteReader } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import type { Damages } from '../damage.ts';
import type { RecordedBuffer } from './cpu-stats.ts';
import { OPTION } from './file-options.ts';
import type { Inflate } from './inflate.ts';
import type { BufferData, CpuData } from './recording.ts';

/** Bytes of the header before a section's body. */
export const SECTION_HEADER_BYTES = 16;
/** Flag of a section with a packed body. */
export const PACKED = 1;
/** A recording has a dozen sections, and two for each of its buffers. */
const MAX_SECTIONS = 4096;
/** Ids of sections are those of options, of which trace-cmd 3.4 has 26. */
const MAX_SECTION_ID = 255;
/** Chunks of one CPU: 40 GB of pages. More count as damage. */
const MAX_CHUNKS = 1_000_000;
const CHUNK_HEADER_BYTES = 8;

/** A section as its own header describes it. */
export interface FoundSection {
  readonly id: number;
  /** Offset of its header. */
  readonly offset: number;
  readonly isPacked: boolean;
  /** End of its body, which may be past the end of a file that was cut off. */
  readonly end: number;
}

/**
 * The sections from `offset` on, in sequence as trace-cmd writes them, whether options name them or not. Ends where no
 * section can be.
 */
export async function sectionsFrom(source: ByteSource, offset: number, littleEndian: boolean): Promise<FoundSection[]> {
  const reader = new ByteReader(source, offset, littleEndian);
  const found: FoundSection[] = [];
  while (reader.remaining >= SECTION_HEADER_BYTES && found.length < MAX_SECTIONS) {
    const at = reader.position;
    const id = await reader.u16('id of a section');
    const flags = await reader.u16('flags of a section');
    await reader.u32('name of a section');
    const end = (await reader.size('size of a section')) + at + SECTION_HEADER_BYTES;
    if (id > MAX_SECTION_ID || flags > PACKED || !Number.isSafeInteger(end)) break;
    found.push({ id, offset: at, isPacked: flags === PACKED, end });
    reader.position = end;
  }
  return found;
}

interface Found {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly inflate: Inflate | undefined;
  readonly damages: Damages;
  /** Page size from the file's header_page. */
  readonly pageSize: number;
}

/**
 * Buffers whose option is missing. trace-cmd writes a buffer's pages, CPU by CPU, and only then the option with their
 * place; the statistics of all CPUs precede them. So a file that was cut off in its pages still shows their CPUs: the
 * n-th section of pages belongs to the n-th buffer in the statistics, and only CPUs that have counted events have pages
 * (lib/trace-cmd/trace-output.c, tcmd_out_write_cpu_data()).
 * @param sections of pages, all of the file's.
 * @param listed names of the buffers whose option was read, by the place of their section.
 */
export async function unlistedBuffers(
  file: Found,
  sections: readonly FoundSection[],
  listed: ReadonlyMap<number, string>,
  recorded: readonly RecordedBuffer[],
): Promise<BufferData[]> {
  const buffers: BufferData[] = [];
  for (const [nth, section] of sections.entries()) {
    const { offset, end } = section;
    const { name, cpus } = recorded[nth] ?? { name: undefined, cpus: [] };
    const listedName = listed.get(offset);
    if (listedName !== undefined && listedName !== name) return []; // the order differs, so nothing is known
    if (listedName !== undefined || end === offset + SECTION_HEADER_BYTES) continue;
    const found = name === undefined ? [] : await cpusIn(file, section, cpus);
    if (name !== undefined && found.length > 0)
      buffers.push({
        name,
        pageSize: file.pageSize,
        inflate: section.isPacked ? file.inflate : undefined,
        cpus: found,
      });
    else file.damages.add(`byte ${offset}`, 'pages of events, expected statistics that name their CPUs');
  }
  return buffers;
}

/** Places of the pages of each of `cpus` in a section, as far as it extends. */
async function cpusIn(file: Found, section: FoundSection, cpus: readonly number[]): Promise<CpuData[]> {
  const { source, pageSize } = file;
  const place = `byte ${section.offset}`;
  const aligned = (at: number): number => Math.ceil(at / pageSize) * pageSize;
  let offset = aligned(section.offset + SECTION_HEADER_BYTES);
  // Unpacked pages do not show where those of the next CPU begin.
  if (!section.isPacked && cpus.length > 1) return [];
  const found: CpuData[] = [];
  for (const cpu of cpus) {
    if (offset >= Math.min(section.end, source.size)) break;
    const end = section.isPacked ? await endOfChunks(file, section, offset) : section.end;
    found.push({ cpu, offset, size: end - offset, place });
    offset = aligned(end);
  }
  return found;
}

/** End of the chunks that start at `offset`; the end of the section if they continue past it or the file. */
async function endOfChunks({ source, littleEndian }: Found, section: FoundSection, offset: number): Promise<number> {
  const reader = new ByteReader(source, offset, littleEndian);
  const end = Math.min(section.end, source.size);
  if (offset + 4 > end) return section.end;
  const count = await reader.u32('number of chunks');
  if (count > MAX_CHUNKS) return section.end;
  for (let chunk = 0; chunk < count; chunk++) {
    if (reader.position + CHUNK_HEADER_BYTES > end) return section.end;
    const packed = await reader.u32('packed size of a chunk');
    await reader.u32('unpacked size of a chunk');
    if (reader.position + packed > end) return section.end;
    reader.skip(packed, 'a chunk');
  }
  return reader.position;
}

/** Whether options name sections of this id. */
export const isPointedTo = (id: number): boolean =>
  id === OPTION.headerInfo ||
  id === OPTION.ftraceEvents ||
  id === OPTION.eventFormats ||
  id === OPTION.kallsyms ||
  id === OPTION.cmdlines ||
  id === OPTION.bufferText;
