// SPDX-License-Identifier: MIT
import { ByteReader, MAX_PART_BYTES } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource, partOf } from '../byte-source.ts';
import { Damages } from '../damage.ts';
import { recordedBuffers } from './cpu-stats.ts';
import { applyOption, cpuCount, emptyOptions, LATENCY_TEXT, OPTION } from './file-options.ts';
import {
  NO_FORMATS,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readTaskNames,
  symbolsIn,
} from './file-sections.ts';
import type { Inflate } from './inflate.ts';
import { inflaterFor } from './inflate.ts';
import { checkedPageSize } from './page-layout.ts';
import type { BufferData, CpuData, FileOptions, Recording } from './recording.ts';
import { endOfEvents, MAX_CPUS } from './recording.ts';
import { isPointedTo, PACKED, SECTION_HEADER_BYTES, sectionsFrom, unlistedBuffers } from './unlisted-buffers.ts';

/** Bytes of a CPU's row in option BUFFER. */
const ROW_BYTES = 20;
/** The number of chunks, which precedes them, and which the size of a CPU's packed data excludes. */
const CHUNK_COUNT_BYTES = 4;

/** Places that the options of a v7 file name, by section id; a BUFFER appears once for each buffer. */
interface Contents {
  readonly options: FileOptions;
  readonly sections: Map<number, number>;
  readonly buffers: ByteReader[];
  readonly damages: Damages;
  /** Offsets of the option sections already read. */
  readonly seen: Set<number>;
  /** Place at which the chain of options leaves the file or breaks, if it does. */
  cutAt: number | undefined;
  /** The chain breaks there, although the file continues. */
  isBroken: boolean;
}

/**
 * Reads a v7 file's options and the sections that they name (trace-cmd.dat.v7(5)).
 * @param reader positioned after the page size of the common start.
 */
export async function readV7(source: ByteSource, reader: ByteReader, littleEndian: boolean): Promise<Recording> {
  const { where } = reader;
  const compression = await reader.cstring(64, 'name of the compression');
  const inflate = await inflaterFor(where, compression);
  await reader.cstring(64, 'version of the compression');
  const optionsAt = reader.place;
  const firstOptions = await reader.size('offset of the options');
  const file: File = { source, littleEndian, inflate };
  const contents = await readContents(file, { offset: firstOptions, place: optionsAt });
  const { damages, sections } = contents;
  // If the options do not lead to the end, the sections behind the break may still exist.
  const isCut = contents.cutAt !== undefined || contents.buffers.length === 0;
  if (contents.cutAt === undefined && isCut) damages.add(optionsAt, 'the options name no buffer, expected one');
  const found = isCut ? await sectionsFrom(source, reader.position, littleEndian) : [];
  for (const { id, offset } of found) {
    if (id === OPTION.done && !contents.seen.has(offset))
      await damages.during<unknown>(readOptions(file, contents, offset), undefined);
  }
  for (const { id, offset } of found) if (isPointedTo(id) && !sections.has(id)) sections.set(id, offset);

  const section = async (id: number, what: string): Promise<ByteReader> => {
    const offset = sections.get(id);
    if (offset === undefined) throw reader.error(`the options do not say where ${what} stands${cut(contents)}`);
    return openSection(file, offset, id, what);
  };
  const layout = await readHeaderInfo(await section(OPTION.headerInfo, 'header_page'));
  const ftrace = await damages.during(
    section(OPTION.ftraceEvents, 'the list of ftrace events').then(readFtraceFormats),
    NO_FORMATS,
  );
  const others = await readEventFormats(await section(OPTION.eventFormats, 'the list of event formats'));
  const noNames = new Map<number, string>();
  const taskNames = sections.has(OPTION.cmdlines)
    ? await damages.during(section(OPTION.cmdlines, 'the list of task names').then(readTaskNames), noNames)
    : noNames;

  const buffers: BufferData[] = [];
  const notes = [...contents.options.notes];
  let isPartMissing = ftrace === NO_FORMATS || isCut;
  const listed = new Map<number, string>();
  for (const option of contents.buffers) {
    const buffer = await damages.during(readBuffer(file, option, layout.dataOffset, listed), undefined);
    if (buffer === undefined) isPartMissing = true;
    else buffers.push(buffer);
  }
  const pages = found.filter(({ id }) => id === OPTION.buffer);
  const { pageSize } = layout;
  const unlisted = await unlistedBuffers(
    { ...file, damages, pageSize },
    pages,
    listed,
    recordedBuffers(contents.options.cpuStats),
  );
  if (unlisted.length > 0) {
    buffers.push(...unlisted);
    const names = unlisted.map(
      ({ name, cpus }) => `CPU ${cpus.map(({ cpu }) => cpu).join(', ')}${name === '' ? '' : ` of ${name}`}`,
    );
    notes.push(`no option names the CPUs of the pages; by the statistics of the CPUs they are of ${names.join(', ')}`);
  }
  if (contents.cutAt !== undefined && !contents.isBroken) {
    notes.push(`the file is cut off at byte ${contents.cutAt}: whole buffers of events are missing`);
  }
  if (!buffers.some((buffer) => buffer.cpus.length > 0)) {
    if (sections.has(OPTION.bufferText)) throw reader.error(LATENCY_TEXT);
    const [damage] = damages.places;
    const because = damage === undefined || cut(contents) !== '' ? '' : ` (${damage})`;
    throw reader.error(`no events: expected an option that names a buffer with CPUs${cut(contents)}${because}`);
  }
  return {
    format: 'trace.dat v7',
    littleEndian,
    layout,
    formats: [...ftrace.wanted, ...others.wanted],
    described: [...ftrace.described, ...others.described],
    describesAll: ftrace !== NO_FORMATS,
    taskNames,
    symbols: sections.has(OPTION.kallsyms)
      ? symbolsIn(() => section(OPTION.kallsyms, 'kallsyms'))
      : () => Promise.resolve(undefined),
    buffers,
    end: await endOfSections(file, contents, buffers),
    options: contents.options,
    cutOff: isPartMissing ? allCpus(contents.options, buffers) : [],
    notes,
    damages,
  };
}

