// SPDX-License-Identifier: MIT
// Arguments of mmap(2), madvise(2) and posix_fadvise(2): include/uapi/asm-generic/mman-common.h, include/uapi/linux/fadvise.h. x86, arm64,
// riscv and most others use these numbers.

/** Protection: pages may be read. */
export const PROT_READ = 0x1;
/** Protection: pages may be written. */
export const PROT_WRITE = 0x2;
/** Flag: changes go to the file. */
export const MAP_SHARED = 0x01;
/** Flag: changes stay in this mapping. */
export const MAP_PRIVATE = 0x02;
/**
 * Flag: no file.
 * @example
 * import { MADV_DONTNEED, MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } from 'folioscope/abi';
 * import { POSIX_FADV_DONTNEED } from 'folioscope/abi';
 * PROT_READ | PROT_WRITE; // => 3
 * MAP_PRIVATE | MAP_ANONYMOUS; // => 34
 * MAP_SHARED; // => 1
 * [MADV_DONTNEED, POSIX_FADV_DONTNEED]; // => [4, 4]
 */
export const MAP_ANONYMOUS = 0x20;
/** Advice: the pages are not needed soon. */
export const POSIX_FADV_DONTNEED = 4;
/** Advice: page-table entries of a mapping are dropped. */
export const MADV_DONTNEED = 4;
