// SPDX-License-Identifier: MIT
import type { Lossy, ProgramExploration, Progress, Question, Reach, Store } from '../check/index.ts';
import type { Walked } from './answer.ts';
import type { Heap } from './too-large.ts';

/** Explores a program in pieces, however it does that. */
export type Explorer = (
  question: Question,
  reach: Reach,
) => Generator<Omit<CheckProgress, 'round'>, ProgramExploration>;

/** How a search is bounded, and who watches it. */
export interface SearchOptions {
  /** Gives up after so many states. */
  readonly mostStates: number;
  /** Gives up before states and their table take more bytes; the machine's own limit where not given. */
  readonly mostBytes?: number | undefined;
  /** Asked now and then: where it says yes, the check ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
  /** No reductions, and everything is explored even where a violation is found early. */
  readonly exact?: boolean | undefined;
  /** Leaves out orders of steps that nobody can tell where a scenario is large; true where absent. */
  readonly partialOrder?: boolean | undefined;
  /** So many states are explored with all orders of steps before any is left out; 300 000 where absent. */
  readonly wholeUpTo?: number | undefined;
  /** Explores no state twice that differs only by an exchange of like tasks or CPUs; true where absent. */
  readonly symmetry?: boolean | undefined;
  /** Notes which steps were ever taken where nobody needs that for an answer; always in the kernel. */
  readonly coverage?: boolean | undefined;
  /** Remembers hashes instead of states: a "holds" is then worth what `omission` says. */
  readonly lossy?: Lossy | undefined;
  /** Walks at random instead of exploring everything. Nothing is said to hold then. */
  readonly walks?: Walked | undefined;
  /** Where the exploration of this name is kept, so that another process goes on with it. */
  readonly checkpoint?: ((name: string) => Store) | undefined;
  /**
   * Where states go when `mostBytes` ends. Asked for once by each exploration: what those before it put there is of no use any
   * more. For this thread, whole states and no checkpoints.
   */
  readonly spill?: (() => Store) | undefined;
  /** JavaScript's own memory; what does not fit in is not asked. Not looked at where absent. */
  readonly heap?: (() => Heap) | undefined;
  /** Explores; this thread does where absent. */
  readonly explore?: Explorer | undefined;
}

/** How far a check is. */
export interface CheckProgress extends Progress {
  /** Which of its explorations this is, from 1: each violated property costs one more. */
  readonly round: number;
  /** Of random walks: how many are over. */
  readonly walks?: number | undefined;
  /** Others work: settles when it is worth asking again. */
  readonly wait?: Promise<void> | undefined;
}
