// SPDX-License-Identifier: MIT
import type { CallFields, CallName, CALLS, MemoryAttributes2, Result } from '../kernel/index.ts';
import type { FolioIndex } from '../ledger/index.ts';

/** Pages of an inode, `start` up to and without `start + pages`. */
export interface PageRange {
  /** Number of the guest_memfd in the machine. */
  readonly inode: number;
  readonly start: number;
  readonly pages: number;
}

/** KVM_SET_MEMORY_ATTRIBUTES2: the one call whose struct the kernel checks before it enters. */
export interface Conversion {
  readonly call: 'set-memory-attributes2';
  readonly inode: number;
  /** Undefined where the kernel cannot read the struct. */
  readonly argument: MemoryAttributes2 | undefined;
  /** Whether the kernel can write the struct; true where absent. */
  readonly writable?: boolean;
  /** There is no memory for the file's attributes: fault injection, needs the machine's part `fault_injection`. */
  readonly outOfMemory?: boolean;
}

/** The calls that name what the table says, each by its name. */
type Named = {
  readonly [N in Exclude<CallName, Conversion['call']>]: { readonly call: N } & Pick<
    CallFields,
    (typeof CALLS)[N]['args'][number]
  >;
};

/**
 * What a task can ask of the machine, as a test or a VMM would: a call of the kernel's table, with what it names
 * (docs/calls.md).
 * @example { call: 'touch', inode: 0, start: 0, pages: 1 }
 */
export type Call = Conversion | Named[keyof Named];

/** What a call came to. */
export interface Outcome {
  readonly result: Result;
  /** The page that error_offset names; only with -EAGAIN, and with -ENOMEM of a conversion. */
  readonly errorIndex: FolioIndex | undefined;
}
