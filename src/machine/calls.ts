// SPDX-License-Identifier: MIT
import type { LRU_BATCHES, MemoryAttributes2, Result } from '../kernel/index.ts';
import type { FolioIndex, Pfn } from '../ledger/index.ts';

/** Pages of an inode, `start` up to and without `start + pages`. */
export interface PageRange {
  /** Number of the guest_memfd in the machine. */
  readonly inode: number;
  readonly start: number;
  readonly pages: number;
}

/** What a task can ask of the machine, as a test or a VMM would. */
export type Call =
  /** Accesses every page through the task's mapping. */
  | ({ readonly call: 'touch' } & PageRange)
  /** Allocates every page; `large`: in folios of the machine's largest order. */
  | ({ readonly call: 'fallocate'; readonly large?: boolean } & PageRange)
  /** fallocate(FALLOC_FL_PUNCH_HOLE): frees every page. */
  | ({ readonly call: 'punch-hole' } & PageRange)
  /** KVM_SET_MEMORY_ATTRIBUTES2. `argument` is undefined where the kernel cannot read the struct. */
  | {
      readonly call: 'set-memory-attributes2';
      readonly inode: number;
      readonly argument: MemoryAttributes2 | undefined;
      /** Whether the kernel can write the struct; true where absent. */
      readonly writable?: boolean;
      /** There is no memory for the file's attributes: fault injection, needs the machine's part `fault_injection`. */
      readonly outOfMemory?: boolean;
    }
  /** An ioctl number that the file does not know. */
  | { readonly call: 'unknown-ioctl' }
  /** Takes a long reference to a mapped page and keeps it as `pin`. */
  | {
      /** The last needs the machine's part `gup`. */
      readonly call: 'vmsplice' | 'pin-user-pages' | 'pin-longterm';
      readonly pin: number;
      readonly inode: number;
      readonly index: number;
    }
  | { readonly call: 'unpin'; readonly pin: number }
  /** Reads a page (see Machine.loaded), or writes a value up to 255 all over it. Needs the machine's part `contents`. */
  | { readonly call: 'load'; readonly inode: number; readonly index: number }
  | { readonly call: 'store'; readonly inode: number; readonly index: number; readonly value: number }
  /** The guest does, as private or shared memory. Needs the parts `contents` and `guest`. */
  | { readonly call: 'guest-load'; readonly inode: number; readonly index: number; readonly private: boolean }
  | {
      readonly call: 'guest-store';
      readonly inode: number;
      readonly index: number;
      readonly private: boolean;
      readonly value: number;
    }
  /** A VM's launch fills a private page from one of the task's own, to which it has a reference (`pin`) meanwhile. */
  | {
      readonly call: 'populate';
      readonly pin: number;
      readonly inode: number;
      readonly index: number;
      readonly sourceInode: number;
      readonly sourceIndex: number;
    }
  /** Pages get a memory slot, EEXIST where they have one; lose it. Needs the machine's part `memslots`, as `release` does. */
  | ({ readonly call: 'bind' | 'delete-memslot' } & PageRange)
  /** The last reference to the file is closed. */
  | { readonly call: 'release'; readonly inode: number }
  /** Locks or unlocks the task's mapping of these pages; locking also maps them. Needs the machine's part `mlock`. */
  | ({ readonly call: 'mlock' | 'munlock' } & PageRange)
  /** The guest accesses every page, as private or shared memory; EFAULT where it is of the other kind. Needs the machine's part `guest`. */
  | ({ readonly call: 'guest-touch'; readonly private: boolean } & PageRange)
  /** Asks which pages are in memory: for a moment a reference, where the task has not mapped the page. */
  | ({ readonly call: 'mincore' } & PageRange)
  /** mbind(MPOL_MF_MOVE): isolates and puts back what is mapped. Needs the machine's part `lru_disable`. */
  | ({ readonly call: 'mbind' } & PageRange)
  /** NUMA balancing's hint faults, where pages that are clean and mapped would be better elsewhere: isolates and puts back. */
  | ({ readonly call: 'numa-hint-fault' } & PageRange)
  /** MADV_PAGEOUT: isolates what is on the LRU and mapped once, and puts it back. */
  | ({ readonly call: 'madvise-pageout' } & PageRange)
  /** A page of other memory is left in one of this CPU's other batches. Needs the machine's part `lru_batches`. */
  | { readonly call: 'use-other-memory'; readonly batch: (typeof LRU_BATCHES)[number] }
  /** Writes to every page. Needs the machine's part `mmap`, as the next ones do. */
  | ({ readonly call: 'write' } & PageRange)
  /** Maps the pages where the process has a place for them; unmaps them; drops what is mapped and keeps the mapping. */
  | ({ readonly call: 'mmap' | 'munmap' | 'madvise-dontneed' } & PageRange)
  /** The process gets the mappings of the caller's; EBUSY where it has some. */
  | { readonly call: 'fork'; readonly process: number }
  /** The caller's process loses all its mappings. */
  | { readonly call: 'exit' }
  /**
   * Who takes a folio by its page frame: page_idle (as compaction), DAMON; soft offline and memory_failure(), which need the
   * machine's part `memory_failure`.
   */
  | { readonly call: 'page-idle' | 'damon' | 'soft-offline' | 'memory-failure'; readonly pfn: Pfn }
  /** What memory hot-unplug keeps switched for long. Needs the machine's part `lru_disable`. */
  | { readonly call: 'lru-cache-disable' | 'lru-cache-enable' }
  | { readonly call: 'migrate-to'; readonly cpu: number }
  /** The scheduler moves another task, by its number, as soon as preemption is on there. Needs the machine's part `migration`. */
  | { readonly call: 'migrate'; readonly task: number; readonly cpu: number }
  /** A CPU goes offline, or comes back; EBUSY for the last one. Needs the machine's part `hotplug`. */
  | { readonly call: 'cpu-down' | 'cpu-up'; readonly cpu: number }
  /** What drop_caches, compaction and others do on the way. */
  | { readonly call: 'lru-add-drain' | 'lru-add-drain-all' };

/** What a call came to. */
export interface Outcome {
  readonly result: Result;
  /** The page that error_offset names; only with -EAGAIN, and with -ENOMEM of a conversion. */
  readonly errorIndex: FolioIndex | undefined;
}
