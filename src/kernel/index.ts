// SPDX-License-Identifier: GPL-2.0-only
// Names, by what they stand for:
//
//   folio_try_get          a routine, under the kernel's name
//   taskCpu, folioNrPages  the kernel's memory, and values computed of it
//   buildKernel, clamped   functions that are not the kernel's
//   REFUSED, PATCHES       constants: marks, domains, lists
//
// `folio` is what a form's check reads: reading its count, mapcount, pincount or PG_lru is a look.

// The interface's numbers and structs, for programs that know them from here (src/abi/).
export type { Errno, Field, FieldValues, Layout } from '../abi/index.ts';
export {
  decodeStruct,
  encodeStruct,
  ERRNO,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CREATE_GUEST_MEMFD,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_SET_MEMORY_ATTRIBUTES,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_USER_MEMORY_REGION2,
  PAGE_SIZE,
  sizeOfStruct,
  STRUCTS,
} from '../abi/index.ts';

// Argument checks of the system calls.
export type {
  BindArguments,
  ConversionTarget,
  FallocateArguments,
  GuestMemfdVm,
  HugePageAdvice,
  MemoryAttributes2,
} from './guest_memfd_arguments.ts';
export {
  checkBind,
  checkCreateGuestMemfd,
  checkFallocate,
  checkHugePageAdvice,
  checkMemoryAttributes2,
  checkMmap,
  checkReadWrite,
  supportedGuestMemfdFlags,
} from './guest_memfd_arguments.ts';

// A kernel: its parts, what differs between releases, its program, and results of calls.
export type { K, KernelConfig, KernelPart, KernelSizes } from './kernel.ts';
export { CPU, FOLIO, INDEX, INODE, KERNEL_PARTS, routine } from './kernel.ts';
export type { Profile } from './profile.ts';
export { DEFAULT_PROFILE, PROFILES } from './profile.ts';
export type { ScriptedCall } from './program.ts';
export { buildKernel, buildScripted, KWORKER } from './program.ts';
export type { RecordedCode } from './recorded.ts';
export { buildRecorded } from './recorded.ts';
export type { Result } from './sched.ts';
export { get_cpu, put_cpu, RESULTS, smp_processor_id } from './sched.ts';

// System calls: one entry a call.
export type { ArgumentName, CallFields } from './syscall_arguments.ts';
export { argumentNumber } from './syscall_arguments.ts';
export type { AnyCall, Brought, CallName, CallWords, SyscallName } from './syscalls.ts';
export { CALL_NAMES, callNamed, CALLS, partsOfSyscall } from './syscalls.ts';

// Forms of the safety check: those of the series, other possible forms, deliberate mistakes; and the parts to write a form
// with.
export type { CheckArguments, Patch } from './kernel.ts';
export { ALTERNATIVES } from './alternatives.ts';
export { unexportedCalls } from './exports.ts';
export {
  clamped,
  compareCount,
  drainingOnce,
  FILEMAP_GET_FOLIOS_REFCOUNT,
  forEachFolio,
  PATCHES,
  safetyCheck,
} from './guest_memfd_check.ts';
export type { Mutant } from './mutants.ts';
export { mutantNamed, MUTANTS } from './mutants.ts';

// Routines that a form may call.
export type { FolioBatch } from './filemap.ts';
export {
  filemap_get_folio,
  filemap_get_folios,
  filemap_lock_folio,
  folio_batch_release,
  folio_lock,
  folio_trylock,
  folio_unlock,
  folioBatch,
} from './filemap.ts';
export {
  folio_may_be_lru_cached,
  folioMayBeLruCached,
  lru_add_drain,
  lru_add_drain_all,
  lru_add_drain_cpu,
} from './folio.ts';
export { folio_maybe_dma_pinned, folioMaybeDmaPinned } from './gup.ts';
export {
  folio_expected_ref_count,
  LRU_CACHE,
  lru_cache_disable,
  lru_cache_drain_for_folio,
  lru_cache_enable,
} from './lru_cache.ts';
export {
  folio_get,
  folio_mapped,
  folio_put,
  folio_ref_count,
  folio_ref_freeze,
  folio_ref_unfreeze,
  folio_test_lru,
  folio_try_get,
  folioNrPages,
  refcountType,
} from './page_ref.ts';
export { filemap_invalidate_lock, filemap_invalidate_unlock } from './rwsem.ts';
export { folio_isolate_lru, folio_putback_lru } from './vmscan.ts';

// The kernel's memory.
export { contents } from './contents.ts';
export { cpuFbatches, LRU_BATCHES } from './cpu_fbatches.ts';
export { iPages } from './filemap.ts';
export { drainAll } from './folio.ts';
export { gmemInode } from './guest_memfd.ts';
export { pins } from './gup.ts';
export { kvm } from './kvm_mmu.ts';
export { mlockFbatch } from './mlock.ts';
export { checkedFolio as folio } from './page_ref.ts';
export { invalidateLock } from './rwsem.ts';
export { cpuMasks, taskCpu, taskErrorIndex, taskMm, taskResult } from './sched.ts';
export { work } from './workqueue.ts';
export { pte, tlb, vmaGone } from './zap.ts';

// Holders of references: read from the memory, and written into it.
export type { Holders, Holding, Imbalance } from './ledger_view.ts';
export { HOLDING, holdersOf, imbalances, LiveLedger } from './ledger_view.ts';
export type { Restored } from './ledger_writer.ts';
export { writeLedger } from './ledger_writer.ts';

// Meanings of steps (docs/observations.md), and the stack of a step.
export {
  CHECK,
  COUNT,
  DRAIN_ALL,
  DRAIN_ASKS,
  DRAIN_GENERATION,
  DRAIN_LEFT_EARLY,
  DRAIN_LOCAL,
  DRAIN_UNDERTAKEN,
  FAULT,
  INSERTED,
  LOOK,
  LRU_ADD_EMPTIED,
  LRU_ADD_QUEUED,
  LRU_BATCH_EMPTIED,
  LRU_DISABLED,
  LRU_ENABLED,
  MLOCK_EMPTIED,
  REF_FREEZE,
  REF_MOD_NOTHING,
  REF_MOD_UNLESS,
  REF_SET,
  REFUSED,
  RETURNED,
  STORED,
  WORK_BEGUN,
  WORK_DONE,
  WORK_QUEUED,
} from './observations.ts';
export { stackOf } from './stack.ts';
