// SPDX-License-Identifier: MIT
// Entries of /proc/PID/pagemap and /proc/kpageflags, 64 bits a page: Documentation/admin-guide/mm/pagemap.rst and
// include/uapi/linux/kernel-page-flags.h.

/** Bits of an entry of /proc/kpageflags, by the kernel's names without KPF_. */
export const KPF = {
  LOCKED: 0n,
  REFERENCED: 2n,
  UPTODATE: 3n,
  DIRTY: 4n,
  /** On a list of the LRU. A folio in a `lru_add` batch is not yet there. */
  LRU: 5n,
  MMAP: 11n,
  ANON: 12n,
  UNEVICTABLE: 18n,
  HWPOISON: 19n,
} as const;
/** Name of a bit. */
export type PageFlag = keyof typeof KPF;

/** Whether an entry of /proc/kpageflags has a bit. */
export const hasPageFlag = (flags: bigint, flag: PageFlag): boolean => ((flags >> KPF[flag]) & 1n) === 1n;

const PRESENT = 1n << 63n;
const PFN = (1n << 55n) - 1n;

/**
 * The page frame number in an entry of /proc/PID/pagemap.
 * @returns undefined if no page is mapped; 0 if the reader may not see it (CAP_SYS_ADMIN).
 * @example
 * import { hasPageFlag, KPF, pfnInPagemap } from 'folioscope/abi';
 * pfnInPagemap((1n << 63n) | 0x1234n); // => 4660
 * pfnInPagemap(0n); // => undefined
 * hasPageFlag(1n << KPF.LRU, 'LRU'); // => true
 */
export const pfnInPagemap = (entry: bigint): number | undefined =>
  (entry & PRESENT) === 0n ? undefined : Number(entry & PFN);
