// SPDX-License-Identifier: MIT
import type { Common, Order, Reply } from './part.ts';
import type { Piece } from './state_memory.ts';
import { type Stretch, stretchOf, wordsAt } from './stretch.ts';

// Messages between coordinator and parts: shared memory is sent as stretches, everything else unchanged.

interface SentPiece {
  readonly states: Stretch;
  readonly count: number;
}

type Advance = Extract<Order, { readonly kind: 'advance' }>;

/** An order in a message. */
export type SentOrder =
  | Exclude<Order, Advance>
  | (Omit<Advance, 'level'> & { readonly level: readonly SentPiece[] | undefined });

/** A reply in a message. */
export type SentReply = Omit<Reply, 'pieces'> & { readonly pieces: readonly SentPiece[] };

type Shared = 'rows' | 'cursor' | 'barrier' | 'pulse';

/** The shared data of all parts, in a message. */
export interface SentCommon extends Omit<Common, Shared> {
  readonly rows: readonly { readonly words: Stretch; readonly ends: Stretch }[];
  readonly cursor: Stretch;
  readonly barrier: Stretch;
  readonly pulse: Stretch;
}

const sentPiece = ({ states, count }: Piece): SentPiece => ({ states: stretchOf(states), count });
const pieceFrom = ({ states, count }: SentPiece): Piece => ({ states: wordsAt(states), count });

export const sentOrder = (order: Order): SentOrder =>
  order.kind === 'advance' ? { ...order, level: order.level?.map(sentPiece) } : order;

export const orderFrom = (order: SentOrder): Order =>
  order.kind === 'advance' ? { ...order, level: order.level?.map(pieceFrom) } : order;

export const sentReply = (reply: Reply): SentReply => ({ ...reply, pieces: reply.pieces.map(sentPiece) });

export const replyFrom = (reply: SentReply): Reply => ({ ...reply, pieces: reply.pieces.map(pieceFrom) });

export const sentCommon = (common: Common): SentCommon => ({
  ...common,
  rows: common.rows.map(({ words, ends }) => ({ words: stretchOf(words), ends: stretchOf(ends) })),
  cursor: stretchOf(common.cursor),
  barrier: stretchOf(common.barrier),
  pulse: stretchOf(common.pulse),
});

export const commonFrom = (common: SentCommon): Common => ({
  ...common,
  rows: common.rows.map(({ words, ends }) => ({ words: wordsAt(words), ends: wordsAt(ends) })),
  cursor: wordsAt(common.cursor),
  barrier: wordsAt(common.barrier),
  pulse: wordsAt(common.pulse),
});
