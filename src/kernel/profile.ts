// SPDX-License-Identifier: GPL-2.0-only

/** What differs between kernels, as features: never ask for a version. */
export interface Profile {
  readonly name: string;
  /** The release whose text the features were read in. */
  readonly release: string;
  /** Its commit, abbreviated; undefined if unknown. */
  readonly commit?: string | undefined;
  /** Folios in a full batch. FOLIO_BATCH_SIZE (was PAGEVEC_SIZE): 15 up to 6.8, 31 in 6.18 and 7.3; 2 to explore. include/linux/folio_batch.h */
  readonly batchSize: number;
  /** CONFIG_SMP. Without it lru_add_drain_all() is lru_add_drain(), and there is no lru_activate batch (7.3). mm/folio.c */
  readonly smp: boolean;
  /** lru_add_drain_all() drains the local CPU before it asks for the mutex. Since 6.18: "mm: lru_add_drain_all() do local lru_add_drain() first". mm/folio.c */
  readonly drainAllLocalFirst: boolean;
  /**
   * Unmapping drains the local CPU's batches before it puts the references: free_pages_and_swap_cache() did. 6.8 does, 7.2 and
   * 7.3 do not; the release between them in which that ended is not known. mm/swap_state.c
   */
  readonly unmapDrainsLocal: boolean;
  /** A flush frees a folio whose last reference is the batch's, without an insertion event: 7.2 and 7.3 do, 6.18 does not. mm/folio.c: folio_batch_move_lru() */
  readonly flushFreesLastReference: boolean;
  /** An entry of the mlock batch holds a reference: in every release up to 7.3; not in linux-mm's mm/mlock.c at 0a99d0b0. mm/mlock.c: mlock_folio() */
  readonly mlockBatchHoldsReference: boolean;
  /**
   * A user's fault maps a page of a large folio. No kernel does: guest_memfd makes small folios only, warns of others and
   * answers SIGBUS. It is what the series' comments plan. virt/kvm/guest_memfd.c: kvm_gmem_fault_user_mapping()
   */
  readonly mapsLargeFolios: boolean;
  /**
   * What of memory management KVM, built as a module, can use: exported, or inline in a header outside mm. Only what some
   * form of the check calls is listed.
   */
  readonly exports: readonly string[];
  /** GUP_PIN_COUNTING_BIAS: what FOLL_PIN adds to a small folio's count. include/linux/mm.h */
  readonly pinBias: number;
}

/** Exported in every kernel that is known here. */
const EXPORTED = ['filemap_get_folios', 'folio_batch_release'];

const LINUX_7_3: Profile = {
  name: 'linux-7.3',
  release: '7.3.4',
  batchSize: 31,
  smp: true,
  drainAllLocalFirst: true,
  unmapDrainsLocal: false,
  flushFreesLastReference: true,
  mlockBatchHoldsReference: true,
  mapsLargeFolios: false,
  // In 7.3 folio_may_be_lru_cached() and lru_add_drain() are in mm/internal.h, and lru_cache_drain_for_folio() is exported to KVM.
  exports: [...EXPORTED, 'lru_cache_drain_for_folio'],
  pinBias: 1024,
};

/**
 * The kernels that folioscope knows by name.
 * @example
 * import { DEFAULT_PROFILE, PROFILES } from 'folioscope/kernel';
 * PROFILES.map(({ name }) => name); // => ['linux-7.3', 'linux-6.18', 'linux-6.8', 'uniprocessor', 'large-folios']
 * DEFAULT_PROFILE.batchSize; // => 31
 */
export const PROFILES: readonly Profile[] = [
  LINUX_7_3,
  {
    ...LINUX_7_3,
    name: 'linux-6.18',
    release: '6.18',
    // linux-next; mm/swap.c there is that of 6.18.
    commit: '6bf823d4',
    flushFreesLastReference: false,
    // folio_may_be_lru_cached() is inline in include/linux/swap.h since 6.17.
    exports: [...EXPORTED, 'folio_may_be_lru_cached'],
  },
  {
    ...LINUX_7_3,
    name: 'linux-6.8',
    release: '6.8',
    batchSize: 15,
    drainAllLocalFirst: false,
    unmapDrainsLocal: true,
    flushFreesLastReference: false,
    exports: EXPORTED,
  },
  { ...LINUX_7_3, name: 'uniprocessor', smp: false },
  { ...LINUX_7_3, name: 'large-folios', mapsLargeFolios: true },
];

export const DEFAULT_PROFILE: Profile = LINUX_7_3;
