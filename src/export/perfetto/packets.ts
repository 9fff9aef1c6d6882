// SPDX-License-Identifier: MIT
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Nanoseconds } from '../../ledger/index.ts';
import type { PerfettoClock } from './clocks.ts';
import {
  ANNOTATION,
  BUNDLE,
  BY_RANK,
  COUNTER,
  PACKET,
  RENAME,
  SNAPSHOT,
  SNAPSHOT_CLOCK,
  TRACE,
  TRACK,
  TRACK_EVENT,
  TYPE,
  UNIT_COUNT,
} from './fields.ts';

/** Receives a piece of the file; the bytes are its own. */
export type PerfettoSink = (bytes: Uint8Array) => void;

/** A further fact of an event or state, shown beside it, and in SQL in the table `args`. Undefined is left out. */
export type Fact = undefined | boolean | number | bigint | string | readonly Fact[] | Facts;
export interface Facts {
  readonly [name: string]: Fact;
}

/** What a track is, besides its name. */
export interface TrackKind {
  readonly parent?: bigint | undefined;
  readonly description?: string | undefined;
  readonly is?: 'counter' | 'state' | 'group' | undefined;
  /** Place among the tracks of its group, from 0. */
  readonly rank?: number | undefined;
}

/** The parts of a track's event, besides its time, track and type. */
interface EventParts {
  readonly name?: string | undefined;
  readonly facts?: Facts | undefined;
  /** Arrows that begin, or end, at this slice. */
  readonly flowsTo?: readonly bigint[] | undefined;
  readonly flowsFrom?: readonly bigint[] | undefined;
}

/** All packets are of one writer. */
const SEQUENCE = 1;
/** Packets that are collected before they are handed on. */
const PACKETS_A_PIECE = 256;

/** Times are unsigned on the wire: one before the clock's zero wraps, and is read back as a signed one. */
const wireTime = (at: Nanoseconds): bigint => BigInt.asUintN(64, at);

/** The packets of one trace file, each whole in itself: no state is carried from one to the next. */
export class Packets {
  /** Number of packets so far. */
  count = 0;
  readonly #sink: PerfettoSink;
  readonly #clock: PerfettoClock;
  readonly #writer = new BinaryWriter();
  #pending = 0;

