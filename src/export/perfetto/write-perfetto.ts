// SPDX-License-Identifier: MIT
import { readHistory } from '../../explain/index.ts';
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import { type ByteSource, readWholeTrace, type TraceSummary } from '../../trace/index.ts';
import { inoText } from '../event-rows.ts';
import { BatchTracks, type FolioNames } from './batch-tracks.ts';
import { CallTracks } from './call-tracks.ts';
import { clockOf } from './clocks.ts';
import { FolioTracks, MOST_TRACKS } from './folio-tracks.ts';
import { FtraceBundles, type LossSeen, MOST_CPUS } from './ftrace-bundles.ts';
import { Lanes, notBefore } from './lanes.ts';
import { Packets, type PerfettoSink } from './packets.ts';
import type { Room } from './sweep.ts';
import { Uuids } from './uuids.ts';
import type { PerfettoOptions, WrittenPerfetto } from './written.ts';

/**
 * Lives of folios that are kept until the recording's end; with more it is read twice, and each is written on the way. Small,
 * because nothing is asked of them later.
 */
const MOST_LIVES = 20_000;
/** Stays of folios that are counted, 16 bytes each: the counters' changes are known in time order only at the end. */
const MOST_STAYS = 16_000_000;

/** See `exportPerfetto()`. */
export async function writePerfetto(source: ByteSource, options: PerfettoOptions): Promise<WrittenPerfetto> {
  const share = (from: number, to: number) => (done: number) => options.onProgress?.(from + done * (to - from));
  const { trace, tracks } = await writeTracks(source, { ...options, onProgress: share(0, 0.5) });
  const { packets } = tracks;
  const bundles = new FtraceBundles(packets, (seen) => tracks.loss(seen));
  const { buffer, redactor } = options;
  await readWholeTrace(source, bundles, { buffer, redactor, pageSize: trace.pageSize, onProgress: share(0.5, 1) });
  bundles.finish();
  packets.flush();
  const notes = [...tracks.notes];
  if (bundles.leftOut > 0)
    notes.push(`${bundles.leftOut} events of CPUs from ${MOST_CPUS} on are left out: Perfetto takes no more CPUs`);
  return { trace, packets: packets.count, events: bundles.count, notes };
}

/** Everything but the events and losses. A function of its own, so that nothing of the history is alive afterwards. */
async function writeTracks(
  source: ByteSource,
  { sink, buffer, redactor, onProgress }: PerfettoOptions,
): Promise<{ readonly trace: TraceSummary; readonly tracks: Tracks }> {
  let tracks: Tracks | undefined;
  const history = await readHistory(source, {
    patches: [],
    buffer,
    redactor,
    mostKept: MOST_LIVES,
    scheduling: true,
    onSummary: (trace) => void (tracks = new Tracks(trace, sink)),
    onFolio: (story) => tracks?.folio(story),
    onMarker: () => {},
    onProgress,
  });
  const { trace } = history.explanation;
  const made = tracks ?? new Tracks(trace, sink);
  made.answers(history);
  return { trace, tracks: made };
}

/** All tracks of one file. */
class Tracks {
  readonly packets: Packets;
  readonly notes: string[] = [];
  readonly #uuids: Uuids;
  readonly #root: bigint;
  readonly #begin: Nanoseconds;
  readonly #end: Nanoseconds;
  readonly #room: Room = { stays: MOST_STAYS };
  #folios: FolioTracks | undefined;
  #batches: BatchTracks | undefined;
  readonly #losses = new Map<string, Lanes>();

  constructor(trace: TraceSummary, sink: PerfettoSink) {
    const clock = clockOf(trace);
    if (clock.doubt !== undefined) this.notes.push(clock.doubt);
    this.#begin = trace.from ?? nanoseconds(0n);
    this.#end = trace.to ?? this.#begin;
    this.packets = new Packets(sink, clock);
    this.#uuids = new Uuids(trace);
    this.#root = this.#uuids.of('folioscope');
    this.packets.snapshot(this.#begin);
    this.packets.track(this.#root, 'folioscope', { is: 'group', description: describe(trace) });
    const names: FolioNames = {
      inode: ({ dev, ino }) => `${dev}:${inoText(ino)}`,
      facts: ({ index, pfn, order }) => ({ index, pfn, order }),
    };
    const inodes = this.#group('inodes', 3, 'who holds which folio');
    const [begin, room] = [this.#begin, this.#room];
    this.#folios = new FolioTracks(this.packets, this.#uuids, { names, parent: inodes, begin, room });
    this.#batches = new BatchTracks(this.packets, this.#uuids, { names, begin, room });
  }

  folio(story: Parameters<FolioTracks['add']>[0]): void {
    this.#folios?.add(story);
    this.#batches?.add(story);
  }

  /** What is known when the recording was read to its end. */
  answers({ explanation, hidden }: Awaited<ReturnType<typeof readHistory>>): void {
    const { trace, conversions, drains } = explanation;
    this.#folios?.finish();
    this.#batches?.finish(this.#group('per-CPU batches', 1, undefined), trace.cpus, hidden);
    const parent = this.#group('conversions and drains', 0, undefined);
    const calls = new CallTracks(this.packets, this.#uuids, parent);
    const rounds = drains?.rounds ?? [];
    calls.conversions(conversions, rounds);
    calls.drains(rounds);
    const more = (drains?.count ?? 0) - rounds.length;
    if (more > 0) this.notes.push(`${more} drains after the first ${rounds.length} are left out`);
    const folded = this.#folios?.folded ?? 0;
    if (this.#room.stays < 0)
      this.notes.push(`the counters are left out: folios were held more than ${MOST_STAYS} times`);
    if (this.#batches?.hasTooMany === true)
      this.notes.push('the slots of batches are left out: there are too many stays; the counters have them');
    if (folded > 0)
      this.notes.push(
        `${MOST_TRACKS} folios have tracks of their own; the lives of others, ${folded}, are counted by ranges`,
      );
    // Their stays are written, and the events are still to come.
    this.#folios = undefined;
    this.#batches = undefined;
  }

  /** Lost events of a CPU, from its last event before them to the first one after them. */
  loss({ loss: { cpu, buffer, at, events }, from = this.#begin }: LossSeen): void {
    const name = buffer === undefined ? `lost events of CPU ${cpu}` : `lost events of CPU ${cpu}, buffer ${buffer}`;
    let lanes = this.#losses.get(name);
    if (lanes === undefined) {
      if (this.#losses.size === 0) this.#group('losses', 2, 'events that were recorded and lost');
      lanes = new Lanes(this.packets, this.#uuids.of(name), () => name, {
        parent: this.#uuids.of('losses'),
        rank: cpu,
      });
      this.#losses.set(name, lanes);
    }
    lanes.add({
      from,
      to: notBefore(at ?? this.#end, from),
      parts: { name: events === undefined ? 'LOST events' : `LOST ${events} events`, facts: { cpu, events, buffer } },
    });
  }

  #group(name: string, rank: number, description: string | undefined): bigint {
    const uuid = this.#uuids.of(name);
    this.packets.track(uuid, name, { parent: this.#root, is: 'group', rank, description });
    return uuid;
  }
}

const describe = ({ format, events, recordedOn }: TraceSummary): string =>
  `${format}, ${events} events${recordedOn === undefined ? '' : `, ${recordedOn}`}`;
