// SPDX-License-Identifier: MIT
import type { Cpu, Dev, FilemapEvent, FolioIndex, Ino, Nanoseconds, Order } from '../ledger/index.ts';
import type { InodeAnswer, InodeKind, OpenInode } from './answer.ts';
import type { Generation } from './generation.ts';
import type { InodeSelector } from './question.ts';
import { WaitingTimes } from './waiting-times.ts';

/** enum lru_list: the list of folios with an unevictable mapping, such as a guest_memfd's. */
export const LRU_UNEVICTABLE = 4;

/** An inode whose folios are tracked because it may be a guest_memfd or was requested. */
export class TrackedInode {
  readonly dev: Dev;
  readonly ino: Ino;
  /** Requested by the user: tracked in any case. */
  readonly wanted: boolean;
  /** Folios in the page cache. */
  readonly live = new Map<FolioIndex, Generation>();
  readonly waiting: WaitingTimes;
  /** Folios that have left it, and were in it at some requested moment. */
  readonly ended: Generation[] = [];
  /** Insertions of folios that were in its page cache. */
  unevictable = 0;
  evictable = 0;
  adds = 0;
  /** Insertions as unevictable of folios without a recorded add, whose delete named the inode. */
  insertedBefore = 0;
  /** Tasks that added folios of it, by pid, the first ones. */
  readonly touchers: Toucher[] = [];
  /** Task of the latest add: the next add is usually by the same task. */
  #lastPid: number | undefined = undefined;
  #lastToucher: Toucher | undefined = undefined;
  /** Task of the first add. */
  firstPid: number | undefined = undefined;
  /** Number of repeated insertions of folios: isolated and put back. */
  reinsertions = 0;
  /** A stack showed guest_memfd's code allocate a folio of it. */
  allocatedByKvm = false;
  lastDelete: FilemapEvent | undefined = undefined;
  /** Its first event. */
  firstAt: Nanoseconds;
  /** A folio of it without a recorded add left the page cache. */
  isOlder = false;
  /** Number of folios that have left each index: with those of `live` all recorded ones. */
  readonly #left = new Map<number, number>();

  /** @param blind CPUs with lost events of their batches that have not flushed since, as of now. */
  constructor({ dev, ino, at }: FilemapEvent, wanted: boolean, blind: ReadonlySet<Cpu>) {
    this.waiting = new WaitingTimes(this.live, blind);
    this.dev = dev;
    this.ino = ino;
    this.wanted = wanted;
    this.firstAt = at;
  }

