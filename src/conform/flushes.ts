// SPDX-License-Identifier: MIT
import type { KernelEvent, LruInsertion } from '../ledger/index.ts';
import type { Batches } from './batches.ts';
import { isFlush, MOST_TASKS } from './driver.ts';
import type { Folios } from './folios.ts';
import type { Following } from './following.ts';
import type { Burst } from './plan.ts';
import type { CpuState, Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** Insertions: which task flushes a CPU's batch, and what its flush shows. */
export class Flushes {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #folios: Folios;
  readonly #batches: Batches;

  constructor(of: Following, tasks: Tasks, folios: Folios, batches: Batches) {
    this.#of = of;
    this.#tasks = tasks;
    this.#folios = folios;
    this.#batches = batches;
  }

  /** A flush has the CPU: no other task runs there until its last insertion. */
  undisturbed(event: Exclude<KernelEvent, { readonly type: 'loss' }>, here: CpuState): void {
    if (here.flusher === undefined || event.type === 'mm_lru_insertion' || event.type === 'page-reference') return;
    // Work may be queued from an interrupt.
    if (event.type === 'workqueue_queue_work') return;
    const rest = this.#tasks.advance(here.flusher);
    if (rest.at === 'shows')
      this.#of.diverge({
        allowed: `the flush of CPU ${event.cpu} goes on: ${this.#of.say(rest.shown)}`,
        guard: `the model's batch held ${this.#of.driver.batched(event.cpu)} folios when its flush began (profile: ${this.#of.options.profile.batchSize} fill it)`,
      });
  }

  /** An insertion is the next step of its CPU's flush. */
  inserted(event: LruInsertion): void {
    const { cpu } = event;
    const here = this.#of.cpu(cpu);
    const burst = this.#of.plan.burstOf.get(this.#of.at);
    if (burst === undefined) throw new Error('an insertion is in no burst');
    if (here.flusher === undefined) this.flushBegins(event, burst);
    const { flusher } = here;
    if (flusher === undefined) throw new Error('no task flushes');
    const owner = this.#tasks.ownerOf(flusher);
    if (owner !== undefined && owner !== event.pid)
      this.#of.diverge({
        allowed: `the flush of CPU ${cpu} is task ${owner}'s`,
        guard: `cpu_fbatches.lock of CPU ${cpu} is held by task ${owner}, expected task ${event.pid}`,
      });
    const rest = this.#tasks.advance(flusher);
    const shown = rest.at === 'shows' ? rest.shown : [];
    const [first] = shown;
    if (first?.kind !== 'insertion')
      this.#of.diverge({
        allowed: rest.at === 'shows' ? this.#of.say(shown) : 'no further insertion by this flush',
        guard: `the model's batch is empty at this place`,
      });
    if (this.#of.state.pfnOf.get(first.folio) !== event.pfn)
      this.#of.diverge({
        allowed: this.#of.say(shown),
        guard: `lru_add of CPU ${cpu}, next entry: ${this.#of.nameOf(first.folio)}, expected pfn 0x${event.pfn.toString(16)}`,
      });
    this.#tasks.show(flusher);
    this.#of.match('insertion');
    here.inserted.push(first.folio);
    if (burst.entries.at(-1)?.event === this.#of.at) {
      const number = this.#of.plan.bursts[cpu]?.indexOf(burst, here.burst) ?? here.burst;
      here.burst = number + 1;
      here.placed = 0;
    }
    this.flushGoesOn(cpu);
  }

  /** After an event of a flush: on to the next one, or its end. */
  flushGoesOn(cpu: number): void {
    const here = this.#of.cpu(cpu);
    const { flusher } = here;
    if (flusher === undefined) return;
    const rest = this.#tasks.advance(flusher);
    if (this.#of.driver.isLocked(cpu)) return;
    here.flusher = undefined;
    this.#settle(here);
    const owner = this.#tasks.ownerOf(flusher);
    const running = owner === undefined ? undefined : this.#of.state.running.get(owner);
    if (running === undefined) {
      if (rest.at === 'idle') this.#tasks.release(flusher);
      else this.#anonymousEnds(flusher);
    } else this.#tasks.rested(running, rest);
    this.#batches.pump(cpu);
  }

  #anonymousEnds(task: number): void {
    if (task >= MOST_TASKS) return;
    for (;;) {
      const rest = this.#tasks.advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') break;
      if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'return') return;
      this.#tasks.show(task);
    }
    this.#tasks.release(task);
  }

  /** Folios of other memory that are on the LRU now, and which nothing but their user or the page cache holds. */
  #settle(here: CpuState): void {
    for (const of of here.inserted) {
      if (this.#of.state.truncated.delete(of)) {
        this.#letGo(of);
        continue;
      }
      const name = this.#of.state.pfnOf.get(of);
      const live = name === undefined ? undefined : this.#of.state.live.get(name);
      if (live?.folio === of && live.kind === 'file') continue;
      if (this.#of.driver.references(of) !== 1) continue;
      if (live === undefined || live.folio !== of) {
        this.#of.driver.putAside(of, 0, undefined);
        this.#of.state.pfnOf.delete(of);
        this.#of.state.freeSlots.push(of);
        continue;
      }
      if (live.kind === 'unseen') {
        this.#of.driver.putAside(of, 0, undefined);
        this.#folios.unname(live);
      } else {
        this.#of.driver.putAside(of, 0, live.index);
        this.#of.state.pfnOf.delete(of);
        this.#of.state.freeSlots.push(live.folio);
        this.#of.state.live.set(live.pfn, { ...live, aside: true, folio: -1, index: -1 });
      }
    }
    here.inserted = [];
  }

  /** The flush that shows the event begins: what its burst shows is in the batch, and a task drains or fills it. */
  flushBegins(event: LruInsertion, burst: Burst): void {
    const { cpu, pid } = event;
    const here = this.#of.cpu(cpu);
    this.#batches.place(cpu, burst.entries.length);
    if (here.flusher !== undefined) return;
    const mine = this.#of.state.running.get(pid);
    if (mine !== undefined && mine.adding === undefined) {
      // The task's own call drains.
      for (;;) {
        const rest = this.#tasks.advance(mine.task, { enters: true, looks: true });
        if (isFlush(rest)) {
          here.flusher = mine.task;
          return;
        }
        if (
          rest.at === 'shows' &&
          rest.shown[0]?.kind === 'return' &&
          mine.conversion === undefined &&
          !this.#of.state.syscalls.has(pid)
        ) {
          this.#tasks.show(mine.task);
          continue;
        }
        if (rest.at === 'idle') {
          this.#tasks.finished(mine);
          break;
        }
        // Who has the lock that it waits for may stand before a batch.
        if (rest.at === 'waits' && this.#tasks.help(pid)) continue;
        this.#of.diverge({
          allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : 'no flush by this task',
          guard: this.#of.sayRest(mine, rest),
        });
      }
    } else if (mine !== undefined) this.#finish(mine, event);
    if (here.flusher !== undefined) return;
    const worker = this.#of.driver.worker(cpu);
    if (this.#isWorker(event, cpu)) {
      const rest = this.#tasks.advance(worker, { enters: true });
      if (isFlush(rest)) {
        here.flusher = worker;
        return;
      }
      if (this.#of.state.works.get(pid) === cpu)
        this.#of.diverge({
          allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : 'no insertion by this work',
          guard: `the worker of CPU ${cpu} finds ${this.#of.driver.batched(cpu)} folios in its batch`,
        });
    }
    if (mine !== undefined && (mine.conversion !== undefined || this.#tasks.isOfSyscall(mine)))
      this.#of.diverge({
        allowed: 'no insertion by this call',
        guard: `task ${pid} is within ${mine.code}, which does not drain here`,
      });
    if (this.#of.driver.batched(cpu) === 0)
      this.#of.diverge({
        allowed: 'no insertion on this CPU',
        guard: `cpu_fbatches.lru_add.nr of CPU ${cpu} is 0, expected > 0`,
      });
    // A drain by this task that no event shows.
    const running = this.#tasks.start(pid, cpu, 'lru_add_drain', []);
    this.#of.silently('local drain');
    const rest = this.#tasks.advance(running.task, { enters: true });
    if (!isFlush(rest))
      this.#of.diverge({ allowed: 'no insertion by a drain', guard: this.#of.sayRest(running, rest) });
    here.flusher = running.task;
  }

  /** The truncation of another file puts what it had. */
  #letGo(of: number): void {
    this.#tasks.runToEnd('put', [of, 1]);
    const live = this.#of.state.live.get(this.#of.state.pfnOf.get(of) ?? -1);
    if (live?.folio === of && this.#of.driver.isFree(of)) this.#folios.unname(live);
  }

  #isWorker({ comm, pid }: LruInsertion, cpu: number): boolean {
    if (this.#of.state.works.get(pid) === cpu) return true;
    return !this.#of.kinds.has('work-begun') && comm?.startsWith('kworker/') === true;
  }

  /** A task of no event ends its call. */
  #finish(running: Running, event: LruInsertion): void {
    if (running.adding !== undefined && this.#of.state.waiting.has(running.adding))
      this.#batches.force(running, running.adding);
    const here = this.#of.cpu(event.cpu);
    if (here.flusher !== undefined) return;
    const now = this.#of.state.running.get(running.pid);
    if (now === undefined) return;
    const rest = this.#tasks.advance(now.task, { enters: true });
    if (rest.at === 'idle') this.#tasks.finished(now);
    else if (rest.at === 'shows' && rest.shown[0]?.kind === 'return') {
      this.#tasks.show(now.task);
      this.#tasks.afterwards(now);
    } else if (isFlush(rest)) here.flusher = now.task;
    else
      this.#of.diverge({
        allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : 'no flush by this task',
        guard: this.#of.sayRest(now, rest),
      });
  }
}
