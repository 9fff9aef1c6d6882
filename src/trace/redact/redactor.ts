// SPDX-License-Identifier: MIT
import type { EventOrigin, KernelEvent, Loss, Pfn } from '../../ledger/index.ts';
import { Frames } from './frames.ts';
import { KNOWN_EVENTS } from './kept-fields.ts';

/** Names that the kernel gives to tasks without a program, and a reader to unknown ones: answers depend on them. */
const KERNEL_TASK = /^(?:kworker\/u?\d{1,5}:\d{1,5}H?|swapper\/\d{1,5}|<idle>|<\.\.\.>)(?![^-+])/;
/** A function of the kernel, with its module. */
const FUNCTION = /^[A-Za-z_][\w.$]*(?:\+0x[\da-f]{1,6}(?:\/0x[\da-f]{1,6})?)?(?: \[\w+\])?$/;
/** A number rather than a function's name. */
const NUMBER = /^(?:0x)?[\da-f]{5,16}$/i;
/** Programs of BPF are functions with names that their authors choose. */
const BPF = /^bpf_prog_|\[bpf\]$/;
/** mm/swap.c: the queue of the drains of all CPUs. */
const DRAIN_WORKQUEUE = 'mm_percpu_wq';
/**
 * Replaces what identifies a machine, its programs and its people in a recording: task names by `task1`, `task2`, ..., pids, page
 * frames and addresses by 1, 2, ..., texts of markers by `marker1`, ..., names of buffers by `buffer1`, .... Numbers are given in the
 * order of the recording, so they are the same in every answer about it. Inodes, indexes, CPUs, times and functions of the kernel
 * stay: the answer is about them.
 *
 * Memory: an entry for each distinct value, 4 bytes for each page frame.
 */
export class Redactor {
  readonly #tasks = new Map<string, string>();
  readonly #pids = new Map<number, number>();
  readonly #frames: Frames;
  readonly #addresses = new Map<string, number>();
  readonly #markers = new Map<string, string>();
  readonly #buffers = new Map<string, string>();
  readonly #workqueues = new Map<string, string>();
  readonly #events = new Map<string, string>();
  /** Name that stands for the machine's. */
  host = 'host1';
  #isComplete = false;

  /** @param options `isFirstReading`: {@link see} gets all events before the first one is replaced. */
  constructor({ isFirstReading = false }: { readonly isFirstReading?: boolean } = {}) {
    this.#frames = new Frames(isFirstReading);
  }

  /** Numbers everything that an event names. */
  see(event: KernelEvent): void {
    if (event.type !== 'loss' && 'pfn' in event) this.#frames.see(event.pfn, 'order' in event ? event.order : 0);
    this.#replaced(event, (frame) => frame);
  }

  /**
   * All events were seen: what is new from here on is of events that no answer needs.
   * @param host name that stands for the machine's.
   */
  settle(host = this.host): void {
    this.host = host;
    this.#frames.settle();
    this.#isComplete = true;
  }

  /** The event without what identifies. */
  event(event: KernelEvent): KernelEvent {
    if (event.type !== 'loss' && 'order' in event) this.#frames.see(event.pfn, event.order);
    return this.#replaced(event, (frame) => this.frame(frame));
  }

