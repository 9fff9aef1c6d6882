// SPDX-License-Identifier: MIT
import type { FolioIndex } from './units.ts';

/**
 * Verdict of a safety check on a range. A refusal is spurious if only batches (and the page cache and the check itself)
 * hold the folio that it names.
 */
export type Verdict =
  | { readonly verdict: 'safe' }
  | { readonly verdict: 'refused'; readonly index: FolioIndex; readonly spurious: boolean }
  | { readonly verdict: 'undecided'; readonly reason: string };
