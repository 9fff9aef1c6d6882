// SPDX-License-Identifier: MIT
export { checkingPeer } from './checking.ts';
export type { PeerQuestion, PeerVariant } from './file.ts';
export { parsePeerQuestion, PEER_VARIANTS } from './file.ts';
export type { Peer, PeerConfig, PeerProperty, Variant } from './protocol.ts';
export { buildPeer, NO_FALSE_POSITIVE } from './protocol.ts';
