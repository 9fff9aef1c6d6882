// SPDX-License-Identifier: MIT

/** Whether this machine is little endian. */
export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
