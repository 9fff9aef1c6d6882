// SPDX-License-Identifier: MIT
import type { Lossy, ProgramExploration, Progress, Question, Reach, Store } from '../check/index.ts';
import type { Walked } from './answer.ts';
import type { Heap } from './too-large.ts';

/** Explores a program in pieces, in any way. */
export type Explorer = (
  question: Question,
  reach: Reach,
) => Generator<Omit<CheckProgress, 'round'>, ProgramExploration>;

/** Limits and callbacks of a search. */
export interface SearchOptions {
  /** Largest number of states. */
  readonly mostStates: number;
  /** Largest number of bytes of states and their table; if absent, the machine's own limit. */
  readonly mostBytes?: number | undefined;
  /** Called now and then: if it returns true, the check ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
  /** No reductions, and everything is explored even after a violation. */
  readonly exact?: boolean | undefined;
  /** Omits equivalent orders of steps if a scenario is large; true if absent. */
  readonly partialOrder?: boolean | undefined;
  /** Number of states that are explored with all orders before any is omitted; 300 000 if absent. */
  readonly wholeUpTo?: number | undefined;
  /** Keeps one state of those that differ only by a permutation of symmetric tasks or CPUs; true if absent. */
  readonly symmetry?: boolean | undefined;
  /** Records the steps that were ever taken, even if no answer needs it; always for the kernel. */
  readonly coverage?: boolean | undefined;
  /** Stores hashes instead of states: `omission` then gives the worth of a "holds". */
  readonly lossy?: Lossy | undefined;
  /** Random walks instead of an exploration. No property is then said to hold. */
  readonly walks?: Walked | undefined;
  /** Storage for the exploration of this name, so that another process can resume it. */
  readonly checkpoint?: ((name: string) => Store) | undefined;
  /**
   * Storage for states beyond `mostBytes`. Called once by each exploration: the content from earlier ones is useless
   * then. For this thread, whole states and no checkpoints.
   */
  readonly spill?: (() => Store) | undefined;
  /** JavaScript's own memory; a question that does not fit is not asked. Not checked if absent. */
  readonly heap?: (() => Heap) | undefined;
  /** The explorer; this thread if absent. */
  readonly explore?: Explorer | undefined;
}

/** Progress of a check. */
export interface CheckProgress extends Progress {
  /** Number of the exploration, from 1: each violated property costs one more. */
  readonly round: number;
  /** For random walks: number of finished walks. */
  readonly walks?: number | undefined;
  /** Other threads work: settles when the caller should ask again. */
  readonly wait?: Promise<void> | undefined;
}
