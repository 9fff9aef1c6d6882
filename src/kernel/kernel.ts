// SPDX-License-Identifier: GPL-2.0-only
import { type Builder, domain, language, type Routine, type Sizes, type Value } from '../lang/index.ts';
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
}

export const { routine } = language<KernelConfig>();

/** How large a kernel is. */
export interface KernelSizes {
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
  /** lru_drain_gen counts modulo this. */
  readonly generations: number;
}

/** The same by domain name, as the language wants it. */
export const sizesOf = (sizes: KernelSizes, profile: Profile): Sizes => ({
  task: sizes.tasks,
  cpu: sizes.cpus,
  folio: sizes.folios,
  inode: sizes.inodes,
  index: sizes.pages,
  mm: sizes.mms,
  pin: sizes.pins,
  slot: profile.batchSize,
  references: sizes.references,
  order: sizes.order,
  generations: sizes.generations,
});
