// SPDX-License-Identifier: MIT
import { allocate } from './allocate.ts';

/** Granularity of blocks in words: one cache line. */
const GRAIN = 16;
const FIRST_WORDS = 2 ** 15;
/** Largest segment in words: 64 MB. */
const MOST_WORDS = 2 ** 24;

/** A free stretch. */
interface Gap {
  from: number;
  to: number;
}

interface Segment {
  readonly words: Int32Array;
  /** End of the words ever handed out. The rest is zero, and takes no memory of the machine. */
  touched: number;
  /** Ascending, never adjacent. */
  readonly gaps: Gap[];
}

/**
 * Memory for tables that grow one after the other, reused. Otherwise hundreds of outgrown tables wait for the garbage
 * collector, which does not know their size. For one thread.
 */
export class Arena {
  readonly #segments: Segment[] = [];
  #words = 0;

  /** Bytes: the most that were ever in use at the same time, with the gaps between them. */
  get bytes(): number {
    return this.#segments.reduce((sum, { touched }) => sum + touched, 0) * Int32Array.BYTES_PER_ELEMENT;
  }

  /**
   * An array of so many words, all 0.
   * @throws RangeError if the machine does not have the memory.
   */
  take(words: number): Int32Array {
    const length = Math.ceil(words / GRAIN) * GRAIN;
    for (const segment of this.#segments) {
      const from = takeFrom(segment, length);
      if (from !== undefined) return cleared(segment, from, words, length);
    }
    const size = Math.max(length, Math.min(MOST_WORDS, Math.max(FIRST_WORDS, this.#words)));
    const segment = { words: allocate(size, false), touched: 0, gaps: [{ from: 0, to: size }] };
    this.#segments.push(segment);
    this.#words += size;
    takeFrom(segment, length);
    return cleared(segment, 0, words, length);
  }

  /** Takes back an array from `take`, or a view of its first words. The caller must not use it any more. */
  give(array: Int32Array): void {
    const segment = this.#segments.find(({ words }) => words.buffer === array.buffer);
    if (segment === undefined) throw new Error('memory that this arena did not give out');
    const from = array.byteOffset / Int32Array.BYTES_PER_ELEMENT;
    const to = from + Math.ceil(array.length / GRAIN) * GRAIN;
    const { gaps } = segment;
    const next = gaps.findIndex((gap) => gap.from >= to);
    const at = next === -1 ? gaps.length : next;
    const [before, after] = [gaps[at - 1], gaps[at]];
    if (before?.to === from && after?.from === to) {
      before.to = after.to;
      gaps.splice(at, 1);
    } else if (before?.to === from) before.to = to;
    else if (after?.from === to) after.from = from;
    else gaps.splice(at, 0, { from, to });
  }
}

/** Takes the shortest gap that is long enough, so that long ones remain. @returns where it began. */
function takeFrom({ gaps }: Segment, length: number): number | undefined {
  let best = -1;
  let shortest = Number.POSITIVE_INFINITY;
  for (const [i, { from, to }] of gaps.entries())
    if (to - from >= length && to - from < shortest) [best, shortest] = [i, to - from];
  const gap = gaps[best];
  if (gap === undefined) return undefined;
  const { from } = gap;
  gap.from += length;
  if (gap.from === gap.to) gaps.splice(best, 1);
  return from;
}

function cleared(segment: Segment, from: number, words: number, length: number): Int32Array {
  const array = segment.words.subarray(from, from + words);
  if (from < segment.touched) array.fill(0);
  segment.touched = Math.max(segment.touched, from + length);
  return array;
}
