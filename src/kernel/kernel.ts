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

/** The sets of things that the kernel's memory is indexed by. */
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
/** Places of an mlock batch; there are none where the kernel was built without the part `mlock`. */
export const MLOCK_SLOT = domain('mlock_slot');
/** A further index, always 0, of what only kernels with that part have: without it there is no memory for it. */
export const MLOCK = domain('mlock');
export const GUEST = domain('guest');
export const HOTPLUG = domain('hotplug');
export const MMAP = domain('mmap');
export const MEMORY_FAILURE = domain('memory_failure');
/** A further index, always 0, of what only kernels with large folios have. */
export const LARGE = domain('large');
export const CONTENTS = domain('contents');
/** A further index, always 0, of what only kernels have whose check freezes folios. */
export const FREEZE = domain('freeze');
export const MEMSLOTS = domain('memslots');
/** LRU batches besides lru_add, with the part `lru_batches` (cpu_fbatches.ts has their names). */
export const LRU_KIND = domain('lru_kind');

/** What a kernel is built for: everything that its text may branch on while it is taken down. */
export interface KernelConfig {
  readonly profile: Profile;
  readonly patch: Patch;
}

/** The kernel language's builder in this kernel. */
export type K = Builder<KernelConfig>;

/** What a safety check is asked, and the task's own places for its answer. */
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
  /** What it does, in one line. */
  readonly summary: string;
  readonly check: Routine<KernelConfig, CheckArguments>;
  /**
   * A guest's fault puts its reference before it gives up the invalidate lock, as in the newest form of the series.
   * Absent: it keeps it until the guest's page table is written.
   */
  readonly guestFaultPutsAtOnce?: boolean;
  /** Folios of guest_memfd enter no lru_add batch, and no LRU. Absent: they do. */
  readonly skipsLru?: boolean;
  /** The check freezes folios for a moment. Absent: it does not. */
  readonly freezes?: boolean;
  /** Memory of the form's own that outlives a request, as `static` in C. Absent: none. */
  readonly statics?: readonly { readonly variable: Variable }[];
  /** What the patch itself exports to modules, for exports.ts. Absent: nothing. */
  readonly exports?: readonly string[];
  /** Parts of the kernel that the check needs. */
  readonly parts?: readonly KernelPart[];
  /** Drains that it allows itself in a request. Absent: one of its own CPU and one of all. */
  readonly mostDrains?: { readonly local: number; readonly all: number };
  /** Counts that it reads in a request at most: for each page, and besides. Absent: it says nothing of them. */
  readonly mostReads?: { readonly each: number; readonly besides: number };
  /** It is no form of the check but a mistake, made on purpose (mutants.ts). */
  readonly mutant?: { readonly name: MutantName; readonly rewrite?: (step: Step) => Step };
}

/** Mistakes that can be made on purpose; mutants.ts says what each is. */
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
  'drain-asks-nobody',
  'drain-waits-for-nobody',
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

/** Whether the kernel whose text is being taken down is to make this mistake. */
export const isMutant = (k: K, name: MutantName): boolean => k.config.patch.mutant?.name === name;

/** A flag of the check that outlives a request; only the mutant `drained-static` has it. */
const STATIC = domain('static');
export const staticLruDrained = shared('static lru_drained', [STATIC], bool);

export const { routine } = language<KernelConfig>();

/**
 * Parts of the kernel that only some questions need. What is left out has no memory and no steps, so that
 * nobody pays for it: neither a state nor a call is larger.
 * - `mlock`: mlock(), munlock() and the mlock batch, with the mmap_lock that keeps them and faults apart.
 * - `migration`: the scheduler moves a task wherever preemption is on; without it tasks move only themselves.
 * - `lru_disable`: lru_cache_disable() and who uses it.
 * - `guest`: the guest's faults and page tables, and the invalidation that changes are put into.
 * - `lru_batches`: the LRU batches besides lru_add, which other memory's folios wait in.
 * - `mmap`: mappings that come and go, page-table entries that are dirty, and translations that stay until they are flushed.
 * - `gup`: GUP as a whole: the lockless way first, then the one under the page-table lock; long-term pins.
 * - `memory_failure`: memory_failure(), soft_offline_page() and what they leave: poisoned folios.
 * - `hotplug`: CPUs go offline and come back; who has to leave them is moved.
 * - `contents`: what is in the pages, a byte each.
 * - `memslots`: memory slots that come and go, and files that are closed; without it all of a file is bound for ever.
 * - `fault_injection`: conversions that get no memory for the attributes.
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

/** Whether the kernel whose text is being taken down has a part. */
export const hasPart = (k: K, part: KernelPart): boolean => k.sizes[part] === 1;

/** A condition that is kept only in kernels with one of these parts. */
export const boolIn = (...parts: readonly KernelPart[]): Type<'bool'> => ({
  kind: 'bool',
  max: (sizes) => Math.max(...parts.map((part) => sizes[part] ?? 0)),
  initial: 0,
});

/** How many LRU batches there are besides lru_add. */
const LRU_KINDS = 5;

/** How large a kernel is. */
export interface KernelSizes {
  /** The last of them are the CPUs' kworkers, one each. */
  readonly tasks: number;
  readonly cpus: number;
  /** Folios of memory: what allocations come from. */
  readonly folios: number;
  readonly inodes: number;
  /** Pages of the largest inode. */
  readonly pages: number;
  readonly mms: number;
  readonly pins: number;
  /** Largest reference count of a folio. */
  readonly references: number;
  /** Largest order of a folio. */
  readonly order: number;
  /** Most callers that have the LRU caches disabled at a time; one a task where absent. */
  readonly lruDisables?: number;
  /** None where absent. */
  readonly parts?: readonly KernelPart[];
}

/** The parts that a kernel of these sizes has with a patch. */
export const partsOf = ({ parts = [] }: KernelSizes, patch: Patch): readonly KernelPart[] => [
  ...parts,
  ...(patch.parts ?? []),
];

/** The same by domain name, as the language wants it. */
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
    mlock_references: Number(profile.mlockBatchHoldsReference),
    ...Object.fromEntries(KERNEL_PARTS.map((part) => [part, Number(sizes.parts.includes(part))])),
  };
}
