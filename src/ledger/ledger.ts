// SPDX-License-Identifier: MIT
import type { Cpu, FolioIndex, Nanoseconds, Order, Pfn } from './units.ts';

/** What is true of all holders of a kind. */
interface KindOfHolder {
  /** It does not use the page: a conversion expects it, or a drain or the check's own end removes it. */
  readonly isIdle?: true;
  /**
   * A reference that a check may itself hold to the folio of its look, besides the reference of its batch: no use
   * either.
   */
  readonly isChecksOwn?: true;
  /** A per-CPU batch. */
  readonly isBatch?: true;
  /** A recording without page_ref events shows it, or a conversion removes it itself. */
  readonly isStockVisible?: true;
}

/** All kinds of holders of a folio's references, in the order of reports; the table of holders is in docs/ARCHITECTURE.md. */
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

/** By kind. What else asks for a kind stands in docs/ARCHITECTURE.md, "Add a kind of holder". */
const KINDS: Readonly<Record<HolderKind, KindOfHolder>> = {
  'page-cache': { isIdle: true, isStockVisible: true },
  'lru-add-batch': { isIdle: true, isBatch: true, isStockVisible: true },
  'lru-batch': { isIdle: true, isBatch: true },
  'mlock-batch': { isIdle: true, isBatch: true },
  'user-mapping': { isStockVisible: true },
  'mmu-gather': {},
  gup: {},
  lookup: { isChecksOwn: true },
  'safety-check': { isIdle: true, isStockVisible: true },
  isolated: { isChecksOwn: true },
  walker: { isChecksOwn: true },
  unknown: {},
};

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
 * import {
 *   CHECKS_OWN,
 *   cpu,
 *   heldByIdleOnly,
 *   HOLDER_KINDS,
 *   type Holder,
 *   isBatch,
 *   isIdle,
 *   isStockVisible,
 *   referencesOf,
 * } from 'folioscope/ledger';
 * const holders: readonly Holder[] = [
 *   { kind: 'page-cache', references: 1 },
 *   { kind: 'lru-add-batch', cpu: cpu(1), references: 1 },
 *   { kind: 'safety-check', references: 1 },
 * ];
 * referencesOf(holders); // => 3
 * heldByIdleOnly(holders); // => true
 * HOLDER_KINDS.filter(isBatch); // => ['lru-add-batch', 'lru-batch', 'mlock-batch']
 * HOLDER_KINDS.filter((kind) => !isStockVisible(kind) && isIdle(kind)); // => ['lru-batch', 'mlock-batch']
 * HOLDER_KINDS.filter((kind) => !isIdle(kind) && !CHECKS_OWN.has(kind)); // => ['user-mapping', 'mmu-gather', 'gup', 'unknown']
 */
export const referencesOf = (holders: readonly Holder[]): number =>
  holders.reduce((sum, holder) => sum + holder.references, 0);

const kindsThat = (is: keyof KindOfHolder): ReadonlySet<HolderKind> =>
  new Set(HOLDER_KINDS.filter((kind) => KINDS[kind][is] === true));

/** Whether a holder of this kind does not use the page. */
export const isIdle = (kind: HolderKind): boolean => KINDS[kind].isIdle === true;

/** Whether a holder of this kind is a per-CPU batch. */
export const isBatch = (kind: HolderKind): boolean => KINDS[kind].isBatch === true;

/** Whether a recording without page_ref events shows a holder of this kind, or a conversion removes it itself. */
export const isStockVisible = (kind: HolderKind): boolean => KINDS[kind].isStockVisible === true;

/** Kinds of references that a check may itself hold to the folio of its look. */
export const CHECKS_OWN: ReadonlySet<HolderKind> = kindsThat('isChecksOwn');

/** Whether no holder uses the page: only batches, the page cache and the check. Then a refusal is spurious. */
export const heldByIdleOnly = (holders: readonly Holder[]): boolean => holders.every(({ kind }) => isIdle(kind));
