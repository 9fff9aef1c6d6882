// SPDX-License-Identifier: MIT
import type { Cpu, FolioIndex, Nanoseconds, Order, Pfn } from './units.ts';

/** Everything that can hold a reference to a folio; the table of holders is in docs/ARCHITECTURE.md. */
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

/** Somebody who holds `references` of a folio's count. */
export interface Holder {
  readonly kind: HolderKind;
  readonly references: number;
  /** For per-CPU holders: whose batch or gather. */
  readonly cpu?: Cpu;
  /** For holders that are a running task: its name. */
  readonly task?: string;
  /** When the reference was taken, where known. */
  readonly since?: Nanoseconds;
}

/** How well founded a statement from outside the model is. */
export type Strength = 'proved' | 'derived' | 'unknown';

/** One folio of an inode with everybody who holds it. */
export interface FolioLedger {
  readonly index: FolioIndex;
  readonly pfn: Pfn;
  readonly order: Order;
  readonly strength: Strength;
  readonly holders: readonly Holder[];
}

/** The folios of one inode that are in its page cache at one moment, by rising index. */
export type Ledger = readonly FolioLedger[];

/**
 * The reference count that the holders add up to.
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

/** Holders that are no use of the page: what a conversion expects, and what a drain or the check's own end removes. */
const IDLE_KINDS: ReadonlySet<HolderKind> = new Set([
  'page-cache',
  'lru-add-batch',
  'lru-batch',
  'mlock-batch',
  'safety-check',
]);

/** Whether a holder of this kind is no use of the page. */
export const isIdle = (kind: HolderKind): boolean => IDLE_KINDS.has(kind);

/** What a check may itself hold of the folio that it looks at, besides the reference of its batch: that is no use either. */
export const CHECKS_OWN: ReadonlySet<HolderKind> = new Set(['isolated', 'walker', 'lookup']);

/** Whether nothing but batches (and the page cache and the check) holds the folio, so that refusing it is spurious. */
export const heldOnlyByBatches = (holders: readonly Holder[]): boolean => holders.every(({ kind }) => isIdle(kind));
