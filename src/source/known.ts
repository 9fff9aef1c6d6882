// SPDX-License-Identifier: MIT
// Written by scripts/kernel-hashes.mjs from Debian's packages of these releases; not to be edited.

/** Releases of the kernel with known hashes: first the one that the model was compared with, then older ones. */
export const RELEASES = ['7.3.4', '6.12.117'] as const;
type Release = (typeof RELEASES)[number];

/** A routine that a doc comment of src/kernel names, with a hash of its words in each release that has it there. */
export interface KnownRoutine {
  readonly file: string;
  readonly routine: string;
  readonly hashes: Readonly<Partial<Record<Release, string>>>;
}

export const ROUTINES: readonly KnownRoutine[] = [
  {
    file: 'arch/x86/kvm/mmu/mmu.c',
    routine: 'is_page_fault_stale',
    hashes: { '7.3.4': '3c8e4a653076bb2e', '6.12.117': '3c8e4a653076bb2e' },
  },
  {
    file: 'arch/x86/kvm/mmu/mmu.c',
    routine: 'kvm_tdp_page_fault',
    hashes: { '7.3.4': '883844a0aef122d4', '6.12.117': '53809b40f3522e69' },
  },
  {
    file: 'fs/file_table.c',
    routine: 'alloc_file_pseudo',
    hashes: { '7.3.4': 'ebcb89acaa91790d', '6.12.117': '04dd67cfe5fedadb' },
  },
  {
    file: 'fs/open.c',
    routine: 'vfs_fallocate',
    hashes: { '7.3.4': 'bc68330244f2f3d8', '6.12.117': '0ad0c048759d6983' },
  },
  {
    file: 'fs/read_write.c',
    routine: 'vfs_read',
    hashes: { '7.3.4': '8dde1c4370468c7c', '6.12.117': '8dde1c4370468c7c' },
  },
  {
    file: 'fs/read_write.c',
    routine: 'vfs_write',
    hashes: { '7.3.4': '90d2ee8ac906c42a', '6.12.117': '90d2ee8ac906c42a' },
  },
  {
    file: 'include/linux/folio_batch.h',
    routine: 'folio_batch_init',
    hashes: { '7.3.4': '376bf02feaac7790', '6.12.117': '376bf02feaac7790' },
  },
  {
    file: 'include/linux/folio_batch.h',
    routine: 'folio_batch_release',
    hashes: { '7.3.4': 'fbc09b628f758bcd', '6.12.117': 'fbc09b628f758bcd' },
  },
  {
    file: 'include/linux/fs.h',
    routine: 'filemap_invalidate_lock',
    hashes: { '7.3.4': '0044ef9b2afed876', '6.12.117': '0044ef9b2afed876' },
  },
  {
    file: 'include/linux/fs.h',
    routine: 'filemap_invalidate_lock_shared',
    hashes: { '7.3.4': '43c92e0a87594a8f', '6.12.117': '43c92e0a87594a8f' },
  },
  {
    file: 'include/linux/fs.h',
    routine: 'filemap_invalidate_unlock',
    hashes: { '7.3.4': 'b9d96ead5b45554d', '6.12.117': 'b9d96ead5b45554d' },
  },
  {
    file: 'include/linux/fs.h',
    routine: 'filemap_invalidate_unlock_shared',
    hashes: { '7.3.4': '1b6fe53d514eb48d', '6.12.117': '1b6fe53d514eb48d' },
  },
  {
    file: 'include/linux/kvm_host.h',
    routine: 'mmu_invalidate_retry_gfn',
    hashes: { '7.3.4': '56e9dab63b504c97', '6.12.117': '56e9dab63b504c97' },
  },
  {
    file: 'include/linux/local_lock.h',
    routine: 'local_lock',
    hashes: { '7.3.4': 'dbc7370a2572bbc2', '6.12.117': '00e70a882347b0cf' },
  },
  {
    file: 'include/linux/local_lock.h',
    routine: 'local_unlock',
    hashes: { '7.3.4': 'bfca1b401ce27bab', '6.12.117': 'dca90413c0ee6894' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'folio_get',
    hashes: { '7.3.4': 'a18909167f88035e', '6.12.117': 'a18909167f88035e' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'folio_mapped',
    hashes: { '7.3.4': 'd04ce62de9e3ad8d', '6.12.117': 'd04ce62de9e3ad8d' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'folio_maybe_dma_pinned',
    hashes: { '7.3.4': 'ddd73e0c3e3bc79b', '6.12.117': '4502ebcd4a6e2214' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'folio_nr_pages',
    hashes: { '7.3.4': '2e17e363bfa80011', '6.12.117': '55355f9208030e2c' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'folio_put',
    hashes: { '7.3.4': '016c9111e466a0a6', '6.12.117': '016c9111e466a0a6' },
  },
  {
    file: 'include/linux/mm.h',
    routine: 'pte_unmap_unlock',
    hashes: { '7.3.4': 'e65ae5cb1fbddc96', '6.12.117': 'e65ae5cb1fbddc96' },
  },
  {
    file: 'include/linux/mmap_lock.h',
    routine: 'mmap_read_lock',
    hashes: { '7.3.4': '80c8eafff4d88860', '6.12.117': '80c8eafff4d88860' },
  },
  {
    file: 'include/linux/mmap_lock.h',
    routine: 'mmap_read_unlock',
    hashes: { '7.3.4': 'ce93946f9fc45d8a', '6.12.117': 'ce93946f9fc45d8a' },
  },
  {
    file: 'include/linux/mmap_lock.h',
    routine: 'mmap_write_downgrade',
    hashes: { '7.3.4': 'f38b69fa3350b5e3', '6.12.117': 'f38b69fa3350b5e3' },
  },
  {
    file: 'include/linux/mmap_lock.h',
    routine: 'mmap_write_lock',
    hashes: { '7.3.4': '4457287679da1e4a', '6.12.117': '4457287679da1e4a' },
  },
  {
    file: 'include/linux/mmap_lock.h',
    routine: 'mmap_write_unlock',
    hashes: { '7.3.4': '32f740019e388a3e', '6.12.117': '32f740019e388a3e' },
  },
  {
    file: 'include/linux/page_ref.h',
    routine: 'folio_ref_count',
    hashes: { '7.3.4': '32e2cee94ab5e532', '6.12.117': '32e2cee94ab5e532' },
  },
  {
    file: 'include/linux/page_ref.h',
    routine: 'folio_ref_freeze',
    hashes: { '7.3.4': 'c4dc66469c30df0e', '6.12.117': 'c4dc66469c30df0e' },
  },
  {
    file: 'include/linux/page_ref.h',
    routine: 'folio_ref_unfreeze',
    hashes: { '7.3.4': 'd449a7a6edbefac9', '6.12.117': 'd449a7a6edbefac9' },
  },
  {
    file: 'include/linux/page_ref.h',
    routine: 'folio_try_get',
    hashes: { '7.3.4': 'e401343a018cde60', '6.12.117': 'edb566adba741316' },
  },
  {
    file: 'include/linux/pagemap.h',
    routine: 'folio_lock',
    hashes: { '7.3.4': 'db945d01a157fe9a', '6.12.117': 'db945d01a157fe9a' },
  },
  {
    file: 'include/linux/preempt.h',
    routine: 'preempt_disable',
    hashes: { '7.3.4': 'd081454797d9d67a', '6.12.117': 'd081454797d9d67a' },
  },
  {
    file: 'include/linux/preempt.h',
    routine: 'preempt_enable',
    hashes: { '7.3.4': '9d7a051e0d85f79b', '6.12.117': '9d7a051e0d85f79b' },
  },
  {
    file: 'include/linux/swap.h',
    routine: 'lru_cache_disabled',
    hashes: { '7.3.4': '18d82aa10e282c82', '6.12.117': '18d82aa10e282c82' },
  },
  {
    file: 'kernel/cpu.c',
    routine: '_cpu_down',
    hashes: { '7.3.4': 'c1fed373673a7a48', '6.12.117': 'dc8031087886ae4a' },
  },
  { file: 'kernel/cpu.c', routine: '_cpu_up', hashes: { '7.3.4': '1570cc2592b4e53d', '6.12.117': '1570cc2592b4e53d' } },
  {
    file: 'kernel/cpu.c',
    routine: 'cpus_write_lock',
    hashes: { '7.3.4': '51d153da43181819', '6.12.117': '51d153da43181819' },
  },
  {
    file: 'kernel/cpu.c',
    routine: 'cpus_write_unlock',
    hashes: { '7.3.4': '328e5f4cb4f8b7b1', '6.12.117': '328e5f4cb4f8b7b1' },
  },
  {
    file: 'kernel/locking/rwsem.c',
    routine: 'down_read',
    hashes: { '7.3.4': '86b8039a516a9644', '6.12.117': 'd1a36f8696c0036a' },
  },
  {
    file: 'kernel/locking/rwsem.c',
    routine: 'down_write',
    hashes: { '7.3.4': 'd2e6100afd9896f8', '6.12.117': '7b1ebebad04d3fe2' },
  },
  {
    file: 'kernel/rcu/tree_exp.h',
    routine: 'synchronize_rcu_expedited',
    hashes: { '7.3.4': '407db9abf59a308e', '6.12.117': '407db9abf59a308e' },
  },
  {
    file: 'kernel/sched/core.c',
    routine: 'migration_cpu_stop',
    hashes: { '7.3.4': 'f424f198136217ae', '6.12.117': 'd2c569b292a7192d' },
  },
  {
    file: 'kernel/workqueue.c',
    routine: 'flush_work',
    hashes: { '7.3.4': '86305e62c8e403a7', '6.12.117': '86305e62c8e403a7' },
  },
  {
    file: 'kernel/workqueue.c',
    routine: 'process_one_work',
    hashes: { '7.3.4': '51903c0309f55c4b', '6.12.117': '675eda0924351fe2' },
  },
  {
    file: 'kernel/workqueue.c',
    routine: 'queue_work_on',
    hashes: { '7.3.4': 'f1ac021c62ec75d3', '6.12.117': 'f1ac021c62ec75d3' },
  },
  {
    file: 'kernel/workqueue.c',
    routine: 'workqueue_offline_cpu',
    hashes: { '7.3.4': '926927bbfc3a211a', '6.12.117': '1c891a5e9004c77d' },
  },
  {
    file: 'mm/damon/ops-common.c',
    routine: 'damon_get_folio',
    hashes: { '7.3.4': '91be7d0fb78b35cf', '6.12.117': '91be7d0fb78b35cf' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'delete_from_page_cache_batch',
    hashes: { '7.3.4': '9a8bcd50bb997f07', '6.12.117': 'd5f2b013b63eb868' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'filemap_add_folio',
    hashes: { '7.3.4': '72982e1d5646e45e', '6.12.117': '21613dba78efa2be' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'filemap_free_folio',
    hashes: { '7.3.4': '17c004a8c2ad1f32', '6.12.117': 'cdb8cd77c63dbdc1' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'filemap_get_entry',
    hashes: { '7.3.4': '222b6fe1058ab257', '6.12.117': '222b6fe1058ab257' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'filemap_get_folios',
    hashes: { '7.3.4': '5df86a1ef82cb3ca', '6.12.117': '5df86a1ef82cb3ca' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'find_get_entries',
    hashes: { '7.3.4': '43b61532805c6652', '6.12.117': '43b61532805c6652' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'find_get_entry',
    hashes: { '7.3.4': 'a7c19e9b97f649ba', '6.12.117': 'a7c19e9b97f649ba' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'find_lock_entries',
    hashes: { '7.3.4': 'b559446dcfb0c435', '6.12.117': 'b559446dcfb0c435' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'folio_unlock',
    hashes: { '7.3.4': '5492db4bf9d9cdd8', '6.12.117': '5492db4bf9d9cdd8' },
  },
  {
    file: 'mm/filemap.c',
    routine: 'page_cache_delete',
    hashes: { '7.3.4': '1d925a5430d7fea8', '6.12.117': '1d925a5430d7fea8' },
  },
  {
    file: 'mm/folio.c',
    routine: '__folio_batch_add_and_move',
    hashes: { '7.3.4': '055c9da8fbe6bace', '6.12.117': '055c9da8fbe6bace' },
  },
  {
    file: 'mm/folio.c',
    routine: '__folio_batch_release',
    hashes: { '7.3.4': '14caa2ecf8aa0114', '6.12.117': '14caa2ecf8aa0114' },
  },
  {
    file: 'mm/folio.c',
    routine: '__folio_put',
    hashes: { '7.3.4': 'fab33708b637e26f', '6.12.117': 'a5820aaa2dced33d' },
  },
  {
    file: 'mm/folio.c',
    routine: '__lru_add_drain_all',
    hashes: { '7.3.4': '265ce1cff6bf6fcc', '6.12.117': '4978a467d4f09041' },
  },
  {
    file: 'mm/folio.c',
    routine: 'cpu_needs_drain',
    hashes: { '7.3.4': '914d407767196433', '6.12.117': 'c71b63e18a694153' },
  },
  {
    file: 'mm/folio.c',
    routine: 'folio_add_lru',
    hashes: { '7.3.4': '9b0cbd3c1c7f25af', '6.12.117': '1bab044bdd7fcb47' },
  },
  {
    file: 'mm/folio.c',
    routine: 'folio_batch_move_lru',
    hashes: { '7.3.4': '004589ebf22bdd89', '6.12.117': '93576ce38f4628e0' },
  },
  {
    file: 'mm/folio.c',
    routine: 'lru_add_drain',
    hashes: { '7.3.4': 'db2fef9f00a29353', '6.12.117': 'db2fef9f00a29353' },
  },
  {
    file: 'mm/folio.c',
    routine: 'lru_add_drain_all',
    hashes: { '7.3.4': 'a7cf77ea249b9786', '6.12.117': 'a7cf77ea249b9786' },
  },
  {
    file: 'mm/folio.c',
    routine: 'lru_add_drain_cpu',
    hashes: { '7.3.4': '3b585807a9c6849c', '6.12.117': '133c04f9c9890be2' },
  },
  {
    file: 'mm/folio.c',
    routine: 'lru_cache_disable',
    hashes: { '7.3.4': '0ac686860343592c', '6.12.117': '0ac686860343592c' },
  },
  { file: 'mm/folio.c', routine: 'lru_cache_drain_for_folio', hashes: { '7.3.4': '3094f800e86cc7ae' } },
  {
    file: 'mm/gup.c',
    routine: '__get_user_pages',
    hashes: { '7.3.4': '9aa8491e5b957d87', '6.12.117': 'bb019bedfcbb0f55' },
  },
  {
    file: 'mm/gup.c',
    routine: 'follow_page_pte',
    hashes: { '7.3.4': '1d799c16fd4965be', '6.12.117': '66222adc8216aa4e' },
  },
  {
    file: 'mm/gup.c',
    routine: 'gup_fast_fallback',
    hashes: { '7.3.4': 'cb4c0bdaa5e36571', '6.12.117': 'f09e893eafa84e05' },
  },
  {
    file: 'mm/gup.c',
    routine: 'gup_fast_pte_range',
    hashes: { '7.3.4': '4cacbd498c0aa0ed', '6.12.117': 'eb50c77c6caa54c3' },
  },
  {
    file: 'mm/gup.c',
    routine: 'gup_put_folio',
    hashes: { '7.3.4': '02ab53005ab96b6d', '6.12.117': '0a4af9c2ea462feb' },
  },
  {
    file: 'mm/gup.c',
    routine: 'populate_vma_page_range',
    hashes: { '7.3.4': '126aba176c52e97b', '6.12.117': 'e054ec91c6910635' },
  },
  {
    file: 'mm/gup.c',
    routine: 'try_grab_folio',
    hashes: { '7.3.4': 'b46fc0bc99e851b3', '6.12.117': 'b3dfb015c05c306a' },
  },
  {
    file: 'mm/gup.c',
    routine: 'unpin_user_page',
    hashes: { '7.3.4': '387d682da6f3830f', '6.12.117': '387d682da6f3830f' },
  },
  {
    file: 'mm/internal.h',
    routine: 'folio_may_be_lru_cached',
    hashes: { '7.3.4': 'e5b61766e69dd1bf', '6.12.117': 'dc78b962ba35a25b' },
  },
  {
    file: 'mm/khugepaged.c',
    routine: 'hugepage_madvise',
    hashes: { '7.3.4': '835e4125cdee0b1d', '6.12.117': 'dd6479ca11083598' },
  },
  {
    file: 'mm/khugepaged.c',
    routine: 'madvise_collapse',
    hashes: { '7.3.4': 'fd49e94acec69125', '6.12.117': '4a862ac225fe9a14' },
  },
  {
    file: 'mm/madvise.c',
    routine: 'madvise_cold_or_pageout_pte_range',
    hashes: { '7.3.4': '21609e1891dbc30a', '6.12.117': '706c9e74d8196e0e' },
  },
  {
    file: 'mm/madvise.c',
    routine: 'madvise_dontneed_free',
    hashes: { '7.3.4': 'b85428252ab03b47', '6.12.117': '6c70f290d883b2eb' },
  },
  {
    file: 'mm/madvise.c',
    routine: 'madvise_pageout',
    hashes: { '7.3.4': '8bc91f327daa4d03', '6.12.117': 'bbd60eececd19100' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'delete_from_lru_cache',
    hashes: { '7.3.4': 'da57bd1ff8a18f05', '6.12.117': 'da57bd1ff8a18f05' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'get_any_page',
    hashes: { '7.3.4': '972df20d65ca5eab', '6.12.117': '42b90fd1453e5e2e' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'get_hwpoison_page',
    hashes: { '7.3.4': '92fb4ceaca10de08', '6.12.117': '92fb4ceaca10de08' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'hwpoison_user_mappings',
    hashes: { '7.3.4': '928b34597ba6c8ff', '6.12.117': 'c3bfcfc36813dd07' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'me_pagecache_clean',
    hashes: { '7.3.4': 'd4620151dc2fdc19', '6.12.117': 'd4620151dc2fdc19' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'memory_failure',
    hashes: { '7.3.4': '8459f66effc8a2c5', '6.12.117': '3cda9084d19f3d27' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'page_handle_poison',
    hashes: { '7.3.4': '344d6ec83600e477', '6.12.117': '344d6ec83600e477' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'soft_offline_in_use_page',
    hashes: { '7.3.4': '9645ce4762ff2a5d', '6.12.117': '449b766478e551f7' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'soft_offline_page',
    hashes: { '7.3.4': '074aef81e246db1c', '6.12.117': '074aef81e246db1c' },
  },
  {
    file: 'mm/memory-failure.c',
    routine: 'truncate_error_folio',
    hashes: { '7.3.4': '7026ddfc8f6c6eff', '6.12.117': '7026ddfc8f6c6eff' },
  },
  {
    file: 'mm/memory.c',
    routine: '__do_fault',
    hashes: { '7.3.4': '08e842472d91fd0e', '6.12.117': '09356b14446f6156' },
  },
  {
    file: 'mm/memory.c',
    routine: 'do_numa_page',
    hashes: { '7.3.4': '1dc57bcbddfeae95', '6.12.117': 'a11833f6bef21047' },
  },
  {
    file: 'mm/memory.c',
    routine: 'finish_fault',
    hashes: { '7.3.4': '76ef98b8c4b85655', '6.12.117': '4e5cb8ee37d754be' },
  },
  {
    file: 'mm/memory.c',
    routine: 'unmap_mapping_pages',
    hashes: { '7.3.4': '88fb8906d72c50ed', '6.12.117': 'bf42000576944271' },
  },
  { file: 'mm/memory.c', routine: 'zap_vma_range', hashes: { '7.3.4': '0f881756c09be69d' } },
  {
    file: 'mm/mempolicy.c',
    routine: 'do_mbind',
    hashes: { '7.3.4': '43573fe00727fd5f', '6.12.117': 'd0599d76621170f4' },
  },
  {
    file: 'mm/mincore.c',
    routine: 'mincore_pte_range',
    hashes: { '7.3.4': '7a41d8d5e96fb969', '6.12.117': '2bb57d80647c2ffd' },
  },
  {
    file: 'mm/mlock.c',
    routine: '__mlock_folio',
    hashes: { '7.3.4': 'd7d045ccae7d6422', '6.12.117': 'd7d045ccae7d6422' },
  },
  {
    file: 'mm/mlock.c',
    routine: '__munlock_folio',
    hashes: { '7.3.4': '740b470b90692346', '6.12.117': '740b470b90692346' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'apply_vma_lock_flags',
    hashes: { '7.3.4': 'e2fefdac0757ed15', '6.12.117': 'acb07c3611c57138' },
  },
  { file: 'mm/mlock.c', routine: 'do_mlock', hashes: { '7.3.4': 'f2d082711c637247', '6.12.117': '9e8542c76f132fe1' } },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_drain_local',
    hashes: { '7.3.4': 'd3d0b79a83d02319', '6.12.117': 'd3d0b79a83d02319' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_drain_remote',
    hashes: { '7.3.4': '4cf08d1c9ca61716', '6.12.117': '4cf08d1c9ca61716' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_folio',
    hashes: { '7.3.4': 'ecf429b090b4d942', '6.12.117': 'ecf429b090b4d942' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_folio_batch',
    hashes: { '7.3.4': 'ee17ac2f9342d91e', '6.12.117': '769372270a2b7c37' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_pte_range',
    hashes: { '7.3.4': '7540e47b0cbf426c', '6.12.117': '32a79525d4bfc9d5' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'mlock_vma_pages_range',
    hashes: { '7.3.4': '8a57463452d8c579', '6.12.117': 'abb013127316946a' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'munlock_folio',
    hashes: { '7.3.4': '3753b81474a67053', '6.12.117': '3753b81474a67053' },
  },
  {
    file: 'mm/mlock.c',
    routine: 'need_mlock_drain',
    hashes: { '7.3.4': '739a8f4cc1c627fa', '6.12.117': '739a8f4cc1c627fa' },
  },
  { file: 'mm/mmap.c', routine: 'do_mmap', hashes: { '7.3.4': 'ef8d79f43f9bced4', '6.12.117': '5353fbee4ec103f0' } },
  { file: 'mm/mmap.c', routine: 'dup_mmap', hashes: { '7.3.4': 'e612967fed34b0b1', '6.12.117': '507640422bbd2fb8' } },
  { file: 'mm/mmap.c', routine: 'exit_mmap', hashes: { '7.3.4': '77e6b9974368c146', '6.12.117': '6198cee2ba48462e' } },
  {
    file: 'mm/page_alloc.c',
    routine: 'page_alloc_cpu_dead',
    hashes: { '7.3.4': '7b47b350e01024b2', '6.12.117': '7b47b350e01024b2' },
  },
  {
    file: 'mm/page_idle.c',
    routine: 'page_idle_get_folio',
    hashes: { '7.3.4': 'a170466a1f7ae3cd', '6.12.117': 'a170466a1f7ae3cd' },
  },
  {
    file: 'mm/rmap.c',
    routine: 'try_to_unmap_one',
    hashes: { '7.3.4': 'b498bd042c601c45', '6.12.117': '1bad2e8e8b880f1c' },
  },
  {
    file: 'mm/truncate.c',
    routine: 'mapping_evict_folio',
    hashes: { '7.3.4': '7586f9ccd66344fa', '6.12.117': '7586f9ccd66344fa' },
  },
  {
    file: 'mm/truncate.c',
    routine: 'truncate_cleanup_folio',
    hashes: { '7.3.4': 'e37e388f010677de', '6.12.117': '3304dfb472eba963' },
  },
  {
    file: 'mm/truncate.c',
    routine: 'truncate_inode_folio',
    hashes: { '7.3.4': 'a01a832402cf68ea', '6.12.117': 'a01a832402cf68ea' },
  },
  {
    file: 'mm/truncate.c',
    routine: 'truncate_inode_pages_range',
    hashes: { '7.3.4': 'fe02a37a51849759', '6.12.117': '256f467bdc61741a' },
  },
  {
    file: 'mm/truncate.c',
    routine: 'truncate_inode_partial_folio',
    hashes: { '7.3.4': 'e7eaaa94833e1795', '6.12.117': '025a4f198bcc14d2' },
  },
  {
    file: 'mm/vma.c',
    routine: 'do_vmi_align_munmap',
    hashes: { '7.3.4': '2bf68ed474cf1c38', '6.12.117': '2bf68ed474cf1c38' },
  },
  {
    file: 'mm/vmscan.c',
    routine: 'folio_isolate_lru',
    hashes: { '7.3.4': '8455826035789db8', '6.12.117': '4471f6b5f732d6eb' },
  },
  {
    file: 'mm/vmscan.c',
    routine: 'folio_putback_lru',
    hashes: { '7.3.4': 'cde29091d36b7136', '6.12.117': 'cde29091d36b7136' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_allocate',
    hashes: { '7.3.4': '185982b3185f89ed', '6.12.117': '185982b3185f89ed' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_create',
    hashes: { '7.3.4': 'cfbe838efe478532', '6.12.117': '9fb69011851bbb20' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_error_folio',
    hashes: { '7.3.4': '2b4fc5559e98ddf6', '6.12.117': '1b0836ac5aad5d71' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_fallocate',
    hashes: { '7.3.4': 'fa3989124575a5cc', '6.12.117': 'fa3989124575a5cc' },
  },
  { file: 'virt/kvm/guest_memfd.c', routine: 'kvm_gmem_fault_user_mapping', hashes: { '7.3.4': '4f73921fe77e8541' } },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_get_folio',
    hashes: { '7.3.4': '27f5b4b5c51f1bd0', '6.12.117': 'bd30f67ee68f0094' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_get_pfn',
    hashes: { '7.3.4': 'b685a129e8a86a7e', '6.12.117': '575f7f352ed9bfdd' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_invalidate_end',
    hashes: { '7.3.4': '65dda58d44062c2a', '6.12.117': '050be384bbf36819' },
  },
  { file: 'virt/kvm/guest_memfd.c', routine: 'kvm_gmem_invalidate_start', hashes: { '7.3.4': 'a34f141e9bbfbf08' } },
  { file: 'virt/kvm/guest_memfd.c', routine: 'kvm_gmem_mmap', hashes: { '7.3.4': 'e8c0dd20e75166df' } },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_populate',
    hashes: { '7.3.4': '99ae2cfc71568963', '6.12.117': '8ef758f141058f6f' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_punch_hole',
    hashes: { '7.3.4': '272bc1315a47bbf9', '6.12.117': '870335d866f79b31' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_release',
    hashes: { '7.3.4': '3e96c640557448f7', '6.12.117': 'da2b82878eaac19f' },
  },
  {
    file: 'virt/kvm/guest_memfd.c',
    routine: 'kvm_gmem_unbind',
    hashes: { '7.3.4': '61ea3134bc8f3f11', '6.12.117': 'f52b18f9adcb429c' },
  },
  {
    file: 'virt/kvm/kvm_main.c',
    routine: 'kvm_replace_memslot',
    hashes: { '7.3.4': 'a0d047176bcc4cba', '6.12.117': 'a0d047176bcc4cba' },
  },
  {
    file: 'virt/kvm/kvm_main.c',
    routine: 'kvm_set_memslot',
    hashes: { '7.3.4': 'a169913a8c5928ee', '6.12.117': '37f419777cd9803e' },
  },
];
