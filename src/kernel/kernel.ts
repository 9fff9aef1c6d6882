// SPDX-License-Identifier: GPL-2.0-only
import {
  bool,
  type Builder,
  domain,
  language,
  type Routine,
  shared,
  type Sizes,
  type Step,
  type Type,
  type Value,
  type Variable,
} from '../lang/index.ts';
import type { Profile } from './profile.ts';

/** The domains that index the kernel's memory. */
export const CPU = domain('cpu');
export const FOLIO = domain('folio');
export const INODE = domain('inode');
/** Page offsets in an inode. */
export const INDEX = domain('index');
/** Address spaces: each maps each inode at most once, at the inode's own offsets. */
export const MM = domain('mm');
/** Long-lived references from outside: pins, pipe buffers. */
export const PIN = domain('pin');
/** Places of a folio batch. */
export const SLOT = domain('slot');
/** Places of an mlock batch; empty without the part `mlock`. */
export const MLOCK_SLOT = domain('mlock_slot');
/** A further index, always 0, of memory that only kernels with that part have. */
export const MLOCK = domain('mlock');
export const GUEST = domain('guest');
export const HOTPLUG = domain('hotplug');
export const MMAP = domain('mmap');
export const MEMORY_FAILURE = domain('memory_failure');
/** A further index, always 0, of memory that only kernels with large folios have. */
export const LARGE = domain('large');
export const CONTENTS = domain('contents');
/** A further index, always 0, of memory that only kernels have in which the check freezes folios. */
export const FREEZE = domain('freeze');
export const MEMSLOTS = domain('memslots');
/** LRU batches besides lru_add, with the part `lru_batches` (cpu_fbatches.ts has their names). */
export const LRU_KIND = domain('lru_kind');

/** Configuration of a kernel: everything that its text may branch on while it is recorded. */
export interface KernelConfig {
  readonly profile: Profile;
  readonly patch: Patch;
}

/** The kernel language's builder in this kernel. */
export type K = Builder<KernelConfig>;

/** Arguments of a safety check, and the task's own places for its answer. */
export interface CheckArguments extends Readonly<Record<string, unknown>> {
  readonly inode: Value<'inode'>;
  readonly start: Value<'index'>;
  readonly nr: Value<'int'>;
  readonly safe: { set(value: boolean | Value<'bool'>): void } & Value<'bool'>;
  readonly err_index: { set(value: number | Value<'index'>): void } & Value<'index'>;
}

/** A form of the safety check. */
export interface Patch {
  readonly name: string;
  /** Its behaviour, in one line. */
  readonly summary: string;
  readonly check: Routine<KernelConfig, CheckArguments>;
  /**
   * A guest's fault puts its reference before it releases the invalidate lock, as in the newest form of the series.
   * Absent: it keeps it until the guest's page table is written.
   */
  readonly guestFaultPutsAtOnce?: boolean;
  /** Folios of guest_memfd enter no lru_add batch, and no LRU. Absent: they do. */
  readonly skipsLru?: boolean;
  /** The check freezes folios for a moment. Absent: it does not. */
  readonly freezes?: boolean;
  /** Memory of the form's own that outlives a request, as `static` in C. Absent: none. */
  readonly statics?: readonly { readonly variable: Variable }[];
  /** Symbols that the patch itself exports to modules, for exports.ts. Absent: none. */
  readonly exports?: readonly string[];
  /** Parts of the kernel that the check needs. */
  readonly parts?: readonly KernelPart[];
  /** Largest number of drains in a request, which I3 checks. Absent: one of its own CPU and one of all. */
  readonly mostDrains?: { readonly local: number; readonly all: number };
  /** Largest number of counts that it reads in a request: for each page, and in addition. Absent: not checked. */
  readonly mostReads?: { readonly each: number; readonly besides: number };
  /** Most references to one folio that the check holds itself, where it holds more than a few. Absent: a few. */
  readonly ownReferences?: number;
  /** Set for a deliberate mistake, which is no form of the check (mutants.ts). */
  readonly mutant?: { readonly name: string; readonly rewrite?: (step: Step) => Step };
}

