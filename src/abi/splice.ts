// SPDX-License-Identifier: MIT
// Arguments of splice(2), vmsplice(2) and fcntl(2): include/linux/splice.h, include/uapi/linux/fcntl.h.

/** Flag: move pages instead of copying, where that is possible. */
export const SPLICE_F_MOVE = 0x01;
/**
 * Flag: do not wait.
 * @example
 * import { F_SETPIPE_SZ, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from 'folioscope/abi';
 * SPLICE_F_MOVE | SPLICE_F_NONBLOCK; // => 3
 * F_SETPIPE_SZ; // => 1031
 */
export const SPLICE_F_NONBLOCK = 0x02;
/** Command of fcntl(2): sets the capacity of a pipe, in bytes. */
export const F_SETPIPE_SZ = 1031;
