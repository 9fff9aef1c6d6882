// SPDX-License-Identifier: MIT
import { ERRNO } from '../abi/index.ts';
import type { KernelEvent } from '../ledger/index.ts';

/** What a conversion may have been asked for. */
export type Asked =
  /** The kernel refused its arguments. */
  | { readonly kind: 'refused'; readonly timing?: undefined; readonly releasesAtDrain?: undefined }
  | {
      readonly kind: 'range';
      readonly inode: number;
      readonly from: number;
      readonly to: number;
      readonly toPrivate: boolean;
      /** What its pages were before: no event shows attributes. */
      readonly before: 'shared' | 'private';
      /**
       * `early`: it begins at once, and reads counts at once; `held`: it begins at once, and reads counts when the task's next
       * event requires it; `late`: it begins then.
       */
      readonly timing: 'early' | 'held' | 'late';
      /** A folio with a reference that no event shows. */
      readonly held?: number;
      /** That reference is gone when the first drain begins. */
      readonly releasesAtDrain?: boolean;
    };

interface Page {
  readonly index: number;
  readonly folio: number;
  /** Something besides the page cache and page tables holds it. */
  readonly isHeld: boolean;
}

export interface ConversionFacts {
  readonly returned: bigint;
  /** The task's events within the call. */
  readonly own: readonly KernelEvent[];
  readonly inodes: readonly { readonly inode: number; readonly pages: readonly Page[]; readonly most: number }[];
  readonly pageOf: (pfn: number) => { readonly inode: number; readonly index: number } | undefined;
  readonly showsReferences: boolean;
  /** Whether a page is known to be shared: a user has touched it. */
  readonly isShared: (inode: number, index: number) => boolean;
}

/**
 * Everything that a conversion may have been asked for, the simplest first: no event has its inode, its range or its
 * attributes. With reference events the range is that of the folios whose references it took.
 */
export function askedFor(facts: ConversionFacts): readonly Asked[] {
  const { returned } = facts;
  const isRefusal = returned === BigInt(-ERRNO.EAGAIN);
  if (returned !== 0n && !isRefusal) return [{ kind: 'refused' }];
  const drains = facts.own.some(({ type }) => type === 'mm_lru_insertion' || type === 'workqueue_queue_work');
  const options: Asked[] = [];
  for (const { inode, pages, most } of facts.inodes) {
    if (most === 0) continue;
    const range = (from: number, to: number, more: { held?: number; releasesAtDrain?: boolean } = {}): void => {
      for (const timing of ['late', 'held', 'early'] as const)
        options.push({ kind: 'range', inode, from, to, toPrivate: true, before: 'shared', timing, ...more });
    };
    if (facts.showsReferences) {
      const taken = facts.own.flatMap((event) => {
        const page =
          event.type === 'page-reference' && event.operation === 'mod-unless' ? facts.pageOf(event.pfn) : undefined;
        return page?.inode === inode ? [page.index] : [];
      });
      const [from, to] = [Math.min(...taken), Math.max(...taken) + 1];
      if (taken.length > 0) range(from, to);
      // To shared, only what is private is looked up.
      const isShared = taken.every((index) => facts.isShared(inode, index));
      if (taken.length > 0 && !isRefusal && !isShared)
        options.push({ kind: 'range', inode, from, to, toPrivate: false, before: 'private', timing: 'late' });
      if (taken.length > 0) continue;
    }
    range(0, most);
    const held = pages.filter(({ isHeld }) => isHeld);
    for (const { index } of held.slice(0, 2)) range(index, index + 1);
    const settled = pages.find(({ isHeld }) => !isHeld);
    if (settled !== undefined) range(settled.index, settled.index + 1);
    if (!isRefusal) {
      for (const before of ['shared', 'private'] as const)
        options.push({ kind: 'range', inode, from: 0, to: most, toPrivate: false, before, timing: 'late' });
    }
    if (facts.showsReferences) continue;
    const some = settled ?? pages[0];
    if (some === undefined) continue;
    if (isRefusal) {
      range(some.index, some.index + 1, { held: some.folio });
      range(0, most, { held: some.folio });
    } else if (drains) {
      range(some.index, some.index + 1, { held: some.folio, releasesAtDrain: true });
      range(0, most, { held: some.folio, releasesAtDrain: true });
    }
  }
  return options.length === 0 ? [{ kind: 'refused' }] : options;
}