interface File {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly inflate: Inflate | undefined;
}

const cut = ({ cutAt, isBroken }: Contents): string =>
  cutAt === undefined || isBroken ? '' : ` (the file is cut off: byte ${cutAt} should follow)`;

/** CPUs with possibly missing data, if it is unknown what is missing. */
function allCpus({ cpuCount: declared }: FileOptions, buffers: readonly BufferData[]): number[] {
  const named = new Set(buffers.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu)));
  for (let cpu = 0; cpu < (declared ?? 1); cpu++) named.add(cpu);
  return [...named].toSorted((a, b) => a - b);
}

async function readContents(file: File, first: Pointer): Promise<Contents> {
  const contents: Contents = {
    options: emptyOptions(),
    sections: new Map(),
    buffers: [],
    damages: new Damages(),
    seen: new Set(),
    cutAt: undefined,
    isBroken: false,
  };
  const { damages, seen } = contents;
  for (let pointer = first; pointer.offset !== 0; ) {
    const { offset, place } = pointer;
    if (offset + SECTION_HEADER_BYTES > file.source.size) {
      contents.cutAt = offset;
      damages.add(
        place,
        `the options go on at byte ${offset}, expected at most ${file.source.size}, where the file ends`,
      );
      break;
    }
    const isKnown = seen.has(offset);
    seen.add(offset);
    if (isKnown) damages.add(place, `the options lead back to byte ${offset}, expected each section once`);
    const next = isKnown
      ? undefined
      : await damages.during<Pointer | undefined>(readOptions(file, contents, offset), undefined);
    if (next === undefined) {
      contents.cutAt = offset;
      contents.isBroken = true;
      break;
    }
    pointer = next;
  }
  return contents;
}

/**
 * Reads one section of options. @returns the place of the next one, 0 if there is none, and the place of that
 * statement.
 */
async function readOptions(file: File, contents: Contents, offset: number): Promise<Pointer> {
  const reader = await openSection(file, offset, OPTION.done, 'the options');
  while (reader.remaining > 0) {
    const id = await reader.u16('id of an option');
    const data = reader.over(await reader.take(await reader.u32('size of an option'), `option ${id}`));
    if (id === OPTION.done) {
      const { place } = data;
      return { offset: await data.size('offset of the next options'), place };
    }
    await contents.damages.during(takeOption(file, contents, id, data), undefined);
  }
  return { offset: 0, place: reader.place };
}

/**
 * End of the last section, whether options lead to it or it follows one to which they lead (STRINGS, of trace-cmd 3.1).
 */
async function endOfSections(
  { source, littleEndian }: File,
  { seen, sections }: Contents,
  buffers: readonly BufferData[],
): Promise<number> {
  let from = endOfEvents(buffers);
  for (const start of [...seen, ...sections.values()]) from = Math.max(from, start);
  const found = await sectionsFrom(source, from, littleEndian);
  // Zeros behind the last section parse as sections without a body, and trace-cmd writes no such sections.
  return found.findLast(({ offset, end }) => end > offset + SECTION_HEADER_BYTES)?.end ?? from;
}

interface Pointer {
  readonly offset: number;
  readonly place: string;
}

