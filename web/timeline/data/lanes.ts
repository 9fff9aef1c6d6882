// SPDX-License-Identifier: MIT
import type { Changes, FillChanges, Packed, RowOf } from './builder.ts';
import { float64, Growing, orderOf, uint16, uint32, uint8 } from './columns.ts';
import { type Fold, foldRows } from './fold.ts';
import type { Flushes, FolioLane } from './model.ts';
import { type Counts, type Series, seriesOf } from './series.ts';
import { ABSENT, CODES } from './states.ts';

/** Number of lanes of an inode before anything is unfolded. */
const MOST_LANES = 32;
/** Number of marks at which histories are compared. */
const MOST_MARKS = 64;
/** Number of lanes that a folded lane unfolds to. */
const MOST_UNFOLDED = 32;

/** Changes in the order of time, kept in the worker: lanes are unfolded from them. */
export interface SortedChanges extends Changes {
  readonly rowCount: number;
}

/** Sorts changes by time. The given arrays are not needed afterwards. */
export function sortChanges({ times, rows, codes }: Changes, rowCount: number): SortedChanges {
  const order = orderOf(times);
  const sorted = {
    times: new Float64Array(times.length),
    rows: uint32(times.length),
    codes: uint8(times.length),
    rowCount,
  };
  for (let place = 0; place < order.length; place++) {
    const from = order[place] ?? 0;
    sorted.times[place] = times[from] ?? 0;
    sorted.rows[place] = rows[from] ?? 0;
    sorted.codes[place] = codes[from] ?? 0;
  }
  return sorted;
}

/**
 * The first lanes of every inode.
 * @param marks times at which a reader compares folios, such as markers and calls; rising.
 */
export function firstLanes(
  { rows, inodes }: Packed,
  changes: SortedChanges,
  marks: readonly number[],
): readonly (readonly FolioLane[])[] {
  const atMarks = historiesAt(marks.slice(0, MOST_MARKS), rows, changes);
  const plans = inodes.flatMap((_, inode) => {
    const ofInode = rows.filter((row) => row.inode === inode);
    const marked = ofInode.map((row) => ({ ...row, history: (row.history ^ (atMarks[row.number] ?? 0)) >>> 0 }));
    const fine = foldRows(marked, Number.POSITIVE_INFINITY);
    const folds = fine.length <= MOST_LANES ? fine : foldRows(ofInode, MOST_LANES);
    return folds.map((fold): Plan => ({ fold, rows: ofInode, inode, depth: 0 }));
  });
  const lanes = lanesOf(plans, changes);
  return inodes.map((_, inode) => lanes.filter((lane) => lane.inode === inode));
}

/** For each row a hash of what it shows at each mark. */
function historiesAt(marks: readonly number[], rows: readonly RowOf[], changes: SortedChanges): Uint32Array {
  const { times, rows: rowOf, codes, rowCount } = changes;
  const now = new Uint8Array(rowCount).fill(ABSENT);
  const hashes = new Uint32Array(rowCount);
  let place = 0;
  for (const mark of marks) {
    for (; place < times.length && (times[place] ?? 0) <= mark; place++)
      now[rowOf[place] ?? 0] = codes[place] ?? ABSENT;
    for (const { number } of rows)
      hashes[number] = Math.imul((hashes[number] ?? 0) ^ (now[number] ?? 0), 0x01_00_01_93) + 1;
  }
  return hashes;
}

/** The lanes that a folded lane unfolds to. */
export function unfold(
  { inode, pages, depth }: Pick<FolioLane, 'inode' | 'pages' | 'depth'>,
  { rows }: Packed,
  changes: SortedChanges,
): readonly FolioLane[] {
  const within = rows.filter((row) => row.inode === inode && row.index >= pages.from && row.index < pages.to);
  const folds =
    within.length <= MOST_UNFOLDED
      ? within.map(
          ({ index, pages: size }, place): Fold => ({ from: index, to: index + size, first: place, last: place + 1 }),
        )
      : foldRows(
          // Blocks: their histories are the same already, or they would have stood alone.
          within.map((row, place) => ({ ...row, history: place })),
          MOST_UNFOLDED,
        );
  return lanesOf(
    folds.map((fold): Plan => ({ fold, rows: within, inode, depth: depth + 1 })),
    changes,
  );
}

interface Plan {
  readonly fold: Fold;
  readonly rows: readonly RowOf[];
  readonly inode: number;
  readonly depth: number;
}

