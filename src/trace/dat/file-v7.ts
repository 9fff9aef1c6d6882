// SPDX-License-Identifier: MIT
import { ByteReader } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../byte-source.ts';
import type { EventFormat } from './event-format.ts';
import { applyOption, emptyOptions, OPTION, optionReader } from './file-options.ts';
import { readEventFormats, readFtraceFormats, readHeaderInfo, readTaskNames, symbolsIn } from './file-sections.ts';
import type { Inflate } from './inflate.ts';
import { inflaterFor } from './inflate.ts';
import { checkedPageSize } from './page-layout.ts';
import type { BufferData, CpuData, FileOptions, Recording } from './recording.ts';
import { MAX_CPUS } from './recording.ts';

/** Flag of a section whose body is packed. */
const PACKED = 1;
/** Each section of options names the next; a longer chain is a circle. */
const MAX_OPTION_SECTIONS = 1000;

/** What the options of a v7 file point to, by section id; a BUFFER stands there once for each buffer. */
interface Contents {
  readonly options: FileOptions;
  readonly sections: Map<number, number>;
  readonly buffers: Uint8Array[];
  /** Where the chain of options leaves the file, if it does. */
  cutAt: number | undefined;
}

/**
 * Reads a v7 file's options and the sections that they point to (trace-cmd.dat.v7(5)).
 * @param reader stands behind the page size of the common start.
 */
export async function readV7(source: ByteSource, reader: ByteReader, littleEndian: boolean): Promise<Recording> {
  const compression = await reader.cstring(64, 'name of the compression');
  await reader.cstring(64, 'version of the compression');
  const firstOptions = await reader.size('offset of the options');
  const file: File = { source, littleEndian, inflate: await inflaterFor(source.name, compression) };
  const contents = await readContents(file, firstOptions);

  const section = async (id: number, what: string): Promise<ByteReader> => {
    const offset = contents.sections.get(id);
    if (offset === undefined) throw reader.error(`the options do not say where ${what} stands${cut(contents)}`);
    return openSection(file, offset, id, what);
  };
  const layout = await readHeaderInfo(await section(OPTION.headerInfo, 'header_page'), source.name);
  const formats: EventFormat[] = [
    ...(await readFtraceFormats(await section(OPTION.ftraceEvents, 'the list of ftrace events'))),
    ...(await readEventFormats(await section(OPTION.eventFormats, 'the list of event formats'))),
  ];
  const taskNames = contents.sections.has(OPTION.cmdlines)
    ? await readTaskNames(await section(OPTION.cmdlines, 'the list of task names'))
    : new Map<number, string>();

  const buffers: BufferData[] = [];
  for (const data of contents.buffers) buffers.push(await readBuffer(file, data, layout.dataOffset));
  const notes = [...contents.options.notes];
  let cutOff: number[] = [];
  if (contents.cutAt !== undefined) {
    notes.push(
      `the file is cut off: what stood from byte ${contents.cutAt} on is missing, with whole buffers of events`,
    );
    cutOff = Array.from({ length: Math.min(contents.options.cpuCount ?? 1, MAX_CPUS) }, (_, cpu) => cpu);
  }
  if (!buffers.some((buffer) => buffer.cpus.length > 0)) {
    if (contents.sections.has(OPTION.bufferText)) {
      throw reader.error("a recording in 'latency' text, which is not read; record with 'trace-cmd record -p nop'");
    }
    throw reader.error(`no events: the options name no buffer with CPUs${cut(contents)}`);
  }
  return {
    format: 'trace.dat v7',
    littleEndian,
    layout,
    formats,
    taskNames,
    symbols: contents.sections.has(OPTION.kallsyms)
      ? symbolsIn(() => section(OPTION.kallsyms, 'kallsyms'))
      : () => Promise.resolve(undefined),
    buffers,
    options: contents.options,
    cutOff,
    notes,
  };
}

interface File {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly inflate: Inflate | undefined;
}

const cut = ({ cutAt }: Contents): string =>
  cutAt === undefined ? '' : ` (the file is cut off: byte ${cutAt} should follow)`;