  /** A task added a folio. */
  touched({ pid, comm }: FilemapEvent): void {
    this.firstPid ??= pid;
    if (pid === this.#lastPid && this.#lastToucher !== undefined) {
      this.#lastToucher.folios++;
      return;
    }
    this.#lastPid = pid;
    this.#lastToucher = this.touchers.find((toucher) => toucher.pid === pid);
    if (this.#lastToucher !== undefined) this.#lastToucher.folios++;
    else if (this.touchers.length < MOST_TOUCHERS)
      this.touchers.push((this.#lastToucher = { pid, task: comm, folios: 1 }));
  }

  left({ index, order }: { readonly index: FolioIndex; readonly order: Order }): void {
    for (let page = 0; page < 2 ** order; page++) this.#left.set(index + page, this.hadAt(index + page) + 1);
  }

  /** Whether some event showed a folio at an index, at any time, besides those that are `live`. */
  hasLeft(index: number): boolean {
    return this.#left.has(index);
  }

  /** Number of folios that have left an index so far. */
  hadAt(index: number): number {
    return this.#left.get(index) ?? 0;
  }

  /** All folios in the page cache at some requested moment, or now. */
  folios(): readonly Generation[] {
    return [...this.ended, ...this.live.values()];
  }
}

/** A task that added folios. */
interface Toucher {
  readonly pid: number;
  readonly task: string | undefined;
  folios: number;
}

/** Largest number of recorded tasks that added folios of an inode. */
const MOST_TOUCHERS = 16;

/** Largest number of undecided inodes that are named one by one. */
const MOST_OPEN = 12;

/** An inode that an answer lists. */
type KnownInode = Pick<InodeAnswer, 'dev' | 'ino' | 'kind' | 'because'> & {
  readonly tracked: TrackedInode | undefined;
};

const ON_DRIVER = 'it is on the device of a driver';

/**
 * A device without a driver: guest_memfd's inodes are on an internal mount of the kernel (6.18: that of anonymous inodes; 7.3:
 * one of guest_memfd).
 */
const isAnonymous = (dev: Dev): boolean => dev.startsWith('0:');

/**
 * Sorts inodes into those that may be a guest_memfd and those that are not. A guest_memfd's mapping is unevictable, so
 * its folios are inserted to LRU_UNEVICTABLE; an insertion of a folio in the page cache to another list is
 * counter-evidence.
 */
export class Inodes {
  readonly #wanted: InodeSelector | undefined;
  readonly #blind = new Set<Cpu>();
  readonly #tracked = new Map<Dev, Map<Ino, TrackedInode>>();
  readonly #refuted = new Map<Dev, Set<Ino>>();
  /** Inodes on devices of drivers, and excluded ones, with the number of their folios inserted as unevictable. */
  readonly #unevictableElsewhere = new Map<string, { dev: Dev; ino: Ino; count: number }>();
  /** Inodes that were tracked, became empty and were forgotten, by device: their first event, and their age. */
  readonly #forgotten = new Map<Dev, Map<Ino, Pick<TrackedInode, 'firstAt' | 'firstPid' | 'isOlder'>>>();
  #last: TrackedInode | undefined = undefined;

  /** @param wanted the only inode of the answer, if there is one. */
  constructor(wanted: InodeSelector | undefined) {
    this.#wanted = wanted;
  }

  /** The inode of an event; undefined if it cannot be a guest_memfd. */
  of(event: FilemapEvent): TrackedInode | undefined {
    const { dev, ino } = event;
    if (this.#last?.ino === ino && this.#last.dev === dev) return this.#last;
    const wanted = this.#wanted?.ino === ino && (this.#wanted.dev ?? dev) === dev;
    if (!wanted && (!isAnonymous(dev) || this.#refuted.get(dev)?.has(ino) === true)) return undefined;
    const ofDev = within(this.#tracked, dev, () => new Map<Ino, TrackedInode>());
    this.#last = within(ofDev, ino, () => this.#follow(event, wanted));
    return this.#last;
  }

  #follow(event: FilemapEvent, wanted: boolean): TrackedInode {
    const inode = new TrackedInode(event, wanted, this.#blind);
    const before = this.#forgotten.get(event.dev)?.get(event.ino);
    if (before !== undefined) {
      inode.firstAt = before.firstAt;
      inode.firstPid = before.firstPid;
      inode.isOlder = before.isOlder;
    }
    return inode;
  }

  /**
   * A folio in the page cache of a tracked inode was inserted.
   * @returns whether the inode is still tracked.
   */
  inserted(inode: TrackedInode, lru: number): boolean {
    if (lru === LRU_UNEVICTABLE) {
      inode.unevictable++;
      return true;
    }
    inode.evictable++;
    if (inode.wanted || inode.allocatedByKvm) return true;
    if (inode.unevictable > 0) this.insertedElsewhere(inode, inode.unevictable);
    this.#tracked.get(inode.dev)?.delete(inode.ino);
    if (this.#last === inode) this.#last = undefined;
    within(this.#refuted, inode.dev, () => new Set<Ino>()).add(inode.ino);
    return false;
  }

  /** The content of a CPU's batch is unknown from here on, or known again. */
  blind(cpu: Cpu, isBlind: boolean, at: Nanoseconds): void {
    if (!isBlind && this.#blind.size === 0) return;
    if (this.#blind.has(cpu) === isBlind) return;
    for (const ofDev of this.#tracked.values()) for (const { waiting } of ofDev.values()) waiting.account(at);
    if (isBlind) this.#blind.add(cpu);
    else this.#blind.delete(cpu);
  }

  /** A CPU flushed its batch for the first time in the recording. */
  firstFlush(at: Nanoseconds): void {
    for (const ofDev of this.#tracked.values()) for (const { waiting } of ofDev.values()) waiting.firstFlush(at);
  }

  /** A CPU was drained, perhaps the last one of the first round. */
  drained(at: Nanoseconds): void {
    for (const ofDev of this.#tracked.values()) for (const { waiting } of ofDev.values()) waiting.drained(at);
  }

  /** Forgets the folios that have left any inode's page cache. */
  forgetEnded(): void {
    for (const ofDev of this.#tracked.values()) for (const { ended } of ofDev.values()) ended.length = 0;
  }

  /** Forgets an inode without anything left for an answer. */
  forgetIfEmpty(inode: TrackedInode): void {
    if (inode.live.size > 0 || inode.ended.length > 0 || inode.unevictable > 0 || inode.wanted) return;
    this.#tracked.get(inode.dev)?.delete(inode.ino);
    const { dev, ino, firstAt, firstPid, isOlder } = inode;
    within(this.#forgotten, dev, () => new Map<Ino, Pick<TrackedInode, 'firstAt' | 'firstPid' | 'isOlder'>>()).set(
      ino,
      {
        firstAt,
        firstPid,
        isOlder,
      },
    );
    if (this.#last === inode) this.#last = undefined;
  }

  /** Folios of an inode that is not tracked were inserted as unevictable. */
  insertedElsewhere({ dev, ino }: { readonly dev: Dev; readonly ino: Ino }, count: number): void {
    within(this.#unevictableElsewhere, `${dev}:${ino}`, () => ({ dev, ino, count: 0 })).count += count;
  }

  /** Number of undecided inodes, if nothing indicates that one is a guest_memfd. */
  get open(): number {
    return [...this.#tracked.values()].reduce(
      (sum, ofDev) => sum + [...ofDev.values()].filter((inode) => isOpen(inode) && isAnonymous(inode.dev)).length,
      0,
    );
  }

  /** The first of those inodes. */
  openOnes(): readonly OpenInode[] {
    return [...this.#tracked.values()]
      .flatMap((ofDev) => [...ofDev.values()])
      .filter((inode) => isOpen(inode) && isAnonymous(inode.dev))
      .slice(0, MOST_OPEN)
      .map(({ dev, ino, adds, live }) => ({
        dev,
        ino,
        adds,
        waiting: [...live.values()].filter(({ insertion, order }) => insertion === undefined && order === 0).length,
      }));
  }

  /**
   * All inodes, in the order of their appearance, those that are no guest_memfd last.
   * @param callers tasks that made calls which only a guest_memfd's user makes.
   */
  sorted(callers: ReadonlySet<number>): readonly KnownInode[] {
    const followed = [...this.#tracked.values()].flatMap((ofDev) => [...ofDev.values()]);
    const proved = new Set(followed.filter(({ allocatedByKvm }) => allocatedByKvm).map(({ dev }) => dev));
    const unevictable = new Set(followed.filter(isGuestMemfd).map(({ dev }) => dev));
    const known = {
      devices: proved.size > 0 ? proved : unevictable,
      isProved: proved.size > 0,
      callers,
      isAlone: followed.filter(isOpen).length === 1,
    };
    const answers = followed.flatMap((tracked): KnownInode[] => {
      const { kind, because } = classify(tracked, known);
      const listed =
        tracked.wanted ||
        kind === 'guest_memfd' ||
        isGuestMemfd(tracked) ||
        (callers.size > 0 && unevictable.size === 0 && tracked.adds > 0);
      return listed ? [{ dev: tracked.dev, ino: tracked.ino, kind, because, tracked }] : [];
    });
    if (this.#wanted !== undefined) return answers.filter(({ tracked }) => tracked?.wanted === true);
    const others = [...this.#unevictableElsewhere.values()].map(({ dev, ino, count }) => ({
      dev,
      ino,
      kind: 'other' as const,
      because: `${count} of its folios inserted as unevictable, but ${isAnonymous(dev) ? 'others not' : ON_DRIVER}`,
      tracked: undefined,
    }));
    return [...answers, ...others];
  }
}

/**
 * By its own events: a stack names guest_memfd's code, or a folio was inserted as unevictable and none as evictable.
 */
const isGuestMemfd = ({ allocatedByKvm, unevictable, evictable, dev }: TrackedInode): boolean =>
  allocatedByKvm || (unevictable > 0 && evictable === 0 && isAnonymous(dev));

/** Whether it is undecided. */
const isOpen = (inode: TrackedInode): boolean => !isGuestMemfd(inode) && inode.evictable === 0 && inode.adds > 0;

/** Facts about all inodes that decide which one is a guest_memfd. */
interface KnownOfAll {
  /** Devices that may be guest_memfd's. All guest_memfds of a kernel are on one. */
  readonly devices: ReadonlySet<Dev>;
  /** A stack showed which device it is. */
  readonly isProved: boolean;
  readonly callers: ReadonlySet<number>;
  /** No other inode is undecided. */
  readonly isAlone: boolean;
}

function classify(
  inode: TrackedInode,
  { devices, isProved, callers, isAlone }: KnownOfAll,
): { readonly kind: InodeKind; readonly because: string } {
  if (inode.allocatedByKvm)
    return { kind: 'guest_memfd', because: "a stack shows guest_memfd's code allocate its folios" };
  if (inode.evictable > 0) return { kind: 'other', because: `${inode.evictable} of its folios inserted as evictable` };
  if (!isAnonymous(inode.dev)) return { kind: 'other', because: ON_DRIVER };
  if (inode.unevictable > 0) {
    const those = `${inode.unevictable} of its folios inserted as unevictable (lru=4), on an anonymous device${inode.insertedBefore > 0 ? '; their deletes show the inode' : ''}`;
    if (isProved && !devices.has(inode.dev))
      return {
        kind: 'other',
        because: `${those}, but not on that of guest_memfd: folios of ramfs and secretmem look the same`,
      };
    if (devices.size > 1)
      return {
        kind: 'unknown',
        because: `${those}, but so are others on another device: all guest_memfds are on one device, and folios of ramfs and secretmem look the same; stack traces of the adds would decide it`,
      };
    const uncalled =
      callers.size > 0 ? '' : '; folios of ramfs and secretmem look the same, and no call to guest_memfd was recorded';
    return { kind: 'guest_memfd', because: `${those}${uncalled}` };
  }
  if (devices.size === 1 && devices.has(inode.dev))
    return { kind: 'guest_memfd', because: 'on the device of a guest_memfd; none of its folios was inserted' };
  if (devices.size > 0 && !devices.has(inode.dev))
    return { kind: 'other', because: 'on another device than the guest_memfd: all guest_memfds are on one device' };
  if (isAlone && inode.touchers.some(({ pid }) => callers.has(pid)))
    return {
      kind: 'guest_memfd',
      because:
        'a task that made guest_memfd calls added its folios, and no other inode fits; none of its folios was inserted',
    };
  return { kind: 'unknown', because: 'on an anonymous device, but none of its folios was inserted' };
}

/** The value of a key, created if it is missing. */
function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
