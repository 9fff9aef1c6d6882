// SPDX-License-Identifier: MIT
import { isIoctl, KVM_CREATE_GUEST_MEMFD, KVM_SET_MEMORY_ATTRIBUTES2 } from '../../abi/index.ts';
import type { Cpu, FilemapEvent, KernelEvent, Nanoseconds, Pfn } from '../../ledger/index.ts';

/** mm/swap.c (mm/folio.c since 7.1): the work items of a drain of all CPUs. */
const DRAIN_FUNCTION = 'lru_add_drain_per_cpu';
/** enum lru_list: the list of guest_memfd's folios. */
const LRU_UNEVICTABLE = 4;
/** Bits of page frames in one piece. */
const PIECE = 1 << 15;

/** A set of page frames: a bit for each, in pieces that are made where frames are. */
class FrameSet {
  readonly #pieces = new Map<number, Uint8Array>();

  add(frame: Pfn): void {
    const key = Math.floor(frame / PIECE);
    let piece = this.#pieces.get(key);
    if (piece === undefined) this.#pieces.set(key, (piece = new Uint8Array(PIECE / 8)));
    const bit = frame % PIECE;
    piece[bit >>> 3] = (piece[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  has(frame: Pfn): boolean {
    const bit = frame % PIECE;
    return (((this.#pieces.get(Math.floor(frame / PIECE))?.[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
  }
}

/** A device without a driver, as guest_memfd's is. */
const isAnonymous = ({ dev }: FilemapEvent): boolean => dev.startsWith('0:');

/**
 * What of a recording its answer depends on. It errs on the side of keeping: what an answer may depend on stays, so that both give
 * the same.
 */
export class Plan {
  /** Page frames of inodes that may be a guest_memfd, and of folios on the unevictable list. */
  readonly #frames = new FrameSet();
  /** Tasks that converted, created a guest_memfd or drained all CPUs. */
  readonly #tasks = new Set<number>();
  readonly #works = new Set<string>();
  /** Numbers of the switches, by their order on their CPU, that a drain waited for. */
  readonly #switches = new Map<Cpu, Set<number>>();
  readonly #seenSwitches = new Map<Cpu, number>();
  /** Work items of drains that wait for their CPU. */
  readonly #waiting = new Map<string, Cpu>();
  #drains = 0;
  #last: Nanoseconds | undefined;
  #isUnsorted = false;

  /** Whether a drain was recorded: then the scheduler's events tell what its work items waited for. */
  get hasDrains(): boolean {
    return this.#drains > 0;
  }

  /** Whether the order of all events matters, because times do not tell it. */
  get isUnsorted(): boolean {
    return this.#isUnsorted;
  }

  see(event: KernelEvent): void {
    if (event.type === 'loss') {
      // What waited then may have begun among the lost events.
      this.#waiting.clear();
      return;
    }
    if (this.#last !== undefined && event.at < this.#last) this.#isUnsorted = true;
    this.#last = event.at;
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
      case 'mm_filemap_delete_from_page_cache':
        if (isAnonymous(event)) this.#frames.add(event.pfn);
        break;
      case 'mm_lru_insertion':
        if (event.lru === LRU_UNEVICTABLE) this.#frames.add(event.pfn);
        break;
      case 'syscall-enter':
        if (
          event.name === 'ioctl' &&
          (isIoctl(event.args, KVM_SET_MEMORY_ATTRIBUTES2) || isIoctl(event.args, KVM_CREATE_GUEST_MEMFD))
        )
          this.#tasks.add(event.pid);
        break;
      case 'workqueue_queue_work':
        if (event.function !== DRAIN_FUNCTION) break;
        this.#drains++;
        this.#tasks.add(event.pid);
        this.#works.add(event.work);
        if (event.requestedCpu === undefined) break;
        this.#waiting.set(event.work, event.requestedCpu);
        // It tells which task runs there.
        this.#needsSwitch(event.requestedCpu);
        break;
      case 'workqueue_execute_start':
        this.#waiting.delete(event.work);
        break;
      case 'sched_switch':
        this.#seenSwitches.set(event.cpu, 1 + (this.#seenSwitches.get(event.cpu) ?? 0));
        if (this.#waiting.size > 0 && [...this.#waiting.values()].includes(event.cpu)) this.#needsSwitch(event.cpu);
        break;
      case 'syscall-exit':
      case 'marker':
      case 'page-reference':
      case 'mm_page_free':
      case 'workqueue_activate_work':
      case 'workqueue_execute_end':
      case 'sched_wakeup':
    }
  }

  /** The latest switch of a CPU is needed. */
  #needsSwitch(cpu: Cpu): void {
    const numbers = this.#switches.get(cpu) ?? new Set();
    this.#switches.set(cpu, numbers);
    numbers.add(this.#seenSwitches.get(cpu) ?? 0);
  }

  /** Whether an event itself is needed. @param nth number of a switch, by the order on its CPU, from 1. */
  needs(event: Exclude<KernelEvent, { type: 'loss' }>, nth: number): boolean {
    if (this.#isUnsorted) return true;
    switch (event.type) {
      case 'mm_filemap_add_to_page_cache':
      case 'mm_filemap_delete_from_page_cache':
        return isAnonymous(event) || this.#frames.has(event.pfn);
      case 'mm_lru_insertion': // how many there are shows the size of a batch
      case 'marker':
        return true;
      case 'page-reference':
      case 'mm_page_free':
        return this.#frames.has(event.pfn);
      case 'syscall-enter':
      case 'syscall-exit':
        return this.#tasks.has(event.pid);
      case 'workqueue_queue_work':
      case 'workqueue_activate_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
        return event.function === undefined || event.function === DRAIN_FUNCTION || this.#works.has(event.work);
      case 'sched_switch':
        return this.#switches.get(event.cpu)?.has(nth) === true;
      case 'sched_wakeup':
        return false;
    }
  }
}
