// SPDX-License-Identifier: GPL-2.0-only
import { mark, type Nothing } from '../lang/index.ts';

/**
 * Marks of the kernel's text, for properties, runs and recordings: these read marks, and no name of a routine, a step
 * or a local. The routines below carry them, so a form of the check that calls these routines is visible without marks
 * of its own.
 */

/**
 * A task looks whether a folio is in use: it reads the count, tries to freeze it, tests a flag.
 * @example
 * import {
 *   CHECK,
 *   COUNT,
 *   DRAIN_ALL,
 *   DRAIN_ASKS,
 *   DRAIN_GENERATION,
 *   DRAIN_LEFT_EARLY,
 *   DRAIN_LOCAL,
 *   DRAIN_UNDERTAKEN,
 *   FAULT,
 *   INSERTED,
 *   LOOK,
 *   LRU_ADD_EMPTIED,
 *   LRU_ADD_QUEUED,
 *   LRU_BATCH_EMPTIED,
 *   LRU_DISABLED,
 *   LRU_ENABLED,
 *   MLOCK_EMPTIED,
 *   REF_FREEZE,
 *   REF_MOD_NOTHING,
 *   REF_MOD_UNLESS,
 *   REF_SET,
 *   REFUSED,
 *   RETURNED,
 *   STORED,
 *   WORK_BEGUN,
 *   WORK_DONE,
 *   WORK_QUEUED,
 * } from 'folioscope/kernel';
 * import { createMachine } from 'folioscope/machine';
 * const machine = createMachine({ cpus: 1, tasks: [{ name: 'vmm', cpu: 0 }], guestMemfds: [{ pages: 1 }] });
 * const argument = { offset: 0n, size: 4096n, attributes: 8n, flags: 0n, reserved: [] };
 * machine.call(0, { call: 'touch', inode: 0, start: 0, pages: 1 });
 * machine.begin(0, { call: 'set-memory-attributes2', inode: 0, argument });
 * const seen = new Set<unknown>();
 * for (let taken = machine.step(0); taken !== undefined; taken = machine.step(0))
 *   for (const { mark } of taken.observed) seen.add(mark);
 * [CHECK, LOOK, COUNT, RETURNED].map((mark) => seen.has(mark)); // => [true, true, true, true]
 * // What else a run, a property or a recording can ask for:
 * const more = [
 *   DRAIN_ALL,
 *   DRAIN_ASKS,
 *   DRAIN_GENERATION,
 *   DRAIN_LEFT_EARLY,
 *   DRAIN_LOCAL,
 *   DRAIN_UNDERTAKEN,
 *   INSERTED,
 *   LRU_DISABLED,
 *   LRU_ENABLED,
 *   LRU_ADD_EMPTIED,
 *   LRU_ADD_QUEUED,
 *   LRU_BATCH_EMPTIED,
 *   MLOCK_EMPTIED,
 *   REF_FREEZE,
 *   REF_MOD_NOTHING,
 *   REF_MOD_UNLESS,
 *   REF_SET,
 *   REFUSED,
 *   STORED,
 *   WORK_BEGUN,
 *   WORK_DONE,
 *   WORK_QUEUED,
 * ];
 * more.length; // => 22
 * FAULT; // => 'fault'
 */
export const LOOK = mark<{ folio: 'folio' }>('look');
/** The look reads the reference count. */
export const COUNT = mark<{ folio: 'folio' }>('count');

/** lru_add_drain() begins on its own, not as a part of a larger drain or of a release. */
export const DRAIN_LOCAL = mark<Nothing>('drain-local');
/** A drain of all CPUs begins. */
export const DRAIN_ALL = mark<Nothing>('drain-all');
/** lru_add_drain_all() reads the generation: every entry now in a batch must be gone when it returns. */
export const DRAIN_GENERATION = mark<Nothing>('drain-generation');
/** It leaves because another task has drained since. */
export const DRAIN_LEFT_EARLY = mark<Nothing>('drain-left-early');
/** It drains the CPUs itself. */
export const DRAIN_UNDERTAKEN = mark<Nothing>('drain-undertaken');
/** It begins to look whether a CPU needs a drain. */
export const DRAIN_ASKS = mark<{ cpu: 'cpu' }>('drain-asks');

/** A flush has put all references of a CPU's lru_add batch. */
export const LRU_ADD_EMPTIED = mark<{ cpu: 'cpu' }>('lru-add-emptied');
/** The same for one of the other LRU batches. */
export const LRU_BATCH_EMPTIED = mark<{ cpu: 'cpu'; kind: 'lru_kind' }>('lru-batch-emptied');
/** The same for the mlock batch. */
export const MLOCK_EMPTIED = mark<{ cpu: 'cpu' }>('mlock-emptied');
/** lru_cache_disable() has added one to lru_disable_count; lru_cache_enable() has taken it back. */
export const LRU_DISABLED = mark<Nothing>('lru-disabled');
export const LRU_ENABLED = mark<Nothing>('lru-enabled');
/** A folio is put into a CPU's lru_add batch; after an isolation, or because it is new in the page cache. */
export const LRU_ADD_QUEUED = mark<{ folio: 'folio'; putBack: 'bool' }>('lru-add-queued');

/** The safety check of a conversion begins. */
export const CHECK = mark<Nothing>('check');
/** The conversion is refused, and names this page; none where the check wrote no index. */
export const REFUSED = mark<{ index: 'index' }>('refused');
/** The attributes of the range are stored. */
export const STORED = mark<Nothing>('stored');
/** A system call returns: its result, and the page in error_offset, or none. */
export const RETURNED = mark<{ result: 'int'; index: 'index' }>('returned');

/** A flush puts a folio on an LRU list: the tracepoint mm_lru_insertion. */
export const INSERTED = mark<{ folio: 'folio' }>('inserted');
/** Kinds of page_ref events that a change of the count alone does not distinguish. */
export const REF_SET = mark<{ folio: 'folio' }>('page-ref-set');
export const REF_MOD_UNLESS = mark<{ folio: 'folio' }>('page-ref-mod-unless');
export const REF_FREEZE = mark<{ folio: 'folio' }>('page-ref-freeze');
/**
 * A fault adds the references that its lookup did not take: none for a small folio, but the event occurs all the same.
 */
export const REF_MOD_NOTHING = mark<{ folio: 'folio' }>('page-ref-mod-nothing');
/** Work is queued on a CPU; its worker begins it; it ends. */
export const WORK_QUEUED = mark<{ cpu: 'cpu' }>('work-queued');
export const WORK_BEGUN = mark<{ cpu: 'cpu' }>('work-begun');
export const WORK_DONE = mark<{ cpu: 'cpu' }>('work-done');

/** A task asks whether the kernel would let a folio stay in a batch at all. */
export const MAY_BE_LRU_CACHED = mark<{ folio: 'folio' }>('may-be-lru-cached');

/** Recorded meaning of a `lookup` claim on a folio that will be mapped; mincore() and fallocate() map none. */
export const FAULT = 'fault';
