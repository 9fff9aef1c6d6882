// SPDX-License-Identifier: MIT
import { type FolioLedger, HOLDER_KINDS, type HolderKind } from '../../../src/ledger/index.ts';

/** Holder kinds by their weight for a conversion, from the least to the most important. */
const BY_WEIGHT: readonly HolderKind[] = [
  'page-cache',
  'safety-check',
  'user-mapping',
  'lru-add-batch',
  'lru-batch',
  'mlock-batch',
  'lookup',
  'walker',
  'isolated',
  'mmu-gather',
  'gup',
  'unknown',
];
const WEIGHT = new Map(BY_WEIGHT.map((kind, weight) => [kind, weight]));

/** Codes of what lanes show, lightest first; larger codes are drawn over smaller ones. */
const codeOf = (kind: HolderKind): number => WEIGHT.get(kind) ?? 0;
export const shownOf = (code: number): HolderKind => BY_WEIGHT[code] ?? 'unknown';
/** Number of codes. */
export const CODES = HOLDER_KINDS.length;
/** The folio is not in the page cache. */
export const ABSENT = 255;

/** Code that a lane shows for a folio: its heaviest holder, or `unknown` if something about the folio is not known. */
export function codeOfFolio({ holders, strength }: FolioLedger): number {
  if (strength === 'unknown') return codeOf('unknown');
  let code = 0;
  for (const { kind } of holders) code = Math.max(code, codeOf(kind));
  return code;
}
