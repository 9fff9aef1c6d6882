// SPDX-License-Identifier: MIT
import type { FolioIndex } from './units.ts';

/**
 * What a safety check says of a range. A refusal is spurious when nothing but batches (and the page cache
 * and the check itself) holds the folio that it names.
 */
export type Verdict =
  | { readonly verdict: 'safe' }
  | { readonly verdict: 'refused'; readonly index: FolioIndex; readonly spurious: boolean }
  | { readonly verdict: 'undecided'; readonly reason: string };
