// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../ledger/index.ts';
import type { EventKind, SilentKind } from './answer.ts';
import { Batches } from './batches.ts';
import { Divergence } from './divergence.ts';
import { Drains } from './drains.ts';
import { Driver, MOST_TASKS, type ShownKind } from './driver.ts';
import { Flushes } from './flushes.ts';
import { Folios, OTHER_SLOTS } from './folios.ts';
import { count, Following, type FollowOptions } from './following.ts';
import { guestMemfds } from './guest-memfds.ts';
import { Losses } from './losses.ts';
import { PageCache } from './page-cache.ts';
import { planOf } from './plan.ts';
import { kindOf, type Recording } from './recording.ts';
import { References } from './references.ts';
import { SystemCalls } from './system-calls.ts';
import { Tasks } from './tasks.ts';

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
  /** Why a divergence decides nothing: what was given up because of a bound, and what would decide it. */
  readonly gaveUp: string | undefined;
}

/** Most alternatives that are tried for one recording: the bound that keeps it linear. */
const MOST_TRIES = 20_000;
/** Nanoseconds by which the clocks of two CPUs may differ, and within which an event may wait for another CPU's. */
const SLACK = 100_000n;

/** Kinds of events that are steps of the model, if the recording has them. */
const SHOWN = ['add', 'delete', 'insertion', 'work-queued', 'work-begun', 'work-done', 'reference'] as const;

/**
 * Follows a recording with the executable kernel: each task of the recording takes the kernel's own steps, until one
 * shows the event that the recording has. Order is exact within a task and a CPU.
 */
export class Follower {
  readonly #of: Following;
  readonly #flushes: Flushes;
  readonly #pageCache: PageCache;
  readonly #drains: Drains;
  readonly #calls: SystemCalls;
  readonly #references: References;
  readonly #losses: Losses;
  #tries = 0;
  #furthest: Divergence | undefined;

