// SPDX-License-Identifier: MIT
export type { Fill, HolderLook } from './holders.ts';
export { HOLDER_LOOKS, holderName } from './holders.ts';
