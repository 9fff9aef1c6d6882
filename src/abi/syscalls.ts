// SPDX-License-Identifier: MIT
// Numbers of system calls that a C library may not have, and cachestat's structs. From 424 on they are the same on every
// architecture: include/uapi/asm-generic/unistd.h, include/uapi/linux/mman.h.
import { layout } from './struct.ts';

/** A descriptor of a process. */
export const SYS_PIDFD_OPEN = 434;
/** A copy of a process's descriptor. */
export const SYS_PIDFD_GETFD = 438;
/** The page cache of a file, counted (Linux 6.5). */
export const SYS_CACHESTAT = 451;
/** struct cachestat_range; a length of 0 is up to the end. */
export const CACHESTAT_RANGE = layout([
  ['off', 8],
  ['len', 8],
]);
/**
 * struct cachestat: numbers of pages.
 * @example
 * import { CACHESTAT, CACHESTAT_RANGE, sizeOfStruct, SYS_CACHESTAT, SYS_PIDFD_GETFD, SYS_PIDFD_OPEN } from 'folioscope/abi';
 * [CACHESTAT_RANGE, CACHESTAT].map(sizeOfStruct); // => [16, 40]
 * [SYS_PIDFD_OPEN, SYS_PIDFD_GETFD, SYS_CACHESTAT]; // => [434, 438, 451]
 */
export const CACHESTAT = layout([
  ['nr_cache', 8],
  ['nr_dirty', 8],
  ['nr_writeback', 8],
  ['nr_evicted', 8],
  ['nr_recently_evicted', 8],
]);
