// SPDX-License-Identifier: MIT

/** Mode of fallocate(2), include/uapi/linux/falloc.h: the file keeps its size. */
export const FALLOC_FL_KEEP_SIZE = 0x01;
/** Mode of fallocate(2): the pages of the range are freed. */
export const FALLOC_FL_PUNCH_HOLE = 0x02;
