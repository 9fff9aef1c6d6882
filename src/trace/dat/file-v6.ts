// SPDX-License-Identifier: MIT
import { ByteReader } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import { Damages } from '../damage.ts';
import { applyOption, cpuCount, emptyOptions, LATENCY_TEXT, OPTION } from './file-options.ts';
import { readEventFormats, readFtraceFormats, readHeaderInfo, readTaskNames, symbolsIn } from './file-sections.ts';
import type { BufferData, CpuData, FileOptions, Recording } from './recording.ts';

/**
 * Reads the part before the events of a v6 file, in sequence (trace-cmd.dat.v6(5)).
 * @param reader positioned after the page size of the common start.
 */
export async function readV6(source: ByteSource, reader: ByteReader, littleEndian: boolean): Promise<Recording> {
  const damages = new Damages();
  const layout = await readHeaderInfo(reader);
  const ftrace = await readFtraceFormats(reader);
  const others = await readEventFormats(reader);
  const kallsyms = reader.position;
  reader.skip(await reader.u32('size of kallsyms'), 'kallsyms');
  reader.skip(await reader.u32('size of the printk formats'), 'the printk formats');
  const taskNames = await readTaskNames(reader);
  const cpus = await cpuCount(reader, 'number of CPUs');

  const options = emptyOptions();
  const instances: Instance[] = [];
  await readDataTag(reader, options, instances, damages);
  const topCpus = await readCpuTable(reader, cpus, options);
  let end = await endOfClock(reader);
  const buffers: BufferData[] = [{ name: '', pageSize: layout.pageSize, inflate: undefined, cpus: topCpus }];
  const instance = async ({ name, offset }: Instance): Promise<BufferData> => {
    const at = new ByteReader(source, offset, littleEndian);
    await readDataTag(at, emptyOptions(), [], damages);
    const table = await readCpuTable(at, cpus, options);
    end = Math.max(end, await endOfClock(at));
    return { name, pageSize: layout.pageSize, inflate: undefined, cpus: table };
  };
  let isPartMissing = false;
  for (const found of instances) {
    const buffer = await damages.during(instance(found), undefined);
    if (buffer === undefined) isPartMissing = true;
    else buffers.push(buffer);
  }
  return {
    format: 'trace.dat v6',
    littleEndian,
    layout,
    formats: [...ftrace.wanted, ...others.wanted],
    described: [...ftrace.described, ...others.described],
    describesAll: true,
    taskNames,
    symbols: symbolsIn(() => Promise.resolve(new ByteReader(source, kallsyms, littleEndian))),
    buffers,
    end,
    options,
    cutOff: isPartMissing ? topCpus.map(({ cpu }) => cpu) : [],
    notes: options.notes,
    damages,
  };
}

/** After the clock, u64 size and text, which follows a table of CPUs in recordings that name a clock. */
async function endOfClock(reader: ByteReader): Promise<number> {
  const end = reader.position;
  if (reader.remaining < 8) return end;
  const size = await reader.size('size of the clock');
  if (size > Math.min(reader.remaining, MAX_CLOCK_BYTES)) return end;
  return /^\[\S+\]\0?$/.test(await reader.text(size, 'the clock')) ? reader.position : end;
}

/** Longest name of a clock. */
const MAX_CLOCK_BYTES = 64;

interface Instance {
  readonly name: string;
  readonly offset: number;
}

/** Reads `options`, if they are here, up to the tag that precedes the events' table. */
async function readDataTag(
  reader: ByteReader,
  options: FileOptions,
  instances: Instance[],
  damages: Damages,
): Promise<void> {
  let tag = await peekTag(reader);
  if (tag.startsWith('options')) {
    reader.skip(TAG_BYTES, 'the tag before the events');
    for (;;) {
      const id = await reader.u16('id of an option');
      if (id === OPTION.done) break;
      const data = await reader.take(await reader.u32('size of an option'), `option ${id}`);
      const inside = reader.over(data);
      const option =
        id === OPTION.buffer
          ? instanceOf(inside).then((instance) => void instances.push(instance))
          : applyOption(options, id, data, inside);
      await damages.during(option, undefined);
    }
    tag = await peekTag(reader);
  }
  if (tag.startsWith('latency')) throw reader.error(LATENCY_TEXT);
  if (!tag.startsWith('flyrecord')) throw reader.error("no tag before the events, expected 'flyrecord'");
  reader.skip(TAG_BYTES, 'the tag before the events');
}

const TAG_BYTES = 10;

async function peekTag(reader: ByteReader): Promise<string> {
  return String.fromCharCode(...(await reader.peek(TAG_BYTES, 'the tag before the events')));
}

async function instanceOf(reader: ByteReader): Promise<Instance> {
  const offset = await reader.size('offset of a buffer');
  if (!Number.isFinite(offset)) throw reader.error('a buffer beyond 2^53, expected an offset in the file');
  return { offset, name: await reader.cstring(4096, 'name of a buffer') };
}

/**
 * A row of u64 offset and u64 size for each CPU. If option CPUCOUNT is smaller than the file's number of CPUs, the
 * table has the larger number of rows, and the last ones are meaningless.
 */
async function readCpuTable(reader: ByteReader, count: number, options: FileOptions): Promise<CpuData[]> {
  const cpus: CpuData[] = [];
  for (let cpu = 0; cpu < count; cpu++) {
    const { place } = reader;
    const offset = await reader.size('offset of a CPU');
    cpus.push({ cpu, offset, size: await reader.size('size of a CPU'), place });
  }
  return cpus.slice(0, Math.min(count, options.cpuCount ?? count));
}
