// SPDX-License-Identifier: MIT

/** `17 08 44 "tracing"`: the first ten bytes of every trace.dat. */
const MAGIC = [0x17, 0x08, 0x44, 0x74, 0x72, 0x61, 0x63, 0x69, 0x6e, 0x67];

export const MAGIC_BYTES = MAGIC.length;

/** Whether a file that starts with `head` is a trace.dat, of any version. */
export const detectDat = (head: Uint8Array): boolean => MAGIC.every((byte, index) => head[index] === byte);
