// SPDX-License-Identifier: GPL-2.0-only

/**
 * Names of a routine of the executable kernel in a stack of the real one, innermost first: inlined helpers have none,
 * and the routine of a system call has its entry. Seen in stacks of Linux 7.3 (test/recordings, *.pageref.txt), except
 * the entries of calls that are in no recording.
 */
const FUNCTIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    // The callers.
    access: ['do_user_addr_fault', 'exc_page_fault', 'asm_exc_page_fault'],
    vcpu_run: ['kvm_mmu_page_fault', 'vcpu_enter_guest', 'kvm_arch_vcpu_ioctl_run'],
    ioctl: ['__x64_sys_ioctl', 'do_syscall_64'],
    fallocate: ['vfs_fallocate', '__x64_sys_fallocate', 'do_syscall_64'],
    drain: ['do_syscall_64'],
    vmsplice: ['iov_iter_get_pages2', '__do_sys_vmsplice', 'do_syscall_64'],
    kworker: ['lru_add_drain_per_cpu', 'process_one_work', 'worker_thread'],
    migrate_to: [],
    // Inlined in the kernel, or separate steps only here.
    touch: ['__handle_mm_fault', 'handle_mm_fault'],
    faultin_page: ['__handle_mm_fault', 'handle_mm_fault', 'faultin_page', '__get_user_pages'],
    folio_get: [],
    folio_put: [],
    folio_try_get: [],
    find_get_entry: [],
    filemap_alloc_folio: [],
    worker_thread: [],
    // Different names.
    __filemap_get_folio: ['__filemap_get_folio_mpol'],
    kvm_gmem_fault_user_mapping: ['kvm_gmem_fault_user_mapping', '__do_fault'],
    filemap_get_folios: ['filemap_get_folios_tag', 'filemap_get_folios'],
    folio_batch_release: ['folios_put_refs', '__folio_batch_release'],
    zap_vma_range: ['folios_put_refs', 'tlb_batch_pages_flush', 'tlb_finish_mmu'],
    gup_fast_pte_range: ['try_grab_folio_fast', 'gup_fast_fallback'],
    soft_offline_page: ['get_hwpoison_page', 'soft_offline_page'],
    folio_putback_lru: ['folio_putback_lru', 'putback_movable_pages'],
    folio_add_lru: ['__folio_batch_add_and_move', 'folio_add_lru'],
  }),
);

/** Steps that the kernel takes in a function of their own, which stands for the routine that contains them here. */
const STEPS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    // include/linux/mm.h: set_pte_range() adds the references that its caller's lookup did not take: none, for a small
    // folio.
    'kvm_gmem_fault_user_mapping set_pte_at': ['finish_fault'],
    'filemap_add_folio folio_ref_add': ['__filemap_add_folio', 'filemap_add_folio'],
    'folio_batch_move_lru folios_put': ['folios_put_refs', 'folio_batch_move_lru'],
    'mlock_folio_batch folios_put': ['folios_put_refs', 'mlock_folio_batch'],
    'unpin_user_page gup_put_folio': ['gup_put_folio', 'unpin_user_page'],
  }),
);

/**
 * The kernel stack of a step, innermost first. @param path routines that contain it, outermost first.
 * @example
 * import { stackOf } from 'folioscope/kernel';
 * stackOf(['lru_add_drain'], 'local_lock').at(-1); // => 'lru_add_drain'
 */
export function stackOf(path: readonly string[], step: string): readonly string[] {
  const innermost = path.at(-1) ?? '';
  const own = STEPS.get(`${innermost} ${step}`);
  const outer = own === undefined ? path : path.slice(0, -1);
  return [...(own ?? []), ...outer.toReversed().flatMap((routine) => FUNCTIONS.get(routine) ?? [routine])];
}
