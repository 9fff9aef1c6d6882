// SPDX-License-Identifier: MIT
import { ByteReader } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import { InputError } from '../../ledger/index.ts';
import { applyOption, emptyOptions, OPTION, optionReader } from './file-options.ts';
import { readEventFormats, readFtraceFormats, readHeaderInfo, readTaskNames, symbolsIn } from './file-sections.ts';
import type { BufferData, CpuData, FileOptions, Recording } from './recording.ts';
import { MAX_CPUS } from './recording.ts';

/**
 * Reads what stands before the events of a v6 file, one thing after the other (trace-cmd.dat.v6(5)).
 * @param reader stands behind the page size of the common start.
 */
export async function readV6(source: ByteSource, reader: ByteReader, littleEndian: boolean): Promise<Recording> {
  const layout = await readHeaderInfo(reader, source.name);
  const formats = [...(await readFtraceFormats(reader)), ...(await readEventFormats(reader))];
  const kallsyms = reader.position;
  reader.skip(await reader.u32('size of kallsyms'), 'kallsyms');
  reader.skip(await reader.u32('size of the printk formats'), 'the printk formats');
  const taskNames = await readTaskNames(reader);
  const cpuCount = await reader.u32('number of CPUs');
  if (cpuCount > MAX_CPUS) throw reader.error(`${cpuCount} CPUs are not possible`);

  const options = emptyOptions();
  const instances: Instance[] = [];
  await readDataTag(reader, source, littleEndian, options, instances);
  const topCpus = await readCpuTable(reader, cpuCount, options);
  const buffers: BufferData[] = [{ name: '', pageSize: layout.pageSize, inflate: undefined, cpus: topCpus }];
  for (const { name, offset } of instances) {
    const at = new ByteReader(source, offset, littleEndian);
    await readDataTag(at, source, littleEndian, emptyOptions(), []);
    const cpus = await readCpuTable(at, cpuCount, options);
    buffers.push({ name, pageSize: layout.pageSize, inflate: undefined, cpus });
  }
  return {
    format: 'trace.dat v6',
    littleEndian,
    layout,
    formats,
    taskNames,
    symbols: symbolsIn(() => Promise.resolve(new ByteReader(source, kallsyms, littleEndian))),
    buffers,
    options,
    cutOff: [],
    notes: options.notes,
  };
}

interface Instance {
  readonly name: string;
  readonly offset: number;
}

/** Reads `options`, if they stand here, up to the tag that says that the events' table follows. */
async function readDataTag(
  reader: ByteReader,
  source: ByteSource,
  littleEndian: boolean,
  options: FileOptions,
  instances: Instance[],
): Promise<void> {
  let tag = await reader.text(10, 'the tag before the events');
  if (tag.startsWith('options')) {
    for (;;) {
      const id = await reader.u16('id of an option');
      if (id === OPTION.done) break;
      const data = (await reader.take(await reader.u32('size of an option'), `option ${id}`)).slice();
      const inside = optionReader(source, data, littleEndian);
      if (id === OPTION.buffer) {
        const offset = await inside.size('offset of a buffer');
        instances.push({ offset, name: await inside.cstring(4096, 'name of a buffer') });
      } else {
        await applyOption(options, id, data, inside);
      }
    }
    tag = await reader.text(10, 'the tag before the events');
  }
  if (tag.startsWith('latency')) {
    throw new InputError(
      `${source.name}: a recording in 'latency' text, which is not read; record with 'trace-cmd record -p nop'`,
    );
  }
  if (!tag.startsWith('flyrecord')) {
    throw reader.error("the tag 'flyrecord' expected before the events");
  }
}

/**
 * A row of u64 offset and u64 size for each CPU. Where option CPUCOUNT is smaller than the file's number of CPUs the
 * table has the larger number of rows, the last ones without meaning.
 */
async function readCpuTable(reader: ByteReader, cpuCount: number, options: FileOptions): Promise<CpuData[]> {
  const cpus: CpuData[] = [];
  for (let cpu = 0; cpu < cpuCount; cpu++) {
    const offset = await reader.size('offset of a CPU');
    cpus.push({ cpu, offset, size: await reader.size('size of a CPU') });
  }
  return cpus.slice(0, Math.min(cpuCount, options.cpuCount ?? cpuCount));
}
