// SPDX-License-Identifier: MIT
import { endianness } from 'node:os';
import type { PageLayout } from '../trace/index.ts';

// A ring-buffer page as the kernel hands it out: kernel/trace/ring_buffer.c, Documentation of trace-cmd.dat.v7. Only what a
// recorder needs; src/trace/dat/page-walker.ts reads events.

const LITTLE = endianness() === 'LE';
/** Bytes of events; the bits above are flags. */
const COMMIT_MASK = 0x07ff_ffff;
/** Events were lost before this page; their number follows its events. */
const MISSED_EVENTS = 0x8000_0000;
const MISSED_STORED = 0x4000_0000;

/** type_len of a record; up to 28: data of that many words; 0: its length is in the next word. */
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;

const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength);
const commitOf = (view: DataView, { commitOffset, longSize }: PageLayout): number =>
  // The flags and the length are in the lower 32 bits of a long.
  view.getUint32(LITTLE ? commitOffset : commitOffset + longSize - 4, LITTLE);

/** Bytes of events in a page. */
export const bytesIn = (page: Uint8Array, layout: PageLayout): number =>
  Math.min(commitOf(viewOf(page), layout) & COMMIT_MASK, layout.pageSize - layout.dataOffset);

/** Number of events in a page, without padding and time stamps. @param id only of this kind. */
export function eventsIn(page: Uint8Array, layout: PageLayout, id?: number): number {
  const view = viewOf(page);
  const end = layout.dataOffset + bytesIn(page, layout);
  let events = 0;
  // Every record begins with the number of its kind.
  const isOf = (at: number): boolean => id === undefined || view.getUint16(at, LITTLE) === id;
  for (let at = layout.dataOffset; at + 4 <= end; ) {
    const word = view.getUint32(at, LITTLE);
    const type = LITTLE ? word & 31 : word >>> 27;
    const delta = LITTLE ? word >>> 5 : word & 0x07ff_ffff;
    switch (type) {
      case PADDING:
        if (delta === 0 || at + 8 > end) return events;
        at += 4 + view.getUint32(at + 4, LITTLE);
        break;
      case TIME_EXTEND:
      case TIME_STAMP:
        at += 8;
        break;
      case 0:
        if (at + 8 > end) return events;
        if (isOf(at + 8)) events++;
        at += 4 + 4 * Math.ceil(view.getUint32(at + 4, LITTLE) / 4);
        break;
      default:
        if (isOf(at + 4)) events++;
        at += 4 + 4 * type;
    }
  }
  return events;
}

/** Events that were lost before a page: 0 if none; undefined if their number is not known. */
export function lostBefore(page: Uint8Array, layout: PageLayout): number | undefined {
  const view = viewOf(page);
  const commit = commitOf(view, layout);
  if ((commit & MISSED_EVENTS) === 0) return 0;
  const at = layout.dataOffset + (commit & COMMIT_MASK);
  if ((commit & MISSED_STORED) === 0 || at + layout.longSize > layout.pageSize) return undefined;
  return layout.longSize === 8 ? Number(view.getBigUint64(at, LITTLE)) : view.getUint32(at, LITTLE);
}

/** Marks in a page that events were lost before it. @param events their number; undefined if it is not known. */
export function markLost(page: Uint8Array, layout: PageLayout, events: number | undefined): void {
  const view = viewOf(page);
  const used = commitOf(view, layout) & COMMIT_MASK;
  const at = layout.dataOffset + used;
  const hasRoom = at + layout.longSize <= layout.pageSize;
  const flags = events !== undefined && hasRoom ? MISSED_EVENTS | MISSED_STORED : MISSED_EVENTS;
  view.setUint32(
    LITTLE ? layout.commitOffset : layout.commitOffset + layout.longSize - 4,
    (used | flags) >>> 0,
    LITTLE,
  );
  if (events === undefined || !hasRoom) return;
  if (layout.longSize === 8) view.setBigUint64(at, BigInt(events), LITTLE);
  else view.setUint32(at, events, LITTLE);
}
