// SPDX-License-Identifier: MIT
import type { FolioStory, HiddenTime } from '../../explain/index.ts';
import { type Cpu, type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import { Lanes } from './lanes.ts';
import type { Facts, Packets } from './packets.ts';
import { staysOf } from './stays.ts';
import { type Room, Sweep } from './sweep.ts';
import type { Uuids } from './uuids.ts';

/** Stays that get a slice in a slot, of all CPUs: each takes some hundred bytes until the end. With more there are no slots. */
const MOST_SLOTTED = 100_000;

interface SlottedStay extends Pick<FolioStory, 'index' | 'pfn' | 'order'> {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds | undefined;
  readonly inode: string;
}

interface CpuBatch {
  readonly fill: Sweep;
  /** Moments at which a folio was flushed: it may also leave the page cache while it waits. */
  readonly flushed: Sweep;
  slotted: SlottedStay[];
}

/** How a folio is named in tracks. */
export interface FolioNames {
  readonly inode: (story: Pick<FolioStory, 'dev' | 'ino'>) => string;
  readonly facts: (story: Pick<FolioStory, 'index' | 'pfn' | 'order'>) => Facts;
}

/** Each CPU's lru_add batch: how many folios it has, when it was flushed, and which folio waits in which place. */
export class BatchTracks {
  readonly #packets: Packets;
  readonly #uuids: Uuids;
  readonly #names: FolioNames;
  /** Times are kept as distances from it, which a double has exactly for 104 days. */
  readonly #begin: Nanoseconds;
  readonly #room: Room;
  readonly #cpus = new Map<Cpu, CpuBatch>();
  #slotted = 0;

  constructor(packets: Packets, uuids: Uuids, of: { names: FolioNames; begin: Nanoseconds; room: Room }) {
    this.#packets = packets;
    this.#uuids = uuids;
    this.#names = of.names;
    this.#begin = of.begin;
    this.#room = of.room;
  }

  /** Whether there are too many stays for slots. */
  get hasTooMany(): boolean {
    return this.#slotted > MOST_SLOTTED;
  }

  add(story: FolioStory): void {
    const inode = this.#names.inode(story);
    const stays = staysOf(story, ({ kind, cpu }) => (kind === 'lru-add-batch' ? cpu : undefined));
    for (const { key: cpu, from, to } of stays) {
      const { fill, flushed, slotted } = this.#of(cpu);
      const end = to === undefined ? undefined : Number(to - this.#begin);
      fill.add(Number(from - this.#begin), end);
      if (end !== undefined && to !== story.removedAt) flushed.add(end, end);
      this.#slotted++;
      if (this.#slotted === MOST_SLOTTED + 1) for (const batch of this.#cpus.values()) batch.slotted = [];
      if (this.hasTooMany) continue;
      const { index, pfn, order } = story;
      slotted.push({ from, to, index, pfn, order, inode });
    }
  }

  /** @param parent of the CPUs' groups. */
  finish(parent: bigint, cpus: readonly Cpu[], hidden: readonly HiddenTime[]): void {
    for (const cpu of cpus) this.#of(cpu);
    for (const [cpu, { fill, flushed, slotted }] of [...this.#cpus].toSorted(([a], [b]) => a - b)) {
      const group = this.#uuids.of(`cpu ${cpu}`);
      this.#packets.track(group, `CPU ${cpu}: lru_add batch`, { parent, is: 'group', rank: cpu });
      if (this.#room.stays >= 0) this.#fill(cpu, group, { fill, flushed });
      this.#hidden(cpu, group, hidden);
      if (this.hasTooMany) continue;
      const slots = new Lanes(this.#packets, this.#uuids.of(`slots ${cpu}`), (slot) => `slot ${slot}`, {
        parent: group,
        rank: 3,
      });
      slotted.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
      for (const { from, to, inode, ...stay } of slotted) {
        const facts = { inode, ...this.#names.facts(stay) };
        slots.add({ from, to, parts: { name: `index ${stay.index}`, facts } });
      }
    }
  }

  #fill(cpu: Cpu, group: bigint, { fill, flushed }: Pick<CpuBatch, 'fill' | 'flushed'>): void {
    const counter = this.#uuids.of(`fill ${cpu}`);
    const flushes = this.#uuids.of(`flushes ${cpu}`);
    const description = 'folios of the listed inodes that wait in the batch; those of other memory are not followed';
    this.#packets.track(counter, `CPU ${cpu}: folios in the lru_add batch`, {
      parent: group,
      is: 'counter',
      rank: 0,
      description,
    });
    this.#packets.track(flushes, 'flushes', { parent: group, rank: 1 });
    this.#packets.counter(counter, this.#begin, 0);
    const at = (distance: number): Nanoseconds => nanoseconds(this.#begin + BigInt(distance));
    fill.forEachChange((distance, present) => this.#packets.counter(counter, at(distance), present));
    flushed.forEachChange((distance, _, folios) =>
      this.#packets.instant(flushes, at(distance), { name: 'flush', facts: { cpu, folios } }),
    );
  }

  /** Times in which the batch may have had folios that no event shows. */
  #hidden(cpu: Cpu, group: bigint, hidden: readonly HiddenTime[]): void {
    const lanes = new Lanes(this.#packets, this.#uuids.of(`hidden ${cpu}`), () => 'content unknown', {
      parent: group,
      rank: 2,
    });
    for (const { cpu: of, from = this.#begin, knownFrom } of hidden) {
      if (of !== cpu) continue;
      lanes.add({ from, to: knownFrom, parts: { name: 'LOST: content unknown' } });
    }
  }

  #of(cpu: Cpu): CpuBatch {
    const known = this.#cpus.get(cpu);
    if (known !== undefined) return known;
    const made = { fill: new Sweep(this.#room), flushed: new Sweep(this.#room), slotted: [] };
    this.#cpus.set(cpu, made);
    return made;
  }
}
