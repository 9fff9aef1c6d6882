// SPDX-License-Identifier: MIT
import type { Footprint } from './footprint.ts';

/** In `TaskView.flags`: a state of each cycle of local states, whose step is only taken with all others. */
export const CLOSES_CYCLE = 1;
/** In `TaskView.flags`: a state in which this step is next is stored, because an assert depends on it. */
export const STAYS = 2;

/** One task, as needed for a choice; arrays are by local state. */
export interface TaskView {
  /** By local state: begin of its successors in `to`; one entry more than there are states. */
  readonly edges: Int32Array;
  readonly to: Int32Array;
  /** Footprint of the next step, its guards included. */
  readonly next: Int32Array;
  /** Footprint of the guards, if the step may have to wait. */
  readonly guard: Int32Array;
  /** Locks that the task holds. */
  readonly held: Int32Array;
  /** Locks that the next step waits for. */
  readonly stopsAt: Int32Array;
  readonly flags: Uint8Array;
  /** Locks that any of its steps waits for. */
  readonly everStopsAt: number;
  /** By local state: its equivalence class. */
  readonly classOf: Int32Array;
  /** The number of classes. */
  readonly classes: number;
}

/** The data for choices, which can be sent to other threads. */
export interface Dependences {
  readonly views: readonly TaskView[];
  /** Number of elements of footprints. */
  readonly elements: number;
  /** Footprints by number. */
  readonly footprints: readonly Footprint[];
}
