// SPDX-License-Identifier: MIT
import {
  type Cpu,
  type LruInsertion,
  type Nanoseconds,
  nanoseconds,
  type SchedSwitch,
  type WorkqueueEvent,
} from '../ledger/index.ts';
import type { CpuDrains, DrainAnswer, DrainRound, DrainWork, RanMeanwhile } from './answer.ts';
import { Durations } from './durations.ts';

/** The work that lru_add_drain_all() queues on each CPU with something to drain (mm/folio.c; mm/swap.c before). */
const DRAIN_FUNCTION = 'lru_add_drain_per_cpu';
const DRAIN_WORKQUEUE = 'mm_percpu_wq';

/** A round queues its work items within microseconds; a second request has waited for the end of the last round. */
const QUEUEING_PAUSE = 100_000n;
/** Number of rounds that are stored whole; of more only the sums. */
const MOST_ROUNDS = 1000;

interface Work {
  readonly cpu: Cpu;
  readonly queued: Nanoseconds;
  started: Nanoseconds | undefined;
  ended: Nanoseconds | undefined;
  insertions: number;
  /** Time up to which the tasks on its CPU are recorded. */
  watchedUpTo: Nanoseconds;
  readonly meanwhile: Map<string, { pid: number; task: string; time: bigint }>;
}

interface Round {
  readonly pid: number;
  readonly task: string | undefined;
  readonly cpu: Cpu;
  readonly works: Work[];
  readonly conversion: Nanoseconds | undefined;
}

interface Sums {
  readonly queueDelay: Durations;
  readonly runTime: Durations;
}

/**
 * Rounds of lru_add_drain_all(), from workqueue events: one work item for each CPU that seemed to have something in a batch;
 * the round waits for all of them. A mutex lets only one task queue and wait at a time.
 */
export class Drains {
  readonly #kept: Round[] = [];
  readonly #sums = new Map<Cpu, Sums>();
  readonly #rounds = new Durations();
  /** By the work item's address; an entry exists from its queueing to its end. */
  readonly #open = new Map<string, Work>();
  readonly #running = new Map<Cpu, Work>();
  /** The running task of each CPU, after its first recorded switch. */
  readonly #onCpu = new Map<Cpu, { readonly pid: number; readonly task: string }>();
  #current: Round | undefined = undefined;
  /** End of the first round with recorded ends of all work items: all CPUs' batches had been empty since it began. */
  firstRoundEnd: Nanoseconds | undefined = undefined;
  #count = 0;
  #total = 0n;
  #inConversions = 0n;
  #unfinished = 0;
  /** Whether some workqueue event was recorded, so that drains would show. */
  recorded = false;
  #nameless = false;
  readonly #mostRounds: number;

  readonly #onRound: ((round: DrainRound) => void) | undefined;

  /** @param mostRounds number of rounds that are stored whole. @param onRound receives each when it is over. */
  constructor(mostRounds = MOST_ROUNDS, onRound?: (round: DrainRound) => void) {
    this.#mostRounds = mostRounds;
    this.#onRound = onRound;
  }

  /**
   * @param conversion call time of the task's conversion, if it is in one.
   * @returns whether this event requests or finishes a drain of a CPU.
   */
  workqueue(event: WorkqueueEvent, conversion: Nanoseconds | undefined): 'asked' | 'done' | undefined {
    this.recorded = true;
    if (event.function === undefined) this.#nameless = true;
    switch (event.type) {
      case 'workqueue_queue_work':
        return this.#queued(event, conversion) ? 'asked' : undefined;
      case 'workqueue_activate_work':
        return undefined;
      case 'workqueue_execute_start':
        this.#started(event);
        return undefined;
      case 'workqueue_execute_end':
        return this.#ended(event) ? 'done' : undefined;
    }
  }

  inserted({ cpu }: LruInsertion): void {
    if (this.#running.size === 0) return;
    const work = this.#running.get(cpu);
    if (work !== undefined) work.insertions++;
  }

  /** Records the task that ran on a CPU while a work item waited for the CPU. */
  switched({ cpu, at, pid, comm, nextPid, nextComm }: SchedSwitch): void {
    this.#ran(cpu, at, { pid, task: comm ?? '<...>' });
    this.#onCpu.set(cpu, { pid: nextPid, task: nextComm });
  }

  /** A task entered or left a call, or wrote a marker: it is in no drain. */
  elsewhere(pid: number): void {
    if (this.#current?.pid === pid) this.#close();
  }

  lost(cpu: Cpu): void {
    this.#onCpu.delete(cpu);
    this.#running.delete(cpu);
    this.#open.clear();
    this.#close();
  }

  #queued(event: WorkqueueEvent, conversion: Nanoseconds | undefined): boolean {
    const { function: name, workqueue, requestedCpu, work: address, at } = event;
    if (name !== DRAIN_FUNCTION || (workqueue !== undefined && workqueue !== DRAIN_WORKQUEUE)) return false;
    if (requestedCpu === undefined) return false;
    const round = this.#roundOf(event, requestedCpu, conversion);
    const work: Work = {
      cpu: requestedCpu,
      queued: at,
      started: undefined,
      ended: undefined,
      insertions: 0,
      watchedUpTo: at,
      meanwhile: new Map(),
    };
    round.works.push(work);
    this.#open.set(address, work);
    return true;
  }

  #roundOf({ pid, comm, cpu, at }: WorkqueueEvent, requested: Cpu, conversion: Nanoseconds | undefined): Round {
    const current = this.#current;
    const last = current?.works.at(-1);
    // CPUs are queued by rising number. A round whose work items are all done may still be queueing, but not for long.
    if (current !== undefined && last !== undefined && current.pid === pid && requested > last.cpu) {
      const isOver = current.works.every(({ ended }) => ended !== undefined) && at - last.queued > QUEUEING_PAUSE;
      if (!isOver) return current;
    }
    this.#close();
    const round: Round = { pid, task: comm, cpu, works: [], conversion };
    this.#current = round;
    this.#count++;
    if (this.#kept.length < this.#mostRounds) this.#kept.push(round);
    return round;
  }

  #started({ work: address, at, cpu }: WorkqueueEvent): void {
    const work = this.#open.get(address);
    if (work === undefined || work.started !== undefined) return;
    const runs = this.#onCpu.get(work.cpu);
    if (runs !== undefined) this.#ran(work.cpu, at, runs);
    work.started = at;
    this.#running.set(cpu, work);
    this.#sumsOf(work.cpu).queueDelay.add(at - work.queued);
  }

