// SPDX-License-Identifier: MIT
import type { Store } from './checkpoint.ts';
import type { Lossy } from './lossy_memory.ts';

/** What can be explored: states as words, tasks that take steps. */
export interface Model {
  /** Length of a state. */
  readonly words: number;
  readonly tasks: number;
  /** By task: how many different steps it may have to choose from; 1 each where not given. */
  readonly options?: readonly number[];
  readonly initial: Int32Array;
  /** Takes a task's next step in place; false, with the state untouched, where it has none or has to wait. */
  readonly step: (task: number, state: Int32Array, option: number) => boolean;
}

/** Something that has to be so in every state. */
export interface Invariant {
  readonly name: string;
  readonly holds: (state: Int32Array) => boolean;
}

/** How far a search goes, and who watches it. */
export interface Reach {
  /** Gives up after so many states. */
  readonly mostStates: number;
  /** Gives up before states, table and collected successors take more bytes. The machine's own limit where not given. */
  readonly mostBytes?: number | undefined;
  /** Goes on after a violation and visits everything; otherwise it ends with the level in which it found one. */
  readonly whole?: boolean;
  /**
   * Remembers hashes instead of states: less memory, but a state may be taken for another and left out, with all that only it leads
   * to (`Exploration.omission`). What is violated is violated nevertheless; a second, exact search within the same limits tells the
   * way there. On one thread, without checkpoints.
   */
  readonly lossy?: Lossy | undefined;
  /**
   * Where levels are kept, so that another process can go on: a search whose store holds a checkpoint of the same question goes on from
   * it, to the same result, with any number of threads. A store is one
   * search's: who asks several questions gives each its own. Of a program only.
   * @throws CheckpointError where the store holds another question's checkpoint, or a damaged one.
   */
  readonly checkpoint?: Store | undefined;
  /**
   * Where states go when `mostBytes` ends; as much as half of it is for the two levels that stay in memory. The answer is the same.
   * What goes there is of no use afterwards. Where it throws `StoreFullError` the search ends with what it knows. On one thread,
   * not lossy.
   */
  readonly spill?: Store | undefined;
  /** Told how far it is, some ten times in a second of work. */
  readonly progress?: ((now: Progress) => void) | undefined;
  /** Asked as often: where it says yes, the search ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
}

/** How far a search is. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  /** Steps to the level that is being found. */
  readonly depth: number;
  /** States that are found and not yet expanded. */
  readonly queue: number;
  /** What `Exploration.bytes` would be. */
  readonly bytes: number;
}

/**
 * Why a search gave up: a limit of its question, the machine's memory, the store that states are put aside in is full, somebody
 * interrupted it, its checkpoint cannot be written; random walks are over; too likely a state was left out (more than 1 %); or the
 * question is too large to be built, and nothing was searched.
 */
export type Reason = 'states' | 'memory' | 'disk' | 'interrupted' | 'checkpoint' | 'walks' | 'omission' | 'size';

export interface Limits extends Reach {
  /** A state in which no task can step is a deadlock, unless it is one of these. */
  readonly mayEnd: (state: Int32Array) => boolean;
  readonly invariants: readonly Invariant[];
}

/** A step: whose, and which of its options. */
export interface Move {
  readonly task: number;
  readonly option: number;
}

/** What exploring came to. */
export interface Exploration {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** Name of what is violated: an invariant's, an assert's, or "deadlock". */
  readonly property: string | undefined;
  readonly states: number;
  /** Steps from a state to a state. SPIN counts one more: it also arrives at the initial state. */
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** Bytes of all states, of the table of them and of collected successors. */
  readonly bytes: number;
  readonly bytesPerState: number;
  /**
   * Probability that a state was left out because its hash was taken for another's, were the hashes random: what "holds" is worth;
   * undefined where whole states were compared.
   */
  readonly omission: number | undefined;
  /** Why not everything was visited, although nothing was found that would have ended the search. */
  readonly reason: Reason | undefined;
  /** The steps that lead from the initial state to a violation, as few as there can be. */
  readonly counterexample: readonly Move[] | undefined;
}
