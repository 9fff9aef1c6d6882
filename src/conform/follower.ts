// SPDX-License-Identifier: MIT
import { FALLOC_FL_PUNCH_HOLE, PAGE_SIZE } from '../abi/index.ts';
import { RESULTS, type Patch, type Profile } from '../kernel/index.ts';
import type {
  FilemapEvent,
  KernelEvent,
  LruInsertion,
  PageReference,
  SyscallEnter,
  SyscallExit,
  WorkqueueEvent,
} from '../ledger/index.ts';
import type { EventKind, SilentKind } from './answer.ts';
import { Driver, type CodeName, type Rest, type Shown, type ShownKind } from './driver.ts';
import { type Asked, askedFor } from './conversions.ts';
import { Divergence, type DivergenceWhy } from './divergence.ts';
import { additionAt, type Burst, type Destination, planOf, type Plan, insertionAt } from './plan.ts';
import { kindOf, type Recording } from './recording.ts';

/** A folio that the recording names. */
interface Live {
  readonly pfn: number;
  /** Its number in the model, while it is there. */
  readonly folio: number;
  readonly inode: number;
  readonly index: number;
  /** `file`: of a guest_memfd; `other`: of another file; `unseen`: its addition is not recorded. */
  readonly kind: 'file' | 'other' | 'unseen';
  /** It left the model's memory: only the page cache holds it. */
  readonly aside: boolean;
}

/** A task of the recording within a call. */
interface Running {
  readonly task: number;
  readonly pid: number;
  readonly code: CodeName;
  /** The addition whose folio is about to enter a batch. */
  readonly adding?: number | undefined;
  readonly conversion?: Asked | undefined;
}

interface CpuState {
  /** Number of the burst that comes next. */
  burst: number;
  /** Entries of it that are in the model's batch. */
  placed: number;
  /** The task whose flush has the CPU. */
  flusher: number | undefined;
  /** Folios whose insertion this flush has shown. */
  inserted: number[];
  /** Nothing is known of its batches since a loss. */
  isLost: boolean;
}

interface Choice {
  readonly at: number;
  readonly pid: number;
  readonly saved: ReturnType<Driver['save']>;
  readonly state: State;
  readonly options: readonly Asked[];
  next: number;
}

/** Everything that a choice takes back, besides the model's memory. */
class State {
  running = new Map<number, Running>();
  free: number[] = [];
  cpus: CpuState[] = [];
  live = new Map<number, Live>();
  pfnOf = new Map<number, number>();
  freeSlots: number[] = [];
  waiting = new Map<number, number>();
  syscalls = new Map<number, SyscallEnter>();
  works = new Map<number, number>();
  matched = new Map<EventKind, number>();
  unknown = new Map<EventKind, number>();
  passed = new Map<EventKind, number>();
  silent = new Map<SilentKind, number>();
  outside = new Map<number, number>();
  /** What a task's last step shows besides what has been matched. */
  owed = new Map<number, readonly Shown[]>();
  /** References outside of the model's calls, by folio. */
  users = new Map<number, number>();
  /** Pages that a user has touched since they were last converted to private: they are shared. */
  shared = new Set<number>();
  /** The next event, and those before it that were put off. */
  next = 0;
  deferred: number[] = [];

  copy(): State {
    const copy = new State();
    copy.running = new Map(this.running);
    copy.free = [...this.free];
    copy.cpus = this.cpus.map((cpu) => ({ ...cpu, inserted: [...cpu.inserted] }));
    copy.live = new Map(this.live);
    copy.pfnOf = new Map(this.pfnOf);
    copy.freeSlots = [...this.freeSlots];
    copy.waiting = new Map(this.waiting);
    copy.syscalls = new Map(this.syscalls);
    copy.works = new Map(this.works);
    copy.matched = new Map(this.matched);
    copy.unknown = new Map(this.unknown);
    copy.passed = new Map(this.passed);
    copy.silent = new Map(this.silent);
    copy.outside = new Map(this.outside);
    copy.owed = new Map(this.owed);
    copy.users = new Map(this.users);
    copy.shared = new Set(this.shared);
    copy.next = this.next;
    copy.deferred = [...this.deferred];
    return copy;
  }
}

export interface FollowOptions {
  readonly profile: Profile;
  readonly patch: Patch;
  readonly way?: 'interpreted' | 'compiled';
}

export interface Followed {
  readonly divergence: Divergence | undefined;
  /** Events taken, by kind: all that were read, or those up to the divergence. */
  readonly consumed: number;
  readonly matched: ReadonlyMap<EventKind, number>;
  readonly unknown: ReadonlyMap<EventKind, number>;
  readonly passed: ReadonlyMap<EventKind, number>;
  readonly silent: ReadonlyMap<SilentKind, number>;
  readonly steps: number;
  readonly frontier: number;
  readonly choices: number;
}

/** Slots for folios of other memory. */
const OTHER_SLOTS = 4096;
/** Most pages of a guest_memfd that the model holds. */
const MOST_PAGES = 2 ** 18;
const MOST_TASKS = 24;
/** Most alternatives that are tried for one recording: the bound that keeps it linear. */
const MOST_TRIES = 20_000;

/**
 * Follows a recording with the executable kernel: each task of the recording takes the kernel's own steps, until one
 * shows the event that the recording has. Order is exact within a task and a CPU.
 */
export class Follower {
  readonly #recording: Recording;
  readonly #events: readonly KernelEvent[];
  readonly #plan: Plan;
  readonly #driver: Driver;
  readonly #options: FollowOptions;
  readonly #inodes = new Map<string, number>();
  readonly #folioReferences = new Set<number>();
  readonly #pages: number;
  /** Of each inode: one more than the largest page that the recording names. */
  readonly #most = new Map<number, number>();
  readonly #kinds: ReadonlySet<ShownKind>;
  #state = new State();
  #choices: Choice[] = [];
  #at = 0;
  #frontier = 1;
  #tries = 0;
  #furthest: Divergence | undefined;

