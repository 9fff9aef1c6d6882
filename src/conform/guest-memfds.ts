// SPDX-License-Identifier: MIT
import type { Recording } from './recording.ts';

/** Most pages of a guest_memfd that the model holds. */
const MOST_PAGES = 2 ** 18;

/** enum lru_list: LRU_UNEVICTABLE, where the folios of a guest_memfd go. */
const LRU_UNEVICTABLE = 4;

/** The inodes that are followed as guest_memfds: their folios are unevictable. */
export function guestMemfds({ events }: Recording): {
  readonly inodes: readonly string[];
  readonly pages: number;
  readonly most: ReadonlyMap<string, number>;
} {
  const inodeOf = new Map<number, string>();
  const most = new Map<string, number>();
  const evictable = new Set<string>();
  const unevictable = new Set<string>();
  const deleted = new Set<number>();
  for (const event of events)
    if (event.type === 'mm_filemap_add_to_page_cache') {
      const key = `${event.dev} ${event.ino}`;
      inodeOf.set(event.pfn, key);
      deleted.delete(event.pfn);
      most.set(key, Math.max(most.get(key) ?? 0, event.index + 1));
      if (event.order > 0) evictable.add(key);
    } else if (event.type === 'mm_filemap_delete_from_page_cache') {
      deleted.add(event.pfn);
      const key = `${event.dev} ${event.ino}`;
      most.set(key, Math.max(most.get(key) ?? 0, event.index + 1));
    } else if (event.type === 'mm_lru_insertion') {
      const key = inodeOf.get(event.pfn);
      inodeOf.delete(event.pfn);
      if (key === undefined || deleted.has(event.pfn)) continue;
      (event.lru === LRU_UNEVICTABLE ? unevictable : evictable).add(key);
    }
  const inodes = [...unevictable].filter((key) => !evictable.has(key) && (most.get(key) ?? 0) <= MOST_PAGES);
  return { inodes, pages: Math.max(0, ...inodes.map((key) => most.get(key) ?? 0)), most };
}
