// SPDX-License-Identifier: MIT

/** What can be explored: states as words, tasks that take steps. */
export interface Model {
  /** Length of a state. */
  readonly words: number;
  /** At most 255. */
  readonly tasks: number;
  readonly initial: Int32Array;
  /** Takes a task's next step in place; false, with the state untouched, where it has none or has to wait. */
  readonly step: (task: number, state: Int32Array) => boolean;
}

/** Something that has to be so in every state. */
export interface Invariant {
  readonly name: string;
  readonly holds: (state: Int32Array) => boolean;
}

export interface Limits {
  /** A state in which no task can step is a deadlock, unless it is one of these. */
  readonly mayEnd: (state: Int32Array) => boolean;
  readonly invariants: readonly Invariant[];
  /** Gives up after so many states. */
  readonly mostStates: number;
}

/** What exploring came to. */
export interface Exploration {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** Name of what is violated: an invariant's, or "deadlock". */
  readonly property: string | undefined;
  readonly states: number;
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** The tasks whose steps lead from the initial state to a violation, as few as there can be. */
  readonly counterexample: readonly number[] | undefined;
}
