// SPDX-License-Identifier: MIT

/** Order of preference among violations at the same distance. */
const KINDS = ['assert', 'property', 'deadlock'] as const;

/** A violation in or after a state. */
export interface Fault {
  readonly kind: (typeof KINDS)[number];
  /** Number of the assert or property. */
  readonly which: number;
  /** The step in which an assert fails. */
  readonly task: number;
  readonly option: number;
  readonly state: Int32Array;
}

/** A violation and its distance from the initial state in steps: for a failing assert, that of the state before it. */
export interface Wrong extends Fault {
  /** Steps. */
  readonly length: number;
}

/** Whether a fault is preferred: nearer, or of an earlier kind, or in the smaller state. */
export function comesBefore(a: Fault, b: Fault): boolean {
  const kinds = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  // A deadlock is in the state itself, other faults are one step farther.
  if (kinds !== 0) return a.kind === 'deadlock' || (b.kind !== 'deadlock' && kinds < 0);
  return compare(a.state, b.state) < 0;
}

/** By the first word that differs. */
export function compare(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
