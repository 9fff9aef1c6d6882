// SPDX-License-Identifier: MIT
import { type CodeName, MOST_TASKS, type Rest, type Shown, type ShownKind } from './driver.ts';
import type { Following } from './following.ts';
import type { Running } from './state.ts';

/** The tasks of the recording: which call each is within, and how far it has gone. */
export class Tasks {
  readonly #of: Following;

  /** Called when a task stands before the lock of the batch that its folio is to enter. */
  onArrival: (running: Running, adding: number) => void = () => {};
  /** Called when a task has gone on, so its folio must enter its batch now. */
  onHurry: (running: Running, adding: number) => void = () => {};
  /** Called when a task waits: tasks whose folios are to enter a CPU's batch may have what it waits for. */
  onWait: (cpu: number) => void = () => {};
  /** Called when a drain of all CPUs by a task is to ask whether one needs it; answers whether it does so now. */
  onDrainAsks: (pid: number, cpu: number, yields: boolean) => boolean = () => true;

  constructor(of: Following) {
    this.#of = of;
  }

  /** The process of the recording that a task of the model stands for. */
  ownerOf(task: number): number | undefined {
    for (const { task: other, pid } of this.#of.state.running.values()) if (other === task) return pid;
    for (const [pid, cpu] of this.#of.state.works) if (this.#of.driver.worker(cpu) === task) return pid;
    return undefined;
  }

  /** A process of the recording begins a call. */
  start(pid: number, cpu: number, code: CodeName, args: readonly number[], more: Partial<Running> = {}): Running {
    const task = this.task();
    this.#of.driver.migrate(task, cpu);
    this.#of.driver.start(task, code, args);
    const [inode = 0, index = 0] = args;
    if (code === 'touch') this.#of.state.shared.add(inode * this.#of.pages + index);
    const running: Running = { task, pid, code, ...more };
    this.#of.state.running.set(pid, running);
    return running;
  }

  /** Notes more of a process within a call. */
  set(running: Running, more: Partial<Running>): Running {
    const changed = { ...running, ...more };
    this.#of.state.running.set(running.pid, changed);
    return changed;
  }

  /** A task of the model that is within no call. */
  task(): number {
    const task = this.#of.state.free.pop();
    if (task === undefined) {
      this.#of.givesUp(`more than ${MOST_TASKS} tasks were within calls at once`, 'fewer tasks at once would');
      this.#of.diverge({ allowed: 'no further task', guard: `${MOST_TASKS} tasks are within calls` });
    }
    return task;
  }

  /** It is within none again. */
  release(task: number): void {
    if (task < MOST_TASKS) this.#of.state.free.push(task);
  }

  /** A process has ended its call. */
  finished(running: Running): void {
    if (running.adding !== undefined) this.#of.state.waiting.delete(running.adding);
    this.#of.state.running.delete(running.pid);
    this.release(running.task);
  }

  /** Runs a task until it rests. A drain of all CPUs finds work where the recording shows that it did. */
  advance(
    task: number,
    how: { readonly enters?: boolean; readonly looks?: boolean; readonly yields?: boolean } = {},
  ): Rest {
    const owed = this.#of.state.owed.get(task);
    if (owed !== undefined) return { at: 'shows', shown: owed };
    let rest = this.#of.driver.advance(task, how);
    for (let rounds = 0; rest.at === 'asks'; rounds++) {
      const step = this.#of.driver.next(task);
      if (rounds >= MOST_ROUNDS && step !== undefined) {
        this.#of.givesUp(`a task's drains asked CPUs ${MOST_ROUNDS} times between two events`, 'a shorter pause would');
        return { at: 'waits', step };
      }
      const pid = this.ownerOf(task);
      if (pid !== undefined && !this.onDrainAsks(pid, rest.cpu, how.yields === true)) return rest;
      rest = this.#of.driver.advance(task, { ...how, enters: false, asks: true });
    }
    return rest;
  }

  /** A task shows what it stands before: one event; another of the same step is owed. */
  show(task: number): void {
    const owed = this.#of.state.owed.get(task);
    if (owed !== undefined) {
      if (owed.length === 1) this.#of.state.owed.delete(task);
      else this.#of.state.owed.set(task, owed.slice(1));
      return;
    }
    const rest = this.#of.driver.advance(task);
    this.#of.driver.take(task);
    if (rest.at === 'shows' && rest.shown.length > 1) this.#of.state.owed.set(task, rest.shown.slice(1));
  }

  /** Runs a task to the first event of its call; others give it the locks that it waits for. */
  first(running: Running): Rest {
    for (;;) {
      const rest = this.advance(running.task);
      if (rest.at !== 'waits' || !this.help(running.pid)) return rest;
    }
  }

  /** Diverges unless a call begins with an event of this kind. */
  expect(running: Running, rest: Rest, kind: ShownKind): void {
    if (rest.at === 'shows' && rest.shown[0]?.kind === kind) return;
    this.#of.diverge({
      allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : `no ${kind} by this task`,
      guard: this.#of.sayRest(running, rest),
    });
  }