  constructor(sink: PerfettoSink, clock: PerfettoClock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** How the recording's clock relates to those that other traces of the same boot have. */
  snapshot(at: Nanoseconds): void {
    const { clocks, primary } = this.#clock;
    const writer = this.#begin(undefined);
    writer.uint32(PACKET.firstOnSequence).bool(true);
    writer.uint32(PACKET.clockSnapshot).fork();
    for (const id of clocks) {
      writer.uint32(SNAPSHOT.clocks).fork();
      writer.uint32(SNAPSHOT_CLOCK.id).uint32(id).uint32(SNAPSHOT_CLOCK.timestamp).uint64(wireTime(at));
      writer.join();
    }
    writer.uint32(SNAPSHOT.primary).uint32(primary).join();
    this.#end();
  }

  track(uuid: bigint, name: string, { parent, description, is, rank }: TrackKind): void {
    const writer = this.#begin(undefined);
    writer.uint32(PACKET.trackDescriptor).fork();
    writer.uint32(TRACK.uuid).uint64(uuid).uint32(TRACK.name).string(name);
    if (parent !== undefined) writer.uint32(TRACK.parent).uint64(parent);
    if (is === 'counter') writer.uint32(TRACK.counter).fork().uint32(COUNTER.unit).uint32(UNIT_COUNT).join();
    if (is === 'group') writer.uint32(TRACK.childOrdering).uint32(BY_RANK);
    if (rank !== undefined) writer.uint32(TRACK.rank).uint32(rank);
    if (description !== undefined) writer.uint32(TRACK.description).string(description);
    if (is === 'state') writer.uint32(TRACK.state).fork().join();
    writer.join();
    this.#end();
  }

  begin(track: bigint, at: Nanoseconds, parts: EventParts): void {
    this.#event(TYPE.begin, track, at, parts);
  }

  end(track: bigint, at: Nanoseconds): void {
    this.#event(TYPE.end, track, at, {});
  }

  instant(track: bigint, at: Nanoseconds, parts: EventParts): void {
    this.#event(TYPE.instant, track, at, parts);
  }

  /** The state of a track from `at` on; without a name it has none. */
  state(track: bigint, at: Nanoseconds, parts: Pick<EventParts, 'name' | 'facts'>): void {
    this.#event(TYPE.state, track, at, parts);
  }

  counter(track: bigint, at: Nanoseconds, value: number): void {
    const writer = this.#beginEvent(TYPE.counter, track, at);
    writer.uint32(TRACK_EVENT.counterValue).int64(value).join();
    this.#end();
  }

  /** The name of a task from `at` on. */
  taskName(tid: number, name: string, at: Nanoseconds): void {
    const writer = this.#begin(at);
    writer.uint32(PACKET.taskRename).fork();
    writer.uint32(RENAME.tid).int64(tid).uint32(RENAME.comm).string(name).join();
    this.#end();
  }

  /** Events of one CPU, each with its tag and length. */
  bundle(cpu: number, events: Uint8Array, isAfterLoss: boolean): void {
    const { ftraceClock } = this.#clock;
    const writer = this.#begin(undefined);
    writer.uint32(PACKET.ftraceEvents).fork();
    writer.uint32(BUNDLE.cpu).uint32(cpu).raw(events);
    if (isAfterLoss) writer.uint32(BUNDLE.lostEvents).bool(true);
    if (ftraceClock !== undefined) writer.uint32(BUNDLE.clock).uint32(ftraceClock);
    writer.join();
    this.#end();
    // It is large, and is not to be copied once more.
    this.flush();
  }

  /** Hands on what is collected. */
  flush(): void {
    if (this.#pending === 0) return;
    this.#pending = 0;
    this.#sink(this.#writer.finish());
  }

  #event(type: number, track: bigint, at: Nanoseconds, { name, facts, flowsTo, flowsFrom }: EventParts): void {
    const writer = this.#beginEvent(type, track, at);
    if (name !== undefined) writer.uint32(TRACK_EVENT.name).string(name);
    for (const flow of flowsTo ?? []) writer.uint32(TRACK_EVENT.flows).fixed64(flow);
    for (const flow of flowsFrom ?? []) writer.uint32(TRACK_EVENT.terminatingFlows).fixed64(flow);
    for (const [key, fact] of Object.entries(facts ?? {})) annotate(writer, TRACK_EVENT.annotations, key, fact);
    writer.join();
    this.#end();
  }

  #beginEvent(type: number, track: bigint, at: Nanoseconds): BinaryWriter {
    const writer = this.#begin(at);
    writer.uint32(PACKET.trackEvent).fork();
    return writer.uint32(TRACK_EVENT.type).uint32(type).uint32(TRACK_EVENT.track).uint64(track);
  }

  #begin(at: Nanoseconds | undefined): BinaryWriter {
    const writer = this.#writer.uint32(TRACE.packet).fork();
    if (at !== undefined) {
      writer.uint32(PACKET.timestamp).uint64(wireTime(at));
      writer.uint32(PACKET.clock).uint32(this.#clock.packetClock);
    }
    return writer.uint32(PACKET.sequence).uint32(SEQUENCE);
  }

  #end(): void {
    this.#writer.join();
    this.count++;
    if (++this.#pending >= PACKETS_A_PIECE) this.flush();
  }
}

function annotate(writer: BinaryWriter, tag: number, name: string | undefined, fact: Fact): void {
  if (fact === undefined) return;
  writer.uint32(tag).fork();
  if (name !== undefined) writer.uint32(ANNOTATION.name).string(name);
  if (typeof fact === 'boolean') writer.uint32(ANNOTATION.flag).bool(fact);
  else if (typeof fact === 'string') writer.uint32(ANNOTATION.text).string(fact);
  else if (typeof fact === 'number' || typeof fact === 'bigint') {
    if (fact < 0) writer.uint32(ANNOTATION.signed).int64(fact);
    else writer.uint32(ANNOTATION.unsigned).uint64(fact);
  } else if (isList(fact)) for (const item of fact) annotate(writer, ANNOTATION.items, undefined, item);
  else for (const [key, member] of Object.entries(fact)) annotate(writer, ANNOTATION.members, key, member);
  writer.join();
}

const isList = (fact: readonly Fact[] | Facts): fact is readonly Fact[] => Array.isArray(fact);
