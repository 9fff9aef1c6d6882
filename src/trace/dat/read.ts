// SPDX-License-Identifier: MIT
import { pageSize } from '../../abi/index.ts';
import type { Cpu, Loss, Nanoseconds } from '../../ledger/index.ts';
import { Batcher } from '../batcher.ts';
import { ByteReader } from '../byte-reader.ts';
import type { ByteSource } from '../byte-source.ts';
import { InputError } from '../../ledger/index.ts';
import type { ReadOptions, TraceSummary } from '../summary.ts';
import { unknownBuffer } from '../unknown-buffer.ts';
import { toNanoseconds } from './clock.ts';
import { droppedEvents } from './cpu-stats.ts';
import { CpuStream } from './cpu-stream.ts';
import type { Walked } from './decoder.ts';
import { makeDecoders, UNKNOWN } from './decoders.ts';
import { MAGIC_BYTES } from './detect.ts';
import { extentsOf } from './extents.ts';
import { readV6 } from './file-v6.ts';
import { readV7 } from './file-v7.ts';
import { merge } from './merge.ts';
import type { WalkContext } from './page-walker.ts';
import { PageWalker } from './page-walker.ts';
import type { BufferData, Recording } from './recording.ts';
import { endOfEvents, MAX_CPUS } from './recording.ts';
import { tellRest } from './rest.ts';

/** Unpacked pages in memory at a time, all CPUs together, and the bounds for one of them. */
const TOTAL_BLOCK_BYTES = 16 * 1024 * 1024;
const MIN_BLOCK_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;
/** Chunks that are unpacked and not yet walked, all CPUs together: real ones have ten pages each. */
const TOTAL_CHUNK_BYTES = 256 * 1024 * 1024;

/**
 * Reads a trace.dat, version 6 or 7. Records of all CPUs arrive in the order in which `trace-cmd report` prints them.
 * @throws InputError if nothing can be answered from the file. Damage behind a good beginning is reported as losses and
 * notes instead.
 */
export async function readDat(source: ByteSource, options: ReadOptions): Promise<TraceSummary> {
  const { recording, buffers } = await readBeginning(source, options.buffer);
  const machine = recording.options.uname?.split(' ').at(-1) ?? '';
  const streams = openStreams(source, recording, buffers, {
    attachesStacks: true,
    decoders: () => {
      const decoders = makeDecoders(recording.formats, recording.littleEndian, machine, options.scheduling === true);
      const kinds = new Uint8Array(0x1_0000).fill(recording.describesAll ? decoders.push(UNKNOWN) : 0);
      for (const { id } of recording.described) kinds[id] = 0;
      for (const [index, { id }] of decoders.entries()) if (id >= 0) kinds[id] = index + 1;
      return { decoders, kinds };
    },
  });
  const batcher = new Batcher(options.onEvents);
  const report = reporter(streams, options.onProgress);
  await merge(streams, (events, from, to, hasLosses) => {
    if (batcher.append(events, from, to, hasLosses)) report();
  });
  for (const loss of lossesOfEnd(recording)) batcher.pushLoss(loss);
  batcher.flush();
  return summarise(recording, buffers, streams, batcher.lost);
}

export async function readBeginning(
  source: ByteSource,
  wanted: string | undefined,
): Promise<{ readonly recording: Recording; readonly buffers: readonly BufferData[] }> {
  const recording = await readStart(source);
  const { end, layout, damages } = recording;
  await tellRest(source, Math.max(end, endOfEvents(recording.buffers)), layout.pageSize, damages);
  return { recording, buffers: chosenBuffers(source, recording, wanted) };
}

/** CPUs whose data may have been in the missing end of the file. */
export const lossesOfEnd = ({ cutOff }: Recording): readonly Loss[] =>
  cutOff.map((cpu) => ({ type: 'loss', cpu: cpu as Cpu, at: undefined, events: undefined, buffer: undefined }));

/** Tells the share that is read, after every hundredth. */
export function reporter(
  streams: readonly { readonly left: number }[],
  onProgress: ReadOptions['onProgress'],
): () => void {
  const leftNow = (): number => streams.reduce((sum, stream) => sum + stream.left, 0);
  const total = leftNow();
  let reported = total;
  return () => {
    if (onProgress === undefined || total === 0) return;
    const left = leftNow();
    if (reported - left < total / 100) return;
    reported = left;
    onProgress(1 - left / total);
  };
}

/** The common start (trace-cmd.dat.v6(5) and v7(5)), then each version's part before its events. */
async function readStart(source: ByteSource): Promise<Recording> {
  const early = new ByteReader(source, MAGIC_BYTES, true);
  const { where } = early;
  const version = await early.cstring(16, 'version');
  if (version !== '6' && version !== '7') {
    throw new InputError(`${where}: trace.dat version ${JSON.stringify(version)}, expected 6 or 7`);
  }
  const [order] = await early.peek(1, 'byte order');
  if (order !== 0 && order !== 1)
    throw early.error(`byte order ${order}, expected 0 (little endian) or 1 (big endian)`);
  early.skip(1, 'byte order');
  const reader = new ByteReader(source, early.position, order === 0);
  await reader.take(1, 'size of long');
  // Page size of the recording machine; an impossible value is ignored, because nothing else depends on it.
  const size = pageSize(await reader.u32('page size'));
  return { ...(await (version === '6' ? readV6 : readV7)(source, reader, order === 0)), machinePageSize: size };
}

