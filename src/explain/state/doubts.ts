// SPDX-License-Identifier: MIT
import { type Cpu, type FolioIndex, foldNumbers, formatTime } from '../../ledger/index.ts';
import type { Gap } from '../gap.ts';
import type { Hidden } from '../verdicts.ts';
import { isPlaced, type Present } from './standing.ts';
import type { AskedInode, Surroundings } from './surroundings.ts';

/**
 * @param present folios that are not plain; `stale`: the lowest index of a plain one that may have left the page cache
 * unseen.
 * @returns undefined if every folio's place is known, and that it is there.
 */
export function reasonOf(
  present: readonly Present[],
  stale: FolioIndex | undefined,
  gaps: readonly Gap[],
  { doubt, showsDeletes }: Surroundings,
): string | undefined {
  const doubtful = present.find((one) => !isPlaced(one)) ?? present.find(({ mayBeGone }) => mayBeGone !== undefined);
  if (doubtful === undefined) return stale === undefined ? undefined : staleReason(stale, showsDeletes);
  const { index } = doubtful.folio;
  const { status: place } = doubtful;
  if (place.status === 'tied')
    return `index ${index} was added, inserted or deleted in the clock tick of this moment: the recording's clock is too coarse to show the order; another clock shows it (trace-cmd record -C mono)`;
  if (place.status === 'may-be-held')
    return `index ${index} was inserted just before, and the flush may not have put the batch's reference yet: no event of that CPU shows its end`;
  if (place.status === 'may-be-back' && doubtful.folio.add === undefined)
    return `index ${index} was inserted later, and no event shows its add: it may have waited in that batch since before the recording, or was isolated and put back into it`;
  if (place.status === 'may-be-back')
    return `index ${index} was inserted before, and again later: it was isolated and put back (MADV_PAGEOUT, DAMON, migration, soft offline), and no event shows when it returned to a batch`;
  if (isPlaced(doubtful)) return staleReason(index, showsDeletes);
  const [gap] = gaps;
  if (gap !== undefined) return gapReason(gap);
  if (doubt === 'not sorted')
    return `index ${index} was added, and the recording is not sorted by time: whether it waits is not known`;
  if (doubt === 'no insertions')
    return `index ${index} was added, and mm_lru_insertion was not recorded: whether it still waits is not known`;
  if (doubt === 'no insertion seen' && place.status === 'may-wait')
    return `index ${index} was added, and no mm_lru_insertion is in the recording: if that event was off, it may have left its batch unseen`;
  return place.status === 'may-wait-anywhere'
    ? `index ${index} was in the page cache before its first event: whether it still waits in a batch is not known`
    : `index ${index} was not inserted although its batch filled up again: the place where it waits is not known`;
}

export function hiddenByGaps(gaps: readonly Gap[]): Hidden[] {
  const [gap] = gaps;
  if (gap === undefined) return [];
  return [{ cpus: [...new Set(gaps.map(({ cpu }) => cpu))], isKnown: undefined, reason: gapReason(gap) }];
}

export function hiddenFromBefore(inode: AskedInode, cpus: readonly Cpu[], around: Surroundings): Hidden[] {
  if (!inode.isOlder || cpus.length === 0) return [];
  if (!around.showsAdds)
    return [
      {
        cpus,
        isKnown: (index) => inode.isKnown(index),
        lowest: (from) => inode.lowestUnknown(from),
        reason:
          'no mm_filemap_add_to_page_cache is in the recording: folios without an event may wait in any batch; record filemap:mm_filemap_add_to_page_cache',
      },
    ];
  const where = `folios from before the recording may wait in the ${cpus.length === 1 ? 'batch' : 'batches'} of CPU ${foldNumbers(cpus)}, not flushed since`;
  const reason = around.createdByOthers
    ? `${where}: no recorded creator of a guest_memfd added the first folio, so this one may be older than the recording; use --range with pages that were added in the recording`
    : `${where}: record from KVM_CREATE_GUEST_MEMFD on (syscalls:*_ioctl), or use --range with pages that were added in the recording`;
  return [{ cpus, isKnown: (index) => inode.isKnown(index), lowest: (from) => inode.lowestUnknown(from), reason }];
}

const gapReason = ({ cpu, from }: Gap): string =>
  `events of CPU ${cpu} were lost ${from === undefined ? 'from the start' : `after ${formatTime(from)}`}: the content of its batch is not known`;

const staleReason = (index: FolioIndex, showsDeletes: boolean): string =>
  showsDeletes
    ? `index ${index} was there before events were lost: its delete may be among them`
    : `index ${index} was added, and no mm_filemap_delete_from_page_cache is in the recording: if that event was off, it may be gone; record filemap:mm_filemap_delete_from_page_cache`;
