// SPDX-License-Identifier: MIT
import type { Pages } from './model.ts';

/** A folio's place: all lives at one index. */
export interface Row {
  readonly index: number;
  readonly pages: number;
  /** Equal for histories that differ in times only. */
  readonly history: number;
}

/** Rows next to each other that share a lane. */
export interface Fold extends Pages {
  /** Places of rows, half-open. */
  readonly first: number;
  readonly last: number;
}

/**
 * Adjacent rows with the same history share a lane:
 *
 *     index    0 1 2 3 ... 73   74   75   76 ... history  a a a a ...  a    b    a    b lane     |-----------|    |-|  |-|  |-|
 *
 * If there are too many lanes, neighbours also share lanes, as many as needed.
 * @param rows by rising index.
 */
export function foldRows(rows: readonly Row[], most: number): readonly Fold[] {
  const runs: Fold[] = [];
  for (const [place, { index, pages, history }] of rows.entries()) {
    const run = runs.at(-1);
    const before = rows[place - 1];
    const isNext = run !== undefined && before?.history === history && before.index + before.pages === index;
    if (run !== undefined && isNext) runs[runs.length - 1] = { ...run, to: index + pages, last: place + 1 };
    else runs.push({ from: index, to: index + pages, first: place, last: place + 1 });
  }
  if (runs.length <= most) return runs;
  // Blocks of an equal number of pages, so that a lane's position reflects the position in the file.
  const begin = runs[0]?.from ?? 0;
  const end = runs.at(-1)?.to ?? 0;
  let size = 1;
  while (Math.ceil(end / size) - Math.floor(begin / size) > most) size *= 2;
  const folds: Fold[] = [];
  for (const [place, { index, pages }] of rows.entries()) {
    const fold = folds.at(-1);
    const isSame = fold !== undefined && Math.floor(fold.from / size) === Math.floor(index / size);
    if (fold !== undefined && isSame) folds[folds.length - 1] = { ...fold, to: index + pages, last: place + 1 };
    else folds.push({ from: index, to: index + pages, first: place, last: place + 1 });
  }
  return folds;
}