function chosenBuffers(source: ByteSource, recording: Recording, wanted: string | undefined): BufferData[] {
  if (wanted === undefined) return [...recording.buffers];
  const chosen = recording.buffers.filter((buffer) => buffer.name === wanted);
  if (chosen.length > 0) return chosen;
  throw unknownBuffer(
    source.name,
    wanted,
    recording.buffers.map(({ name }) => name),
  );
}

/** How the records of a buffer are decoded. */
interface Decoding<Event extends Walked> {
  readonly attachesStacks: boolean;
  /** Made for each buffer. */
  readonly decoders: () => Pick<WalkContext<Event>, 'decoders' | 'kinds'>;
}

export function openStreams<Event extends Walked>(
  source: ByteSource,
  recording: Recording,
  buffers: readonly BufferData[],
  { attachesStacks, decoders }: Decoding<Event>,
): CpuStream<Event>[] {
  const cpus = buffers.reduce((sum, buffer) => sum + buffer.cpus.length, 0);
  const share = Math.floor(TOTAL_BLOCK_BYTES / Math.max(1, cpus));
  const blockBytes = Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, share));
  const dropped = droppedEvents(recording.options.cpuStats);
  const epoch = { value: undefined };
  const all = recording.buffers.flatMap((buffer) => buffer.cpus);
  const extents = extentsOf(all, source.size);
  const budget = { bytes: TOTAL_CHUNK_BYTES };
  return buffers.flatMap((buffer) => {
    const context: WalkContext<Event> = {
      layout: { ...recording.layout, pageSize: buffer.pageSize },
      littleEndian: recording.littleEndian,
      clock: recording.options.clock,
      ...decoders(),
      attachesStacks,
      taskNames: recording.taskNames,
      damages: recording.damages,
      epoch,
    };
    return buffer.cpus
      .toSorted((a, b) => a.cpu - b.cpu)
      .map((data) => {
        const name = buffer.name === '' ? undefined : buffer.name;
        const walker = new PageWalker(context, data.cpu as Cpu, name);
        const droppedAtEnd = dropped.get(buffer.name)?.get(data.cpu);
        return new CpuStream({
          source,
          buffer,
          data,
          extent: extents.get(data),
          walker,
          littleEndian: recording.littleEndian,
          blockBytes,
          droppedAtEnd,
          symbols: recording.symbols,
          budget,
        });
      });
  });
}

/** What a summary needs of a stream that was read to its end. */
type Streamed = Pick<CpuStream<Walked>, 'truncated' | 'cpu'> & {
  readonly walker: Pick<PageWalker<Walked>, 'count' | 'damaged' | 'unknown' | 'first' | 'last'>;
};

export function summarise(
  recording: Recording,
  buffers: readonly BufferData[],
  streams: readonly Streamed[],
  lost: readonly Loss[],
): TraceSummary {
  const { clock, uname, traceClock, recordedEvents } = recording.options;
  let events = 0;
  let from: Nanoseconds | undefined;
  let to: Nanoseconds | undefined;
  let damaged = 0;
  let unknown = 0;
  const notes = [...recording.notes];
  if (traceClock === 'x86-tsc' && clock.tsc === undefined)
    notes.push("the trace clock is 'x86-tsc' and the file does not say how fast: times are cycles, not nanoseconds");
  for (const { walker, truncated, cpu } of streams) {
    events += walker.count;
    damaged += walker.damaged;
    unknown += walker.unknown;
    if (truncated) notes.push(`the file is cut off: events of CPU ${cpu} are missing at the end`);
    if (walker.first === undefined || walker.last === undefined) continue;
    const first = toNanoseconds(walker.first, clock);
    const last = toNanoseconds(walker.last, clock);
    if (from === undefined || first < from) from = first;
    if (to === undefined || last > to) to = last;
  }
  if (damaged > 0) {
    notes.push(
      `${damaged} ${damaged === 1 ? 'place' : 'places'} in the events could not be read, each counted as a loss`,
    );
  }
  if (unknown > 0)
    notes.push(`${unknown} events are of a kind that the file does not describe: their content is not known`);
  return {
    format: recording.format,
    events,
    cpus: allCpus(recording, streams),
    from,
    to,
    lost,
    notes,
    damage: recording.damages.places,
    buffers: buffers.map((buffer) => buffer.name),
    recordedOn: uname,
    clock: traceClock,
    recordedEvents,
    showsLosses: true,
    pageSize: recording.machinePageSize,
    countsTime:
      traceClock === 'counter' || traceClock === 'uptime' || (traceClock === 'x86-tsc' && clock.tsc === undefined),
  };
}

/** The CPUs with data and, if the numbers have no holes, those that option CPUCOUNT declares in addition. */
function allCpus(recording: Recording, streams: readonly Streamed[]): Cpu[] {
  const cpus = new Set<number>([...streams.map((stream) => stream.cpu), ...recording.cutOff]);
  const declared = recording.options.cpuCount ?? 0;
  if (declared <= MAX_CPUS && [...cpus].every((cpu) => cpu < declared)) {
    for (let cpu = 0; cpu < declared; cpu++) cpus.add(cpu);
  }
  return [...cpus].toSorted((a, b) => a - b) as Cpu[];
}