/** Deliberate mistakes; mutants.ts describes each. */
export const MUTANT_NAMES = [
  'gup-no-barrier',
  'zap-puts-before-flush',
  'checks-before-unmap',
  'ignores-unmapped-references',
  'drain-forgets-mlock',
  'drain-bumps-after-loop',
  'drain-unlocks-before-flush',
  'fallocate-without-lock',
  'fault-without-lock',
  'drain-queues-nothing',
  'drain-waits-for-nothing',
  'flush-keeps-references',
  'unmap-keeps-references',
  'check-keeps-references',
  'check-does-not-read',
  'drains-itself-only',
  'drained-from-the-start',
  'skips-folio-after-drain',
  'drained-static',
  'forgets-it-has-drained',
  'breaks-without-release',
  'expects-page-cache-only',
  'expects-one-too-many',
  'reads-count-once',
] as const;
export type MutantName = (typeof MUTANT_NAMES)[number];

/** Whether the kernel that is being recorded has this mistake. */
export const isMutant = (k: K, name: MutantName): boolean => k.config.patch.mutant?.name === name;

/** A flag of the check that outlives a request; only the mutant `drained-static` has it. */
const STATIC = domain('static');
export const staticLruDrained = shared('static lru_drained', [STATIC], bool);

/**
 * A routine of the kernel: text that other routines call by `k.call`. Those that a form of the check may call have the kernel's
 * names; what computes a value only, and takes no step, is a function.
 * @example
 * import {
 *   CPU,
 *   filemap_get_folio,
 *   filemap_lock_folio,
 *   folio_lock,
 *   folio_trylock,
 *   folio_unlock,
 *   folio_expected_ref_count,
 *   folio_get,
 *   filemap_get_folios,
 *   filemap_invalidate_lock,
 *   filemap_invalidate_unlock,
 *   folio_batch_release,
 *   folio_isolate_lru,
 *   folio_mapped,
 *   folio_may_be_lru_cached,
 *   folio_maybe_dma_pinned,
 *   folio_put,
 *   folio_putback_lru,
 *   folio_ref_count,
 *   folio_ref_freeze,
 *   folio_ref_unfreeze,
 *   folio_test_lru,
 *   folio_try_get,
 *   get_cpu,
 *   lru_add_drain_cpu,
 *   put_cpu,
 *   smp_processor_id,
 *   lru_add_drain,
 *   lru_add_drain_all,
 *   lru_cache_disable,
 *   lru_cache_drain_for_folio,
 *   lru_cache_enable,
 *   folioBatch,
 *   folioMaybeDmaPinned,
 *   folioMayBeLruCached,
 *   folioNrPages,
 *   INDEX,
 *   INODE,
 *   FOLIO,
 *   LRU_CACHE,
 *   refcountType,
 *   routine,
 * } from 'folioscope/kernel';
 * import { optional } from 'folioscope/lang';
 * // A look at one folio, which gives the reference back:
 * const peek = routine('peek', (k, { folio }: { readonly folio: Parameters<typeof folioNrPages>[0] }) => {
 *   const got = k.local('got', optional(FOLIO));
 *   const count = k.local('count', refcountType);
 *   k.call(folio_ref_count, { folio, count });
 *   k.if(count.gt(folioNrPages(folio)), () => got.set(folio));
 * });
 * peek.name; // => 'peek'
 * const routines = [
 *   filemap_get_folio,
 *   filemap_lock_folio,
 *   folio_lock,
 *   folio_trylock,
 *   folio_unlock,
 *   folio_expected_ref_count,
 *   folio_get,
 *   filemap_get_folios,
 *   filemap_invalidate_lock,
 *   filemap_invalidate_unlock,
 *   folio_batch_release,
 *   folio_isolate_lru,
 *   folio_mapped,
 *   folio_may_be_lru_cached,
 *   folio_maybe_dma_pinned,
 *   folio_put,
 *   folio_putback_lru,
 *   folio_ref_count,
 *   folio_ref_freeze,
 *   folio_ref_unfreeze,
 *   folio_test_lru,
 *   folio_try_get,
 *   get_cpu,
 *   lru_add_drain_cpu,
 *   put_cpu,
 *   smp_processor_id,
 *   lru_add_drain,
 *   lru_add_drain_all,
 *   lru_cache_disable,
 *   lru_cache_drain_for_folio,
 *   lru_cache_enable,
 * ];
 * routines.length; // => 31
 * [folioBatch, folioMaybeDmaPinned, folioMayBeLruCached].every((value) => typeof value === 'function'); // => true
 * [CPU, FOLIO, INDEX, INODE].map(({ name }) => name); // => ['cpu', 'folio', 'index', 'inode']
 * LRU_CACHE.drainedAll; // => 2
 */
export const { routine } = language<KernelConfig>();

