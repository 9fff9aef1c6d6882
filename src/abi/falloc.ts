// SPDX-License-Identifier: MIT

/** Mode of fallocate(2), include/uapi/linux/falloc.h: the file keeps its size. */
export const FALLOC_FL_KEEP_SIZE = 0x01;
/**
 * Mode of fallocate(2): the pages of the range are freed.
 * @example
 * import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } from 'folioscope/abi';
 * FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE; // => 3
 */
export const FALLOC_FL_PUNCH_HOLE = 0x02;
