// SPDX-License-Identifier: MIT
import type { Machine, Snapshot } from '../machine/index.ts';

/** Turns before the first check: most runs have ended by then, at no cost. */
const FIRST = 256;

/** What determines the continuation of a run, besides its machine's memory. */
export interface Moment {
  /** Number of turns taken. */
  readonly turns: number;
  /** Task of the last turn. */
  readonly last: number;
  /** Number of calls still to be made. */
  readonly callsLeft: number;
  /** `Strategy.position`. */
  readonly position: number | undefined;
  /** Whether a task other than the last can step; called only if the choice of turns may change. */
  readonly othersReady: () => boolean;
}

/** Repetition of a run. */
export interface Round {
  /** Length of a round in turns. */
  readonly turns: number;
  /** Whether the run repeats only in this order of turns: another task could step, but gets no turn. */
  readonly inThisOrder: boolean;
}

/**
 * Detects a run that repeats for ever: the machine's state is equal to an earlier one, and the next turn is the same,
 * because the schedule depends only on the machine, or because no other task can step. The state is saved at 256 turns
 * and at each doubling (Brent). It is compared word for word when the last task is at the same step with the same
 * locals.
 */
export class Recurrence {
  readonly #machine: Machine;
  #kept: { readonly moment: Moment; readonly snapshot: Snapshot } | undefined;
  #next = FIRST;
  /**
   * If the schedule may choose differently: the turn at which a second round is complete, during which no other task
   * could step.
   */
  #alone: { readonly until: number; readonly round: number } | undefined;
  /** The last turn after which the state was equal to the saved one. */
  #met = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Whether a comparison is due. Called after each turn; its cost is negligible. */
  asks(turns: number, last: number): boolean {
    const kept = this.#kept;
    if (turns >= this.#next || this.#alone !== undefined) return true;
    return kept?.moment.last === last && kept.snapshot.memory.pc[last] === this.#machine.memory.pc[last];
  }

  /** Compares the state. @returns the complete round. */
  look(moment: Moment): Round | undefined {
    if (moment.turns >= this.#next) {
      this.#kept = { moment, snapshot: this.#machine.snapshot() };
      this.#next *= 2;
      this.#alone = undefined;
      this.#met = moment.turns;
      return undefined;
    }
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    if (this.#alone !== undefined && (moment.last !== kept.moment.last || moment.othersReady()))
      this.#alone = undefined;
    const { last, callsLeft, position, turns } = moment;
    const before = kept.moment;
    if (last !== before.last || callsLeft !== before.callsLeft || position !== before.position) return undefined;
    if (!isSame(this.#machine, kept.snapshot, last)) return undefined;
    if (position !== undefined) return { turns: turns - before.turns, inThisOrder: moment.othersReady() };
    const alone = this.#alone;
    if (turns === alone?.until) return { turns: alone.round, inThisOrder: false };
    const round = turns - this.#met;
    this.#met = turns;
    this.#alone ??= { until: turns + round, round };
    return undefined;
  }
}

/** Whether a machine's memory equals a snapshot. The parts that differ most often are compared first. */
function isSame({ memory }: Machine, { memory: kept }: Snapshot, task: number): boolean {
  if (memory.pc[task] !== kept.pc[task]) return false;
  if (!isEqual(memory.slots, kept.slots) || !isEqual(memory.pc, kept.pc) || !isEqual(memory.code, kept.code))
    return false;
  for (const [variable, column] of memory.columns) {
    const other = kept.columns.get(variable);
    if (other === undefined || !isEqual(column, other)) return false;
  }
  return true;
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}