/**
 * Parts of the kernel that only some questions need. A part that is left out has no memory and no steps, so it costs
 * nothing: neither a state nor a call is larger.
 * - `mlock`: mlock(), munlock() and the mlock batch, with the mmap_lock that keeps them and faults apart.
 * - `migration`: the scheduler moves a task whenever preemption is on; without it tasks move only themselves.
 * - `lru_disable`: lru_cache_disable() and its users.
 * - `guest`: the guest's faults and page tables, and the invalidation around changes.
 * - `lru_batches`: the LRU batches besides lru_add, with folios of other memory.
 * - `mmap`: mappings that come and go, page-table entries that are dirty, and translations that stay until they are
 *   flushed.
 * - `gup`: GUP as a whole: the lockless way first, then the one under the page-table lock; long-term pins.
 * - `memory_failure`: memory_failure(), soft_offline_page() and the poisoned folios that they leave.
 * - `hotplug`: CPUs go offline and come back; tasks on them are moved.
 * - `contents`: the content of the pages, a byte each.
 * - `memslots`: memory slots that come and go, and files that are closed; without it all of a file is bound for ever.
 * - `fault_injection`: conversions that fail to allocate the attributes.
 * @example
 * import { KERNEL_PARTS } from 'folioscope/kernel';
 * import { createMachine } from 'folioscope/machine';
 * KERNEL_PARTS.includes('mlock'); // => true
 * const tasks = [{ name: 'vmm', cpu: 0 }];
 * const machine = createMachine({ cpus: 1, tasks, guestMemfds: [{ pages: 1 }], parts: ['mlock'] });
 * machine.call(0, { call: 'mlock', inode: 0, start: 0, pages: 1 }).result; // => 'ok'
 */
export const KERNEL_PARTS = [
  'mlock',
  'migration',
  'lru_disable',
  'guest',
  'hotplug',
  'lru_batches',
  'mmap',
  'gup',
  'memory_failure',
  'contents',
  'memslots',
  'fault_injection',
] as const;
export type KernelPart = (typeof KERNEL_PARTS)[number];

/** Whether the kernel that is being recorded has a part. */
export const hasPart = (k: K, part: KernelPart): boolean => k.sizes[part] === 1;

/** A bool that exists only in kernels with one of these parts. */
export const boolIn = (...parts: readonly KernelPart[]): Type<'bool'> => ({
  kind: 'bool',
  max: (sizes) => Math.max(...parts.map((part) => sizes[part] ?? 0)),
  initial: 0,
});

/** Number of LRU batches besides lru_add. */
const LRU_KINDS = 5;

/** Sizes of a kernel. */
export interface KernelSizes {
  /** Number of tasks. The last of them are the CPUs' kworkers, one each. */
  readonly tasks: number;
  readonly cpus: number;
  /** Number of folios of memory, for allocations. */
  readonly folios: number;
  readonly inodes: number;
  /** Number of pages of the largest inode. */
  readonly pages: number;
  readonly mms: number;
  readonly pins: number;
  /** Largest reference count of a folio. */
  readonly references: number;
  /** Largest order of a folio. */
  readonly order: number;
  /** Most callers that have the LRU caches disabled at a time; one for each task if absent. */
  readonly lruDisables?: number;
  /** None if absent. */
  readonly parts?: readonly KernelPart[];
}

/** The parts that a kernel of these sizes has with a patch. */
export const partsOf = ({ parts = [] }: KernelSizes, patch: Patch): readonly KernelPart[] => [
  ...parts,
  ...(patch.parts ?? []),
];

/** The same by domain name, as the language needs it. */
export function sizesOf(kernelSizes: KernelSizes, { profile, patch }: KernelConfig): Sizes {
  const sizes = { ...kernelSizes, parts: partsOf(kernelSizes, patch) };
  return {
    task: sizes.tasks,
    cpu: sizes.cpus,
    folio: sizes.folios,
    inode: sizes.inodes,
    index: sizes.pages,
    mm: sizes.mms,
    pin: sizes.pins,
    slot: profile.batchSize,
    lru_kind: sizes.parts.includes('lru_batches') ? LRU_KINDS : 0,
    mlock_slot: sizes.parts.includes('mlock') ? profile.batchSize : 0,
    freeze: Number(patch.freezes === true),
    static: Number(patch.mutant?.name === 'drained-static'),
    references: sizes.references,
    order: sizes.order,
    large: Math.min(sizes.order, 1),
    lru_disables: sizes.lruDisables ?? sizes.tasks,
    // Up to 7.3 an entry holds a reference.
    mlock_references: Number(profile.mlockBatchHoldsReference),
    ...Object.fromEntries(KERNEL_PARTS.map((part) => [part, Number(sizes.parts.includes(part))])),
  };
}