  constructor(recording: Recording, options: FollowOptions) {
    this.#of = followingOf(recording, options);
    const tasks = new Tasks(this.#of);
    const folios = new Folios(this.#of, tasks);
    const batches = new Batches(this.#of, tasks, folios);
    this.#flushes = new Flushes(this.#of, tasks, folios, batches);
    this.#pageCache = new PageCache(this.#of, tasks, folios);
    const drains = new Drains(this.#of, tasks, batches);
    const calls = new SystemCalls(this.#of, tasks);
    this.#drains = drains;
    this.#calls = calls;
    this.#references = new References(this.#of, tasks, folios, this.#flushes, this.#pageCache);
    this.#losses = new Losses(this.#of, tasks);
    tasks.onArrival = (running, adding) => batches.arriving(running, adding);
    tasks.onHurry = (running, adding) => batches.force(running, adding);
    tasks.onWait = (cpu) => batches.pump(cpu, true);
    tasks.onDrainAsks = (pid, cpu, yields) => drains.asks(pid, cpu, yields);
    batches.isKeptEmpty = (cpu) => drains.findsNothing(cpu);
    batches.onFill = (cpu) => drains.beforeFill(cpu);
    this.#of.driver.onDrain = (task) => calls.drainBegins(task);
    this.#of.driver.onEndless = (steps) =>
      this.#of.givesUp(`a task took ${steps} steps between two events`, 'a smaller range would');
  }

  follow(): Followed {
    for (;;) {
      try {
        while (this.#of.state.next < this.#of.events.length) {
          this.#losses.lose(this.#of.state.next);
          this.#turn(this.#of.state.next);
          this.#of.state.next++;
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
    const event = this.#of.events[at];
    if (event === undefined || event.type === 'loss') return;
    this.#catchUp(event.at);
    if (this.#of.state.deferred.some((other) => this.#of.events[other]?.cpu === event.cpu))
      this.#of.state.deferred.push(at);
    else this.#try(at);
    if (this.#of.state.deferred.length > 0) this.#retry();
  }

  #try(at: number): boolean {
    const event = this.#of.events[at];
    if (event === undefined || event.type === 'loss') return true;
    this.#of.at = at;
    try {
      this.#take(event);
      return true;
    } catch (error) {
      if (!(error instanceof Divergence) || !error.waits) throw error;
      this.#of.state.deferred.push(at);
      return false;
    }
  }

  /** Events that were put off, in their CPU's order. */
  #retry(): void {
    for (let went = true; went; ) {
      went = false;
      const deferred = this.#of.state.deferred.toSorted((a, b) => a - b);
      const blocked = new Set<number>();
      this.#of.state.deferred = [];
      for (const at of deferred) {
        const cpu = this.#of.events[at]?.cpu ?? 0;
        if (blocked.has(cpu)) this.#of.state.deferred.push(at);
        else if (this.#try(at)) went = true;
        else blocked.add(cpu);
      }
      if (this.#of.state.deferred.length === 0) return;
    }
  }

  /** What has been put off too long is a divergence. */
  #catchUp(now: bigint | undefined): void {
    for (const at of this.#of.state.deferred) {
      const event = this.#of.events[at];
      if (event === undefined || event.type === 'loss' || (now !== undefined && now - event.at <= SLACK)) continue;
      this.#of.at = at;
      this.#take(event);
      this.#of.state.deferred = this.#of.state.deferred.filter((other) => other !== at);
    }
  }

  #answer(divergence: Divergence | undefined): Followed {
    const { matched, passed, silent, unknown } = this.#of.state;
    return {
      divergence,
      consumed: divergence === undefined ? this.#of.events.length : divergence.at,
      matched,
      passed,
      silent,
      unknown,
      steps: this.#of.driver.steps,
      frontier: this.#of.frontier,
      choices: this.#tries,
      gaveUp: divergence === undefined ? undefined : this.#of.gaveUp,
    };
  }

  #backtrack(): boolean {
    for (;;) {
      const choice = this.#of.choices.at(-1);
      if (choice === undefined) return false;
      if (this.#tries >= MOST_TRIES) {
        this.#of.givesUp(
          `${MOST_TRIES} ways of what conversions may have been asked for were tried`,
          'page_ref events would',
        );
        return false;
      }
      const option = choice.options[choice.next];
      if (option === undefined) {
        this.#of.choices.pop();
        continue;
      }
      choice.next++;
      this.#tries++;
      this.#of.driver.restore(choice.saved);
      this.#of.state = choice.state.copy();
      this.#of.at = choice.at;
      try {
        this.#calls.begins(choice.pid, option);
        if (this.#of.state.next === choice.at) this.#of.state.next++;
        return true;
      } catch (error) {
        if (!(error instanceof Divergence)) throw error;
        if (this.#furthest === undefined || error.at > this.#furthest.at) this.#furthest = error;
      }
    }
  }

  #take(event: Exclude<KernelEvent, { readonly type: 'loss' }>): void {
    const kind = kindOf(event);
    const here = this.#of.cpu(event.cpu);
    if (here.isLost && this.#losses.stillLost(event, here)) {
      count(this.#of.state.unknown, kind);
      return;
    }
    this.#flushes.undisturbed(event, here);
    this.#drains.awaits(event);
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
        this.#pageCache.added(event);
        break;
      case 'mm_filemap_delete_from_page_cache':
        this.#pageCache.deleted(event);
        break;
      case 'mm_lru_insertion':
        this.#flushes.inserted(event);
        break;
      case 'workqueue_queue_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
        this.#drains.worked(event);
        break;
      case 'syscall-enter':
        this.#calls.entered(event);
        break;
      case 'syscall-exit':
        this.#calls.exited(event);
        break;
      case 'page-reference':
        this.#references.referenced(event);
        break;
      case 'workqueue_activate_work':
      case 'marker':
      case 'mm_page_free':
      case 'sched_switch':
      case 'sched_wakeup':
        this.#of.pass(kind);
    }
  }
}

/** The model, and what is known before the first event. */
function followingOf(recording: Recording, options: FollowOptions): Following {
  const cpus = Math.max(1, recording.cpus);
  const plan = planOf(recording, options.profile.batchSize, cpus);
  const found = guestMemfds(recording);
  const pages = Math.max(OTHER_SLOTS, found.pages);
  const kinds = new Set<ShownKind>([...SHOWN.filter((kind) => recording.has(kind)), 'return']);
  const driver = new Driver({
    ...options,
    cpus,
    tasks: MOST_TASKS,
    inodes: 1 + found.inodes.length,
    pages,
    shows: kinds,
    showsReferences: (folio) => of.folioReferences.has(folio),
    showsInsertion: (folio) =>
      !plan.hidesFiles || of.state.live.get(of.state.pfnOf.get(folio) ?? -1)?.kind === 'unseen',
  });
  const inodes = new Map(found.inodes.map((key, number) => [key, number + 1]));
  const most = new Map(found.inodes.map((key, number) => [number + 1, found.most.get(key) ?? 0]));
  const of = new Following({ recording, plan, driver, options, kinds, inodes, most, pages });
  of.state.free = Array.from({ length: MOST_TASKS }, (_, task) => MOST_TASKS - 1 - task);
  of.state.freeSlots = Array.from({ length: OTHER_SLOTS }, (_, slot) => OTHER_SLOTS - 1 - slot);
  of.state.awaiting = new Set(plan.beginners);
  of.state.cpus = Array.from({ length: cpus }, () => ({
    burst: 0,
    placed: 0,
    flusher: undefined,
    inserted: [],
    isLost: false,
  }));
  return of;
}
