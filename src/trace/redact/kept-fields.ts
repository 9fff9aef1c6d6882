// SPDX-License-Identifier: MIT

/** What a field of an event is: what becomes of its value. */
export type FieldKind =
  /** A number that stays. */
  | 'number'
  /** Flags that the kernel prints as letters or words; a number stays. */
  | 'flags'
  | 'frame'
  | 'pid'
  | 'task'
  | 'address'
  /** A function of the kernel, or its address. */
  | 'function'
  | 'workqueue'
  | 'marker';

type Fields = Readonly<Record<string, FieldKind>>;

const numbers = (...names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, 'number'] as const));

const FILEMAP: Fields = {
  ...numbers('i_ino', 'ino', 'index', 'ofs', 's_dev', 'dev', 'order'),
  pfn: 'frame',
  page: 'address',
  folio: 'address',
};
const PAGE: Fields = { ...numbers('order', 'migratetype'), pfn: 'frame', page: 'address', gfp_flags: 'flags' };
const LRU: Fields = { ...numbers('lru'), pfn: 'frame', folio: 'address', page: 'address', flags: 'flags' };
const REFERENCE: Fields = {
  ...numbers('count', 'mapcount', 'mt', 'val', 'ret'),
  pfn: 'frame',
  flags: 'flags',
  mapping: 'address',
};
const WORK: Fields = {
  ...numbers('req_cpu', 'cpu'),
  work: 'address',
  workqueue: 'workqueue',
  function: 'function',
};
const WAKEUP: Fields = { ...numbers('prio', 'success', 'target_cpu'), comm: 'task', pid: 'pid' };
/** `nr` is the number of the call. */
const CALL = numbers('__syscall_nr', 'nr', 'id');
const STACK: Fields = { size: 'number', caller: 'function', stack: 'function' };
const MARKER: Fields = { buf: 'marker', text: 'marker' };
const NONE: Fields = {};

const REFERENCES = [
  'set',
  'init',
  'mod',
  'mod_and_test',
  'mod_and_return',
  'mod_unless',
  'add_unless',
  'freeze',
  'unfreeze',
];

/** Kinds of events that are not quoted with fields: their names tell nothing of a machine's people. */
const NAMES_ONLY = (
  'irq_handler_entry irq_handler_exit softirq_entry softirq_exit softirq_raise timer_start timer_cancel ' +
  'timer_expire_entry timer_expire_exit hrtimer_start hrtimer_cancel hrtimer_expire_entry ' +
  'hrtimer_expire_exit tick_stop cpu_idle page_fault_user page_fault_kernel sched_waking ' +
  'sched_migrate_task sched_process_fork sched_process_exec sched_process_exit sched_process_free ' +
  'sched_process_wait sched_stat_runtime kmalloc kfree kmem_cache_alloc kmem_cache_free rss_stat ' +
  'mm_migrate_pages mm_compaction_begin mm_compaction_end kvm_entry kvm_exit kvm_page_fault ' +
  'kvm_userspace_exit kvm_mmio user_stack sys_enter sys_exit'
).split(' ');

/**
 * The events of which something stays, with the fields that do. Every other event loses its name and all fields: an allow list, so
 * that nothing of an unknown event is let through. Fields by the kernel's names (include/trace/events/), and by those of its texts.
 */
export const KNOWN_EVENTS: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ...NAMES_ONLY.map((name) => [name, NONE] as const),
  ['mm_filemap_add_to_page_cache', FILEMAP],
  ['mm_filemap_delete_from_page_cache', FILEMAP],
  ['mm_lru_insertion', LRU],
  ['mm_lru_activate', LRU],
  ...['mm_page_alloc', 'mm_page_free', 'mm_page_free_batched', 'mm_page_pcpu_drain', 'mm_page_alloc_zone_locked'].map(
    (name) => [name, PAGE] as const,
  ),
  ...['page_ref', 'folio_ref'].flatMap((family) =>
    REFERENCES.map((operation) => [`${family}_${operation}`, REFERENCE] as const),
  ),
  ['page_pinner_failure', REFERENCE],
  ['page_pinner_put', REFERENCE],
  ...['queue_work', 'activate_work', 'execute_start', 'execute_end'].map(
    (step) => [`workqueue_${step}`, WORK] as const,
  ),
  ['sys_enter_ioctl', { ...CALL, ...numbers('fd', 'cmd'), arg: 'address' }],
  ['sys_exit_ioctl', { ...CALL, ...numbers('ret') }],
  ['sys_enter_fallocate', { ...CALL, ...numbers('fd', 'mode', 'offset', 'len') }],
  ['sys_exit_fallocate', { ...CALL, ...numbers('ret') }],
  [
    'sched_switch',
    {
      ...numbers('prev_prio', 'next_prio', 'prev_state'),
      prev_comm: 'task',
      prev_pid: 'pid',
      next_comm: 'task',
      next_pid: 'pid',
    },
  ],
  ['sched_wakeup', WAKEUP],
  ['sched_wakeup_new', WAKEUP],
  ['kernel_stack', STACK],
  ['print', MARKER],
  ['tracing_mark_write', MARKER],
]);
