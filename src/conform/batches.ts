// SPDX-License-Identifier: MIT
import { isFlush, MOST_TASKS } from './driver.ts';
import type { Folios } from './folios.ts';
import type { Following } from './following.ts';
import { additionAt, type Destination, insertionAt } from './plan.ts';
import type { Live, Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** How folios enter the lru_add batches, in the order that the bursts of the flushes show. */
export class Batches {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #folios: Folios;

  constructor(of: Following, tasks: Tasks, folios: Folios) {
    this.#of = of;
    this.#tasks = tasks;
    this.#folios = folios;
  }

  /** Called before a folio enters a CPU's empty batch. */
  onFill: (cpu: number) => void = () => {};

  /** Whether a folio that may enter a CPU's batch waits for now, because the work of a drain finds the batch empty. */
  isKeptEmpty: (cpu: number) => boolean = () => false;

  /** Brings the burst's first entries into the batch, up to `wanted` of them; the flush may begin meanwhile. */
  place(cpu: number, wanted: number): void {
    const here = this.#of.cpu(cpu);
    const burst = this.#of.plan.bursts[cpu]?.[here.burst];
    if (burst === undefined) return;
    while (here.placed < wanted && here.flusher === undefined) {
      const entry = burst.entries[here.placed];
      if (entry === undefined) return;
      if (entry.added === undefined) this.#placeUnseen(cpu, insertionAt(this.#of.events, entry.event).pfn);
      else if (entry.added < this.#of.at || this.#of.state.waiting.has(entry.added)) {
        const pid = this.#of.state.waiting.get(entry.added);
        if (pid === undefined) {
          // Its addition was in an unknown part of the recording.
          const { pfn } = insertionAt(this.#of.events, entry.event);
          const live = this.#of.state.live.get(pfn);
          if (live === undefined || live.aside) this.#placeUnseen(cpu, pfn);
          else
            this.#of.diverge({
              allowed: `pfn 0x${pfn.toString(16)} is not about to enter the batch of CPU ${cpu}`,
              guard: this.#whereIs(live),
            });
        } else this.#enter(pid, cpu);
      } else return;
      here.placed++;
    }
  }

  #whereIs(live: Live): string {
    for (const [cpu] of this.#of.state.cpus.entries())
      if (this.#of.driver.batch(cpu).includes(live.folio)) return `it is in the batch of CPU ${cpu}`;
    return this.#of.driver.isOnLru(live.folio) ? 'PG_lru is set: it has been inserted' : 'it is in no batch';
  }

  /**
   * Lets tasks go on whose folios are next in their CPU's batch. What fills it waits for the burst. @param hurries another task waits
   * for a lock that one of them may have.
   */
  pump(cpu: number, hurries = false): void {
    const here = this.#of.cpu(cpu);
    for (;;) {
      if (here.flusher !== undefined || this.#of.driver.isLocked(cpu)) return;
      const burst = this.#of.plan.bursts[cpu]?.[here.burst];
      if (burst === undefined) return;
      let next = here.placed;
      while (next < burst.entries.length && burst.entries[next]?.added === undefined) next++;
      const entry = burst.entries[next];
      if (entry?.added === undefined || !this.#of.state.waiting.has(entry.added)) return;
      const fills = this.#of.driver.batched(cpu) + next + 1 - here.placed >= this.#of.options.profile.batchSize;
      if (fills && next === burst.entries.length - 1) return;
      // A drain may find the batch empty before this folio is in it: it enters as late as possible, while tasks are left.
      if (!hurries && this.#tasks.passes(cpu)) {
        if (this.#of.state.free.length > KEPT_TASKS || this.isKeptEmpty(cpu)) return;
        this.#of.givesUp(
          `${MOST_TASKS - KEPT_TASKS} tasks were within calls at once, so a folio entered its batch before it had to`,
          'fewer tasks at once would',
        );
      }
      this.place(cpu, next + 1);
    }
  }

  /** A folio of unobserved memory enters a batch: the burst of the next flush shows it. */
  #placeUnseen(cpu: number, pfn: number): void {
    this.#fills(cpu);
    const slot = this.#folios.slot();
    const task = this.#tasks.task();
    this.#of.driver.migrate(task, cpu);
    this.#of.driver.start(task, 'anonymous-add', [slot]);
    const before = this.#of.state.live.get(pfn);
    if (before === undefined || before.kind === 'unseen') {
      this.#folios.name({ pfn, folio: slot, inode: 0, index: slot, kind: 'unseen', aside: false });
      this.#of.silently('folio of unobserved memory');
    } else {
      // A page of a file comes again: it was isolated, and put back. Another folio stands in for it in the batch.
      this.#of.state.pfnOf.set(slot, pfn);
      this.#of.silently('isolated and put back');
    }
    const rest = this.#tasks.advance(task, { enters: true });
    if (rest.at === 'idle') this.#tasks.release(task);
    else if (isFlush(rest)) this.#of.cpu(cpu).flusher = task;
    else
      this.#of.diverge({
        allowed: 'no folio of unobserved memory here',
        guard: `cpu_fbatches.lock of CPU ${cpu} is held`,
      });
  }

  #fills(cpu: number): void {
    if (this.#tasks.passes(cpu)) this.onFill(cpu);
  }

  /** A task that is about to add a folio to a batch does so. */
  #enter(pid: number, cpu: number): void {
    const running = this.#of.state.running.get(pid);
    if (running?.adding === undefined) throw new Error('the task adds nothing');
    this.#of.state.waiting.delete(running.adding);
    this.#fills(cpu);
    if (!this.#of.driver.migrate(running.task, cpu))
      this.#of.diverge({ allowed: 'the task stays on its CPU', guard: 'preempt_count is not 0' });
    this.#tasks.set(running, { adding: undefined });
    const isHeld = this.#of.driver.isLocked(cpu);
    const rest = this.#tasks.advance(running.task, { enters: true });
    // Behind the batch it may wait for another task's folio.
    if (rest.at === 'waits' && isHeld)
      this.#of.diverge({ allowed: 'the task waits for the batch', guard: `cpu_fbatches.lock of CPU ${cpu} is held` });
    if (isFlush(rest)) {
      this.#of.cpu(cpu).flusher = running.task;
      return;
    }
    const now = this.#of.state.running.get(pid);
    if (now !== undefined) this.#tasks.rested(now, rest);
  }

  /** A task stands before the lock of the batch that its folio is to enter. */
  arriving(running: Running, adding: number): void {
    const destination: Destination | undefined = this.#of.plan.destinations.get(adding);
    if (destination === undefined || destination === 'never inserted') {
      const cpu = this.#of.driver.cpuOf[running.task] ?? 0;
      if (this.#of.cpu(cpu).flusher === undefined && !this.#of.driver.isLocked(cpu)) this.#enter(running.pid, cpu);
      return;
    }
    this.pump(destination.burst.cpu);
  }

  /** The folio must enter its batch now, because its task has gone on. */
  force(running: Running, adding: number): void {
    const destination = this.#of.plan.destinations.get(adding);
    if (destination === undefined || destination === 'never inserted') {
      this.#enter(running.pid, this.#of.driver.cpuOf[running.task] ?? 0);
      return;
    }
    const { burst, place } = destination;
    const here = this.#of.cpu(burst.cpu);
    if (this.#of.plan.bursts[burst.cpu]?.[here.burst] !== burst) {
      // An earlier burst comes first, though the task has gone on.
      const { pfn } = additionAt(this.#of.events, adding);
      this.#of.diverge({
        allowed: `pfn 0x${pfn.toString(16)} enters the batch of CPU ${burst.cpu} only after a flush that is still to come`,
        guard: 'the task has gone on, so its folio is in the batch, and that flush would insert it',
      });
    }
    this.place(burst.cpu, place + 1);
    if (this.#of.state.waiting.has(adding)) {
      const { pfn } = additionAt(this.#of.events, adding);
      this.#of.diverge({
        allowed: `the order of CPU ${burst.cpu}'s flush: folios that were added later stand before pfn 0x${pfn.toString(16)}`,
        guard: `its task has gone on, so it stands at place ${here.placed} at the latest, expected ${place}`,
      });
    }
  }
}

/** Tasks of the model that are left for other calls than additions that wait. */
const KEPT_TASKS = 12;
