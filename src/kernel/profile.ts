// SPDX-License-Identifier: GPL-2.0-only

/** What differs between kernels, as features: never ask for a version. */
export interface Profile {
  readonly name: string;
  /** The release whose text the features were read in. */
  readonly release: string;
  /** Its commit, abbreviated; undefined where it is not known. */
  readonly commit?: string | undefined;
  /** FOLIO_BATCH_SIZE (was PAGEVEC_SIZE): 31; 15 in older kernels; 2 to explore. include/linux/folio_batch.h */
  readonly batchSize: number;
  /** CONFIG_SMP. Without it lru_add_drain_all() is lru_add_drain(). */
  readonly smp: boolean;
  /** lru_add_drain_all() drains the local CPU before it asks for the mutex (since 2025). mm/folio.c */
  readonly drainAllLocalFirst: boolean;
  /**
   * Unmapping drains the local CPU's batches before it puts the references: free_pages_and_swap_cache() did. In
   * which release that ended is not known to us; 7.2 and 7.3 do not. mm/swap_state.c
   */
  readonly unmapDrainsLocal: boolean;
  /** A flush frees a folio whose last reference is the batch's, without an insertion event. mm/folio.c: folio_batch_move_lru() */
  readonly flushFreesLastReference: boolean;
  /** An entry of the mlock batch holds a reference: so in every release up to 7.3. mm/mlock.c: mlock_folio() */
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
  // folio_may_be_lru_cached() and lru_add_drain() have moved to mm/internal.h.
  exports: [...EXPORTED, 'lru_cache_drain_for_folio'],
  pinBias: 1024,
};

/** The kernels that folioscope knows by name. */
export const PROFILES: readonly Profile[] = [
  LINUX_7_3,
  {
    ...LINUX_7_3,
    name: 'linux-6.18',
    release: '6.18',
    // linux-next; mm/swap.c there is that of 6.18.
    commit: '6bf823d4',
    flushFreesLastReference: false,
    // Inline in include/linux/swap.h since 6.17.
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
