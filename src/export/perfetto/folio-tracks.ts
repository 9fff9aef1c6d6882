// SPDX-License-Identifier: MIT
import type { FolioStory } from '../../explain/index.ts';
import { HOLDER_KINDS, type Holder, type HolderKind, type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import type { FolioNames } from './batch-tracks.ts';
import type { Fact, Packets } from './packets.ts';
import { staysOf } from './stays.ts';
import { type Room, Sweep } from './sweep.ts';
import { nth, type Uuids } from './uuids.ts';

/** Tracks of single folios: programs that draw tracks are slow with more. The folios of further indexes are counted by ranges. */
export const MOST_TRACKS = 20_000;
/** Pages of a folded range: 2 MiB of small pages. */
const FOLD = 512;

interface InodeTracks {
  readonly name: string;
  readonly group: bigint;
  /** By index: when the life that was written last began. */
  readonly own: Map<number, Nanoseconds | undefined>;
  /** By the number of the range. */
  readonly folded: Map<number, Map<HolderKind, Sweep>>;
}

/** Who holds each folio: a state track for each index of an inode, which one folio after the other may have had. */
export class FolioTracks {
  readonly #packets: Packets;
  readonly #uuids: Uuids;
  readonly #names: FolioNames;
  readonly #parent: bigint;
  readonly #begin: Nanoseconds;
  readonly #room: Room;
  readonly #inodes = new Map<string, InodeTracks>();
  #tracks = 0;
  /** Number of lives in folded ranges. */
  folded = 0;

  /** @param of the group of the inodes' groups, and the time of the first event. */
  constructor(
    packets: Packets,
    uuids: Uuids,
    of: { names: FolioNames; parent: bigint; begin: Nanoseconds; room: Room },
  ) {
    this.#packets = packets;
    this.#uuids = uuids;
    this.#names = of.names;
    this.#parent = of.parent;
    this.#begin = of.begin;
    this.#room = of.room;
  }

  add(story: FolioStory): void {
    const inode = this.#of(story);
    const { index } = story;
    if (!inode.own.has(index)) {
      if (this.#tracks >= MOST_TRACKS) {
        this.#fold(inode, story);
        return;
      }
      this.#tracks++;
      this.#packets.track(nth(inode.group, index), `index ${index}`, { parent: inode.group, is: 'state', rank: index });
    }
    this.#states(nth(inode.group, index), story, inode.own.get(index));
    inode.own.set(index, story.spans[0]?.from);
  }

  finish(): void {
    if (this.#room.stays < 0) return;
    for (const { name, group, folded } of this.#inodes.values())
      for (const [range, kinds] of folded)
        for (const [kind, sweep] of kinds) {
          const counter = this.#uuids.of(`folded ${name} ${range} ${kind}`);
          const rank = range * FOLD;
          this.#packets.track(counter, `index ${rank}..${rank + FOLD}: folios held by ${kind}`, {
            parent: group,
            is: 'counter',
            rank,
          });
          sweep.forEachChange((distance, present) =>
            this.#packets.counter(counter, nanoseconds(this.#begin + BigInt(distance)), present),
          );
        }
  }

  /** @param next begin of the life that was written before, which may be the next one. */
  #states(track: bigint, story: FolioStory, next: Nanoseconds | undefined): void {
    let before: Nanoseconds | undefined;
    let nameBefore: string | undefined;
    for (const { from, to, folio, mayBeGone } of story.spans) {
      if (before !== undefined && before !== from) this.#packets.state(track, before, {});
      const { holders, strength } = folio;
      const name = wordsOf(holders);
      // Perfetto makes one state of two of one name, with the facts of both. An earlier life may have ended right here.
      if (before === undefined || name === nameBefore) this.#packets.state(track, from, {});
      before = to;
      nameBefore = name;
      this.#packets.state(track, from, {
        name,
        facts: {
          ...this.#names.facts(story),
          strength,
          mayBeGone: mayBeGone || undefined,
          holders: holders.map((holder) => this.#holder(holder)),
        },
      });
    }
    // Of two states of one time the later in the file holds.
    if (before !== undefined && before !== next) this.#packets.state(track, before, {});
  }

  #holder({ kind, references, cpu, task, since }: Holder): Fact {
    return {
      kind,
      references,
      cpu,
      task,
      since,
    };
  }

  #fold({ folded }: InodeTracks, story: FolioStory): void {
    this.folded++;
    const range = Math.floor(story.index / FOLD);
    const kinds = folded.get(range) ?? new Map<HolderKind, Sweep>();
    folded.set(range, kinds);
    for (const { key, from, to } of staysOf(story, ({ kind }) => kind)) {
      const sweep = kinds.get(key) ?? new Sweep(this.#room);
      kinds.set(key, sweep);
      sweep.add(Number(from - this.#begin), to === undefined ? undefined : Number(to - this.#begin));
    }
  }

  #of(story: FolioStory): InodeTracks {
    const name = this.#names.inode(story);
    const known = this.#inodes.get(name);
    if (known !== undefined) return known;
    const group = this.#uuids.of(`inode ${name}`);
    this.#packets.track(group, `inode ${name}`, {
      parent: this.#parent,
      is: 'group',
      description: 'who holds the folio at each index, from its add to its removal',
    });
    const made = {
      name,
      group,
      own: new Map<number, Nanoseconds | undefined>(),
      folded: new Map<number, Map<HolderKind, Sweep>>(),
    };
    this.#inodes.set(name, made);
    return made;
  }
}

/** The holders' kinds, in the order of reports: `page-cache, lru-add-batch CPU 1`. */
function wordsOf(holders: readonly Holder[]): string {
  const words = holders
    .toSorted((a, b) => HOLDER_KINDS.indexOf(a.kind) - HOLDER_KINDS.indexOf(b.kind))
    .map(({ kind, cpu }) => (cpu === undefined ? kind : `${kind} CPU ${cpu}`));
  return [...new Set(words)].join(', ') || 'nobody';
}
