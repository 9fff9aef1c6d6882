// SPDX-License-Identifier: MIT
import {
  ERRNO,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  KVM_CREATE_VM,
  KVM_SET_MEMORY_ATTRIBUTES2,
  PAGE_SIZE,
} from '../../abi/index.ts';
import {
  folio,
  INSERTED,
  iPages,
  REF_FREEZE,
  REF_MOD_NOTHING,
  REF_MOD_UNLESS,
  REF_SET,
  type Result,
  stackOf,
  taskCpu,
  WORK_BEGUN,
  WORK_DONE,
  WORK_QUEUED,
} from '../../kernel/index.ts';
import { columnOf, type Mark, type Observed, type Taken, type Write } from '../../lang/index.ts';
import {
  cpu,
  dev,
  type EventOrigin,
  folioIndex,
  ino,
  type KernelEvent,
  type Nanoseconds,
  nanoseconds,
  order,
  type PageReference,
  pfn,
  type ReferenceOperation,
  type WorkqueueEvent,
} from '../../ledger/index.ts';
import type { Call, Outcome } from '../calls.ts';
import type { Machine } from '../machine.ts';

/** Tracepoints that are on in addition to those of every kernel. */
export interface TracepointOptions {
  /** `page_ref:*`, which needs CONFIG_DEBUG_PAGE_REF. */
  readonly pageReferences?: boolean;
  /** A kernel stack after each event. */
  readonly stacks?: boolean;
}

/** enum lru_list of a folio with an unevictable mapping, and of one that has left the page cache. */
const LRU_UNEVICTABLE = 4;
const LRU_INACTIVE_FILE = 2;
/** Simulated time: its start, and the distance between two steps or events; a trace file shows microseconds. */
const BEGIN = 1_000_000_000n;
const TICK = 1_000n;
/** Names as in a recording: numbers of the superblock, the first inode, file descriptors, tasks. */
const DEV = dev(0, 15);
const FIRST_INO = 0x3961n;
const FIRST_FD = 8n;
const FIRST_PID = 1000;
const FIRST_WORKER_PID = 20;
const ARGUMENT = 0x7ffd_1000_0000n;
/** A signal or a guest's exit is not a result of a system call. */
const RETURNED: Readonly<Record<Result, number>> = { ...ERRNO, ok: 0, SIGBUS: 0, SIGSEGV: 0, MMIO: 0 };
/** Modes of fallocate(). */
const KEEP_SIZE = BigInt(FALLOC_FL_KEEP_SIZE);
const PUNCH_HOLE = BigInt(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE);

/**
 * Tracepoint events of a machine's run, from its steps: the events of a real kernel, with the fields of our event
 * types, on the CPU where they fire. Time is simulated: a step takes a microsecond. It costs nothing unless it is used.
 * @example
 * import type { KernelEvent } from 'folioscope/ledger';
 * import { createMachine, patchNamed, Tracepoints } from 'folioscope/machine';
 * const machine = createMachine({
 *   cpus: 2,
 *   tasks: [
 *     { name: 'vmm', cpu: 0 },
 *     { name: 'other', cpu: 1 },
 *   ],
 *   guestMemfds: [{ pages: 1 }],
 *   patch: patchNamed('baseline'),
 * });
 * const events: KernelEvent[] = [];
 * const tracepoints = new Tracepoints(machine, {}, (event) => events.push(event));
 * const touch = { call: 'touch', inode: 0, start: 0, pages: 1 } as const;
 * machine.begin(1, touch);
 * tracepoints.calls(1, touch, undefined);
 * for (let taken = machine.step(1); taken !== undefined; taken = machine.step(1)) tracepoints.took(taken);
 * events.map(({ type }) => type); // => ['mm_filemap_add_to_page_cache']
 */
export class Tracepoints {
  readonly #machine: Machine;
  readonly #options: TracepointOptions;
  readonly #emit: (event: KernelEvent) => void;
  #now = BEGIN;

  constructor(machine: Machine, options: TracepointOptions, emit: (event: KernelEvent) => void) {
    this.#machine = machine;
    this.#options = options;
    this.#emit = emit;
  }

