// SPDX-License-Identifier: MIT
import type { Machine, Snapshot } from '../machine/index.ts';

/** Turns before the first look: most runs are over by then, and pay nothing. */
const FIRST = 256;

/** What a run is about to do, besides what its machine's memory says. */
export interface Moment {
  /** Turns that were taken. */
  readonly turns: number;
  /** Whose turn the last one was. */
  readonly last: number;
  /** Calls that are still to be made. */
  readonly callsLeft: number;
  /** `Strategy.position`. */
  readonly position: number | undefined;
  /** Whether a task other than the last can step; asked only where the choice of turns may change. */
  readonly othersReady: () => boolean;
}

/** How a run goes round. */
export interface Round {
  /** Turns that a round takes. */
  readonly turns: number;
  /** Whether that is for this order of turns only: another task could step, and gets no turn. */
  readonly inThisOrder: boolean;
}

/**
 * Notices a run that goes round for ever: the machine is as it was, and the next turn is the same again, since the schedule chooses by
 * the machine alone or no other task can step. The state is kept at 256 turns and at each doubling (Brent), and compared word for
 * word where the last task stands at the same step with the same locals.
 */
export class Recurrence {
  readonly #machine: Machine;
  #kept: { readonly moment: Moment; readonly snapshot: Snapshot } | undefined;
  #next = FIRST;
  /** Where the schedule may choose otherwise: the turn at which a second round is complete, on which no other task could step. */
  #alone: { readonly until: number; readonly round: number } | undefined;
  /** The last turn after which everything was as it is in the state that is kept. */
  #met = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Whether there is anything to look at after a turn: it is asked after each, and costs next to nothing. */
  asks(turns: number, last: number): boolean {
    const kept = this.#kept;
    if (turns >= this.#next || this.#alone !== undefined) return true;
    return kept?.moment.last === last && kept.snapshot.memory.pc[last] === this.#machine.memory.pc[last];
  }

  /** Where it asks. @returns the round that is complete. */
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

/** Whether a machine's memory is that of a snapshot; what differs most often first. */
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