  /** After an event of a task: it goes on until something must be decided. */
  afterwards(running: Running): void {
    this.rested(running, this.advance(running.task));
  }

  rested(running: Running, rest: Rest): void {
    switch (rest.at) {
      case 'idle':
        this.finished(running);
        return;
      case 'batch-lock': {
        if (running.adding !== undefined) {
          this.#of.state.waiting.set(running.adding, running.pid);
          this.onArrival(running, running.adding);
          return;
        }
        // A drain: of an empty batch it shows nothing, unless the task's own insertions come next.
        const cpu = this.#of.driver.cpuOf[running.task] ?? 0;
        if (this.passes(cpu) && !this.#insertsNext(running.pid, cpu) && !this.#areInsertedMeanwhile(running))
          this.rested(running, this.advance(running.task, { enters: true }));
        return;
      }
      case 'shows': {
        // The end of a call that no system call event shows.
        const isEnd = rest.shown[0]?.kind === 'return';
        if (isEnd && running.conversion === undefined && !this.isOfSyscall(running)) {
          this.show(running.task);
          this.afterwards(running);
        }
        return;
      }
      case 'look':
        if (running.conversion?.timing === 'early') this.rested(running, this.advance(running.task, { looks: true }));
        break;
      case 'asks':
      case 'drain-mutex':
      case 'waits':
    }
  }

  /** Whether a task's next event is an insertion by the drain that it stands before, on this CPU. */
  #insertsNext(pid: number, cpu: number): boolean {
    const { events, plan, state } = this.#of;
    const place = this.#of.nextPlaceOf(pid);
    const next = events[place];
    if (next?.type !== 'mm_lru_insertion') return false;
    // Within a recorded call a task that was moved drains its new CPU; else it may have gone on to another call.
    if (next.cpu !== cpu) return state.syscalls.has(pid);
    // Another task's flush comes after the drain.
    const burst = plan.burstOf.get(place);
    return burst !== undefined && plan.bursts[cpu]?.[this.#of.cpu(cpu).burst] === burst;
  }

  /** Whether another task's flush inserts what a hole has removed, before the hole goes on: so it still has the folio. */
  #areInsertedMeanwhile({ pid, removed = [] }: Running): boolean {
    if (removed.length === 0 || !this.#of.options.profile.flushFreesLastReference) return false;
    const { plan, state, at } = this.#of;
    const next = this.#of.nextPlaceOf(pid);
    return removed.some((of) => {
      const { added } = state.live.get(state.pfnOf.get(of) ?? -1) ?? {};
      const destination = added === undefined ? undefined : plan.destinations.get(added);
      if (destination === undefined || destination === 'never inserted' || destination.burst.pid === pid) return false;
      const inserted = destination.burst.entries[destination.place]?.event ?? at;
      return inserted > at && (next === -1 || inserted < next);
    });
  }

  /** Whether the recording shows the end of its call. */
  isOfSyscall(running: Running): boolean {
    return (running.code === 'fallocate' || running.code === 'punch_hole') && this.#of.state.syscalls.has(running.pid);
  }

  /**
   * The task's next event has come: it takes the steps that lead there.
   * @returns what it would show, if that is wanted; undefined if it has no call any more.
   */
  proceed(
    pid: number,
    cpu: number,
    wanted: (shown: Shown) => boolean,
  ): { readonly running: Running; readonly shown: readonly Shown[] } | undefined {
    for (let turns = 0; ; turns++) {
      const running = this.#of.state.running.get(pid);
      if (running === undefined) return undefined;
      if (running.adding !== undefined && this.#of.state.waiting.has(running.adding)) {
        this.onHurry(running, running.adding);
        continue;
      }
      const rest = this.advance(running.task, { enters: true, looks: true });
      switch (rest.at) {
        case 'idle':
          this.finished(running);
          return undefined;
        case 'shows': {
          const [first] = rest.shown;
          if (first !== undefined && wanted(first)) {
            this.#of.driver.migrate(running.task, cpu);
            return { running, shown: rest.shown };
          }
          if (first?.kind === 'return' && running.conversion === undefined) {
            this.show(running.task);
            continue;
          }
          this.#of.diverge({ allowed: this.#of.say(rest.shown), guard: this.#of.sayRest(running, rest) });
          break;
        }
        case 'waits':
          if (!this.help(pid))
            this.#of.diverge({ allowed: 'the task waits', guard: this.#of.sayRest(running, rest) }, true);
          break;
        case 'batch-lock':
        case 'look':
        case 'asks':
        case 'drain-mutex':
          // One lock at a time.
          if (turns > MOST_TURNS + TURNS_OF_PAGE * this.#of.pages)
            this.#of.diverge({ allowed: 'the call goes round for ever', guard: this.#of.sayRest(running, rest) });
          break;
      }
    }
  }

  /** Lets the CPUs' workers and other tasks go on, where no event shows it. @returns whether one could. */
  help(pid: number): boolean {
    const before = this.#of.driver.steps;
    for (const [cpu] of this.#of.state.cpus.entries()) {
      this.advance(this.#of.driver.worker(cpu), { enters: this.passes(cpu) });
    }
    for (const other of this.#of.state.running.values()) {
      if (other.pid === pid || other.isEarly === true) continue;
      if (other.adding !== undefined && this.#of.state.waiting.has(other.adding)) continue;
      if (other.conversion?.timing === 'late') continue;
      const cpu = this.#of.driver.cpuOf[other.task] ?? 0;
      this.advance(other.task, { enters: this.passes(cpu), looks: true, yields: true });
    }
    if (this.#of.driver.steps === before) for (const [cpu] of this.#of.state.cpus.entries()) this.onWait(cpu);
    return this.#of.driver.steps > before;
  }

  /** Whether a drain of a CPU shows nothing. */
  passes(cpu: number): boolean {
    const { driver, kinds } = this.#of;
    if (this.#of.cpu(cpu).flusher !== undefined) return false;
    return driver.batched(cpu) === 0 || !kinds.has('insertion') || (!kinds.has('reference') && driver.freesAll(cpu));
  }

  /** Before a folio enters a CPU's empty batch: who drains it and shows nothing has done so, if the recording does not show more. */
  beforeFill(cpu: number): void {
    for (const [pid, on] of this.#of.state.works)
      if (on === cpu && !this.#of.isDue(pid) && this.#of.nextOf(pid)?.type !== 'mm_lru_insertion')
        this.advance(this.#of.driver.worker(cpu), { enters: true });
    for (const running of this.#of.state.running.values())
      if (running.adding === undefined && running.isEarly !== true && running.conversion?.timing !== 'late') {
        const rest = this.advance(running.task);
        // The flush that fills the batch may be its own.
        if (!this.#of.isDue(running.pid)) this.rested(running, rest);
      }
  }

  /** Folios that faults have locked, so that a hole passes them by at first. */
  lock(pid: number, folios: readonly number[]): void {
    const free = folios.filter((of) => !this.#of.driver.isFolioLocked(of));
    for (const of of free) this.runToEnd('lock', [of]);
    this.#of.state.locked.set(pid, free);
  }

  /** The faults have let them go, and the hole may go on. */
  unlock(pid: number): void {
    for (const of of this.#of.state.locked.get(pid) ?? []) this.runToEnd('unlock', [of]);
    this.#of.state.locked.delete(pid);
  }

  /** A call of a task of no event, from its begin to its end. */
  runToEnd(code: CodeName, args: readonly number[], cpu = 0): boolean {
    const task = this.task();
    this.#of.driver.migrate(task, cpu);
    this.#of.driver.start(task, code, args);
    const hidden = this.#of.kinds;
    for (;;) {
      const rest = this.advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') break;
      if (rest.at !== 'shows') {
        this.#of.diverge({
          allowed: `no silent '${code}'`,
          guard: `it waits; ${hidden.size} kinds of events are recorded`,
        });
      }
      this.show(task);
    }
    this.release(task);
    return true;
  }
}

/** Locks and looks of one task between two events: no call makes more, so what does repeats for ever. */
const MOST_TURNS = 100_000;
const TURNS_OF_PAGE = 4;

/** CPUs that one task's drains ask between two events. */
const MOST_ROUNDS = 10_000;
