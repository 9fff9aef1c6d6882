// SPDX-License-Identifier: MIT
import type { KernelEvent, WorkqueueEvent } from '../ledger/index.ts';
import type { Batches } from './batches.ts';
import { MOST_TASKS, type Shown } from './driver.ts';
import type { Following } from './following.ts';
import { firstAfter } from './plan.ts';
import type { Tasks } from './tasks.ts';

/** Drains of all CPUs: the work that they queue, and what it finds. */
export class Drains {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #batches: Batches;

  /** A drain finds something just now. */
  #isFilling = false;

  constructor(of: Following, tasks: Tasks, batches: Batches) {
    this.#of = of;
    this.#tasks = tasks;
    this.#batches = batches;
  }

  /** Work of a drain is queued, begun or done. */
  worked(event: WorkqueueEvent): void {
    const { pid, cpu } = event;
    if (event.type === 'workqueue_queue_work') {
      const target = event.requestedCpu ?? cpu;
      const isQueued = (shown: Shown): boolean => shown.kind === 'work-queued';
      const early = this.#of.state.running.get(pid);
      if (early?.isEarly === true) {
        // One that begins now is the same, if something can be drained and shows nothing.
        if (early.hasMutex === true || this.#drainedFirst(cpu) === undefined) {
          this.#tasks.set(early, { isEarly: false });
          this.#of.silently('drain of all CPUs');
        } else this.#tasks.finished(early);
      }
      let found = this.#tasks.proceed(pid, cpu, isQueued);
      if (found === undefined) {
        const running = this.#tasks.start(pid, this.#drainedFirst(cpu) ?? cpu, 'lru_add_drain_all', []);
        this.#of.silently('drain of all CPUs');
        this.#tasks.afterwards(running);
        found = this.#tasks.proceed(pid, cpu, isQueued);
      }
      const [first] = found?.shown ?? [];
      if (found === undefined || first?.kind !== 'work-queued' || first.cpu !== target)
        this.#of.diverge({
          allowed: found === undefined ? 'no work by this task' : this.#of.say(found.shown),
          guard: `cpu_needs_drain(${target}) is false: lru_add ${this.#of.driver.batched(target)}`,
        });
      this.#tasks.show(found.running.task);
      this.#of.match('work-queued');
      this.#of.state.worked.add(target);
      this.#tasks.afterwards(this.#tasks.set(found.running, { hasQueued: true }));
      return;
    }
    const worker = this.#of.driver.worker(cpu);
    const wanted = event.type === 'workqueue_execute_start' ? 'work-begun' : 'work-done';
    if (wanted === 'work-begun') {
      const rest = this.#tasks.advance(worker, { enters: true });
      if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'work-begun') {
        if (this.#of.recording.has('work-queued') && this.#seenQueue)
          this.#of.diverge(
            { allowed: `no work on CPU ${cpu}`, guard: `work of CPU ${cpu} is idle, expected queued` },
            true,
          );
        this.#of.pass('work-begun');
        return;
      }
      this.#tasks.show(worker);
      this.#of.state.works.set(pid, cpu);
      this.#of.match('work-begun');
      const after = this.#tasks.advance(worker);
      // Its own insertions come next, or its end.
      if (after.at === 'batch-lock' && this.#tasks.passes(cpu) && this.#of.nextOf(pid)?.type !== 'mm_lru_insertion')
        this.#tasks.advance(worker, { enters: true });
      return;
    }
    if (this.#of.state.works.get(pid) !== cpu) {
      this.#of.pass('work-done');
      return;
    }
    const rest = this.#tasks.advance(worker, { enters: true });
    if (rest.at !== 'shows' || rest.shown[0]?.kind !== 'work-done')
      this.#of.diverge({
        allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : 'no end of the work',
        guard: `the worker of CPU ${cpu} finds ${this.#of.driver.batched(cpu)} folios in its batch, expected 0`,
      });
    this.#tasks.show(worker);
    this.#of.state.works.delete(pid);
    this.#of.match('work-done');
    this.#of.state.worked.delete(cpu);
    this.#tasks.advance(worker);
    this.#batches.pump(cpu);
  }

  get #seenQueue(): boolean {
    return (this.#of.state.matched.get('work-queued') ?? 0) > 0;
  }

  /**
   * Whether a task's drain asks a CPU now. The look is no event: it comes when the batch is as the recording shows that the drain
   * found it, at the latest at the task's next event. @param yields another task waits for this one.
   */
  asks(pid: number, cpu: number, yields: boolean): boolean {
    const isDue = this.#of.isDue(pid);
    const isNeeded = this.#nextTarget(pid) === cpu;
    const finds = this.#of.driver.batched(cpu) > 0 || this.#of.driver.hasOthers(cpu);
    if (isNeeded && !finds && isDue) this.#fill(cpu);
    return isDue || finds === isNeeded || (yields && !finds);
  }

  /** The CPU for which a task's drain queues work next, if it does. */
  #nextTarget(pid: number): number | undefined {
    const at = this.#of.isDue(pid) ? this.#of.at : this.#of.nextPlaceOf(pid);
    const event = this.#of.events[at];
    if (event?.type !== 'workqueue_queue_work') return undefined;
    if (this.#of.state.running.get(pid)?.hasQueued === true && this.#of.plan.opening.has(at)) return undefined;
    return event.requestedCpu ?? event.cpu;
  }

  /** Something is in one of a CPU's batches, be it of memory that no event shows. */
  #fill(cpu: number): void {
    this.#isFilling = true;
    this.#fillOne(cpu);
    this.#isFilling = false;
  }

  #fillOne(cpu: number): void {
    const here = this.#of.cpu(cpu);
    const entry = this.#of.plan.bursts[cpu]?.[here.burst]?.entries[here.placed];
    const isInserted = entry !== undefined && entry.event < this.#endOfWork(cpu);
    const isReady = entry?.added === undefined || this.#of.state.waiting.has(entry.added);
    if (isInserted && isReady && here.flusher === undefined) this.#batches.place(cpu, here.placed + 1);
    else if (!this.#of.driver.isLocked(cpu)) {
      this.#tasks.runToEnd('use_other_memory', [3], cpu);
      this.#of.silently('folio in another batch');
    }
  }

  /** Notes whether the task of an event, the present one, drains all CPUs next. */
  awaits({ pid, type }: Exclude<KernelEvent, { readonly type: 'loss' }>): void {
    const { state, plan, at } = this.#of;
    const running = state.running.get(pid);
    if (running?.isEarly === true && type !== 'workqueue_queue_work') this.#tasks.finished(running);
    const next = plan.next[at] ?? -1;
    if (plan.opening.has(next)) state.awaiting.add(pid);
    else state.awaiting.delete(pid);
  }

  /**
   * Before a folio enters a CPU's empty batch: a drain of all CPUs whose first work comes next may have drained its own now, and shown
   * nothing. It goes as far as the drains' mutex. The last such moment is the best one: then no other drain has made its own needless.
   */
  beforeFill(cpu: number): void {
    if (this.#isFilling) return;
    this.#tasks.beforeFill(cpu);
    const { state } = this.#of;
    for (const pid of state.awaiting) {
      if (this.#of.isDue(pid)) continue;
      let running = state.running.get(pid);
      if (running !== undefined && running.isEarly !== true) {
        if (running.adding !== undefined || running.conversion !== undefined || state.syscalls.has(pid)) continue;
        this.#tasks.rested(running, this.#tasks.advance(running.task));
        if (state.running.has(pid)) continue;
        running = undefined;
      }
      const at = this.#of.nextPlaceOf(pid);
      if (running !== undefined && running.hasMutex !== true) {
        this.#tasks.finished(running);
        running = undefined;
      }
      if (running === undefined) {
        if (state.free.length <= KEPT_TASKS) {
          this.#of.givesUp(
            `${MOST_TASKS - KEPT_TASKS} tasks were within calls at once, so a drain began only with its first work`,
            'fewer tasks at once would',
          );
          continue;
        }
        running = this.#tasks.start(pid, cpu, 'lru_add_drain_all', [], { isEarly: true });
        this.#of.driver.advance(running.task, { enters: true, serialises: false });
      }
      // A CPU that it finds empty has been asked by now, so it is the one that has the mutex.
      const last = this.#of.plan.opening.get(at);
      if (last !== undefined && last < this.#of.at && cpu < (this.#nextTarget(pid) ?? 0)) {
        this.#tasks.set(running, { hasMutex: true });
        this.#tasks.advance(running.task);
      }
    }
  }

  /** Whether the work of a drain that a CPU has, or is about to do, finds its batch empty. */
  findsNothing(cpu: number): boolean {
    if (!this.#of.state.worked.has(cpu)) return false;
    const next = this.#of.plan.bursts[cpu]?.[this.#of.cpu(cpu).burst]?.entries[0]?.event;
    return next === undefined || next > this.#endOfWork(cpu);
  }

  /**
   * The CPU that a drain of all has drained first, without an insertion: its own, or the one on which it began, if something has
   * come into its own's batch meanwhile.
   */
  #drainedFirst(cpu: number): number | undefined {
    if (this.#tasks.passes(cpu)) return cpu;
    const empty = this.#of.state.cpus.findIndex((_, other) => this.#tasks.passes(other));
    return empty === -1 ? undefined : empty;
  }

  /** The place of the next end of a CPU's work. */
  #endOfWork(cpu: number): number {
    const at = firstAfter(this.#of.plan.worksDone[cpu], this.#of.at);
    return at === -1 ? this.#of.events.length : at;
  }
}

/** Tasks of the model that are not for drains whose first work is still to come. */
const KEPT_TASKS = 8;