async function readContents(file: File, firstOptions: number): Promise<Contents> {
  const contents: Contents = { options: emptyOptions(), sections: new Map(), buffers: [], cutAt: undefined };
  let offset = firstOptions;
  for (let nth = 0; offset !== 0; nth++) {
    if (offset + 16 > file.source.size || nth === MAX_OPTION_SECTIONS) {
      contents.cutAt = offset;
      break;
    }
    const reader = await openSection(file, offset, OPTION.done, 'the options');
    offset = 0;
    while (reader.remaining > 0) {
      const id = await reader.u16('id of an option');
      const data = await reader.take(await reader.u32('size of an option'), `option ${id}`);
      if (id === OPTION.done) {
        offset = await optionReader(file.source, data, file.littleEndian).size('offset of the next options');
        break;
      }
      await takeOption(file, contents, id, data);
    }
  }
  return contents;
}

async function takeOption(file: File, contents: Contents, id: number, data: Uint8Array): Promise<void> {
  const reader = optionReader(file.source, data, file.littleEndian);
  switch (id) {
    case OPTION.buffer:
      contents.buffers.push(data.slice());
      return;
    case OPTION.headerInfo:
    case OPTION.ftraceEvents:
    case OPTION.eventFormats:
    case OPTION.kallsyms:
    case OPTION.cmdlines:
    case OPTION.bufferText:
      contents.sections.set(id, await reader.size(`option ${id}`));
      return;
    default:
      await applyOption(contents.options, id, data, reader);
  }
}

/** A reader over a section's body, unpacked where it is packed. */
async function openSection(file: File, offset: number, id: number, what: string): Promise<ByteReader> {
  const { source, littleEndian } = file;
  const reader = new ByteReader(source, offset, littleEndian);
  const found = await reader.u16(what);
  if (found !== id) throw reader.error(`section ${id} (${what}) expected, found section ${found}`);
  const flags = await reader.u16(what);
  await reader.u32(what);
  const size = await reader.size(what);
  let body: Uint8Array | undefined;
  if ((flags & PACKED) === 0) {
    body = (await reader.take(size, what)).slice();
  } else {
    const packedSize = await reader.u32(what);
    const unpackedSize = await reader.u32(what);
    const packed = await reader.take(packedSize, what);
    body = await file.inflate?.(packed, unpackedSize);
    if (body === undefined) throw reader.error(`${what} cannot be unpacked: damaged`);
  }
  return new ByteReader(memorySource(`${source.name}, ${what}`, body), 0, littleEndian);
}

/** Option BUFFER: u64 offset of the data section, name, clock, u32 page size, u32 CPUs and a row for each. */
async function readBuffer(file: File, data: Uint8Array, dataOffset: number): Promise<BufferData> {
  const { source, littleEndian } = file;
  const reader = optionReader(source, data, littleEndian);
  const section = await reader.size('option BUFFER');
  const name = await reader.cstring(4096, 'name of a buffer');
  await reader.cstring(4096, 'clock of a buffer');
  const pageSize = await reader.u32('page size of a buffer');
  const count = await reader.u32('number of CPUs of a buffer');
  const cpus: CpuData[] = [];
  for (let nth = 0; nth < count; nth++) {
    const cpu = await reader.u32('a CPU of a buffer');
    const offset = await reader.size('offset of a CPU');
    cpus.push({ cpu, offset, size: await reader.size('size of a CPU') });
  }
  if (cpus.length === 0) return { name, pageSize, inflate: undefined, cpus };
  checkedPageSize(source.name, pageSize, dataOffset);
  const header = new ByteReader(source, section, littleEndian);
  const id = await header.u16('the header of a buffer');
  if (id !== OPTION.buffer) throw header.error(`the header of a buffer expected, found section ${id}`);
  const packed = ((await header.u16('the header of a buffer')) & PACKED) !== 0;
  if (packed && file.inflate === undefined) throw header.error('packed events in a file that names no compression');
  return { name, pageSize, inflate: packed ? file.inflate : undefined, cpus };
}
