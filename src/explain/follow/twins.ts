// SPDX-License-Identifier: MIT
import type { FilemapEvent, LruInsertion } from '../../ledger/index.ts';
import type { Generation } from '../generation.ts';

// One event that two buffers of a recording have counts once.

/** Whether an add repeats one that another buffer already had. */
export const isTwin = ({ add, deletedAt }: Generation, event: FilemapEvent): boolean =>
  add !== undefined &&
  deletedAt === undefined &&
  add.buffer !== event.buffer &&
  add.cpu === event.cpu &&
  add.index === event.index &&
  add.ino === event.ino &&
  add.dev === event.dev;

/** Two buffers have clocks of their own: their stamps of one event differ by at most this. */
const TWIN_APART = 1_000_000n;

export const isTwinInsertion = (last: LruInsertion, event: LruInsertion): boolean =>
  last.buffer !== event.buffer && last.cpu === event.cpu && event.at - last.at < TWIN_APART;

export const isTwinDelete = (last: FilemapEvent | undefined, event: FilemapEvent): boolean =>
  last !== undefined && last.buffer !== event.buffer && last.pfn === event.pfn && last.index === event.index;
