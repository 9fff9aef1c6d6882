// SPDX-License-Identifier: GPL-2.0-only
import { bool, optional, shared, sharedScalar } from '../lang/index.ts';
import { boolIn, FOLIO, MEMORY_FAILURE } from './kernel.ts';

/** State that memory_failure() and soft_offline_page() write and read. */
export const hwpoison = {
  /** PG_hwpoison. */
  flag: shared('folio.hwpoison', [FOLIO, MEMORY_FAILURE], bool),
  /** The folio itself if the reference that was taken is kept for ever. */
  kept: shared('folio.hwpoison.kept', [FOLIO, MEMORY_FAILURE], optional(FOLIO)),
  /** PG_dirty. Set by a user's write, or by a guest's fault that keeps its reference until the page is mapped. */
  dirty: shared('folio.dirty', [FOLIO, MEMORY_FAILURE], bool),
  /** mm/memory-failure.c: mf_mutex: one of the two at a time. */
  mutex: sharedScalar('mf_mutex', boolIn('memory_failure')),
};
