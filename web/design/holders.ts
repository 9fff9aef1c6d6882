// SPDX-License-Identifier: MIT
import type { Holder, HolderKind } from '../../src/ledger/index.ts';

/** Fill of a lane, which distinguishes a holder kind from the others without colour. */
export type Fill = 'plain' | 'dots' | 'rising' | 'falling' | 'across' | 'hatched';

/** Name and look of a holder kind, on the whole page. */
export interface HolderLook {
  /** In a sentence: "the page cache holds it". */
  readonly word: string;
  /** CSS custom property of its colour. */
  readonly colour: `--holder-${HolderKind}`;
  /** One letter, for narrow places; unique. */
  readonly letter: string;
  readonly fill: Fill;
}

const look = (kind: HolderKind, word: string, letter: string, fill: Fill): HolderLook => ({
  word,
  colour: `--holder-${kind}`,
  letter,
  fill,
});

/** By holder kind. `unknown` is hatched like losses: everything unknown looks the same. */
export const HOLDER_LOOKS: Readonly<Record<HolderKind, HolderLook>> = {
  'page-cache': look('page-cache', 'page cache', 'c', 'plain'),
  'lru-add-batch': look('lru-add-batch', 'lru_add batch', 'b', 'rising'),
  'lru-batch': look('lru-batch', 'other LRU batch', 'l', 'falling'),
  'mlock-batch': look('mlock-batch', 'mlock batch', 'm', 'across'),
  'user-mapping': look('user-mapping', 'user mapping', 'u', 'dots'),
  'mmu-gather': look('mmu-gather', 'mmu gather', 'g', 'rising'),
  gup: look('gup', 'pin', 'p', 'falling'),
  lookup: look('lookup', 'lookup', 'f', 'dots'),
  'safety-check': look('safety-check', 'the check itself', 's', 'across'),
  isolated: look('isolated', 'isolated', 'i', 'falling'),
  walker: look('walker', 'pfn walker', 'w', 'dots'),
  unknown: look('unknown', 'unknown', '?', 'hatched'),
};

/** A holder in words: `lru_add batch, CPU 1`; `lookup, T1`. */
export const holderName = ({ kind, cpu, task }: Holder): string =>
  [HOLDER_LOOKS[kind].word, cpu === undefined ? undefined : `CPU ${cpu}`, task]
    .filter((part) => part !== undefined)
    .join(', ');
