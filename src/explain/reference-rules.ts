// SPDX-License-Identifier: MIT
import type { HolderKind } from '../ledger/index.ts';

/** Kinds of holders that the functions of a stack show. A search of a stack finds the first of them. */
const KINDS = [
  'page-cache',
  'lru-add-batch',
  'mlock-batch',
  'user-mapping',
  'gup',
  'lookup',
  'safety-check',
  'isolated',
  'walker',
] as const satisfies readonly HolderKind[];
/** Owner of a reference, by the functions that took or dropped it. */
export type Owner = (typeof KINDS)[number];

/**
 * Functions that take a reference, or drop one, by its owner. Seen in stacks of Linux 7.3 (test/recordings,
 * *.pageref.txt): `__filemap_add_folio`, `folio_add_lru`, `filemap_get_folios_tag`, `filemap_get_entry`,
 * `try_grab_folio_fast`, `finish_fault`, `folio_batch_move_lru`, `__folio_batch_release`, `tlb_batch_pages_flush`,
 * `page_cache_pipe_buf_release`. The others are names of callers and older names, which no recording here has: if one
 * is missing, its reference is `unknown` and nothing of that folio is proved any more. A stack is searched from its
 * innermost function outwards, so a shared helper has no row.
 */
const TAKERS: ReadonlyMap<string, Owner> = rows({
  'page-cache': ['__filemap_add_folio', 'filemap_add_folio', '__add_to_page_cache_locked'],
  'lru-add-batch': ['folio_add_lru', 'lru_cache_add', 'folio_putback_lru'],
  'mlock-batch': ['mlock_folio', 'munlock_folio', 'mlock_new_folio'],
  gup: [
    'try_grab_folio',
    'try_grab_folio_fast',
    'try_grab_page',
    'try_grab_compound_head',
    'gup_fast_fallback',
    'internal_get_user_pages_fast',
    '__get_user_pages',
    'iov_iter_get_pages2',
    'iov_iter_extract_pages',
    'generic_pipe_buf_get',
    'splice_folio_into_pipe',
  ],
  lookup: [
    'filemap_get_folios_tag',
    'filemap_get_folios',
    'filemap_get_folios_contig',
    'filemap_get_entry',
    '__filemap_get_folio',
    '__filemap_get_folio_mpol',
    'find_get_entries',
    'find_lock_entries',
    'filemap_get_read_batch',
    'kvm_gmem_get_folio',
  ],
  'user-mapping': ['copy_present_ptes', 'copy_pte_range', 'finish_fault', 'filemap_map_pages', 'vm_insert_page'],
  isolated: ['folio_isolate_lru', 'isolate_lru_page', 'isolate_lru_folio'],
  walker: [
    'isolate_migratepages_block',
    'get_hwpoison_page',
    '__get_hwpoison_page',
    '__get_unpoison_page',
    'memory_failure',
    'page_idle_get_folio',
    'damon_get_folio',
    'do_migrate_range',
  ],
});

const DROPPERS: ReadonlyMap<string, Owner> = rows({
  'page-cache': [
    'filemap_free_folio',
    'filemap_remove_folio',
    'delete_from_page_cache_batch',
    'replace_page_cache_folio',
  ],
  'lru-add-batch': ['folio_batch_move_lru', 'lru_add_drain_cpu', '__pagevec_lru_add', 'pagevec_lru_move_fn'],
  'mlock-batch': ['mlock_folio_batch', 'mlock_pagevec', 'mlock_drain_local', 'mlock_drain_remote'],
  'user-mapping': [
    'tlb_batch_pages_flush',
    '__tlb_batch_free_encoded_pages',
    'tlb_flush_mmu',
    'tlb_finish_mmu',
    'free_pages_and_swap_cache',
    'zap_pte_range',
    '__zap_vma_range',
  ],
  gup: [
    'page_cache_pipe_buf_release',
    'generic_pipe_buf_release',
    'free_pipe_info',
    'gup_put_folio',
    'unpin_user_page',
    'unpin_user_pages',
    'unpin_user_folio',
    'unpin_user_pages_dirty_lock',
    'unpin_user_page_range_dirty_lock',
    'bio_release_pages',
    '__bio_release_pages',
    'skb_release_data',
    'try_grab_folio_fast',
    'gup_fast_fallback',
  ],
  lookup: [
    '__folio_batch_release',
    'folio_batch_release',
    '__pagevec_release',
    'filemap_get_entry',
    'kvm_gmem_get_pfn',
  ],
  isolated: ['putback_movable_pages', 'putback_movable_ops_page'],
  walker: [
    'isolate_migratepages_block',
    'memory_failure',
    'page_idle_bitmap_read',
    'page_idle_bitmap_write',
    'soft_offline_page',
  ],
});

