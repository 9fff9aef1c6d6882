// SPDX-License-Identifier: MIT
import type { ReferenceOperation } from '../ledger/index.ts';

/** Tracepoints of references, as the kernel names them (include/trace/events/page_ref.h). */
export const REFERENCE_NAMES: Readonly<Record<ReferenceOperation, string>> = {
  set: 'page_ref_set',
  mod: 'page_ref_mod',
  'mod-and-test': 'page_ref_mod_and_test',
  'mod-and-return': 'page_ref_mod_and_return',
  'mod-unless': 'page_ref_mod_unless',
  freeze: 'page_ref_freeze',
  unfreeze: 'page_ref_unfreeze',
  'pinner-failure': 'page_pinner_failure',
  'pinner-put': 'page_pinner_put',
};
