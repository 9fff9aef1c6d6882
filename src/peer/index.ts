// SPDX-License-Identifier: MIT
export type { Peer, PeerConfig, PeerProperty, Variant } from './protocol.ts';
export { buildPeer, NO_FALSE_POSITIVE } from './protocol.ts';
