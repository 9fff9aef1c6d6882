// SPDX-License-Identifier: MIT
import type { HolderKind } from '../../src/ledger/index.ts';
import { HOLDER_LOOKS } from '../design/index.ts';
import type { CpuLane, FolioLane, Timeline } from './data/model.ts';

/** A row of the view: what it shows, and where. */
export type Row = { readonly key: string; readonly top: number; readonly height: number } & (
  | { readonly kind: 'head'; readonly title: string; readonly note: string }
  | { readonly kind: 'markers' }
  | { readonly kind: 'conversions' }
  | { readonly kind: 'cpu'; readonly lane: CpuLane }
  | { readonly kind: 'folio'; readonly lane: FolioLane; readonly isOpen: boolean }
);

/** Pixels. */
const HEIGHTS = { head: 30, markers: 24, conversions: 30, cpu: 44, single: 20, folded: 34 } as const;
/** What a label above its lane adds, where there is no room beside it. */
export const LABEL_ABOVE = 22;

/** @param open lanes that were unfolded into others. */
export function rowsOf(
  timeline: Timeline,
  open: ReadonlyMap<string, readonly FolioLane[]>,
  isNarrow: boolean,
): readonly Row[] {
  const rows: Row[] = [];
  let top = 0;
  const put = (height: number): { readonly top: number; readonly height: number } => {
    const place = { top, height };
    top += height;
    return place;
  };
  const label = isNarrow ? LABEL_ABOVE : 0;
  if (timeline.markers.length > 0) rows.push({ key: 'markers', kind: 'markers', ...put(HEIGHTS.markers + label) });
  if (timeline.conversions.length > 0)
    rows.push({ key: 'conversions', kind: 'conversions', ...put(HEIGHTS.conversions + label) });
  for (const lane of timeline.cpus)
    rows.push({ key: `cpu${lane.cpu}`, kind: 'cpu', lane, ...put(HEIGHTS.cpu + label) });
  const folio = (lane: FolioLane): void => {
    const unfolded = open.get(lane.id);
    const height = (lane.isFolded ? HEIGHTS.folded : HEIGHTS.single) + label;
    rows.push({ key: lane.id, kind: 'folio', lane, isOpen: unfolded !== undefined, ...put(height) });
    for (const one of unfolded ?? []) folio(one);
  };
  for (const inode of timeline.inodes) {
    if (inode.lanes.length === 0) continue;
    const title = `${inode.dev}:${inode.ino}`;
    const note = inode.kind === 'guest_memfd' ? 'guest_memfd' : `${inode.kind}: ${inode.because}`;
    rows.push({ key: title, kind: 'head', title, note, ...put(HEIGHTS.head) });
    for (const lane of inode.lanes) folio(lane);
  }
  return rows;
}

/** Height of all rows. */
export const heightOf = (rows: readonly Row[]): number => {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.top + last.height;
};

/** The row at a height; undefined between and below rows. */
export const rowAt = (rows: readonly Row[], y: number): Row | undefined =>
  rows.find(({ top, height }) => top <= y && y < top + height);

/** `page 93`, `pages 0..74`. */
export const pagesName = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  to - from === 1 ? `page ${from}` : `pages ${from}..${to}`;

/** The name of a row in words. */
export function nameOf(row: Row): string {
  switch (row.kind) {
    case 'head':
      return row.title;
    case 'markers':
      return 'markers';
    case 'conversions':
      return 'conversions';
    case 'cpu':
      return `CPU ${row.lane.cpu} batch`;
    case 'folio':
      return pagesName(row.lane.pages);
  }
}

/** What a fill of a lane means, in words. */
export function fillName(kind: HolderKind): string {
  if (kind === 'unknown') return 'not known, or lost';
  return kind === 'page-cache' ? 'only the page cache' : HOLDER_LOOKS[kind].word;
}