  /** The present moment; later events are later. */
  get now(): Nanoseconds {
    return nanoseconds(this.#now);
  }

  /** Records a call of a task, before its first step; with its outcome if the call has no steps. */
  calls(task: number, call: Call, outcome: Outcome | undefined): void {
    const { name, args } = syscallOf(call) ?? {};
    if (name === undefined || args === undefined) return;
    this.#emit({ type: 'syscall-enter', name, args, ...this.#origin(task) });
    if (outcome !== undefined) this.#exits(task, name, outcome);
  }

  /** Records the return of a call. */
  returned(task: number, call: Call, outcome: Outcome): void {
    const name = syscallOf(call)?.name;
    if (name !== undefined) this.#exits(task, name, outcome);
  }

  #exits(task: number, name: 'ioctl' | 'fallocate', { result }: Outcome): void {
    this.#emit({ type: 'syscall-exit', name, returned: BigInt(-RETURNED[result]), ...this.#origin(task) });
  }

  /** Records each step after it was taken. */
  took(taken: Taken): void {
    this.#now += TICK;
    for (const observed of taken.observed) this.#observed(taken, observed);
    for (const write of taken.writes) this.#wrote(taken, write);
  }

  #observed(taken: Taken, { mark, args }: Observed): void {
    if (mark === INSERTED) this.#inserted(taken, args['folio'] ?? 0);
    if (mark === REF_MOD_NOTHING) this.#reference(taken, 'mod', args['folio'] ?? 0, 0, undefined);
    const types = WORK.get(mark);
    if (types !== undefined) this.#worked(taken, types, args['cpu'] ?? 0);
  }

  #wrote(taken: Taken, write: Write): void {
    const { variable, index, before, after } = write;
    const none = this.#machine.program.sizes['folio'] ?? 0;
    if (variable === folio.refcount.variable) this.#counted(taken, index[0] ?? 0, before, after);
    else if (variable === iPages.variable && before === none) {
      if (this.#isHead(after, index)) this.#filemap('mm_filemap_add_to_page_cache', taken, after, index);
    } else if (variable === iPages.variable) {
      if (this.#isHead(before, index)) this.#filemap('mm_filemap_delete_from_page_cache', taken, before, index);
    } else if (variable === folio.allocated.variable && after === 0)
      this.#emit({
        type: 'mm_page_free',
        ...this.#origin(taken.task, taken),
        pfn: pfn(index[0] ?? 0),
        order: order(this.#orderBefore(taken, index[0] ?? 0)),
      });
  }

  /** A large folio's entry is at each of its pages; there is one event for all. */
  #isHead(of: number, [, index]: readonly number[]): boolean {
    return columnOf(this.#machine.memory, folio.index)[of] === index;
  }

  /** A folio that is freed forgets its order within the same step. */
  #orderBefore({ writes }: Taken, of: number): number {
    const forgotten = writes.find(({ variable, index }) => variable === folio.order.variable && index[0] === of);
    return forgotten?.before ?? columnOf(this.#machine.memory, folio.order)[of] ?? 0;
  }

  #filemap(
    type: 'mm_filemap_add_to_page_cache' | 'mm_filemap_delete_from_page_cache',
    taken: Taken,
    of: number,
    [inode = 0, index = 0]: readonly number[],
  ): void {
    this.#emit({
      type,
      ...this.#origin(taken.task, taken),
      dev: DEV,
      ino: inoOf(inode),
      pfn: pfn(of),
      index: folioIndex(index),
      order: order(columnOf(this.#machine.memory, folio.order)[of] ?? 0),
    });
  }

  /**
   * The flush tries to freeze each folio before it inserts it (in kernels that do so), and reports it even if it fails.
   */
  #inserted(taken: Taken, of: number): void {
    const { memory, profile } = this.#machine;
    if (profile.flushFreesLastReference) this.#reference(taken, 'freeze', of, 1, 0);
    const evictable = columnOf(memory, folio.mapping)[of] === this.#machine.program.sizes['inode'];
    this.#emit({
      type: 'mm_lru_insertion',
      ...this.#origin(taken.task, taken),
      pfn: pfn(of),
      lru: evictable ? LRU_INACTIVE_FILE : LRU_UNEVICTABLE,
      mapped: (columnOf(memory, folio.mapcount)[of] ?? 0) > 0,
    });
  }

  #counted(taken: Taken, of: number, before: number, after: number): void {
    const isMarked = (wanted: Mark): boolean =>
      taken.observed.some(({ mark, args }) => mark === wanted && args['folio'] === of);
    const value = after - before;
    if (isMarked(REF_FREEZE)) this.#reference(taken, 'freeze', of, before, 1);
    else if (isMarked(REF_SET)) this.#reference(taken, 'set', of, after, undefined);
    else if (isMarked(REF_MOD_UNLESS)) this.#reference(taken, 'mod-unless', of, value, 1);
    else if (value > 0) this.#reference(taken, 'mod', of, value, undefined);
    else this.#reference(taken, 'mod-and-test', of, value, Number(after === 0));
  }

  #reference(
    taken: Taken,
    operation: ReferenceOperation,
    of: number,
    value: number,
    returned: PageReference['returned'],
  ): void {
    if (this.#options.pageReferences !== true) return;
    const { memory, program } = this.#machine;
    const at = (column: { readonly variable: (typeof folio.refcount)['variable'] }): number =>
      columnOf(memory, column)[of] ?? 0;
    const mapping = at(folio.mapping);
    const flags = [
      ...(at(folio.locked) === 1 ? ['locked'] : []),
      ...(at(folio.uptodate) === 1 ? ['uptodate'] : []),
      ...(at(folio.lru) === 1 ? ['lru', 'unevictable'] : []),
    ];
    this.#emit({
      type: 'page-reference',
      ...this.#origin(taken.task, taken),
      operation,
      pfn: pfn(of),
      flags: flags.length === 0 ? 'none' : flags.join('|'),
      count: at(folio.refcount),
      mapcount: at(folio.mapcount) - 1,
      mapping:
        mapping === program.sizes['inode']
          ? undefined
          : (0xffff_8880_0083_2388n + BigInt(mapping) * 0x800n).toString(16),
      value,
      returned,
    });
  }

  #worked(taken: Taken, types: readonly WorkqueueType[], of: number): void {
    for (const type of types) {
      const isQueued = type === 'workqueue_queue_work';
      this.#emit({
        type,
        ...this.#origin(taken.task, taken),
        work: (0xffff_8880_0f02_6fc0n + BigInt(of) * 0x4_0000n).toString(16),
        function: 'lru_add_drain_per_cpu',
        workqueue: isQueued ? 'mm_percpu_wq' : undefined,
        requestedCpu: isQueued ? cpu(of) : undefined,
      });
    }
  }

  #origin(task: number, taken?: Taken): EventOrigin {
    this.#now += TICK;
    const { stacks = false } = this.#options;
    const users = this.#machine.options.tasks.length;
    const here = columnOf(this.#machine.memory, taskCpu)[task] ?? 0;
    return {
      at: nanoseconds(this.#now),
      cpu: cpu(here),
      pid: task < users ? FIRST_PID + task : FIRST_WORKER_PID + task - users,
      comm: task < users ? this.#machine.taskName(task) : `kworker/${task - users}:1`,
      ...(stacks && taken !== undefined ? { stack: stackOf(taken.step.path, taken.step.name) } : {}),
    };
  }
}

