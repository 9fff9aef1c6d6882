// SPDX-License-Identifier: MIT
import type { CallFields, CallName, CALLS, MemoryAttributes2, Result } from '../kernel/index.ts';
import type { FolioIndex } from '../ledger/index.ts';

/** Pages of an inode, from `start` up to and without `start + pages`. */
export interface PageRange {
  /** Number of the guest_memfd in the machine. */
  readonly inode: number;
  readonly start: number;
  readonly pages: number;
}

/** KVM_SET_MEMORY_ATTRIBUTES2: the only call with a struct that the kernel checks at entry. */
export interface Conversion {
  readonly call: 'set-memory-attributes2';
  readonly inode: number;
  /** Undefined if the kernel cannot read the struct. */
  readonly argument: MemoryAttributes2 | undefined;
  /** Whether the kernel can write the struct; true if absent. */
  readonly writable?: boolean;
  /** Allocation of the file's attributes fails: fault injection, needs the machine's part `fault_injection`. */
  readonly outOfMemory?: boolean;
}

/** The calls with the arguments of the table, each by its name. */
type Named = {
  readonly [N in Exclude<CallName, Conversion['call']>]: { readonly call: N } & Pick<
    CallFields,
    (typeof CALLS)[N]['args'][number]
  >;
};

/**
 * A request of a task to the machine, as a test or a VMM makes it: a call of the kernel's table, with its arguments
 * (docs/calls.md).
 * @example { call: 'touch', inode: 0, start: 0, pages: 1 }
 */
export type Call = Conversion | Named[keyof Named];

/** Result of a call. */
export interface Outcome {
  readonly result: Result;
  /** Index of the page in error_offset; only with -EAGAIN, and with -ENOMEM of a conversion. */
  readonly errorIndex: FolioIndex | undefined;
}
