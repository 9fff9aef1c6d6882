// SPDX-License-Identifier: MIT
// Arguments of memfd_create(2), of seals, and of mlock2(2): include/uapi/linux/memfd.h, fcntl.h; asm-generic/mman-common.h.

/** Flags of memfd_create(2): close on exec; seals may be added. */
export const MFD_CLOEXEC = 0x1;
export const MFD_ALLOW_SEALING = 0x2;
/** Command of fcntl(2): adds seals. */
export const F_ADD_SEALS = 1033;
/** Seal: no writes. The kernel waits for references that it does not expect. */
export const F_SEAL_WRITE = 0x8;
/**
 * Flag of mlock2(2): pages are locked when they are faulted in.
 * @example
 * import { F_ADD_SEALS, F_SEAL_WRITE, MFD_ALLOW_SEALING, MFD_CLOEXEC, MLOCK_ONFAULT } from 'folioscope/abi';
 * [MFD_CLOEXEC | MFD_ALLOW_SEALING, F_ADD_SEALS, F_SEAL_WRITE, MLOCK_ONFAULT]; // => [3, 1033, 8, 1]
 */
export const MLOCK_ONFAULT = 0x1;