/** Other per-CPU batches than lru_add, which are not tracked here: their references count as unknown. */
const OTHER_BATCHES: ReadonlySet<string> = new Set([
  'folio_activate',
  'deactivate_file_folio',
  'folio_deactivate',
  'folio_mark_lazyfree',
  'folio_rotate_reclaimable',
]);

/** The conversion's check, in each of its forms. */
const SAFETY_CHECK = /^_*kvm_gmem_(?:is_safe_for_conversion|set_attributes|convert|folio_has_outstanding)/;

/** @returns undefined if no function of the stack is known. */
export function takerOf(stack: readonly string[]): Owner | undefined {
  if (stack.some((name) => OTHER_BATCHES.has(plain(name)))) return undefined;
  // The batch's own reference is taken in a helper that filemap_add_folio() calls too.
  const isBatch = stack.some((name) => /^_*folio_batch_add_and_move$/.test(plain(name)));
  const owner = isBatch ? 'lru-add-batch' : firstOf(TAKERS, stack);
  return owner === 'lookup' && isCheck(stack) ? 'safety-check' : owner;
}

/** @returns undefined if no function of the stack is known. */
export function dropperOf(stack: readonly string[]): Owner | undefined {
  const owner = firstOf(DROPPERS, stack);
  return owner === 'lookup' && isCheck(stack) ? 'safety-check' : owner;
}

/** A fault hands the reference of its lookup to the page table: then no count changes. */
export const mapsFolio = (stack: readonly string[]): boolean => stack.some((name) => plain(name) === 'finish_fault');

/**
 * Whether a stack locks a page into memory, or unlocks it; undefined if it does neither. A locked page is put into the
 * mlock batch of the unmapping CPU (munlock_vma_folio(), mm/internal.h).
 */
export function locksFolio(stack: readonly string[]): boolean | undefined {
  const name = stack.map(plain).find((one) => LOCKING.has(one));
  return name === undefined ? undefined : name !== 'munlock_folio';
}

const LOCKING: ReadonlySet<string> = new Set(['mlock_folio', 'mlock_new_folio', 'munlock_folio']);

/** Whether an event takes a reference for a conversion's check. */
export const isOfCheck = ({ stack = [] }: { readonly stack?: readonly string[] | undefined }): boolean =>
  isCheck(stack) && firstOf(TAKERS, stack) === 'lookup';

/** Whether an event puts a reference of a conversion's check. */
export const isEndOfCheck = ({ stack = [] }: { readonly stack?: readonly string[] | undefined }): boolean =>
  isCheck(stack) && dropperOf(stack) === 'safety-check';

const isCheck = (stack: readonly string[]): boolean => stack.some((name) => SAFETY_CHECK.test(name));

function firstOf(owners: ReadonlyMap<string, Owner>, stack: readonly string[]): Owner | undefined {
  for (const name of stack) {
    const owner = owners.get(plain(name));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/** A name without the suffixes of compilers: `kvm_gmem_set_attributes.isra.0`. */
const plain = (name: string): string => name.replace(/\..*$/, '');

function rows(owners: Partial<Record<Owner, readonly string[]>>): ReadonlyMap<string, Owner> {
  const map = new Map<string, Owner>();
  for (const kind of KINDS) for (const name of owners[kind] ?? []) map.set(name, kind);
  return map;
}