  #replaced(event: KernelEvent, frame: (pfn: Pfn) => Pfn): KernelEvent {
    if (event.type === 'loss') return this.loss(event);
    const origin = this.#origin(event);
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
      case 'mm_filemap_delete_from_page_cache':
      case 'mm_lru_insertion':
      case 'mm_page_free':
        return { ...event, ...origin, pfn: frame(event.pfn) };
      case 'page-reference':
        return {
          ...event,
          ...origin,
          pfn: frame(event.pfn),
          flags: event.flags.split('|').every(isPageFlag) ? event.flags : 'none',
          mapping: event.mapping === undefined ? undefined : hex(this.address(event.mapping)).padStart(16, '0'),
        };
      case 'syscall-enter':
        return {
          ...event,
          ...origin,
          // Of ioctl() the third is a pointer, and of some drivers a number.
          args:
            event.name === 'ioctl'
              ? event.args.map((value, nth) => (nth < 2 || value === 0n ? value : BigInt(this.address(hex(value)))))
              : event.args,
        };
      case 'syscall-exit':
        return { ...event, ...origin };
      case 'marker':
        return { ...event, ...origin, text: this.marker(event.text) };
      case 'workqueue_queue_work':
      case 'workqueue_activate_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
        return {
          ...event,
          ...origin,
          work: hex(this.address(event.work)),
          function: event.function === undefined ? undefined : this.symbol(event.function),
          workqueue: event.workqueue === undefined ? undefined : this.workqueue(event.workqueue),
        };
      case 'sched_switch':
        return { ...event, ...origin, nextPid: this.pid(event.nextPid), nextComm: this.task(event.nextComm) };
      case 'sched_wakeup':
        return { ...event, ...origin, wokenPid: this.pid(event.wokenPid), wokenComm: this.task(event.wokenComm) };
    }
  }

  #origin({ pid, comm, buffer, stack }: EventOrigin): Pick<EventOrigin, 'pid' | 'comm' | 'buffer' | 'stack'> {
    const origin = {
      pid: this.pid(pid),
      comm: comm === undefined ? undefined : this.task(comm),
      buffer: buffer === undefined ? undefined : this.buffer(buffer),
    };
    return stack === undefined ? origin : { ...origin, stack: stack.map((name) => this.symbol(name)) };
  }

  loss(loss: Loss): Loss {
    return { ...loss, buffer: loss.buffer === undefined ? undefined : this.buffer(loss.buffer) };
  }

  /** A sentence of a reader, which may quote the file. */
  told(sentence: string): string {
    const plain = sentence.replace(/found '[^]*'/, 'found another text');
    const longest = [...this.#buffers].toSorted(([a], [b]) => b.length - a.length);
    return longest.reduce((text, [name, other]) => text.replaceAll(name, other), plain);
  }

  /** The replacement of a task's name. The kernel's workers keep theirs, without what they work for. */
  task(name: string): string {
    const known = KERNEL_TASK.exec(name)?.[0] ?? (name === '' ? '' : undefined);
    const worker = name.startsWith('kworker/') ? 'kworker/' : '';
    return known ?? numbered(this.#tasks, name, (number) => `${worker}task${number}`);
  }

  /** The replacement of a pid. 0 is the idle task's, and negative ones mean none. */
  pid(pid: number): number {
    return pid <= 0 ? pid : numbered(this.#pids, pid, (number) => number);
  }

  frame(frame: Pfn): Pfn {
    return this.#frames.number(frame);
  }

  /** The replacement of a frame that a user names; undefined if the recording does not have it. */
  askedFrame(frame: Pfn): Pfn | undefined {
    return this.#isComplete ? this.#frames.known(frame) : this.frame(frame);
  }

  /** The replacement of an address, in hexadecimal with or without `0x`. */
  address(digits: string): number {
    const plain = digits
      .toLowerCase()
      .replace(/^0x/, '')
      .replace(/^0+(?=.)/, '');
    return plain === '0' ? 0 : numbered(this.#addresses, plain, (number) => number);
  }

  /** A function of the kernel stays; an address in its place does not, and the name of a BPF program neither. */
  symbol(name: string): string {
    if (BPF.test(name)) return 'bpf_prog';
    return FUNCTION.test(name) && !NUMBER.test(name) ? name : `address${this.address(name)}`;
  }

  marker(text: string): string {
    return numbered(this.#markers, text, (number) => `marker${number}`);
  }

  /** The replacement of a marker that a user names; the text itself if the recording does not have it. */
  askedMarker(text: string): string {
    return this.#isComplete ? (this.#markers.get(text) ?? text) : this.marker(text);
  }

  /** '' is the top buffer. */
  buffer(name: string): string {
    return name === '' ? '' : numbered(this.#buffers, name, (number) => `buffer${number}`);
  }

  workqueue(name: string): string {
    return name === DRAIN_WORKQUEUE ? name : numbered(this.#workqueues, name, (number) => `workqueue${number}`);
  }

  /** The name of a kind of event: those of probes are chosen by people. */
  eventName(name: string): string {
    return KNOWN_EVENTS.has(name) ? name : numbered(this.#events, name, (number) => `event${number}`);
  }
}

/** As the text of an event names them (include/trace/events/mmflags.h), or a number. */
const PAGE_FLAGS = new Set(
  (
    'none locked waiters error referenced uptodate dirty lru active workingset slab owner_priv_1 owner_2 ' +
    'arch_1 arch_2 arch_3 reserved private private_2 writeback head mappedtodisk reclaim swapbacked ' +
    'unevictable dropbehind mlocked hwpoison young idle'
  ).split(' '),
);

const isPageFlag = (flag: string): boolean => PAGE_FLAGS.has(flag) || /^0x[\da-f]{1,16}$/.test(flag);

const hex = (value: number | bigint): string => value.toString(16);

/** The replacement of a key, from its number. */
function numbered<Key, Value>(known: Map<Key, Value>, key: Key, make: (number: number) => Value): Value {
  const value = known.get(key) ?? make(known.size + 1);
  known.set(key, value);
  return value;
}
