// SPDX-License-Identifier: MIT
import type { ReferenceOperation } from '../ledger/index.ts';

/**
 * The events that change a reference count, by name. `page_ref_init` and `add_unless` are names of a proposal of 2021,
 * `folio_ref_*` of one of 2025; each keeps the fields of the one that it replaces.
 */
export const REFERENCE_EVENTS: ReadonlyMap<string, ReferenceOperation> = new Map([
  ...['page_ref', 'folio_ref'].flatMap((family): [string, ReferenceOperation][] => [
    [`${family}_set`, 'set'],
    [`${family}_init`, 'set'],
    [`${family}_mod`, 'mod'],
    [`${family}_mod_and_test`, 'mod-and-test'],
    [`${family}_mod_and_return`, 'mod-and-return'],
    [`${family}_mod_unless`, 'mod-unless'],
    [`${family}_add_unless`, 'mod-unless'],
    [`${family}_freeze`, 'freeze'],
    [`${family}_unfreeze`, 'unfreeze'],
  ]),
  ['page_pinner_failure', 'pinner-failure'],
  ['page_pinner_put', 'pinner-put'],
]);