async function takeOption(file: File, contents: Contents, id: number, data: ByteReader): Promise<void> {
  switch (id) {
    case OPTION.buffer:
      contents.buffers.push(data);
      return;
    case OPTION.headerInfo:
    case OPTION.ftraceEvents:
    case OPTION.eventFormats:
    case OPTION.kallsyms:
    case OPTION.cmdlines:
    case OPTION.bufferText:
      contents.sections.set(id, await placeInFile(file, data, `option ${id}`));
      return;
    default:
      await applyOption(contents.options, id, await data.peek(data.remaining, `option ${id}`), data);
  }
}

/** The offset of a section. @throws DamageError if no section can be there. */
async function placeInFile({ source }: File, reader: ByteReader, what: string): Promise<number> {
  const here = reader.position;
  const offset = await reader.size(what);
  const most = source.size - SECTION_HEADER_BYTES;
  if (offset <= most) return offset;
  reader.position = here;
  throw reader.error(`${what} points to byte ${offset}, expected at most ${most}`);
}

/** A reader over a section's body, unpacked if it is packed. */
async function openSection(file: File, offset: number, id: number, what: string): Promise<ByteReader> {
  const { source, littleEndian } = file;
  const reader = new ByteReader(source, offset, littleEndian);
  const found = await reader.u16(what);
  if (found !== id) {
    reader.position = offset;
    throw reader.error(`section ${found} found, expected section ${id} (${what})`);
  }
  const flags = await reader.u16(what);
  await reader.u32(what);
  const size = await reader.size(what);
  const body = reader.position;
  if ((flags & PACKED) === 0) {
    reader.skip(size, what);
    return new ByteReader(partOf(source, body, size), 0, littleEndian, (at) => `byte ${body + at}`);
  }
  const packedSize = await reader.u32(what);
  const unpackedSize = await reader.u32(what);
  if (unpackedSize > MAX_PART_BYTES) {
    throw reader.error(`${what} of ${unpackedSize} bytes, expected at most ${MAX_PART_BYTES}`);
  }
  const packed = await reader.take(packedSize, what);
  const unpacked = await file.inflate?.(packed, unpackedSize);
  if (unpacked === undefined) {
    reader.position = body;
    throw reader.error(`${what} cannot be unpacked, expected ${unpackedSize} bytes`);
  }
  const place = (at: number): string => `byte ${body}, ${at} of what is packed there`;
  return new ByteReader(memorySource(source.name, unpacked), 0, littleEndian, place);
}

/**
 * Option BUFFER: u64 offset of the data section, name, clock, u32 page size, u32 CPUs and a row for each.
 * @param listed called with the name and the place of the data section.
 */
async function readBuffer(
  file: File,
  reader: ByteReader,
  dataOffset: number,
  listed: Map<number, string>,
): Promise<BufferData> {
  const { source, littleEndian } = file;
  const section = await placeInFile(file, reader, 'option BUFFER');
  const name = await reader.cstring(4096, 'name of a buffer');
  listed.set(section, name);
  await reader.cstring(4096, 'clock of a buffer');
  const pageSizeAt = reader.over(await reader.peek(4, 'page size of a buffer'), 0);
  const pageSize = await reader.u32('page size of a buffer');
  const count = await cpuCount(reader, 'number of CPUs of a buffer');
  const cpus: CpuData[] = [];
  const seen = new Set<number>();
  for (let nth = 0; nth < count; nth++) {
    const { place } = reader;
    const cpu = await reader.u32('a CPU of a buffer');
    const offset = await reader.size('offset of a CPU');
    const size = await reader.size('size of a CPU');
    if (cpu >= MAX_CPUS || seen.has(cpu))
      throw reader.error(`row of CPU ${cpu}, expected each CPU once, below ${MAX_CPUS}`);
    seen.add(cpu);
    cpus.push({ cpu, offset, size, place });
  }
  if (reader.remaining >= ROW_BYTES) throw reader.error(`more rows behind CPU ${cpus.at(-1)?.cpu}, expected ${count}`);
  if (cpus.length === 0) return { name, pageSize, inflate: undefined, cpus };
  checkedPageSize(pageSizeAt, pageSize, dataOffset);
  const header = new ByteReader(source, section, littleEndian);
  const id = await header.u16('the header of a buffer');
  if (id !== OPTION.buffer) {
    header.position = section;
    throw header.error(`section ${id} found, expected section ${OPTION.buffer} (the header of a buffer)`);
  }
  const packed = ((await header.u16('the header of a buffer')) & PACKED) !== 0;
  if (packed && file.inflate === undefined) throw header.error('packed events, expected a compression in the header');
  if (!packed) return { name, pageSize, inflate: undefined, cpus };
  const whole = cpus.map((data) => (data.size === 0 ? data : { ...data, size: data.size + CHUNK_COUNT_BYTES }));
  return { name, pageSize, inflate: file.inflate, cpus: whole };
}
