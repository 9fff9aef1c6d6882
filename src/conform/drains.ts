// SPDX-License-Identifier: MIT
import type { WorkqueueEvent } from '../ledger/index.ts';
import type { Batches } from './batches.ts';
import type { Shown } from './driver.ts';
import { type Following, LOOK_AHEAD } from './following.ts';
import type { Tasks } from './tasks.ts';

/** Drains of all CPUs: the work that they queue, and what it finds. */
export class Drains {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #batches: Batches;

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
      let found = this.#tasks.proceed(pid, cpu, isQueued);
      if (found === undefined) {
        const running = this.#tasks.start(pid, this.#drainedFirst(cpu), 'lru_add_drain_all', []);
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
      this.#tasks.afterwards(found.running);
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
    this.#tasks.advance(worker);
  }

  get #seenQueue(): boolean {
    return (this.#of.state.matched.get('work-queued') ?? 0) > 0;
  }

  /** CPUs for which the task queues work: something is in one of their batches, be it of memory that no event shows. */
  needed(pid: number): void {
    let last = -1;
    const present = this.#of.events[this.#of.at];
    const isOwn = present !== undefined && present.type !== 'loss' && present.pid === pid;
    for (let at = isOwn ? this.#of.at : this.#of.nextPlaceOf(pid); at !== -1; at = this.#of.plan.next[at] ?? -1) {
      const event = this.#of.events[at];
      if (isOwn && at === this.#of.at && event?.type !== 'workqueue_queue_work') continue;
      if (event?.type === 'mm_lru_insertion') {
        // Its own drain comes before it asks: what it inserts after that is of another drain.
        if (last !== -1) return;
        continue;
      }
      if (event?.type !== 'workqueue_queue_work') return;
      const target = event.requestedCpu ?? event.cpu;
      // CPUs are asked in their order: what does not rise is of the next round.
      if (target <= last) return;
      last = target;
      if (this.#of.driver.batched(target) > 0 || this.#of.driver.hasOthers(target)) continue;
      const here = this.#of.cpu(target);
      const entry = this.#of.plan.bursts[target]?.[here.burst]?.entries[here.placed];
      const isInserted = entry !== undefined && entry.event < this.#endOfWork(target);
      if (isInserted && entry.added === undefined && here.flusher === undefined)
        this.#batches.place(target, here.placed + 1);
      else if (!this.#of.driver.isLocked(target)) {
        this.#tasks.runToEnd('use_other_memory', [3], target);
        this.#of.silently('folio in another batch');
      }
    }
  }

  /**
   * The CPU that a drain of all has drained first, without an insertion: its own, or the one on which it began, if something has
   * come into its own's batch meanwhile.
   */
  #drainedFirst(cpu: number): number {
    if (this.#tasks.passes(cpu)) return cpu;
    const empty = this.#of.state.cpus.findIndex((_, other) => this.#tasks.passes(other));
    return empty === -1 ? cpu : empty;
  }

  /** The place of the next end of a CPU's work. */
  #endOfWork(cpu: number): number {
    const until = Math.min(this.#of.events.length, this.#of.at + LOOK_AHEAD);
    for (let at = this.#of.at + 1; at < until; at++) {
      const event = this.#of.events[at];
      if (event?.cpu === cpu && event.type === 'workqueue_execute_end') return at;
    }
    return until;
  }
}
