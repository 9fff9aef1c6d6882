// SPDX-License-Identifier: GPL-2.0-only
// What a recording of a whole machine shows besides the calls on a guest_memfd: memory of other kinds goes through the
// same batches, by the same routines.
import { bool, buildCode, type Code, element, literal, none, one, optional, type Program } from '../lang/index.ts';
import { filemap_add_folio, filemap_alloc_folio, folio_lock, folio_unlock, iPages } from './filemap.ts';
import { folio_add_lru } from './folio.ts';
import { FOLIO, INDEX, INODE, type K, type KernelConfig, type KernelSizes, MM, sizesOf } from './kernel.ts';
import { folio, folio_put, folio_try_get, putReferences, refcountType } from './page_ref.ts';
import { buildProgram, memoryVariables } from './program.ts';
import type { SyscallName } from './syscalls.ts';
import { filemap_free_folio, page_cache_delete } from './truncate.ts';
import { zap_vma_range } from './zap.ts';

/** A page of another file enters the page cache: mm/filemap.c: filemap_add_folio(), then the caller lets it go. */
const other_add = (k: K): void => {
  const inode = k.local('arg0', one(INODE));
  const index = k.local('arg1', one(INDEX));
  const found = k.let('folio', optional(FOLIO), none(FOLIO));
  const added = k.let('added', bool, false);
  k.call(filemap_alloc_folio, { inode, index, order: 0, got: found });
  k.if(found.ne(none(FOLIO)), () =>
    k.claiming('lookup', found, {}, () => {
      k.call(filemap_add_folio, { inode, index, folio: found, added });
      k.if(added, () => k.call(folio_unlock, { folio: found }));
      k.call(folio_put, { folio: found });
    }),
  );
};

/** A page of another file leaves the page cache, by reclaim or truncation: mm/filemap.c: filemap_remove_folio(). */
const other_delete = (k: K): void => {
  const inode = k.local('arg0', one(INODE));
  const index = k.local('arg1', one(INDEX));
  const found = k.local('folio', optional(FOLIO));
  k.step('xas_load', () => found.set(iPages.at(inode, index)));
  k.if(found.ne(none(FOLIO)), () => {
    k.call(page_cache_delete, { inode, folio: found });
    k.claiming('page-cache', found, {}, () => k.call(filemap_free_folio, { folio: found }));
  });
};

/** Memory without a file, or of one whose addition is not recorded: only its way to the LRU is of interest. */
const anonymous_add = (k: K): void => {
  const index = k.local('arg0', one(INDEX));
  const found = k.let('folio', optional(FOLIO), none(FOLIO));
  k.call(filemap_alloc_folio, { inode: element(INODE, literal(0)), index, order: 0, got: found });
  // Its user's reference stays until the recording has seen it on the LRU (`put`).
  k.if(found.ne(none(FOLIO)), () => k.claiming('lookup', found, {}, () => k.call(folio_add_lru, { folio: found })));
};

/** References of a user that the recording does not show taking them by a call: GUP, a pipe, a pfn walker. */
const outside_get = (k: K): void => {
  const of = k.local('arg0', one(FOLIO));
  const references = k.local('arg1', refcountType);
  k.step('folio_ref_add', () => folio.refcount.at(of).add(references));
};
const outside_try_get = (k: K): void => {
  const of = k.local('arg0', one(FOLIO));
  const got = k.local('got', bool);
  k.call(folio_try_get, { folio: of, got });
};
const outside_put = (k: K): void => {
  const of = k.local('arg0', one(FOLIO));
  const references = k.local('arg1', refcountType);
  k.step('folio_put_refs', () => putReferences(k, of, references));
};

/** A page fault that has found the folio, as far as its lock is concerned. */
const outside_lock = (k: K): void => k.call(folio_lock, { folio: k.local('arg0', one(FOLIO)) });
const outside_unlock = (k: K): void => k.call(folio_unlock, { folio: k.local('arg0', one(FOLIO)) });

/** munmap(), exit or MADV_DONTNEED of a page, as far as its reference is concerned. */
const outside_zap = (k: K): void => {
  const inode = k.local('arg0', one(INODE));
  const index = k.local('arg1', one(INDEX));
  k.call(zap_vma_range, { mm: element(MM, literal(0)), inode, start: index, end: index.plus(1) });
};

/** Codes of a kernel that follows a recording, besides those of its calls; with their numbers of values. */
const RECORDED = {
  'other-add': [other_add, 2],
  'other-delete': [other_delete, 2],
  'anonymous-add': [anonymous_add, 1],
  get: [outside_get, 2],
  'try-get': [outside_try_get, 1],
  put: [outside_put, 2],
  lock: [outside_lock, 1],
  unlock: [outside_unlock, 1],
  zap: [outside_zap, 2],
} as const;
export type RecordedCode = keyof typeof RECORDED;

/**
 * A kernel that follows a recording: the codes of `calls`, and those of memory that is no guest_memfd's.
 * @example
 * import { buildRecorded, DEFAULT_PROFILE, PATCHES } from 'folioscope/kernel';
 * const sizes = { tasks: 2, cpus: 1, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 9, order: 0 };
 * const { codes } = buildRecorded({ profile: DEFAULT_PROFILE, patch: PATCHES[0]! }, sizes, ['touch']);
 * codes.slice(0, 2).map(({ name }) => name); // => ['touch', 'other-add']
 */
export function buildRecorded(config: KernelConfig, kernelSizes: KernelSizes, calls: readonly SyscallName[]): Program {
  const sizes = sizesOf(kernelSizes, config);
  const extra = Object.entries(RECORDED).map(
    ([name, [text, values]]): Code => buildCode(name, config, sizes, values, text, memoryVariables(config)),
  );
  return buildProgram(config, kernelSizes, calls, extra);
}