  constructor(recording: Recording, options: FollowOptions) {
    this.#recording = recording;
    this.#events = recording.events;
    this.#options = options;
    const cpus = Math.max(1, recording.cpus);
    this.#plan = planOf(recording, options.profile.batchSize, cpus);
    const { inodes, pages, most } = guestMemfds(recording);
    for (const [number, key] of inodes.entries()) {
      this.#inodes.set(key, number + 1);
      this.#most.set(number + 1, most.get(key) ?? 0);
    }
    this.#pages = Math.max(OTHER_SLOTS, pages);
    const shows = new Set<ShownKind>();
    if (recording.has('add')) shows.add('add');
    if (recording.has('delete')) shows.add('delete');
    if (recording.has('insertion')) shows.add('insertion');
    if (recording.has('work-queued')) shows.add('work-queued');
    if (recording.has('work-begun')) shows.add('work-begun');
    if (recording.has('work-done')) shows.add('work-done');
    if (recording.has('reference')) shows.add('reference');
    shows.add('return');
    this.#kinds = shows;
    this.#driver = new Driver({
      ...options,
      cpus,
      tasks: MOST_TASKS,
      inodes: 1 + inodes.length,
      pages: this.#pages,
      shows,
      showsReferences: (of) => this.#folioReferences.has(of),
      showsInsertion: (of) =>
        !this.#plan.hidesFiles || this.#state.live.get(this.#state.pfnOf.get(of) ?? -1)?.kind === 'unseen',
    });
    this.#driver.onDrain = (task) => this.#drainBegins(task);
    this.#state.free = Array.from({ length: MOST_TASKS }, (_, task) => MOST_TASKS - 1 - task);
    this.#state.freeSlots = Array.from({ length: OTHER_SLOTS }, (_, slot) => OTHER_SLOTS - 1 - slot);
    this.#state.cpus = Array.from({ length: cpus }, () => ({
      burst: 0,
      placed: 0,
      flusher: undefined,
      inserted: [],
      isLost: false,
    }));
  }

  follow(): Followed {
    for (;;) {
      try {
        while (this.#state.next < this.#events.length) {
          this.#lose(this.#state.next);
          this.#turn(this.#state.next);
          this.#state.next++;
        }
        this.#catchUp(undefined);
        return this.#answer(undefined);
      } catch (error) {
        if (!(error instanceof Divergence)) throw error;
        if (this.#furthest === undefined || error.at > this.#furthest.at) this.#furthest = error;
        if (!this.#backtrack()) return this.#answer(this.#furthest);
      }
    }
  }

  /** Takes an event, or puts it off: what a task waits for may be another CPU's event whose time is a little later. */
  #turn(at: number): void {
    const event = this.#events[at];
    if (event === undefined || event.type === 'loss') return;
    this.#catchUp(event.at);
    if (this.#state.deferred.some((other) => this.#events[other]?.cpu === event.cpu)) this.#state.deferred.push(at);
    else this.#try(at);
    if (this.#state.deferred.length > 0) this.#retry();
  }

  #try(at: number): boolean {
    const event = this.#events[at];
    if (event === undefined || event.type === 'loss') return true;
    this.#at = at;
    try {
      this.#take(event);
      return true;
    } catch (error) {
      if (!(error instanceof Divergence) || !error.waits) throw error;
      this.#state.deferred.push(at);
      return false;
    }
  }

  /** Events that were put off, in their CPU's order. */
  #retry(): void {
    for (let went = true; went; ) {
      went = false;
      const deferred = this.#state.deferred.toSorted((a, b) => a - b);
      const blocked = new Set<number>();
      this.#state.deferred = [];
      for (const at of deferred) {
        const cpu = this.#events[at]?.cpu ?? 0;
        if (blocked.has(cpu)) this.#state.deferred.push(at);
        else if (this.#try(at)) went = true;
        else blocked.add(cpu);
      }
      if (this.#state.deferred.length === 0) return;
    }
  }

  /** What has been put off too long is a divergence. */
  #catchUp(now: bigint | undefined): void {
    for (const at of this.#state.deferred) {
      const event = this.#events[at];
      if (event === undefined || event.type === 'loss' || (now !== undefined && now - event.at <= SLACK)) continue;
      this.#at = at;
      this.#take(event);
      this.#state.deferred = this.#state.deferred.filter((other) => other !== at);
    }
  }

  #answer(divergence: Divergence | undefined): Followed {
    const { matched, passed, silent, unknown } = this.#state;
    return {
      divergence,
      consumed: divergence === undefined ? this.#events.length : divergence.at,
      matched,
      passed,
      silent,
      unknown,
      steps: this.#driver.steps,
      frontier: this.#frontier,
      choices: this.#tries,
    };
  }

  // ---- choices -------------------------------------------------------------------------------------------------

  #backtrack(): boolean {
    for (;;) {
      const choice = this.#choices.at(-1);
      if (choice === undefined || this.#tries >= MOST_TRIES) return false;
      const option = choice.options[choice.next];
      if (option === undefined) {
        this.#choices.pop();
        continue;
      }
      choice.next++;
      this.#tries++;
      this.#driver.restore(choice.saved);
      this.#state = choice.state.copy();
      this.#at = choice.at;
      try {
        this.#begins(choice.pid, option);
        if (this.#state.next === choice.at) this.#state.next++;
        return true;
      } catch (error) {
        if (!(error instanceof Divergence)) throw error;
        if (this.#furthest === undefined || error.at > this.#furthest.at) this.#furthest = error;
      }
    }
  }

  // ---- counting ------------------------------------------------------------------------------------------------

  #match(kind: EventKind): void {
    count(this.#state.matched, kind);
  }

  #pass(kind: EventKind): void {
    count(this.#state.passed, kind);
  }

  #silently(kind: SilentKind, times = 1): void {
    count(this.#state.silent, kind, times);
  }

  #diverge(why: Omit<DivergenceWhy, 'frontier'>, waits = false): never {
    throw new Divergence(this.#at, { ...why, frontier: this.#ledgers() }, waits);
  }

  /** What each CPU's batch holds in the model, for the report. */
  #ledgers(): readonly string[] {
    const { cpus } = this.#state;
    return cpus.flatMap((_, cpu) => {
      const names = this.#driver.batch(cpu).map((of) => this.#nameOf(of));
      return names.length === 0 ? [] : [`lru_add of CPU ${cpu}: ${names.length} folios: ${shortened(names)}`];
    });
  }

  #nameOf(of: number): string {
    const name = this.#state.pfnOf.get(of);
    return name === undefined ? `folio ${of}` : `pfn 0x${name.toString(16)}`;
  }

  // ---- events --------------------------------------------------------------------------------------------------

  #cpu(cpu: number): CpuState {
    const state = this.#state.cpus[cpu];
    if (state === undefined) throw new Error(`no CPU ${cpu}`);
    return state;
  }

  #take(event: Exclude<KernelEvent, { readonly type: 'loss' }>): void {
    const kind = kindOf(event);
    const here = this.#cpu(event.cpu);
    if (here.isLost && this.#stillLost(event, here)) {
      count(this.#state.unknown, kind);
      return;
    }
    this.#undisturbed(event, here);
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
        this.#added(event);
        break;
      case 'mm_filemap_delete_from_page_cache':
        this.#deleted(event);
        break;
      case 'mm_lru_insertion':
        this.#inserted(event);
        break;
      case 'workqueue_queue_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
        this.#worked(event);
        break;
      case 'syscall-enter':
        this.#entered(event);
        break;
      case 'syscall-exit':
        this.#exited(event);
        break;
      case 'page-reference':
        this.#referenced(event);
        break;
      case 'workqueue_activate_work':
      case 'marker':
      case 'mm_page_free':
      case 'sched_switch':
      case 'sched_wakeup':
        this.#pass(kind);
    }
  }

  /** A flush has the CPU: no other task runs there until its last insertion. */
  #undisturbed(event: Exclude<KernelEvent, { readonly type: 'loss' }>, here: CpuState): void {
    if (here.flusher === undefined || event.type === 'mm_lru_insertion' || event.type === 'page-reference') return;
    // Work may be queued from an interrupt.
    if (event.type === 'workqueue_queue_work') return;
    const rest = this.#advance(here.flusher);
    if (rest.at === 'shows')
      this.#diverge({
        allowed: `the flush of CPU ${event.cpu} goes on: ${this.#say(rest.shown)}`,
        guard: `the model's batch held ${this.#driver.batched(event.cpu)} folios when its flush began (profile: ${this.#options.profile.batchSize} fill it)`,
      });
  }

  #added(event: FilemapEvent): void {
    const { pid, cpu, pfn } = event;
    const inode = this.#inodeOf(event);
    const mine = this.#proceed(pid, cpu, (shown) => shown.kind === 'add');
    if (mine !== undefined) {
      this.#confirm(mine, event, inode);
      return;
    }
    this.#leaveUnseen(pfn);
    if (inode === undefined) {
      const slot = this.#slot();
      const running = this.#start(pid, cpu, 'other-add', [0, slot], { adding: this.#at });
      const rest = this.#first(running);
      this.#expect(running, rest, 'add');
      this.#show(running.task);
      this.#name({ pfn, folio: slot, inode: 0, index: slot, kind: 'other', aside: false });
      this.#match('add');
      this.#afterwards(running);
      return;
    }
    const present = this.#driver.at(inode, event.index);
    if (present !== undefined) {
      if (this.#recording.has('delete') && this.#recording.losses.length === 0)
        this.#diverge(
          {
            allowed: 'no addition of a page that the page cache has',
            guard: `i_pages[${event.index}] is ${this.#nameOf(present)}, expected none`,
          },
          true,
        );
      this.#removeUnseen(inode, event.index, present);
    }
    const running = this.#beginAllocation(event, inode);
    const rest = this.#first(running);
    if (rest.at === 'shows' && rest.shown[0]?.kind === 'reference') {
      // Its allocation is recorded only from the middle on.
      this.#diverge({ allowed: this.#say(rest.shown), guard: 'the next step of the task shows another event' });
    }
    this.#expect(running, rest, 'add');
    this.#confirm({ running, shown: rest.at === 'shows' ? rest.shown : [] }, event, inode);
  }

  /** The call that adds a page of a guest_memfd: an allocation of a range, if its system call is recorded, or a fault. */
  #beginAllocation(event: FilemapEvent, inode: number): Running {
    const { pid, cpu } = event;
    const call = this.#state.syscalls.get(pid);
    const [, mode = 0n, offset = 0n, length = 0n] = call?.args ?? [];
    const from = Number(offset / PAGE_SIZE);
    const to = Math.min(this.#pages, Number((offset + length + PAGE_SIZE - 1n) / PAGE_SIZE));
    const isRange =
      call?.name === 'fallocate' &&
      (Number(mode) & FALLOC_FL_PUNCH_HOLE) === 0 &&
      event.index >= from &&
      event.index < to;
    this.#driver.setAttributes(inode, 0);
    if (!isRange)
      return this.#start(pid, cpu, call?.name === 'fallocate' ? 'fallocate' : 'touch', [inode, event.index, 1], {
        adding: this.#at,
      });
    this.#seed(pid, inode, from, to, 'mm_filemap_add_to_page_cache');
    return this.#start(pid, cpu, 'fallocate', [inode, from, to - from], { adding: this.#at });
  }

  /**
   * Pages of a range that the recording does not show being added, or removed, by this call although the model would:
   * they were there, or gone, before the recording began.
   */
  #seed(pid: number, inode: number, from: number, to: number, type: FilemapEvent['type']): void {
    const own = new Set<number>();
    for (let at = this.#at; at !== -1; at = this.#plan.next[at] ?? -1) {
      const event = this.#events[at];
      if (event === undefined || (event.type === 'syscall-exit' && event.pid === pid)) break;
      if (event.type === type && this.#inodeOf(event) === inode) own.add(event.index);
    }
    if (type === 'mm_filemap_add_to_page_cache') {
      for (let index = from; index < to; index++) {
        if (
          own.has(index) ||
          this.#driver.at(inode, index) !== undefined ||
          this.#knownGone.has(inode * this.#pages + index)
        )
          continue;
        this.#driver.putBack(this.#pageFolio(inode, index), inode, index);
        this.#silently('present before the recording');
      }
    }
  }

  readonly #knownGone = new Set<number>();

  #pageFolio(inode: number, index: number): number {
    const preferred = inode * this.#pages + index;
    return preferred;
  }

  #confirm(
    { running, shown }: { running: Running; shown: readonly Shown[] },
    event: FilemapEvent,
    inode: number | undefined,
  ): void {
    const [first] = shown;
    const isAdd = event.type === 'mm_filemap_add_to_page_cache';
    if (
      first === undefined ||
      first.kind !== (isAdd ? 'add' : 'delete') ||
      inode !== first.inode ||
      (inode !== undefined && first.index !== event.index)
    )
      this.#diverge({ allowed: this.#say(shown), guard: 'the next step of the task shows another event' });
    const known = this.#state.pfnOf.get(first.folio);
    if (!isAdd && known !== undefined && known !== event.pfn)
      this.#diverge({
        allowed: this.#say(shown),
        guard: `i_pages[${first.index}] is ${this.#nameOf(first.folio)}, expected pfn 0x${event.pfn.toString(16)}`,
      });
    this.#show(running.task);
    if (isAdd) {
      this.#knownGone.delete(first.inode * this.#pages + first.index);
      this.#name({
        pfn: event.pfn,
        folio: first.folio,
        inode: first.inode,
        index: first.index,
        kind: 'file',
        aside: false,
      });
      this.#set(running, { adding: this.#at });
    } else this.#knownGone.add(first.inode * this.#pages + first.index);
    this.#match(isAdd ? 'add' : 'delete');
    this.#afterwards(this.#state.running.get(running.pid) ?? running);
  }

  #deleted(event: FilemapEvent): void {
    const { pid, cpu, pfn } = event;
    const inode = this.#inodeOf(event);
    const mine = this.#proceed(pid, cpu, (shown) => shown.kind === 'delete');
    if (mine !== undefined) {
      this.#confirm(mine, event, inode);
      return;
    }
    if (inode === undefined) {
      let live = this.#state.live.get(pfn);
      if (live === undefined || live.kind !== 'other' || live.aside) {
        if (live?.kind !== 'other') this.#silently('present before the recording');
        const slot = this.#slot();
        live = { pfn, folio: slot, inode: 0, index: slot, kind: 'other', aside: false };
        this.#driver.putBack(slot, 0, slot);
        this.#name(live);
      }
      const running = this.#start(pid, cpu, 'other-delete', [0, live.index]);
      const rest = this.#first(running);
      this.#expect(running, rest, 'delete');
      this.#show(running.task);
      this.#match('delete');
      this.#afterwards(running);
      if (this.#driver.isFree(live.folio)) this.#unname(live);
      return;
    }
    const { from, to } = this.#holeAt(event, inode);
    const running = this.#start(pid, cpu, 'punch_hole', [inode, from, to - from]);
    const rest = this.#first(running);
    this.#expect(running, rest, 'delete');
    this.#confirm({ running, shown: rest.at === 'shows' ? rest.shown : [] }, event, inode);
  }

  /** The pages that a task's deletions cover, up to its next event of another kind; unknown ones were there before. */
  #holeAt(event: FilemapEvent, inode: number): { readonly from: number; readonly to: number } {
    let last = event.index - 1;
    let deleted = 0;
    for (let at = this.#at; at !== -1; at = this.#plan.next[at] ?? -1) {
      const next = this.#events[at];
      if (next === undefined) break;
      if (next.type === 'page-reference') continue;
      // The release of a round drains, and a round that is not full is the last.
      if (next.type === 'mm_lru_insertion' && deleted % this.#options.profile.batchSize === 0) continue;
      if (next.type !== 'mm_filemap_delete_from_page_cache' || this.#inodeOf(next) !== inode || next.index <= last)
        break;
      if (deleted > 0 && this.#hasPages(inode, last + 1, next.index)) break;
      deleted++;
      if (this.#driver.at(inode, next.index) === undefined) {
        const folio = this.#pageFolio(inode, next.index);
        this.#driver.putBack(folio, inode, next.index);
        this.#name({ pfn: next.pfn, folio, inode, index: next.index, kind: 'file', aside: false });
        this.#silently('present before the recording');
      }
      last = next.index;
    }
    const call = this.#state.syscalls.get(event.pid);
    const [, , offset = 0n, length = 0n] = call?.args ?? [];
    if (call?.name !== 'fallocate') return { from: event.index, to: last + 1 };
    const from = Number((offset + PAGE_SIZE - 1n) / PAGE_SIZE);
    const to = Math.min(this.#pages, Number((offset + length) / PAGE_SIZE));
    return from <= event.index && last < to ? { from, to } : { from: event.index, to: last + 1 };
  }

  #hasPages(inode: number, from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.#driver.at(inode, index) !== undefined) return true;
    return false;
  }

  // ---- insertions ----------------------------------------------------------------------------------------------

  #inserted(event: LruInsertion): void {
    const { cpu } = event;
    const here = this.#cpu(cpu);
    const burst = this.#plan.burstOf.get(this.#at);
    if (burst === undefined) throw new Error('an insertion is in no burst');
    if (here.flusher === undefined) this.#flushBegins(event, burst);
    const { flusher } = here;
    if (flusher === undefined) throw new Error('no task flushes');
    const owner = this.#ownerOf(flusher);
    if (owner !== undefined && owner !== event.pid)
      this.#diverge({
        allowed: `the flush of CPU ${cpu} is task ${owner}'s`,
        guard: `cpu_fbatches.lock of CPU ${cpu} is held by task ${owner}, expected task ${event.pid}`,
      });
    const rest = this.#advance(flusher);
    const shown = rest.at === 'shows' ? rest.shown : [];
    const [first] = shown;
    if (first?.kind !== 'insertion')
      this.#diverge({
        allowed: rest.at === 'shows' ? this.#say(shown) : 'no further insertion by this flush',
        guard: `the model's batch is empty at this place`,
      });
    if (this.#state.pfnOf.get(first.folio) !== event.pfn)
      this.#diverge({
        allowed: this.#say(shown),
        guard: `lru_add of CPU ${cpu}, next entry: ${this.#nameOf(first.folio)}, expected pfn 0x${event.pfn.toString(16)}`,
      });
    this.#show(flusher);
    this.#match('insertion');
    here.inserted.push(first.folio);
    if (burst.entries.at(-1)?.event === this.#at) {
      const number = this.#plan.bursts[cpu]?.indexOf(burst, here.burst) ?? here.burst;
      here.burst = number + 1;
      here.placed = 0;
    }
    this.#flushGoesOn(cpu);
  }

  /** After an event of a flush: on to the next one, or its end. */
  #flushGoesOn(cpu: number): void {
    const here = this.#cpu(cpu);
    const { flusher } = here;
    if (flusher === undefined) return;
    const rest = this.#advance(flusher);
    if (this.#driver.isLocked(cpu)) return;
    here.flusher = undefined;
    this.#settle(here);
    const owner = this.#ownerOf(flusher);
    const running = owner === undefined ? undefined : this.#state.running.get(owner);
    if (running === undefined) {
      if (rest.at === 'idle') this.#release(flusher);
      else this.#anonymousEnds(flusher);
    } else this.#rested(running, rest);
    this.#pump(cpu);
  }

  #anonymousEnds(task: number): void {
    if (task >= MOST_TASKS) return;
    for (;;) {
      const rest = this.#advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') break;
      if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'return') return;
      this.#show(task);
    }
    this.#release(task);
  }

  /** Folios of other memory that are on the LRU now, and which nothing but their user or the page cache holds. */
  #settle(here: CpuState): void {
    for (const of of here.inserted) {
      const name = this.#state.pfnOf.get(of);
      const live = name === undefined ? undefined : this.#state.live.get(name);
      if (live?.folio === of && live.kind === 'file') continue;
      if (this.#driver.references(of) !== 1) continue;
      if (live === undefined || live.folio !== of) {
        this.#driver.putAside(of, 0, undefined);
        this.#state.pfnOf.delete(of);
        this.#state.freeSlots.push(of);
        continue;
      }
      if (live.kind === 'unseen') {
        this.#driver.putAside(of, 0, undefined);
        this.#unname(live);
      } else {
        this.#driver.putAside(of, 0, live.index);
        this.#state.pfnOf.delete(of);
        this.#state.freeSlots.push(live.folio);
        this.#state.live.set(live.pfn, { ...live, aside: true, folio: -1, index: -1 });
      }
    }
    here.inserted = [];
  }

  /** The flush that shows the event begins: what its burst shows is in the batch, and a task drains or fills it. */
  #flushBegins(event: LruInsertion, burst: Burst): void {
    const { cpu, pid } = event;
    const here = this.#cpu(cpu);
    this.#place(cpu, burst.entries.length);
    if (here.flusher !== undefined) return;
    const mine = this.#state.running.get(pid);
    if (mine !== undefined && mine.adding === undefined) {
      // The task's own call drains.
      for (;;) {
        const rest = this.#advance(mine.task, { enters: true, looks: true });
        if (isFlush(rest)) {
          here.flusher = mine.task;
          return;
        }
        if (
          rest.at === 'shows' &&
          rest.shown[0]?.kind === 'return' &&
          mine.conversion === undefined &&
          !this.#state.syscalls.has(pid)
        ) {
          this.#show(mine.task);
          continue;
        }
        if (rest.at === 'idle') {
          this.#finished(mine);
          break;
        }
        this.#diverge({
          allowed: rest.at === 'shows' ? this.#say(rest.shown) : 'no flush by this task',
          guard: this.#sayRest(mine, rest),
        });
      }
    } else if (mine !== undefined) this.#finish(mine, event);
    if (here.flusher !== undefined) return;
    const worker = this.#driver.worker(cpu);
    if (this.#isWorker(event, cpu)) {
      const rest = this.#advance(worker, { enters: true });
      if (isFlush(rest)) {
        here.flusher = worker;
        return;
      }
      if (this.#state.works.get(pid) === cpu)
        this.#diverge({
          allowed: rest.at === 'shows' ? this.#say(rest.shown) : 'no insertion by this work',
          guard: `the worker of CPU ${cpu} finds ${this.#driver.batched(cpu)} folios in its batch`,
        });
    }
    if (mine !== undefined && (mine.conversion !== undefined || this.#isOfSyscall(mine)))
      this.#diverge({
        allowed: 'no insertion by this call',
        guard: `task ${pid} is within ${mine.code}, which does not drain here`,
      });
    if (this.#driver.batched(cpu) === 0)
      this.#diverge({
        allowed: 'no insertion on this CPU',
        guard: `cpu_fbatches.lru_add.nr of CPU ${cpu} is 0, expected > 0`,
      });
    // A drain by this task that no event shows.
    const running = this.#start(pid, cpu, 'lru_add_drain', []);
    this.#silently('local drain');
    const rest = this.#advance(running.task, { enters: true });
    if (!isFlush(rest)) this.#diverge({ allowed: 'no insertion by a drain', guard: this.#sayRest(running, rest) });
    here.flusher = running.task;
  }

  #isWorker({ comm, pid }: LruInsertion, cpu: number): boolean {
    if (this.#state.works.get(pid) === cpu) return true;
    return !this.#kinds.has('work-begun') && comm?.startsWith('kworker/') === true;
  }

  // ---- the plan ------------------------------------------------------------------------------------------------

  /** Brings the burst's first entries into the batch, up to `wanted` of them; the flush may begin meanwhile. */
  #place(cpu: number, wanted: number): void {
    const here = this.#cpu(cpu);
    const burst = this.#plan.bursts[cpu]?.[here.burst];
    if (burst === undefined) return;
    while (here.placed < wanted && here.flusher === undefined) {
      const entry = burst.entries[here.placed];
      if (entry === undefined) return;
      if (entry.added === undefined) this.#placeUnseen(cpu, insertionAt(this.#events, entry.event).pfn);
      else if (entry.added < this.#at || this.#state.waiting.has(entry.added)) {
        const pid = this.#state.waiting.get(entry.added);
        if (pid === undefined) {
          // Its addition was in an unknown part of the recording.
          const { pfn } = insertionAt(this.#events, entry.event);
          const live = this.#state.live.get(pfn);
          if (live === undefined || live.aside) this.#placeUnseen(cpu, pfn);
          else
            this.#diverge({
              allowed: `pfn 0x${pfn.toString(16)} is not about to enter the batch of CPU ${cpu}`,
              guard: this.#whereIs(live),
            });
        } else this.#enter(pid, cpu);
      } else return;
      here.placed++;
    }
  }

  #whereIs(live: Live): string {
    for (const [cpu] of this.#state.cpus.entries())
      if (this.#driver.batch(cpu).includes(live.folio)) return `it is in the batch of CPU ${cpu}`;
    return this.#driver.isOnLru(live.folio) ? 'PG_lru is set: it has been inserted' : 'it is in no batch';
  }

  /** Lets tasks go on whose folios are next in their CPU's batch. What fills it waits for the burst. */
  #pump(cpu: number): void {
    const here = this.#cpu(cpu);
    for (;;) {
      if (here.flusher !== undefined || this.#driver.isLocked(cpu)) return;
      const burst = this.#plan.bursts[cpu]?.[here.burst];
      if (burst === undefined) return;
      let next = here.placed;
      while (next < burst.entries.length && burst.entries[next]?.added === undefined) next++;
      const entry = burst.entries[next];
      if (entry?.added === undefined || !this.#state.waiting.has(entry.added)) return;
      const fills = this.#driver.batched(cpu) + next + 1 - here.placed >= this.#options.profile.batchSize;
      if (fills && next === burst.entries.length - 1) return;
      this.#place(cpu, next + 1);
    }
  }

  /** A folio of unobserved memory enters a batch: the burst of the next flush shows it. */
  #placeUnseen(cpu: number, pfn: number): void {
    const slot = this.#slot();
    const task = this.#task();
    this.#driver.migrate(task, cpu);
    this.#driver.start(task, 'anonymous-add', [slot]);
    const before = this.#state.live.get(pfn);
    if (before === undefined || before.kind === 'unseen') {
      this.#name({ pfn, folio: slot, inode: 0, index: slot, kind: 'unseen', aside: false });
      this.#silently('folio of unobserved memory');
    } else {
      // A page of a file comes again: it was isolated, and put back. Another folio stands in for it in the batch.
      this.#state.pfnOf.set(slot, pfn);
      this.#silently('isolated and put back');
    }
    const rest = this.#advance(task, { enters: true });
    if (rest.at === 'idle') this.#release(task);
    else if (isFlush(rest)) this.#cpu(cpu).flusher = task;
    else
      this.#diverge({
        allowed: 'no folio of unobserved memory here',
        guard: `cpu_fbatches.lock of CPU ${cpu} is held`,
      });
  }

  /** A task that is about to add a folio to a batch does so. */
  #enter(pid: number, cpu: number): void {
    const running = this.#state.running.get(pid);
    if (running?.adding === undefined) throw new Error('the task adds nothing');
    this.#state.waiting.delete(running.adding);
    if (!this.#driver.migrate(running.task, cpu))
      this.#diverge({ allowed: 'the task stays on its CPU', guard: 'preempt_count is not 0' });
    this.#set(running, { adding: undefined });
    const rest = this.#advance(running.task, { enters: true });
    if (rest.at === 'waits')
      this.#diverge({ allowed: 'the task waits for the batch', guard: `cpu_fbatches.lock of CPU ${cpu} is held` });
    if (isFlush(rest)) {
      this.#cpu(cpu).flusher = running.task;
      return;
    }
    const now = this.#state.running.get(pid);
    if (now !== undefined) this.#rested(now, rest);
  }

  // ---- tasks ---------------------------------------------------------------------------------------------------

  #ownerOf(task: number): number | undefined {
    for (const { task: other, pid } of this.#state.running.values()) if (other === task) return pid;
    for (const [pid, cpu] of this.#state.works) if (this.#driver.worker(cpu) === task) return pid;
    return undefined;
  }

  #start(pid: number, cpu: number, code: CodeName, args: readonly number[], more: Partial<Running> = {}): Running {
    const task = this.#task();
    this.#driver.migrate(task, cpu);
    this.#driver.start(task, code, args);
    const [inode = 0, index = 0] = args;
    if (code === 'touch') this.#state.shared.add(inode * this.#pages + index);
    const running: Running = { task, pid, code, ...more };
    this.#state.running.set(pid, running);
    return running;
  }

  #set(running: Running, more: Partial<Running>): Running {
    const changed = { ...running, ...more };
    this.#state.running.set(running.pid, changed);
    return changed;
  }

  #task(): number {
    const task = this.#state.free.pop();
    if (task === undefined)
      this.#diverge({ allowed: 'no further task', guard: `${MOST_TASKS} tasks are within calls` });
    return task;
  }

  #release(task: number): void {
    if (task < MOST_TASKS) this.#state.free.push(task);
  }

  #finished(running: Running): void {
    if (running.adding !== undefined) this.#state.waiting.delete(running.adding);
    this.#state.running.delete(running.pid);
    this.#release(running.task);
  }

  /** Runs a task until it rests. A drain of all CPUs finds work where the recording shows that it did. */
  #advance(task: number, how: { readonly enters?: boolean; readonly looks?: boolean } = {}): Rest {
    const owed = this.#state.owed.get(task);
    if (owed !== undefined) return { at: 'shows', shown: owed };
    let rest = this.#driver.advance(task, how);
    for (let rounds = 0; rest.at === 'asks'; rounds++) {
      const step = this.#driver.next(task);
      if (rounds >= MOST_ROUNDS && step !== undefined) return { at: 'waits', step };
      const pid = this.#ownerOf(task);
      if (pid !== undefined) this.#needed(pid);
      rest = this.#driver.advance(task, { ...how, enters: false, asks: true });
    }
    return rest;
  }

  /** A task shows what it stands before: one event; another of the same step is owed. */
  #show(task: number): void {
    const owed = this.#state.owed.get(task);
    if (owed !== undefined) {
      if (owed.length === 1) this.#state.owed.delete(task);
      else this.#state.owed.set(task, owed.slice(1));
      return;
    }
    const rest = this.#driver.advance(task);
    this.#driver.take(task);
    if (rest.at === 'shows' && rest.shown.length > 1) this.#state.owed.set(task, rest.shown.slice(1));
  }

  /** Runs a task to the first event of its call; others give it the locks that it waits for. */
  #first(running: Running): Rest {
    for (;;) {
      const rest = this.#advance(running.task);
      if (rest.at !== 'waits' || !this.#help(running.pid)) return rest;
    }
  }

  /** After an event of a task: it goes on until something must be decided. */
  #afterwards(running: Running): void {
    this.#rested(running, this.#advance(running.task));
  }

  #rested(running: Running, rest: Rest): void {
    switch (rest.at) {
      case 'idle':
        this.#finished(running);
        return;
      case 'batch-lock': {
        if (running.adding !== undefined) {
          this.#state.waiting.set(running.adding, running.pid);
          this.#arriving(running, running.adding);
          return;
        }
        // A drain: of an empty batch it shows nothing, unless the task's own insertions come next.
        const cpu = this.#driver.cpuOf[running.task] ?? 0;
        if (this.#passes(cpu) && this.#nextOf(running.pid)?.type !== 'mm_lru_insertion')
          this.#rested(running, this.#advance(running.task, { enters: true }));
        return;
      }
      case 'shows': {
        // The end of a call that no system call event shows.
        const isEnd = rest.shown[0]?.kind === 'return';
        if (isEnd && running.conversion === undefined && !this.#isOfSyscall(running)) {
          this.#show(running.task);
          this.#afterwards(running);
        }
        return;
      }
      case 'look':
        if (running.conversion?.timing === 'early') this.#rested(running, this.#advance(running.task, { looks: true }));
        break;
      case 'asks':
      case 'waits':
    }
  }

  #isOfSyscall(running: Running): boolean {
    return (running.code === 'fallocate' || running.code === 'punch_hole') && this.#state.syscalls.has(running.pid);
  }

  /** The next event of a task after the present one. */
  #nextOf(pid: number): KernelEvent | undefined {
    return this.#events[this.#nextPlaceOf(pid)];
  }

  #nextPlaceOf(pid: number): number {
    const here = this.#events[this.#at];
    if (here !== undefined && here.type !== 'loss' && here.pid === pid) return this.#plan.next[this.#at] ?? -1;
    for (let at = this.#at + 1; at < Math.min(this.#events.length, this.#at + LOOK_AHEAD); at++) {
      const event = this.#events[at];
      if (event !== undefined && event.type !== 'loss' && event.pid === pid) return at;
    }
    return -1;
  }

  /** A task stands before the lock of the batch that its folio is to enter. */
  #arriving(running: Running, adding: number): void {
    const destination: Destination | undefined = this.#plan.destinations.get(adding);
    if (destination === undefined || destination === 'never inserted') {
      const cpu = this.#driver.cpuOf[running.task] ?? 0;
      if (this.#cpu(cpu).flusher === undefined && !this.#driver.isLocked(cpu)) this.#enter(running.pid, cpu);
      return;
    }
    this.#pump(destination.burst.cpu);
  }

  /**
   * The task's next event has come: it takes the steps that lead there.
   * @returns what it would show, if that is wanted; undefined if it has no call any more.
   */
  #proceed(
    pid: number,
    cpu: number,
    wanted: (shown: Shown) => boolean,
  ): { readonly running: Running; readonly shown: readonly Shown[] } | undefined {
    for (let turns = 0; ; turns++) {
      const running = this.#state.running.get(pid);
      if (running === undefined) return undefined;
      if (running.adding !== undefined && this.#state.waiting.has(running.adding)) {
        this.#force(running, running.adding);
        continue;
      }
      const rest = this.#advance(running.task, { enters: true, looks: true });
      switch (rest.at) {
        case 'idle':
          this.#finished(running);
          return undefined;
        case 'shows': {
          const [first] = rest.shown;
          if (first !== undefined && wanted(first)) {
            this.#driver.migrate(running.task, cpu);
            return { running, shown: rest.shown };
          }
          if (first?.kind === 'return' && running.conversion === undefined) {
            this.#show(running.task);
            continue;
          }
          this.#diverge({ allowed: this.#say(rest.shown), guard: this.#sayRest(running, rest) });
          break;
        }
        case 'waits':
          if (!this.#help(pid)) this.#diverge({ allowed: 'the task waits', guard: this.#sayRest(running, rest) }, true);
          break;
        case 'batch-lock':
        case 'look':
        case 'asks':
          // One lock at a time.
          if (turns > MOST_TURNS)
            this.#diverge({ allowed: 'the call goes round for ever', guard: this.#sayRest(running, rest) });
          break;
      }
    }
  }

  /** The folio must enter its batch now, because its task has gone on. */
  #force(running: Running, adding: number): void {
    const destination = this.#plan.destinations.get(adding);
    if (destination === undefined || destination === 'never inserted') {
      this.#enter(running.pid, this.#driver.cpuOf[running.task] ?? 0);
      return;
    }
    const { burst, place } = destination;
    const here = this.#cpu(burst.cpu);
    if (this.#plan.bursts[burst.cpu]?.[here.burst] !== burst) {
      // An earlier burst comes first, though the task has gone on.
      const { pfn } = additionAt(this.#events, adding);
      this.#diverge({
        allowed: `pfn 0x${pfn.toString(16)} enters the batch of CPU ${burst.cpu} only after a flush that is still to come`,
        guard: 'the task has gone on, so its folio is in the batch, and that flush would insert it',
      });
    }
    this.#place(burst.cpu, place + 1);
    if (this.#state.waiting.has(adding)) {
      const { pfn } = additionAt(this.#events, adding);
      this.#diverge({
        allowed: `the order of CPU ${burst.cpu}'s flush: folios that were added later stand before pfn 0x${pfn.toString(16)}`,
        guard: `its task has gone on, so it stands at place ${here.placed} at the latest, expected ${place}`,
      });
    }
  }

  /** A task of no event ends its call. */
  #finish(running: Running, event: LruInsertion): void {
    if (running.adding !== undefined && this.#state.waiting.has(running.adding)) this.#force(running, running.adding);
    const here = this.#cpu(event.cpu);
    if (here.flusher !== undefined) return;
    const now = this.#state.running.get(running.pid);
    if (now === undefined) return;
    const rest = this.#advance(now.task, { enters: true });
    if (rest.at === 'idle') this.#finished(now);
    else if (rest.at === 'shows' && rest.shown[0]?.kind === 'return') {
      this.#show(now.task);
      this.#afterwards(now);
    } else if (isFlush(rest)) here.flusher = now.task;
    else
      this.#diverge({
        allowed: rest.at === 'shows' ? this.#say(rest.shown) : 'no flush by this task',
        guard: this.#sayRest(now, rest),
      });
  }

  /** Lets the CPUs' workers and other tasks go on, where no event shows it. @returns whether one could. */
  #help(pid: number): boolean {
    const before = this.#driver.steps;
    for (const [cpu] of this.#state.cpus.entries()) {
      this.#advance(this.#driver.worker(cpu), { enters: this.#passes(cpu) });
    }
    for (const other of this.#state.running.values()) {
      if (other.pid === pid) continue;
      if (other.adding !== undefined && this.#state.waiting.has(other.adding)) continue;
      if (other.conversion?.timing === 'late') continue;
      this.#advance(other.task, { enters: this.#passes(this.#driver.cpuOf[other.task] ?? 0), looks: true });
    }
    return this.#driver.steps > before;
  }

  /** Whether a drain of a CPU shows nothing. */
  #passes(cpu: number): boolean {
    const isEmpty = this.#driver.batched(cpu) === 0 || !this.#kinds.has('insertion');
    return isEmpty && this.#cpu(cpu).flusher === undefined;
  }

  // ---- drains --------------------------------------------------------------------------------------------------

  #drainBegins(task: number): void {
    const owner = this.#ownerOf(task);
    const running = owner === undefined ? undefined : this.#state.running.get(owner);
    if (running?.conversion?.releasesAtDrain === true) this.#releaseOutside(running);
  }

  #releaseOutside(running: Running): void {
    const of = this.#state.outside.get(running.pid);
    if (of === undefined) return;
    this.#state.outside.delete(running.pid);
    this.#runToEnd('put', [of, 1]);
  }

  /** A call of a task of no event, from its begin to its end. */
  #runToEnd(code: CodeName, args: readonly number[], cpu = 0): boolean {
    const task = this.#task();
    this.#driver.migrate(task, cpu);
    this.#driver.start(task, code, args);
    const hidden = this.#kinds;
    for (;;) {
      const rest = this.#advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') break;
      if (rest.at !== 'shows') {
        this.#diverge({
          allowed: `no silent '${code}'`,
          guard: `it waits; ${hidden.size} kinds of events are recorded`,
        });
      }
      this.#show(task);
    }
    this.#release(task);
    return true;
  }

  #worked(event: WorkqueueEvent): void {
    const { pid, cpu } = event;
    if (event.type === 'workqueue_queue_work') {
      const target = event.requestedCpu ?? cpu;
      const isQueued = (shown: Shown): boolean => shown.kind === 'work-queued';
      let found = this.#proceed(pid, cpu, isQueued);
      if (found === undefined) {
        const running = this.#start(pid, cpu, 'lru_add_drain_all', []);
        this.#silently('drain of all CPUs');
        this.#afterwards(running);
        found = this.#proceed(pid, cpu, isQueued);
      }
      const [first] = found?.shown ?? [];
      if (found === undefined || first?.kind !== 'work-queued' || first.cpu !== target)
        this.#diverge({
          allowed: found === undefined ? 'no work by this task' : this.#say(found.shown),
          guard: `cpu_needs_drain(${target}) is false: lru_add ${this.#driver.batched(target)}`,
        });
      this.#show(found.running.task);
      this.#match('work-queued');
      this.#afterwards(found.running);
      return;
    }
    const worker = this.#driver.worker(cpu);
    const wanted = event.type === 'workqueue_execute_start' ? 'work-begun' : 'work-done';
    if (wanted === 'work-begun') {
      const rest = this.#advance(worker, { enters: true });
      if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'work-begun') {
        if (this.#recording.has('work-queued') && this.#seenQueue)
          this.#diverge(
            { allowed: `no work on CPU ${cpu}`, guard: `work of CPU ${cpu} is idle, expected queued` },
            true,
          );
        this.#pass('work-begun');
        return;
      }
      this.#show(worker);
      this.#state.works.set(pid, cpu);
      this.#match('work-begun');
      const after = this.#advance(worker);
      // Its own insertions come next, or its end.
      if (after.at === 'batch-lock' && this.#passes(cpu) && this.#nextOf(pid)?.type !== 'mm_lru_insertion')
        this.#advance(worker, { enters: true });
      return;
    }
    if (this.#state.works.get(pid) !== cpu) {
      this.#pass('work-done');
      return;
    }
    const rest = this.#advance(worker, { enters: true });
    if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'work-done')
      this.#diverge({
        allowed: rest.at === 'shows' ? this.#say(rest.shown) : 'no end of the work',
        guard: `the worker of CPU ${cpu} finds ${this.#driver.batched(cpu)} folios in its batch, expected 0`,
      });
    this.#show(worker);
    this.#state.works.delete(pid);
    this.#match('work-done');
    this.#advance(worker);
  }

  get #seenQueue(): boolean {
    return (this.#state.matched.get('work-queued') ?? 0) > 0;
  }

  /** CPUs for which the task queues work: something is in one of their batches, be it of memory that no event shows. */
  #needed(pid: number): void {
    let last = -1;
    const present = this.#events[this.#at];
    const isOwn = present !== undefined && present.type !== 'loss' && present.pid === pid;
    for (let at = isOwn ? this.#at : this.#nextPlaceOf(pid); at !== -1; at = this.#plan.next[at] ?? -1) {
      const event = this.#events[at];
      if (isOwn && at === this.#at && event?.type !== 'workqueue_queue_work') continue;
      if (event?.type === 'mm_lru_insertion') continue;
      if (event?.type !== 'workqueue_queue_work') return;
      const target = event.requestedCpu ?? event.cpu;
      // CPUs are asked in their order: what does not rise is of the next round.
      if (target <= last) return;
      last = target;
      if (this.#driver.batched(target) > 0 || this.#driver.hasOthers(target)) continue;
      const here = this.#cpu(target);
      const entry = this.#plan.bursts[target]?.[here.burst]?.entries[here.placed];
      const isInserted = entry !== undefined && entry.event < this.#endOfWork(target);
      if (isInserted && entry.added === undefined && here.flusher === undefined) this.#place(target, here.placed + 1);
      else if (!this.#driver.isLocked(target)) {
        this.#runToEnd('use_other_memory', [3], target);
        this.#silently('folio in another batch');
      }
    }
  }

  /** The place of the next end of a CPU's work. */
  #endOfWork(cpu: number): number {
    const until = Math.min(this.#events.length, this.#at + LOOK_AHEAD);
    for (let at = this.#at + 1; at < until; at++) {
      const event = this.#events[at];
      if (event?.cpu === cpu && event.type === 'workqueue_execute_end') return at;
    }
    return until;
  }

  // ---- system calls --------------------------------------------------------------------------------------------

  #entered(event: SyscallEnter): void {
    const { pid } = event;
    const mine = this.#state.running.get(pid);
    if (mine !== undefined) this.#proceed(pid, event.cpu, () => false);
    this.#state.syscalls.set(pid, event);
    if (event.name === 'fallocate') {
      this.#match('fallocate');
      return;
    }
    this.#match('conversion');
    const options = this.#conversionOptions(event);
    const [first] = options;
    if (first === undefined) return;
    this.#frontier = Math.max(this.#frontier, options.length);
    if (options.length > 1)
      this.#choices.push({
        at: this.#at,
        pid,
        saved: this.#driver.save(),
        state: this.#state.copy(),
        options,
        next: 1,
      });
    this.#begins(pid, first);
  }

  /** What the conversion may have been asked for: neither its range nor its inode is recorded. */
  #conversionOptions(event: SyscallEnter): readonly Asked[] {
    const own: KernelEvent[] = [];
    let returned: bigint | undefined;
    for (let at = this.#plan.next[this.#at] ?? -1; at !== -1; at = this.#plan.next[at] ?? -1) {
      const next = this.#events[at];
      if (next === undefined) break;
      if (next.type === 'syscall-exit' && next.name === event.name) {
        ({ returned } = next);
        break;
      }
      own.push(next);
    }
    if (returned === undefined) return [];
    return askedFor({
      returned,
      own,
      inodes: [...this.#inodes.values()].map((inode) => ({
        inode,
        pages: this.#presentPages(inode),
        most: this.#most.get(inode) ?? 0,
      })),
      pageOf: (pfn) => {
        const live = this.#state.live.get(pfn);
        return live?.kind === 'file' ? live : undefined;
      },
      showsReferences: this.#kinds.has('reference'),
      isShared: (inode, index) => this.#state.shared.has(inode * this.#pages + index),
    });
  }

  #presentPages(
    inode: number,
  ): readonly { readonly index: number; readonly folio: number; readonly isHeld: boolean }[] {
    const found = [];
    for (let index = 0; index < this.#pages; index++) {
      const of = this.#driver.at(inode, index);
      if (of === undefined) continue;
      const references = this.#driver.references(of);
      found.push({ index, folio: of, isHeld: references > 1 + Number(this.#driver.isMapped(of)) });
    }
    return found;
  }

  #begins(pid: number, asked: Asked): void {
    const event = this.#events[this.#at];
    const cpu = event === undefined || event.type === 'loss' ? 0 : event.cpu;
    if (asked.kind === 'refused') return;
    const { inode, from, to, toPrivate, held } = asked;
    this.#driver.setAttributes(inode, Number(asked.before === 'private'));
    if (held !== undefined) {
      this.#runToEnd('get', [held, 1]);
      this.#silently('unseen reference');
      this.#state.outside.set(pid, held);
    }
    const running = this.#start(pid, cpu, 'convert', [inode, from, to - from, Number(toPrivate), 1], {
      conversion: asked,
    });
    // It may wait for the invalidate lock, and for a CPU, until its next event.
    if (asked.timing !== 'late') this.#afterwards(running);
  }

  #exited(event: SyscallExit): void {
    const { pid, cpu } = event;
    const call = this.#state.syscalls.get(pid);
    if (call === undefined || call.name !== event.name) {
      this.#pass(event.name === 'ioctl' ? 'conversion' : 'fallocate');
      return;
    }
    const isConversion = event.name === 'ioctl';
    const mine = this.#state.running.get(pid);
    if (mine?.conversion !== undefined) {
      const found = this.#proceed(pid, cpu, (shown) => shown.kind === 'return');
      const [first] = found?.shown ?? [];
      const returned = first?.kind === 'return' ? RESULTS[first.result] : undefined;
      const expected = event.returned === 0n ? 'ok' : 'EAGAIN';
      if (found === undefined || returned !== expected)
        this.#diverge({
          allowed: `the conversion returns ${returned ?? 'nothing'}`,
          guard: `the check of ${this.#options.patch.name} of pages ${sayAsked(mine.conversion)}: expected ${expected}`,
        });
      this.#show(found.running.task);
      this.#afterwards(found.running);
      this.#releaseOutside(mine);
      this.#driver.setAttributes(mine.conversion.kind === 'refused' ? 0 : mine.conversion.inode, 0);
      this.#choices = this.#choices.filter((choice) => choice.pid !== pid);
      if (returned === 'ok') this.#converted(mine.conversion);
    } else if (mine !== undefined) this.#proceed(pid, cpu, () => false);
    this.#state.syscalls.delete(pid);
    this.#match(isConversion ? 'conversion' : 'fallocate');
  }

  #converted(asked: Asked): void {
    if (asked.kind === 'refused' || !asked.toPrivate) return;
    for (let index = asked.from; index < asked.to; index++)
      this.#state.shared.delete(asked.inode * this.#pages + index);
  }

  // ---- references ----------------------------------------------------------------------------------------------

  #referenced(event: PageReference): void {
    const { pid, cpu, pfn, operation, value } = event;
    if (operation === 'set') this.#nameEarly(event);
    const live = this.#state.live.get(pfn);
    if (live === undefined || live.kind !== 'file' || !this.#folioReferences.has(live.folio)) {
      this.#pass('reference');
      return;
    }
    const here = this.#cpu(cpu);
    if (operation === 'freeze' && here.flusher === undefined) {
      const at = this.#nextInsertion();
      const burst = at === undefined ? undefined : this.#plan.burstOf.get(at);
      if (at !== undefined && burst !== undefined) this.#flushBegins(insertionAt(this.#events, at), burst);
    }
    if (here.flusher !== undefined) {
      const owner = this.#ownerOf(here.flusher);
      if (owner === undefined || owner === pid) {
        this.#sameReference(here.flusher, event, this.#advance(here.flusher));
        this.#flushGoesOn(cpu);
        return;
      }
    }
    const mine = this.#proceed(pid, cpu, (shown) => shown.kind === 'reference');
    if (mine !== undefined) {
      this.#sameReference(mine.running.task, event, { at: 'shows', shown: mine.shown });
      this.#afterwards(mine.running);
      return;
    }
    const running = this.#beginReference(event, live);
    if (running === undefined) {
      this.#pass('reference');
      return;
    }
    this.#sameReference(running.task, event, this.#first(running));
    const users = this.#state.users.get(live.folio) ?? 0;
    if (running.code === 'get' || running.code === 'try-get') this.#state.users.set(live.folio, users + value);
    if (running.code === 'put') this.#state.users.set(live.folio, Math.max(0, users + value));
    this.#afterwards(running);
  }

  /** The call of a task that begins with a reference event. */
  #beginReference({ pid, cpu, operation, value, pfn }: PageReference, live: Live): Running | undefined {
    switch (operation) {
      case 'set': {
        const added = this.#additionOf(pfn);
        return added === undefined ? undefined : this.#beginAllocation({ ...added, pid, cpu }, live.inode);
      }
      case 'mod-unless': {
        // A fault finds the page in the page cache, and maps it; others keep the reference.
        const next = this.#nextOf(pid);
        const maps =
          next?.type === 'page-reference' && next.operation === 'mod' && next.value === 0 && next.pfn === pfn;
        this.#driver.setAttributes(live.inode, 0);
        if (maps) return this.#start(pid, cpu, 'touch', [live.inode, live.index, 1]);
        return this.#start(pid, cpu, 'try-get', [live.folio]);
      }
      case 'mod':
        return value > 0 ? this.#start(pid, cpu, 'get', [live.folio, value]) : undefined;
      case 'mod-and-test':
      case 'mod-and-return': {
        const isUser = (this.#state.users.get(live.folio) ?? 0) > 0;
        if (!isUser && this.#driver.isMapped(live.folio)) return this.#start(pid, cpu, 'zap', [live.inode, live.index]);
        return this.#start(pid, cpu, 'put', [live.folio, -value]);
      }
      case 'freeze':
      case 'unfreeze':
      case 'pinner-failure':
      case 'pinner-put':
        return undefined;
    }
  }

  #sameReference(task: number, event: PageReference, rest: Rest): void {
    const [shown] = rest.at === 'shows' ? rest.shown : [];
    const isSame =
      shown?.kind === 'reference' &&
      this.#state.pfnOf.get(shown.folio) === event.pfn &&
      shown.operation === event.operation &&
      shown.value === event.value &&
      (shown.returned ?? event.returned) === event.returned &&
      shown.count === event.count &&
      (!showsFlags(event) || shown.isOnLru === hasLru(event));
    if (!isSame)
      this.#diverge({
        allowed: rest.at === 'shows' ? this.#say(rest.shown) : 'no reference by this task',
        guard:
          shown?.kind === 'reference'
            ? `in the model count ${shown.count}, PG_lru ${Number(shown.isOnLru)}; expected count ${event.count}${showsFlags(event) ? `, PG_lru ${Number(hasLru(event))}` : ''}`
            : `the next step of the task shows another event`,
      });
    this.#show(task);
    this.#match('reference');
  }

  /** A folio is allocated: its addition comes, and says where it belongs. */
  #nameEarly({ pfn }: PageReference): void {
    const added = this.#additionOf(pfn);
    const inode = added === undefined ? undefined : this.#inodeOf(added);
    if (added === undefined || inode === undefined) return;
    const folio = this.#pageFolio(inode, added.index);
    if (!this.#driver.isFree(folio)) return;
    this.#folioReferences.add(folio);
    this.#name({ pfn, folio, inode, index: added.index, kind: 'file', aside: false });
  }

  #additionOf(pfn: number): FilemapEvent | undefined {
    for (
      let at = this.#plan.next[this.#at] ?? -1, seen = 0;
      at !== -1 && seen < 8;
      at = this.#plan.next[at] ?? -1, seen++
    ) {
      const event = this.#events[at];
      if (event?.type === 'mm_filemap_add_to_page_cache' && event.pfn === pfn) return event;
    }
    return undefined;
  }

  /** The insertion that the task's present flush shows next. */
  #nextInsertion(): number | undefined {
    for (let at = this.#plan.next[this.#at] ?? -1; at !== -1; at = this.#plan.next[at] ?? -1) {
      const event = this.#events[at];
      if (event?.type === 'mm_lru_insertion') return at;
      if (event?.type !== 'page-reference') return undefined;
    }
    return undefined;
  }

  // ---- folios --------------------------------------------------------------------------------------------------

  #inodeOf({ dev, ino }: FilemapEvent): number | undefined {
    return this.#inodes.get(`${dev} ${ino}`);
  }

  #slot(): number {
    const slot = this.#state.freeSlots.pop();
    if (slot === undefined)
      this.#diverge({ allowed: 'no further folio', guard: `${OTHER_SLOTS} folios are in batches` });
    if (!this.#driver.isFree(slot)) return this.#slot();
    return slot;
  }

  #name(live: Live): void {
    const before = this.#state.live.get(live.pfn);
    if (before !== undefined && before.folio !== live.folio) this.#unname(before);
    this.#state.live.set(live.pfn, live);
    this.#state.pfnOf.set(live.folio, live.pfn);
  }

  #unname(live: Live): void {
    this.#state.live.delete(live.pfn);
    if (live.folio < 0) return;
    this.#state.pfnOf.delete(live.folio);
    if (live.inode === 0 && this.#driver.isFree(live.folio)) this.#state.freeSlots.push(live.folio);
  }

  /** The frame's folio before is gone, and no event showed it. */
  #leaveUnseen(pfn: number): void {
    const live = this.#state.live.get(pfn);
    if (live === undefined) return;
    if (
      live.kind === 'file' &&
      this.#driver.at(live.inode, live.index) === live.folio &&
      this.#state.pfnOf.get(live.folio) === pfn &&
      this.#recording.has('delete') &&
      this.#recording.losses.length === 0
    )
      this.#diverge(
        {
          allowed: 'no addition of a frame that the page cache has',
          guard: `pfn 0x${pfn.toString(16)} is page ${live.index}, expected a free frame`,
        },
        true,
      );
    if (live.kind === 'other' && !live.aside) {
      this.#silently('left the page cache unseen');
      this.#runToEnd('other-delete', [0, live.index]);
    }
    this.#state.live.delete(pfn);
  }

  #removeUnseen(inode: number, index: number, of: number): void {
    this.#silently('left the page cache unseen');
    const name = this.#state.pfnOf.get(of);
    this.#runToEnd('other-delete', [inode, index]);
    if (name !== undefined) this.#state.live.delete(name);
    this.#state.pfnOf.delete(of);
  }

  // ---- losses --------------------------------------------------------------------------------------------------

  #lose(at: number): void {
    for (const cpu of this.#recording.lossAt.get(at) ?? []) {
      const here = this.#cpu(cpu);
      for (const running of this.#state.running.values())
        if (this.#driver.cpuOf[running.task] === cpu || running.conversion !== undefined) this.#abandon(running);
      if (here.flusher !== undefined) {
        this.#abandonTask(here.flusher);
        here.flusher = undefined;
      }
      this.#driver.forgetBatch(cpu);
      here.isLost = true;
      here.inserted = [];
      const { bursts } = this.#plan;
      while ((bursts[cpu]?.[here.burst]?.entries.at(-1)?.event ?? at) < at) here.burst++;
      here.placed = 0;
    }
  }

  #abandon(running: Running): void {
    this.#choices = this.#choices.filter(({ pid }) => pid !== running.pid);
    this.#abandonTask(running.task);
    this.#finished(running);
    this.#state.syscalls.delete(running.pid);
  }

  /** Runs a task to its end, whatever it would show. */
  #abandonTask(task: number): void {
    for (;;) {
      const rest = this.#advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') return;
      if (rest.at !== 'shows') return;
      this.#show(task);
      if (task >= MOST_TASKS && rest.shown[0]?.kind === 'work-done') return;
    }
  }

  /** After a loss: the CPU's first flush empties its batch, and from there on it is known again. */
  #stillLost(event: Exclude<KernelEvent, { readonly type: 'loss' }>, here: CpuState): boolean {
    const burst = this.#plan.burstOf.get(this.#at);
    if (burst === undefined) {
      if (event.type === 'mm_filemap_add_to_page_cache') {
        const destination = this.#plan.destinations.get(this.#at);
        if (destination !== undefined && destination !== 'never inserted') return true;
      }
      return true;
    }
    if (burst.entries.at(-1)?.event === this.#at) {
      here.isLost = false;
      here.burst = (this.#plan.bursts[event.cpu]?.indexOf(burst) ?? 0) + 1;
      here.placed = 0;
    }
    return true;
  }

  // ---- words ---------------------------------------------------------------------------------------------------

  #expect(running: Running, rest: Rest, kind: ShownKind): void {
    if (rest.at === 'shows' && rest.shown[0]?.kind === kind) return;
    this.#diverge({
      allowed: rest.at === 'shows' ? this.#say(rest.shown) : `no ${kind} by this task`,
      guard: this.#sayRest(running, rest),
    });
  }

  #say(shown: readonly Shown[]): string {
    return shown
      .map((one) => {
        switch (one.kind) {
          case 'add':
          case 'delete':
            return `${one.kind} of page ${one.index}${one.kind === 'delete' ? ` (${this.#nameOf(one.folio)})` : ''}`;
          case 'insertion':
            return `insertion of ${this.#nameOf(one.folio)}`;
          case 'work-queued':
            return `work queued on CPU ${one.cpu}`;
          case 'work-begun':
            return `work begun on CPU ${one.cpu}`;
          case 'work-done':
            return `work done on CPU ${one.cpu}`;
          case 'return':
            return `the call returns ${RESULTS[one.result]}`;
          case 'reference':
            return `page_ref ${one.operation} of ${this.#nameOf(one.folio)}: val ${one.value} count ${one.count}`;
        }
      })
      .join('; ');
  }

  #sayRest({ task, code, pid }: Running, rest: Rest): string {
    const step = this.#driver.next(task);
    const place = step === undefined ? 'its end' : `${step.path.at(-1) ?? code}.${step.name}`;
    return `task ${pid} stands in ${code} at ${place}${rest.at === 'waits' ? ', whose guard is false' : ''}`;
  }
}

