// SPDX-License-Identifier: MIT
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import type { Packets, TrackKind } from './packets.ts';
import { nth } from './uuids.ts';

/** What a slice has besides its times; slices within it begin and end within it, one after the other. */
export interface Slice {
  readonly from: Nanoseconds;
  /** Undefined: no end was recorded. */
  readonly to: Nanoseconds | undefined;
  readonly parts: Parameters<Packets['begin']>[2];
  readonly within?: readonly Slice[] | undefined;
}

/**
 * Slices on as many tracks as are needed. Perfetto takes slices of one track as nested, so one that overlaps another goes to a
 * further track. Tracks of one name and parent are drawn as one.
 */
export class Lanes {
  readonly #packets: Packets;
  readonly #uuid: bigint;
  readonly #name: (lane: number) => string;
  readonly #kind: TrackKind;
  /** End of the last slice of each; undefined: it has none. */
  readonly #busy: (Nanoseconds | undefined)[] = [];

  constructor(packets: Packets, uuid: bigint, name: (lane: number) => string, kind: TrackKind) {
    this.#packets = packets;
    this.#uuid = uuid;
    this.#name = name;
    this.#kind = kind;
  }

  /** Adds a slice; slices come by rising begin. */
  add(slice: Slice): void {
    const free = this.#busy.findIndex((end) => end !== undefined && end <= slice.from);
    const lane = free < 0 ? this.#busy.length : free;
    const track = nth(this.#uuid, lane);
    if (lane === this.#busy.length) this.#packets.track(track, this.#name(lane), this.#kind);
    this.#busy[lane] = slice.to;
    this.#write(track, slice);
  }

  #write(track: bigint, { from, to, parts, within }: Slice): void {
    this.#packets.begin(track, from, parts);
    for (const inner of within ?? []) this.#write(track, inner);
    if (to !== undefined) this.#packets.end(track, to);
  }
}

/** A time that is not before another: clocks of two CPUs may differ. */
export const notBefore = (at: Nanoseconds, least: Nanoseconds): Nanoseconds => nanoseconds(at < least ? least : at);
