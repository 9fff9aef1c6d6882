// SPDX-License-Identifier: MIT
import type { Edge } from './edges.ts';

/** A local state of a task: the step that it rests at, and its values there. */
export interface LocalState {
  /** The number of steps means "finished". */
  readonly pc: number;
  /** By slot, as in `Memory.slots`. */
  readonly slots: Int32Array;
  /** By cell: how the step may touch it, in any of its options (READ | WRITTEN | ADDED). */
  readonly touched: ReadonlyMap<number, number>;
  /** Cells that were 0 whenever a guard let the step pass, in every option. */
  readonly passesOnlyAtZero: ReadonlySet<number>;
  /** Cells that the guards read when the step had to wait; undefined if it never waits. */
  readonly waitsFor: ReadonlySet<number> | undefined;
  readonly edges: readonly Edge[];
  /** The task's claims here, by label, as text to compare. */
  readonly claims: ReadonlyMap<string, string>;
  /** Labels whose claims depend on shared memory. */
  readonly varying: ReadonlySet<string>;
}