/** Locks and looks of one task between two events: a range of a million pages has fewer. */
const MOST_TURNS = 100_000;
/** Drains of all CPUs by one task between two events. */
const MOST_ROUNDS = 100;
/** Nanoseconds by which the clocks of two CPUs may differ, and within which an event may wait for another CPU's. */
const SLACK = 100_000n;
/** Events within which a task's next one is looked for. */
const LOOK_AHEAD = 2000;

/** Text names the flags; a trace.dat has a number whose bits it does not name. */
const showsFlags = ({ flags }: PageReference): boolean => /[g-z]/.test(flags);
const hasLru = ({ flags }: PageReference): boolean => flags.split('|').includes('lru');

/** Whether a task stands before an insertion, or before the freeze that a flush tries first. */
const isFlush = (rest: Rest): boolean => rest.at === 'shows' && rest.shown.some(({ kind }) => kind === 'insertion');

const count = <T>(counts: Map<T, number>, kind: T, times = 1): void => {
  counts.set(kind, (counts.get(kind) ?? 0) + times);
};

const shortened = (names: readonly string[]): string =>
  names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, ... ${names.at(-1)}`;

const sayAsked = (asked: Asked): string => (asked.kind === 'refused' ? 'none' : `${asked.from} to ${asked.to - 1}`);

/** enum lru_list: LRU_UNEVICTABLE, where the folios of a guest_memfd go. */
const LRU_UNEVICTABLE = 4;

/** The inodes that are followed as guest_memfds: their folios are unevictable. */
function guestMemfds({ events }: Recording): {
  readonly inodes: readonly string[];
  readonly pages: number;
  readonly most: ReadonlyMap<string, number>;
} {
  const inodeOf = new Map<number, string>();
  const most = new Map<string, number>();
  const evictable = new Set<string>();
  const unevictable = new Set<string>();
  const deleted = new Set<number>();
  for (const event of events)
    if (event.type === 'mm_filemap_add_to_page_cache') {
      const key = `${event.dev} ${event.ino}`;
      inodeOf.set(event.pfn, key);
      deleted.delete(event.pfn);
      most.set(key, Math.max(most.get(key) ?? 0, event.index + 1));
      if (event.order > 0) evictable.add(key);
    } else if (event.type === 'mm_filemap_delete_from_page_cache') {
      deleted.add(event.pfn);
      const key = `${event.dev} ${event.ino}`;
      most.set(key, Math.max(most.get(key) ?? 0, event.index + 1));
    } else if (event.type === 'mm_lru_insertion') {
      const key = inodeOf.get(event.pfn);
      inodeOf.delete(event.pfn);
      if (key === undefined || deleted.has(event.pfn)) continue;
      (event.lru === LRU_UNEVICTABLE ? unevictable : evictable).add(key);
    }
  const inodes = [...unevictable].filter((key) => !evictable.has(key) && (most.get(key) ?? 0) <= MOST_PAGES);
  return { inodes, pages: Math.max(0, ...inodes.map((key) => most.get(key) ?? 0)), most };
}
