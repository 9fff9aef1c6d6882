// SPDX-License-Identifier: MIT

/** Of violations at the same distance, the one of the first kind counts. */
const KINDS = ['assert', 'property', 'deadlock'] as const;

/** Something that is wrong, in or after a state. */
export interface Fault {
  readonly kind: (typeof KINDS)[number];
  /** Number of the assert or of the property. */
  readonly which: number;
  /** The step in which an assert fails. */
  readonly task: number;
  readonly option: number;
  readonly state: Int32Array;
}

/** What is wrong, and how far from the initial state: for a failing assert, the state before it. */
export interface Wrong extends Fault {
  /** Steps. */
  readonly length: number;
}

/** Whether a fault is the one to be told: nearer, or of an earlier kind, or in the smaller state. */
export function comesBefore(a: Fault, b: Fault): boolean {
  const kinds = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  // A deadlock is there, other faults are a step farther.
  if (kinds !== 0) return a.kind === 'deadlock' || (b.kind !== 'deadlock' && kinds < 0);
  return compare(a.state, b.state) < 0;
}

/** By the first word that differs. */
export function compare(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
