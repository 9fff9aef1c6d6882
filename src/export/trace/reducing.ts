// SPDX-License-Identifier: MIT
import type { Cpu, KernelEvent, Loss } from '../../ledger/index.ts';
import type { Plan } from './plan.ts';

type Seen = Exclude<KernelEvent, Loss>;

/** What one CPU of one buffer has. */
interface CpuState {
  /** The latest event that was left out since the last kept one: what precedes a loss is needed. */
  held: Seen | undefined;
  /** Whether a burst of insertions, and the flush around it, may still go on. */
  inBurst: boolean;
  inFlush: boolean;
  /** The task that flushes. */
  flusher: number;
}

/**
 * Leaves out what no answer needs. Besides the needed events these stay: the first event of each kind; events that end a burst of
 * insertions or a flush, which only their being there shows; the last one before a loss and the last one of all.
 */
export class Reducing {
  readonly #plan: Plan;
  readonly #keep: (event: Seen) => void;
  readonly #cpus = new Map<string, CpuState>();
  readonly #kinds = new Set<string>();
  readonly #switches = new Map<Cpu, number>();
  /** With PREEMPT_RT other tasks run within a flush. */
  #isPreemptible = false;

  constructor(plan: Plan, keep: (event: Seen) => void) {
    this.#plan = plan;
    this.#keep = keep;
  }

  event(event: Seen): void {
    const state = this.#of(event.cpu);
    const nth = event.type === 'sched_switch' ? 1 + (this.#switches.get(event.cpu) ?? 0) : 0;
    if (nth > 0) this.#switches.set(event.cpu, nth);
    const kind = `${event.type} ${event.buffer ?? ''}`;
    const isFirst = !this.#kinds.has(kind);
    this.#kinds.add(kind);
    const ends = (state.inBurst && !isOfFlush(event)) || (state.inFlush && !mayInterrupt(event));
    if (this.#plan.needs(event, nth) || isFirst || ends) {
      this.#keep(event);
      state.held = undefined;
      if (event.type === 'mm_lru_insertion') {
        state.flusher = event.pid;
        this.#isPreemptible ||= event.isPreemptible === true;
      }
      const isOther = this.#isPreemptible && event.pid !== state.flusher;
      state.inBurst = event.type === 'mm_lru_insertion' || (state.inBurst && isOfFlush(event));
      state.inFlush = event.type === 'mm_lru_insertion' || (state.inFlush && (mayInterrupt(event) || isOther));
      return;
    }
    state.held = event;
  }

  /** Events of a CPU were lost here. */
  lost({ cpu, at }: Loss): void {
    if (at === undefined) this.finish();
    else this.#release(this.#of(cpu));
  }

  /** The events that are held back, in their order. */
  finish(): void {
    const last = [...this.#cpus.values()].toSorted((a, b) => Number((a.held?.at ?? 0n) - (b.held?.at ?? 0n)));
    for (const state of last) this.#release(state);
  }

  #release(state: CpuState): void {
    if (state.held !== undefined) this.#keep(state.held);
    state.held = undefined;
  }

  #of(cpu: Cpu): CpuState {
    const key = String(cpu);
    const known = this.#cpus.get(key);
    if (known !== undefined) return known;
    const made: CpuState = { held: undefined, inBurst: false, inFlush: false, flusher: -1 };
    this.#cpus.set(key, made);
    return made;
  }
}

/** Events of a CPU within a burst of insertions: those of the flush itself. */
const isOfFlush = ({ type }: Seen): boolean =>
  type === 'mm_lru_insertion' || type === 'page-reference' || type === 'mm_page_free';

/** Events that an interrupt or the flush may cause. */
const mayInterrupt = (event: Seen): boolean =>
  isOfFlush(event) ||
  event.type === 'workqueue_queue_work' ||
  event.type === 'workqueue_activate_work' ||
  event.type === 'sched_wakeup';
