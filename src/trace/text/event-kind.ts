// SPDX-License-Identifier: MIT
import { ascii } from './text-cursor.ts';

/**
 * Beginning of a line's event, at least four bytes: compared four at a time, then the last four, some of them twice.
 */
interface Beginning {
  readonly words: readonly number[];
  readonly last: number;
  readonly length: number;
}

function beginning(text: string): Beginning {
  const view = new DataView(ascii(text).buffer);
  const words: number[] = [];
  for (let at = 0; at < text.length - 4; at += 4) words.push(view.getInt32(at));
  return { words, last: view.getInt32(text.length - 4), length: text.length };
}

/** Kinds of line that {@link classify} distinguishes. */
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
  | 'perf-record'
  /** A marker whose text the recorder left out. */
  | 'hidden-marker';

const ADD = beginning('mm_filemap_add_to_page_cache:');
const DELETE = beginning('mm_filemap_delete_from_page_cache:');
const INSERTION = beginning('mm_lru_insertion:');
const FREE = beginning('mm_page_free:');
const MARKER = beginning('tracing_mark_write');
const PRINT = beginning('print:');
const SYS = beginning('sys_');
const SWITCH = beginning('sched_switch:');
const WAKEUP = beginning('sched_wakeup');
const PAGE_REF = beginning('page_ref_');
const FOLIO_REF = beginning('folio_ref_');
const PINNER = beginning('page_pinner_');
const WORKQUEUE = beginning('workqueue_');
const STACK_TRACE = beginning('<stack trace');
const KERNEL_STACK = beginning('kernel_stack:');
const PERF_RECORD = beginning('PERF_RECORD_');
/** What option `fields` makes of a marker (TRACE_PRINT of enum trace_type, kernel/trace/trace.h; seen on 6.18). */
const HIDDEN_MARKER = beginning('UNKNOWN TYPE 5');

/**
 * The event at `at`, by its name; undefined for one that is only counted. The first letter decides for most of them.
 * @param readsSched whether the scheduler's events are wanted.
 */
export function classify(bytes: Uint8Array, view: DataView, at: number, readsSched: boolean): EventKind | undefined {
  switch (bytes[at] ?? 0) {
    case 0x6d /* m */:
      // mm_filemap_[ad], mm_lru_i or mm_page_free
      if (bytes[at + 3] === 0x6c) return startsWith(view, at, INSERTION) ? 'insertion' : undefined;
      if (bytes[at + 3] === 0x70) return startsWith(view, at, FREE) ? 'free' : undefined;
      if (bytes[at + 11] === 0x61) return startsWith(view, at, ADD) ? 'add' : undefined;
      if (bytes[at + 11] === 0x64) return startsWith(view, at, DELETE) ? 'delete' : undefined;
      return undefined;
    case 0x73 /* s */:
      if (startsWith(view, at, SYS)) return 'syscall';
      if (!readsSched) return undefined;
      return startsWith(view, at, SWITCH) || startsWith(view, at, WAKEUP) ? 'sched' : undefined;
    case 0x77 /* w */:
      return startsWith(view, at, WORKQUEUE) ? 'work' : undefined;
    case 0x70 /* p */:
      if (startsWith(view, at, PAGE_REF) || startsWith(view, at, PINNER)) return 'reference';
      return startsWith(view, at, PRINT) ? 'print' : undefined;
    case 0x66 /* f */:
      return startsWith(view, at, FOLIO_REF) ? 'reference' : undefined;
    case 0x74 /* t */:
      return startsWith(view, at, MARKER) ? 'marker' : undefined;
    case 0x3c /* < */:
      return startsWith(view, at, STACK_TRACE) ? 'stack' : undefined;
    case 0x6b /* k */:
      return startsWith(view, at, KERNEL_STACK) ? 'stack' : undefined;
    case 0x50 /* P */:
      return startsWith(view, at, PERF_RECORD) ? 'perf-record' : undefined;
    case 0x55 /* U */:
      return startsWith(view, at, HIDDEN_MARKER) ? 'hidden-marker' : undefined;
    default:
      return undefined;
  }
}

function startsWith(view: DataView, at: number, { words, last, length }: Beginning): boolean {
  const end = at + length;
  if (end > view.byteLength) return false;
  for (let index = 0; index < words.length; index++) if (view.getInt32(at + 4 * index) !== words[index]) return false;
  return view.getInt32(end - 4) === last;
}

/**
 * Position of the event's arguments: after its name, a colon and the blanks of some writers. `name` is any position in
 * the name.
 */
export function argumentsAt(bytes: Uint8Array, name: number, end: number): number {
  let at = name;
  while (at < end && bytes[at] !== 0x3a) at++;
  do at++;
  while (at < end && bytes[at] === 0x20);
  return Math.min(at, end);
}
