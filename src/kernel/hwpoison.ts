// SPDX-License-Identifier: GPL-2.0-only
import { bool, optional, shared, sharedScalar } from '../lang/index.ts';
import { boolIn, FOLIO, MEMORY_FAILURE } from './kernel.ts';

/** What memory_failure() and soft_offline_page() leave, and what they look at. */
export const hwpoison = {
  /** PG_hwpoison. */
  flag: shared('folio.hwpoison', [FOLIO, MEMORY_FAILURE], bool),
  /** The folio itself where the reference that was taken is kept for good. */
  kept: shared('folio.hwpoison.kept', [FOLIO, MEMORY_FAILURE], optional(FOLIO)),
  /** PG_dirty. Set where a user writes; or by a guest's fault that keeps its reference until the page is mapped. */
  dirty: shared('folio.dirty', [FOLIO, MEMORY_FAILURE], bool),
  /** mm/memory-failure.c: mf_mutex: one of the two at a time. */
  mutex: sharedScalar('mf_mutex', boolIn('memory_failure')),
};