type WorkqueueType = WorkqueueEvent['type'];

/** The worker's events, and the queueing in the requesting task. */
const WORK: ReadonlyMap<Mark, readonly WorkqueueType[]> = new Map<Mark, readonly WorkqueueType[]>([
  [WORK_QUEUED, ['workqueue_queue_work', 'workqueue_activate_work']],
  [WORK_BEGUN, ['workqueue_execute_start']],
  [WORK_DONE, ['workqueue_execute_end']],
]);

const inoOf = (inode: number): ReturnType<typeof ino> => ino(FIRST_INO + BigInt(inode));

/** The system call in the trace; undefined for calls that `explain` does not need. */
function syscallOf(call: Call): { readonly name: 'ioctl' | 'fallocate'; readonly args: readonly bigint[] } | undefined {
  if (call.call === 'set-memory-attributes2')
    return { name: 'ioctl', args: [FIRST_FD + BigInt(call.inode), KVM_SET_MEMORY_ATTRIBUTES2, ARGUMENT] };
  if (call.call === 'unknown-ioctl') return { name: 'ioctl', args: [FIRST_FD, KVM_CREATE_VM, ARGUMENT] };
  if (call.call !== 'fallocate' && call.call !== 'fallocate-large' && call.call !== 'punch-hole') return undefined;
  const mode = call.call === 'punch-hole' ? PUNCH_HOLE : KEEP_SIZE;
  const [offset, length] = [BigInt(call.start) * PAGE_SIZE, BigInt(call.pages) * PAGE_SIZE];
  return { name: 'fallocate', args: [FIRST_FD + BigInt(call.inode), mode, offset, length] };
}
