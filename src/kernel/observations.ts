// SPDX-License-Identifier: GPL-2.0-only
import { mark, type Nothing } from '../lang/index.ts';

/**
 * What the kernel's text says of itself, for properties, runs and recordings: they ask for these marks, and for no name of a
 * routine, a step or a local. The routines below carry them, so that a form of the check which calls these routines is seen
 * without any mark of its own.
 */

/** A task looks at whether a folio is in use: it reads the count, tries to freeze it, tests a flag. */
export const LOOK = mark<{ folio: 'folio' }>('look');
/** That look is at the reference count. */
export const COUNT = mark<{ folio: 'folio' }>('count');

/** lru_add_drain() begins, for itself and as no part of a larger drain or of a release. */
export const DRAIN_LOCAL = mark<Nothing>('drain-local');
/** A drain of all CPUs begins. */
export const DRAIN_ALL = mark<Nothing>('drain-all');
/** lru_add_drain_all() reads the generation: what waits in a batch now has to be gone when it returns. */
export const DRAIN_GENERATION = mark<Nothing>('drain-generation');
/** It leaves because another task has drained since. */
export const DRAIN_LEFT_EARLY = mark<Nothing>('drain-left-early');
/** It drains itself. */
export const DRAIN_UNDERTAKEN = mark<Nothing>('drain-undertaken');

/** A flush has put all that was in a CPU's lru_add batch. */
export const LRU_ADD_EMPTIED = mark<{ cpu: 'cpu' }>('lru-add-emptied');
/** The same of one of the other LRU batches. */
export const LRU_BATCH_EMPTIED = mark<{ cpu: 'cpu'; kind: 'lru_kind' }>('lru-batch-emptied');
/** The same of the mlock batch. */
export const MLOCK_EMPTIED = mark<{ cpu: 'cpu' }>('mlock-emptied');
/** A folio is put into a CPU's lru_add batch; after an isolation, or because it is new in the page cache. */
export const LRU_ADD_QUEUED = mark<{ folio: 'folio'; putBack: 'bool' }>('lru-add-queued');

/** The safety check of a conversion begins. */
export const CHECK = mark<Nothing>('check');
/** The conversion is refused, and names this page; none where the check wrote no index. */
export const REFUSED = mark<{ index: 'index' }>('refused');
/** The attributes of the range are stored. */
export const STORED = mark<Nothing>('stored');
/** A system call returns: its result, and the page that error_offset names; none where it names none. */
export const RETURNED = mark<{ result: 'int'; index: 'index' }>('returned');

/** A flush puts a folio on an LRU list: the tracepoint mm_lru_insertion. */
export const INSERTED = mark<{ folio: 'folio' }>('inserted');
/** A task asks whether the kernel would let a folio wait in a batch at all. */
export const MAY_BE_LRU_CACHED = mark<{ folio: 'folio' }>('may-be-lru-cached');

/** What a claim of a `lookup` is recorded as where the folio will be mapped: mincore() and fallocate() map none. */
export const FAULT = 'fault';