/** A lane while time passes over it. */
class Filling {
  readonly #counts = new Int32Array(CODES);
  readonly #channels: (Growing<Uint8Array | Uint16Array | Uint32Array> | undefined)[] = [];
  readonly #times = new Growing(float64);
  readonly #make: (length: number) => Counts;

  constructor(rows: number) {
    this.#make = rows < 256 ? uint8 : rows < 65_536 ? uint16 : uint32;
  }

  change(at: number, before: number, code: number): void {
    if (before !== ABSENT) this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    if (code !== ABSENT) {
      this.#counts[code] = (this.#counts[code] ?? 0) + 1;
      if (this.#channels[code] === undefined) this.#open(code);
    }
    const isSame = this.#times.length > 0 && this.#times.last === at;
    if (!isSame) this.#times.push(at);
    for (const [channel, counts] of this.#channels.entries()) {
      if (counts === undefined) continue;
      const count = this.#counts[channel] ?? 0;
      if (isSame) counts.replaceLast(count);
      else counts.push(count);
    }
  }

  /** A code that appears for the first time had the count 0 before. */
  #open(code: number): void {
    const counts = new Growing<Counts>(this.#make);
    for (let place = 0; place < this.#times.length; place++) counts.push(0);
    this.#channels[code] = counts;
  }

  finish(): { readonly codes: readonly number[]; readonly series: Series } {
    const codes = this.#channels.flatMap((counts, code) => (counts === undefined ? [] : [code]));
    const counts = codes.map((code) => this.#channels[code]?.take() ?? uint8(0));
    return { codes, series: seriesOf(this.#times.take(), counts) };
  }
}

/** One sweep over all changes makes all lanes. */
function lanesOf(plans: readonly Plan[], { times, rows, codes, rowCount }: SortedChanges): readonly FolioLane[] {
  const NONE = 0xffff_ffff;
  const laneOf = new Uint32Array(rowCount).fill(NONE);
  for (const [lane, { fold, rows: all }] of plans.entries())
    for (const { number } of all.slice(fold.first, fold.last)) laneOf[number] = lane;
  const fillings = plans.map(({ fold }) => new Filling(fold.last - fold.first));
  const now = new Uint8Array(rowCount).fill(ABSENT);
  for (let place = 0; place < times.length; place++) {
    const row = rows[place] ?? 0;
    const lane = laneOf[row] ?? NONE;
    if (lane === NONE) continue;
    const before = now[row] ?? ABSENT;
    const code = codes[place] ?? ABSENT;
    if (before === code) continue;
    now[row] = code;
    fillings[lane]?.change(times[place] ?? 0, before, code);
  }
  return plans.map(({ fold: { from, to, first, last }, inode, depth }, lane): FolioLane => {
    const { codes: shown, series } = fillings[lane]?.finish() ?? new Filling(0).finish();
    return {
      id: `${inode}:${from}..${to}`,
      inode,
      pages: { from, to },
      rows: last - first,
      codes: shown,
      series,
      isFolded: last - first > 1,
      depth,
    };
  });
}

/** How many folios wait, and how many may wait, in a CPU's batch over time. */
export function fillOf(changes: FillChanges | undefined): Series {
  const times = new Growing(float64);
  const counts = [new Growing(uint16), new Growing(uint16)] as const;
  const [sure, unsure] = counts;
  let waiting = 0;
  let perhaps = 0;
  if (changes !== undefined) {
    const order = orderOf(changes.times);
    for (const place of order) {
      const at = changes.times[place] ?? 0;
      const kind = changes.kinds[place] ?? 0;
      const step = kind % 2 === 0 ? 1 : -1;
      if (kind < 2) waiting += step;
      else perhaps += step;
      const isSame = times.length > 0 && times.last === at;
      if (isSame) {
        sure.replaceLast(waiting);
        unsure.replaceLast(perhaps);
        continue;
      }
      times.push(at);
      sure.push(waiting);
      unsure.push(perhaps);
    }
  }
  return seriesOf(times.take(), [sure.take(), unsure.take()]);
}

export function flushesOf(
  flushes: readonly { readonly from: number; readonly to: number; readonly folios: number }[] = [],
): Flushes {
  return {
    from: Float64Array.from(flushes, ({ from }) => from),
    to: Float64Array.from(flushes, ({ to }) => to),
    folios: Uint32Array.from(flushes, ({ folios }) => folios),
  };
}
