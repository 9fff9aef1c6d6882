// SPDX-License-Identifier: MIT
import type { Cpu, Nanoseconds } from '../ledger/index.ts';
import type { TraceSummary } from '../trace/index.ts';

/** Calls of the model that no event shows, in the order of reports. */
export const SILENT_KINDS = [
  'folio of unobserved memory',
  'local drain',
  'drain of all CPUs',
  'folio in another batch',
  'isolated and put back',
  'unseen reference',
  'present before the recording',
  'left the page cache unseen',
] as const;
export type SilentKind = (typeof SILENT_KINDS)[number];

/** Kinds of events, in the order of reports; `other` are those that the model has no step for. */
export const EVENT_KINDS = [
  'add',
  'insertion',
  'delete',
  'work-queued',
  'work-begun',
  'work-done',
  'conversion',
  'fallocate',
  'reference',
  'other',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** How the events of one kind were taken. */
export interface KindCount {
  readonly kind: EventKind;
  /** Events read up to the end, or to the divergence. */
  readonly consumed: number;
  /** Shown by a step of the model. */
  readonly matched: number;
  /** Behind a loss, before its CPU was known again. */
  readonly unknown: number;
}

/** The first event that no step of the model shows. */
export interface DivergenceAnswer {
  /** As the kernel prints it. */
  readonly event: string;
  readonly at: Nanoseconds;
  readonly cpu: Cpu;
  /** Its number among the events that the model has steps for, from 1. */
  readonly number: number;
  /** What the model allowed there. */
  readonly allowed: string;
  /** What was false in the model, with its values. */
  readonly guard: string;
  /** The model's batches there, one sentence a CPU. */
  readonly ledgers: readonly string[];
  /** Events of the same CPU just before. */
  readonly before: readonly string[];
}

/** Whether a recorded run is a behaviour of the model. */
export interface Conformance {
  readonly verdict: 'conforms' | 'diverges' | 'undecided';
  /** Why it is undecided; undefined if it is not. */
  readonly because: string | undefined;
  readonly trace: TraceSummary;
  readonly profile: { readonly name: string; readonly because: string };
  /** Forms of the check with which the recording conforms; those that were asked, if it has no conversion. */
  readonly forms: readonly string[];
  readonly formsTried: readonly string[];
  readonly kinds: readonly KindCount[];
  readonly consumed: number;
  readonly matched: number;
  readonly unknown: number;
  readonly silent: readonly { readonly kind: SilentKind; readonly times: number }[];
  /** Steps that the model took. */
  readonly steps: number;
  /** Most ways in which one event was followed, and how many more were tried. */
  readonly frontier: number;
  readonly tries: number;
  readonly lostOn: readonly Cpu[];
  readonly divergence: DivergenceAnswer | undefined;
}
