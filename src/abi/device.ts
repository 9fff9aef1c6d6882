// SPDX-License-Identifier: MIT

/**
 * The numbers of a device as stat(2) codes them, of the C library's makedev(): 12 bits of the minor number split around
 * the major one.
 * @example
 * import { deviceNumbers } from 'folioscope/abi';
 * deviceNumbers(0x801n); // => [8, 1]
 * deviceNumbers(0x10n); // => [0, 16]
 */
export const deviceNumbers = (coded: bigint): readonly [major: number, minor: number] => [
  Number(((coded >> 8n) & 0xfffn) | ((coded >> 32n) & 0xffff_f000n)),
  Number((coded & 0xffn) | ((coded >> 12n) & 0xffff_ff00n)),
];