  #ended({ work: address, at, cpu }: WorkqueueEvent): boolean {
    const work = this.#open.get(address);
    if (work === undefined) return false;
    this.#open.delete(address);
    if (this.#running.get(cpu) === work) this.#running.delete(cpu);
    work.ended = at;
    if (work.started !== undefined) this.#sumsOf(work.cpu).runTime.add(at - work.started);
    return true;
  }

  #ran(cpu: Cpu, at: Nanoseconds, { pid, task }: { readonly pid: number; readonly task: string }): void {
    for (const work of this.#open.values()) {
      if (work.cpu !== cpu || work.started !== undefined) continue;
      const key = `${pid} ${task}`;
      const time = between(work.watchedUpTo, at);
      const ran = work.meanwhile.get(key);
      if (ran === undefined) work.meanwhile.set(key, { pid, task, time });
      else ran.time += time;
      work.watchedUpTo = at;
    }
  }

  #sumsOf(cpu: Cpu): Sums {
    const known = this.#sums.get(cpu);
    if (known !== undefined) return known;
    const made = { queueDelay: new Durations(), runTime: new Durations() };
    this.#sums.set(cpu, made);
    return made;
  }

  /** No further work item belongs to the current round. */
  #close(): void {
    const round = this.#current;
    this.#current = undefined;
    if (round === undefined) return;
    this.#onRound?.(roundAnswer(round));
    const took = tookOf(round.works);
    if (took === undefined) {
      this.#unfinished++;
      return;
    }
    const [first] = round.works;
    if (first !== undefined) this.firstRoundEnd ??= nanoseconds(first.queued + took);
    this.#rounds.add(took);
    this.#total += took;
    if (round.conversion !== undefined) this.#inConversions += took;
  }

  /** @returns undefined if no workqueue event was recorded, so that drains do not show. */
  answer(): DrainAnswer | undefined {
    if (!this.recorded) return undefined;
    this.#close();
    return {
      count: this.#count,
      unfinished: this.#unfinished,
      total: nanoseconds(this.#total),
      inConversions: nanoseconds(this.#inConversions),
      p50: this.#rounds.percentile(0.5),
      max: this.#rounds.max,
      cpus: [...this.#sums]
        .toSorted(([a], [b]) => a - b)
        .map(
          ([cpu, { queueDelay, runTime }]): CpuDrains => ({
            cpu,
            works: queueDelay.count,
            delay: { p50: queueDelay.percentile(0.5), max: queueDelay.max },
            run: { p50: runTime.percentile(0.5), max: runTime.max },
          }),
        ),
      rounds: this.#kept.map(roundAnswer),
      nameless: this.#nameless,
    };
  }
}

/** Clocks of two CPUs may differ, and a damaged time may run back: a duration is at least 0. */
const between = (from: Nanoseconds, to: Nanoseconds): Nanoseconds => nanoseconds(to > from ? to - from : 0n);

/** From the first queueing to the last end; undefined if the end of a work item was not recorded. */
function tookOf(works: readonly Work[]): Nanoseconds | undefined {
  const [first] = works;
  let last: Nanoseconds | undefined;
  for (const { ended } of works) {
    if (ended === undefined) return undefined;
    if (last === undefined || ended > last) last = ended;
  }
  return first === undefined || last === undefined ? undefined : between(first.queued, last);
}

/** Largest number of named tasks that ran while a work item waited, the longest first. */
const MOST_TASKS = 3;

function roundAnswer({ pid, task, cpu, conversion, works }: Round): DrainRound {
  const took = tookOf(works);
  return {
    at: works[0]?.queued ?? nanoseconds(0n),
    cpu,
    pid,
    task,
    conversion,
    took,
    works: works.map(workAnswer),
  };
}

const workAnswer = ({ cpu, queued, started, ended, insertions, meanwhile }: Work): DrainWork => ({
  cpu,
  queued,
  delay: started === undefined ? undefined : between(queued, started),
  run: started === undefined || ended === undefined ? undefined : between(started, ended),
  insertions,
  meanwhile: [...meanwhile.values()]
    .filter(({ time }) => time > 0n)
    .toSorted((a, b) => Number(b.time - a.time))
    .slice(0, MOST_TASKS)
    .map(({ pid, task, time }): RanMeanwhile => ({ pid, task, time: nanoseconds(time) })),
});
