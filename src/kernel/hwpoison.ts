// SPDX-License-Identifier: GPL-2.0-only
import { bool, optional, shared } from '../lang/index.ts';
import { FOLIO, MEMORY_FAILURE } from './kernel.ts';

/** What memory_failure() leaves. */
export const hwpoison = {
  /** PG_hwpoison. */
  flag: shared('folio.hwpoison', [FOLIO, MEMORY_FAILURE], bool),
  /** The folio itself where memory_failure() has kept the reference that it took: it never gives it back. */
  kept: shared('folio.hwpoison.kept', [FOLIO, MEMORY_FAILURE], optional(FOLIO)),
};
