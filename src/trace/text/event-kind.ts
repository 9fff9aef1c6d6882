// SPDX-License-Identifier: MIT
import { ascii } from './text-cursor.ts';

/** Kinds of line that {@link classify} tells apart. */
export type EventKind =
  | 'add'
  | 'delete'
  | 'insertion'
  | 'marker'
  | 'print'
  | 'syscall'
  | 'reference'
  | 'free'
  | 'work'
  | 'sched'
  | 'stack'
  | 'perf-record';

const ADD = ascii('mm_filemap_add_to_page_cache:');
const DELETE = ascii('mm_filemap_delete_from_page_cache:');
const INSERTION = ascii('mm_lru_insertion:');
const FREE = ascii('mm_page_free:');
const MARKER = ascii('tracing_mark_write: ');
const PRINT = ascii('print:');
const SYS = ascii('sys_');
const SWITCH = ascii('sched_switch:');
const WAKEUP = ascii('sched_wakeup');
const PAGE_REF = ascii('page_ref_');
const FOLIO_REF = ascii('folio_ref_');
const PINNER = ascii('page_pinner_');
const WORKQUEUE = ascii('workqueue_');
const STACK_TRACE = ascii('<stack trace');
const KERNEL_STACK = ascii('kernel_stack:');
const PERF_RECORD = ascii('PERF_RECORD_');

/**
 * Which event stands at `at`, judged by its name; undefined for one that is only counted. The first letter decides
 * for most of them.
 */
export function classify(bytes: Uint8Array, at: number): EventKind | undefined {
  switch (bytes[at] ?? 0) {
    case 0x6d /* m */:
      // mm_filemap_[ad], mm_lru_i or mm_page_free
      if (bytes[at + 3] === 0x6c) return startsWith(bytes, at, INSERTION) ? 'insertion' : undefined;
      if (bytes[at + 3] === 0x70) return startsWith(bytes, at, FREE) ? 'free' : undefined;
      if (bytes[at + 11] === 0x61) return startsWith(bytes, at, ADD) ? 'add' : undefined;
      if (bytes[at + 11] === 0x64) return startsWith(bytes, at, DELETE) ? 'delete' : undefined;
      return undefined;
    case 0x73 /* s */:
      if (startsWith(bytes, at, SYS)) return 'syscall';
      return startsWith(bytes, at, SWITCH) || startsWith(bytes, at, WAKEUP) ? 'sched' : undefined;
    case 0x77 /* w */:
      return startsWith(bytes, at, WORKQUEUE) ? 'work' : undefined;
    case 0x70 /* p */:
      if (startsWith(bytes, at, PAGE_REF) || startsWith(bytes, at, PINNER)) return 'reference';
      return startsWith(bytes, at, PRINT) ? 'print' : undefined;
    case 0x66 /* f */:
      return startsWith(bytes, at, FOLIO_REF) ? 'reference' : undefined;
    case 0x74 /* t */:
      return startsWith(bytes, at, MARKER) ? 'marker' : undefined;
    case 0x3c /* < */:
      return startsWith(bytes, at, STACK_TRACE) ? 'stack' : undefined;
    case 0x6b /* k */:
      return startsWith(bytes, at, KERNEL_STACK) ? 'stack' : undefined;
    case 0x50 /* P */:
      return startsWith(bytes, at, PERF_RECORD) ? 'perf-record' : undefined;
    default:
      return undefined;
  }
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Where the event's arguments start: behind its name, a colon and the blanks that some writers pad it with. `name` is somewhere in the name. */
export function argumentsAt(bytes: Uint8Array, name: number, end: number): number {
  let at = name;
  while (at < end && bytes[at] !== 0x3a) at++;
  do at++;
  while (at < end && bytes[at] === 0x20);
  return Math.min(at, end);
}
