// SPDX-License-Identifier: MIT
// The small protocol that the three prototypes write, and what each of them is asked for. It has what a kernel
// language has to carry: per-CPU batches under a local lock, a flush, a worker that one waits for, a read again.
//
//   task 0, 1  on CPU 0, 1: folio_add_lru() of every folio of the lower, the upper half
//   task 2     on CPU 0: the check: each folio's count against 2, with one drain of both CPUs, then read again
//   task 3     CPU 1's worker, which drains CPU 1 whenever it is asked to

/** How large the protocol is. */
export interface World {
  /** Even; each adder has half of them. */
  readonly folios: number;
  /** Places of a batch. */
  readonly slots: number;
}

export const CPUS = 2;
export const TASKS = 4;
export const CONVERTER = 2;
export const WORKER = 3;
/** References that a folio can have: the page cache's, the batch's, the check's. */
export const MOST_REFERENCES = 3;

/** More than the protocol has at the sizes at which it is explored. */
export const MOST_STATES = 200_000;

/** In `verdict`: the check has not answered yet, has found nothing, or (from REFUSED on) has refused folio v - REFUSED. */
export const VERDICT = { open: 0, safe: 1, refused: 2 } as const;

/** Memory as everybody ends with it. */
export interface Final {
  readonly refcount: ArrayLike<number>;
  readonly lru: ArrayLike<number>;
  /** By CPU: folios that wait in its batch. */
  readonly nr: ArrayLike<number>;
  readonly verdict: number;
}

/** Two runs that ended alike have the same text. */
export const textOf = ({ refcount, lru, nr, verdict }: Final): string =>
  `${verdict} refcount ${Array.from(refcount).join('')} lru ${Array.from(lru).join('')} nr ${Array.from(nr).join('')}`;

/** What exploring every interleaving came to. */
export interface Counts {
  readonly states: number;
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
}
export interface Explored extends Omit<Counts, 'depth'> {
  /** textOf() of every end. */
  readonly ends: ReadonlySet<string>;
}

/** What a prototype offers. */
export interface Prototype {
  /** Compiles or prepares, and returns what explores; each call explores anew. */
  readonly explorer: (world: World) => () => Explored;
  /**
   * Prepares memory at full size, and returns what runs on it: adder 0, adder 1, then the check, each to its end.
   * Each call begins anew.
   */
  readonly runner: (world: World) => () => Final;
}

/** A prototype that can be stepped on the page. */
export interface Stepping {
  /** Prepares, and returns what runs all tasks in turns, a step each; each call begins anew. @returns the steps taken. */
  readonly stepper: (world: World) => () => number;
}
