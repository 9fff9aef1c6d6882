// SPDX-License-Identifier: MIT
import { hasPageFlag } from '../abi/index.ts';
import { type Cpu, cpu, type FolioIndex, folioIndex, type Pfn, type Verdict } from '../ledger/index.ts';
import { type FoundInode, findGuestMemfds } from './descriptors.ts';
import { loadNative, type Native } from './native.ts';
import { PageReader } from './pages.ts';
import { removeDeadIfAllowed } from './tracefs.ts';
import { UnavailableError } from './unavailable.ts';
import { AddWatcher } from './watcher.ts';

/** A page that waits in a batch. */
interface WaitingPage {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  /** The batch's CPU; undefined if the page was added before the watch began, or nothing is watched. */
  readonly cpu: Cpu | undefined;
}

/** A guest_memfd as procfs shows it now. */
export interface InspectedInode extends FoundInode {
  /** Number of its pages in the page cache; undefined if the kernel does not say. */
  readonly cached: number | undefined;
  /** Number of pages that some process has mapped: only those can be seen. */
  readonly mapped: number;
  readonly waiting: readonly WaitingPage[];
  /** Result of a conversion of all of it to private now, by a check that does not drain, as far as procfs shows. */
  readonly verdict: Verdict;
}

export interface Inspection {
  readonly inodes: readonly InspectedInode[];
  readonly processes: number;
  /** Number of processes whose descriptors this user may not see. */
  readonly hidden: number;
  /** The CPU on which this process looked: its own page faults may have flushed that one's batch. */
  readonly lookedOn: Cpu;
  /** Whether the adds are watched, and why not. */
  readonly watch: { readonly on: true } | { readonly on: false; readonly why: string };
}

/** Inspects the guest_memfds of this machine, any number of times. */
export class Inspector {
  readonly #native: Native;
  readonly #pids: readonly number[] | undefined;
  readonly #allowed: readonly number[];
  readonly #cpu: number;
  readonly #watcher: AddWatcher | undefined;
  readonly #watch: Inspection['watch'];

  private constructor(native: Native, pids: readonly number[] | undefined, isWatching: boolean) {
    this.#native = native;
    this.#pids = pids;
    this.#allowed = native.affinity();
    // It stays on one CPU, so that it disturbs only that CPU's batch.
    this.#cpu = this.#allowed.at(-1) ?? 0;
    native.setAffinity([this.#cpu]);
    const { watcher, watch } = isWatching ? watching() : { watcher: undefined, watch: NOT_ASKED };
    this.#watcher = watcher;
    this.#watch = watch;
  }

  /**
   * @param options `pids`: only these processes; `watch`: remember from now on which CPU touched a page.
   * @throws UnavailableError if this user may not see pages.
   * @example
   * import { Inspector, UnavailableError } from 'folioscope/live';
   * const made = await Inspector.start({ pids: [], watch: false }).catch((error: unknown) => error);
   * const seen = made instanceof Inspector ? made.look().inodes.length : 0;
   * if (made instanceof Inspector) made.close();
   * [made instanceof Inspector || made instanceof UnavailableError, seen]; // => [true, 0]
   */
  static async start(options: {
    readonly pids?: readonly number[] | undefined;
    readonly watch: boolean;
  }): Promise<Inspector> {
    const native = await loadNative();
    // Reports missing rights before the first look.
    new PageReader('self', native.pageSize).close();
    removeDeadIfAllowed();
    return new Inspector(native, options.pids, options.watch);
  }

  /** @throws UnavailableError if page frames are hidden from this user. */
  look(): Inspection {
    this.#watcher?.poll();
    const { inodes, processes, hidden } = findGuestMemfds(this.#native.pageSize, this.#pids);
    return {
      inodes: inodes.map((inode) => this.#inspect(inode)),
      processes,
      hidden,
      lookedOn: cpu(this.#cpu),
      watch: this.#watch,
    };
  }

  #inspect(inode: FoundInode): InspectedInode {
    const seen = new Map<number, WaitingPage | 'on the LRU'>();
    for (const { pid, address, from, pages } of inode.mappings) {
      for (const { nth, pfn, flags } of this.#mapped(pid, address, pages))
        if (hasPageFlag(flags, 'LRU')) seen.set(from + nth, 'on the LRU');
        else {
          const toucher = this.#watcher?.cpuOf(pfn);
          const index = folioIndex(from + nth);
          seen.set(index, { index, pfn, cpu: toucher === undefined ? undefined : cpu(toucher) });
        }
    }
    const waiting = [...seen.values()].filter((page) => page !== 'on the LRU').toSorted((a, b) => a.index - b.index);
    const [descriptor] = inode.descriptors;
    const count = descriptor === undefined ? -1 : this.#native.cached(descriptor.pid, descriptor.fd);
    const cached = count < 0 ? undefined : count;
    return { ...inode, cached, mapped: seen.size, waiting, verdict: verdictOf(waiting, seen.size, cached) };
  }

  #mapped(pid: number, address: number, pages: number): ReturnType<PageReader['mapped']> {
    let reader: PageReader;
    try {
      reader = new PageReader(pid, this.#native.pageSize);
    } catch (error) {
      // It has ended meanwhile.
      if (error instanceof UnavailableError && error.missing.includes('ENOENT')) return [];
      throw error;
    }
    try {
      return reader.mapped(address, pages);
    } finally {
      reader.close();
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#native.setAffinity(this.#allowed);
  }
}

const NOT_ASKED = { on: false, why: 'no recording ran: --watch sees the pages that are touched from then on' } as const;

function watching(): { readonly watcher: AddWatcher | undefined; readonly watch: Inspection['watch'] } {
  try {
    // Major number of devices without a driver, such as guest_memfd's.
    return { watcher: new AddWatcher('s_dev < 1048576'), watch: { on: true } };
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return { watcher: undefined, watch: { on: false, why: error.message } };
  }
}

function verdictOf(waiting: readonly WaitingPage[], mapped: number, cached: number | undefined): Verdict {
  const [first] = waiting;
  if (first !== undefined) return { verdict: 'refused', index: first.index, spurious: true };
  if (cached === undefined && mapped === 0)
    return { verdict: 'undecided', reason: 'no page is mapped: none can be seen' };
  if (cached !== undefined && cached > mapped)
    return { verdict: 'undecided', reason: `${cached - mapped} pages are not mapped: those cannot be seen` };
  return { verdict: 'safe' };
}
