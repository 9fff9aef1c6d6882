// SPDX-License-Identifier: MIT
export type {
  EventOrigin,
  FilemapEvent,
  KernelEvent,
  Loss,
  LruInsertion,
  Marker,
  PageFree,
  PageReference,
  ReferenceOperation,
  SchedSwitch,
  SchedWakeup,
  SyscallEnter,
  SyscallExit,
  WorkqueueEvent,
} from './events.ts';
export { foldNumbers } from './fold-numbers.ts';
export { InputError } from './input-error.ts';
export type { FolioLedger, Holder, HolderKind, Ledger, Strength } from './ledger.ts';
export { CHECKS_OWN, HOLDER_KINDS, heldByIdleOnly, isBatch, isIdle, isStockVisible, referencesOf } from './ledger.ts';
export type { Brand, Cpu, Dev, FolioIndex, Ino, Nanoseconds, Order, Pfn } from './units.ts';
export { cpu, dev, folioIndex, formatTime, ino, nanoseconds, order, parseTime, pfn } from './units.ts';
export type { Verdict } from './verdict.ts';
