// SPDX-License-Identifier: MIT
export type { Address } from './address.ts';
export { AddressError, formatAddress, parseAddress } from './address.ts';
export { packed, unpacked } from './packed.ts';
