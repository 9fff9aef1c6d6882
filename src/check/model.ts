// SPDX-License-Identifier: MIT
import type { Store } from './checkpoint.ts';
import type { Lossy } from './lossy_memory.ts';

/** A model: states as words, and tasks that take steps. */
export interface Model {
  /** Words of a state. */
  readonly words: number;
  readonly tasks: number;
  /** By task: number of different steps among which it may choose; 1 for each if absent. */
  readonly options?: readonly number[];
  readonly initial: Int32Array;
  /** Takes a task's next step in place. Returns false, with the state unchanged, if it has none or must wait. */
  readonly step: (task: number, state: Int32Array, option: number) => boolean;
}

/** A property that must hold in every state. */
export interface Invariant {
  readonly name: string;
  readonly holds: (state: Int32Array) => boolean;
}

/** Limits and callbacks of a search. */
export interface Reach {
  /** Largest number of states. */
  readonly mostStates: number;
  /** Largest number of bytes of states, table and collected successors. If absent, the machine's own limit. */
  readonly mostBytes?: number | undefined;
  /** Continues after a violation and visits everything; otherwise the search ends with the level of the violation. */
  readonly whole?: boolean;
  /**
   * Stores hashes instead of states. It takes less memory, but a state may be taken for another and omitted, with
   * everything that only it leads to (`Exploration.omission`). A violation is real even in this mode; a second, exact
   * search within the same limits recomputes its run. For one thread, without checkpoints.
   */
  readonly lossy?: Lossy | undefined;
  /**
   * Storage for levels, so that another process can resume. If the store holds a checkpoint of the same question, the
   * search continues from it, to the same result, with any number of threads. A store belongs to one
   * question. For programs only.
   * @throws CheckpointError if the store holds another question's checkpoint, or a damaged one.
   */
  readonly checkpoint?: Store | undefined;
  /**
   * Storage for states beyond `mostBytes`; up to half of that is for the two levels that stay in memory. The result is
   * the same. The content is useless afterwards. If it throws `StoreFullError`, the search ends with what it knows. For
   * one thread, not lossy.
   */
  readonly spill?: Store | undefined;
  /** Progress callback, called about ten times in a second of work. */
  readonly progress?: ((now: Progress) => void) | undefined;
  /** Called as often: if it returns true, the search ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
}

/** Progress of a search. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  /** Steps to the level that is found. */
  readonly depth: number;
  /** States that are found and not yet expanded. */
  readonly queue: number;
  /** Value that `Exploration.bytes` would have. */
  readonly bytes: number;
}

/**
 * Why a search ended early: a limit of its question; the machine's memory; a full spill store; an interruption; a
 * checkpoint that cannot be written. Random walks that are finished; a probability of omission above 1 %; a question
 * that is too large to be built, so that nothing was searched.
 */
export type Reason = 'states' | 'memory' | 'disk' | 'interrupted' | 'checkpoint' | 'walks' | 'omission' | 'size';

export interface Limits extends Reach {
  /** A state in which no task can step is a deadlock, unless this returns true. */
  readonly mayEnd: (state: Int32Array) => boolean;
  readonly invariants: readonly Invariant[];
}

/** A step: its task, and its option. */
export interface Move {
  readonly task: number;
  readonly option: number;
}

/** Result of an exploration. */
export interface Exploration {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** Name of the violated invariant or assert, or "deadlock". */
  readonly property: string | undefined;
  readonly states: number;
  /** Steps from state to state. SPIN also counts the arrival at the initial state. */
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** Bytes of all states, of their table and of collected successors. */
  readonly bytes: number;
  readonly bytesPerState: number;
  /**
   * Probability that a state was omitted because of a hash collision, if the hashes were random; undefined if whole
   * states were compared.
   */
  readonly omission: number | undefined;
  /** Why not everything was visited, although no violation ended the search. */
  readonly reason: Reason | undefined;
  /** A shortest run from the initial state to a violation. */
  readonly counterexample: readonly Move[] | undefined;
}
