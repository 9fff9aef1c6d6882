// SPDX-License-Identifier: MIT
import type { CpuData } from './recording.ts';

/** Actual place of a CPU's data, and the error in the file's statement about it. */
export interface Extent {
  /** End of the data that belong to this CPU alone, at most the end of the file. */
  readonly end: number;
  /** What is wrong, and what was expected; undefined if nothing is. */
  readonly damage: string | undefined;
  /** Whether the file ends before the data do. */
  readonly isCutOff: boolean;
}

/**
 * Checks the data of all CPUs together: none may extend past the file's end or overlap another's. If two overlap, both
 * are read only outside the overlap, so that no event is reported twice.
 * @returns nothing for a CPU without data.
 */
export function extentsOf(cpus: readonly CpuData[], fileSize: number): Map<CpuData, Extent> {
  const extents = new Map<CpuData, Extent>();
  let next = Number.POSITIVE_INFINITY;
  for (const data of cpus.filter(({ size }) => size > 0).toSorted((a, b) => b.offset - a.offset || b.size - a.size)) {
    const { cpu, offset, size } = data;
    const said = offset + size;
    const isOver = next < said;
    const isCutOff = !isOver && said > fileSize;
    const most = Math.min(next, fileSize);
    const damage = `events of CPU ${cpu} from byte ${offset} to ${said}, expected to end at ${most}, where`;
    extents.set(data, {
      end: Math.min(said, most),
      damage: isOver ? `${damage} others stand` : isCutOff ? `${damage} the file ends` : undefined,
      isCutOff,
    });
    next = offset;
  }
  return extents;
}
