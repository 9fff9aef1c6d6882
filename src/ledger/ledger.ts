// SPDX-License-Identifier: MIT
import type { Cpu, FolioIndex, Nanoseconds, Order, Pfn } from './units.ts';

/** All kinds of holders of a folio's references; the table of holders is in docs/ARCHITECTURE.md. */
export const HOLDER_KINDS = [
  'page-cache',
  'lru-add-batch',
  'lru-batch',
  'mlock-batch',
  'user-mapping',
  'mmu-gather',
  'gup',
  'lookup',
  'safety-check',
  'isolated',
  'walker',
  'unknown',
] as const;
export type HolderKind = (typeof HOLDER_KINDS)[number];

/** A holder of `references` of a folio's count. */
export interface Holder {
  readonly kind: HolderKind;
  readonly references: number;
  /** For per-CPU holders: the CPU of the batch or gather. */
  readonly cpu?: Cpu;
  /** For holders that are a running task: its name. */
  readonly task?: string;
  /** Time at which the reference was taken, if known. */
  readonly since?: Nanoseconds;
}

/** Strength of the evidence for a statement from outside the model. */
export type Strength = 'proved' | 'derived' | 'unknown';

/** One folio of an inode with all its holders. */
export interface FolioLedger {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly order: Order;
  readonly strength: Strength;
  readonly holders: readonly Holder[];
  /** The folio's count where it differs from the sum of its holders: a model's state that violates conservation. */
  readonly count?: number;
}

/** The folios of one inode in its page cache at one moment, by rising index. */
export type Ledger = readonly FolioLedger[];

/**
 * Sum of the holders' references.
 * @example
 * import { cpu, heldOnlyByBatches, HOLDER_KINDS, type Holder, isIdle, CHECKS_OWN, referencesOf } from 'folioscope/ledger';
 * const holders: readonly Holder[] = [
 *   { kind: 'page-cache', references: 1 },
 *   { kind: 'lru-add-batch', cpu: cpu(1), references: 1 },
 *   { kind: 'safety-check', references: 1 },
 * ];
 * referencesOf(holders); // => 3
 * heldOnlyByBatches(holders); // => true
 * HOLDER_KINDS.filter((kind) => !isIdle(kind) && !CHECKS_OWN.has(kind)); // => ['user-mapping', 'mmu-gather', 'gup', 'unknown']
 */
export const referencesOf = (holders: readonly Holder[]): number =>
  holders.reduce((sum, holder) => sum + holder.references, 0);

/**
 * Kinds of holders that do not use the page: a conversion expects them, or a drain or the check's own end removes them.
 */
const IDLE_KINDS: ReadonlySet<HolderKind> = new Set([
  'page-cache',
  'lru-add-batch',
  'lru-batch',
  'mlock-batch',
  'safety-check',
]);

/** Whether a holder of this kind does not use the page. */
export const isIdle = (kind: HolderKind): boolean => IDLE_KINDS.has(kind);

/**
 * Kinds of references that a check may itself hold to the folio of its look, besides the reference of its batch: they
 * are no use either.
 */
export const CHECKS_OWN: ReadonlySet<HolderKind> = new Set(['isolated', 'walker', 'lookup']);

/** Whether only batches (and the page cache and the check) hold the folio, so that a refusal is spurious. */
export const heldOnlyByBatches = (holders: readonly Holder[]): boolean => holders.every(({ kind }) => isIdle(kind));
