// SPDX-License-Identifier: MIT
import { RESULTS } from '../kernel/index.ts';
import type { KernelEvent, SyscallEnter, SyscallExit } from '../ledger/index.ts';
import { type Asked, askedFor } from './conversions.ts';
import type { Following } from './following.ts';
import type { Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** System calls that the recording shows: conversions, whose arguments it does not show, and fallocate(). */
export class SystemCalls {
  readonly #of: Following;
  readonly #tasks: Tasks;

  constructor(of: Following, tasks: Tasks) {
    this.#of = of;
    this.#tasks = tasks;
  }

  /** A drain begins within a task: an unseen reference may go with it. */
  drainBegins(task: number): void {
    const owner = this.#tasks.ownerOf(task);
    const running = owner === undefined ? undefined : this.#of.state.running.get(owner);
    if (running?.conversion?.releasesAtDrain === true) this.#releaseOutside(running);
  }

  #releaseOutside(running: Running): void {
    const of = this.#of.state.outside.get(running.pid);
    if (of === undefined) return;
    this.#of.state.outside.delete(running.pid);
    this.#tasks.runToEnd('put', [of, 1]);
  }

  /** A system call begins: of a conversion, all that it may be asked for is to be tried. */
  entered(event: SyscallEnter): void {
    const { pid } = event;
    const mine = this.#of.state.running.get(pid);
    if (mine !== undefined) this.#tasks.proceed(pid, event.cpu, () => false);
    this.#of.state.syscalls.set(pid, event);
    if (event.name === 'fallocate') {
      this.#of.match('fallocate');
      return;
    }
    this.#of.match('conversion');
    const options = this.#conversionOptions(event);
    const [first] = options;
    if (first === undefined) return;
    this.#of.frontier = Math.max(this.#of.frontier, options.length);
    if (options.length > 1)
      this.#of.choices.push({
        at: this.#of.at,
        pid,
        saved: this.#of.driver.save(),
        state: this.#of.state.copy(),
        options,
        next: 1,
      });
    this.begins(pid, first);
  }

  /** What the conversion may have been asked for: neither its range nor its inode is recorded. */
  #conversionOptions(event: SyscallEnter): readonly Asked[] {
    const own: KernelEvent[] = [];
    let returned: bigint | undefined;
    for (let at = this.#of.plan.next[this.#of.at] ?? -1; at !== -1; at = this.#of.plan.next[at] ?? -1) {
      const next = this.#of.events[at];
      if (next === undefined) break;
      if (next.type === 'syscall-exit' && next.name === event.name) {
        ({ returned } = next);
        break;
      }
      own.push(next);
    }
    if (returned === undefined) return [];
    return askedFor({
      returned,
      own,
      inodes: [...this.#of.inodes.values()].map((inode) => ({
        inode,
        pages: this.#presentPages(inode),
        most: this.#of.most.get(inode) ?? 0,
      })),
      pageOf: (pfn) => {
        const live = this.#of.state.live.get(pfn);
        return live?.kind === 'file' ? live : undefined;
      },
      showsReferences: this.#of.kinds.has('reference'),
      isShared: (inode, index) => this.#of.state.shared.has(inode * this.#of.pages + index),
    });
  }

  #presentPages(
    inode: number,
  ): readonly { readonly index: number; readonly folio: number; readonly isHeld: boolean }[] {
    const found = [];
    for (let index = 0; index < this.#of.pages; index++) {
      const of = this.#of.driver.at(inode, index);
      if (of === undefined) continue;
      const references = this.#of.driver.references(of);
      found.push({ index, folio: of, isHeld: references > 1 + Number(this.#of.driver.isMapped(of)) });
    }
    return found;
  }

  /** A conversion begins, as one option has it. */
  begins(pid: number, asked: Asked): void {
    const event = this.#of.events[this.#of.at];
    const cpu = event === undefined || event.type === 'loss' ? 0 : event.cpu;
    if (asked.kind === 'refused') return;
    const { inode, from, to, toPrivate, held } = asked;
    this.#of.driver.setAttributes(inode, Number(asked.before === 'private'));
    if (held !== undefined) {
      this.#tasks.runToEnd('get', [held, 1]);
      this.#of.silently('unseen reference');
      this.#of.state.outside.set(pid, held);
    }
    const running = this.#tasks.start(pid, cpu, 'convert', [inode, from, to - from, Number(toPrivate), 1], {
      conversion: asked,
    });
    // It may wait for the invalidate lock, and for a CPU, until its next event.
    if (asked.timing !== 'late') this.#tasks.afterwards(running);
  }

  /** A system call ends, with the recorded result. */
  exited(event: SyscallExit): void {
    const { pid, cpu } = event;
    const call = this.#of.state.syscalls.get(pid);
    if (call === undefined || call.name !== event.name) {
      this.#of.pass(event.name === 'ioctl' ? 'conversion' : 'fallocate');
      return;
    }
    const isConversion = event.name === 'ioctl';
    const mine = this.#of.state.running.get(pid);
    if (mine?.conversion !== undefined) {
      const found = this.#tasks.proceed(pid, cpu, (shown) => shown.kind === 'return');
      const [first] = found?.shown ?? [];
      const returned = first?.kind === 'return' ? RESULTS[first.result] : undefined;
      const expected = event.returned === 0n ? 'ok' : 'EAGAIN';
      if (found === undefined || returned !== expected)
        this.#of.diverge({
          allowed: `the conversion returns ${returned ?? 'nothing'}`,
          guard: `the check of ${this.#of.options.patch.name} of pages ${sayAsked(mine.conversion)}: expected ${expected}`,
        });
      this.#tasks.show(found.running.task);
      this.#tasks.afterwards(found.running);
      this.#releaseOutside(mine);
      this.#of.driver.setAttributes(mine.conversion.kind === 'refused' ? 0 : mine.conversion.inode, 0);
      this.#commits(pid);
      if (returned === 'ok') this.#converted(mine.conversion);
    } else if (mine !== undefined) this.#tasks.proceed(pid, cpu, () => false);
    this.#of.state.syscalls.delete(pid);
    this.#of.match(isConversion ? 'conversion' : 'fallocate');
  }

  /**
   * What a conversion was asked for is settled with its result; beside another that goes on, with that one's result, since the two
   * may have been asked for something else together.
   */
  #commits(pid: number): void {
    const { choices, state } = this.#of;
    const isOpen = choices.some((choice) => choice.pid !== pid && state.syscalls.get(choice.pid)?.name === 'ioctl');
    if (!isOpen) this.#of.choices = [];
    else if (choices.length > MOST_CHOICES) {
      this.#of.choices = choices.filter((choice) => choice.pid !== pid);
      this.#of.givesUp(
        `more than ${MOST_CHOICES} conversions went on beside each other, and no event shows what each was asked for`,
        'page_ref events would',
      );
    }
  }

  #converted(asked: Asked): void {
    if (asked.kind === 'refused' || !asked.toPrivate) return;
    for (let index = asked.from; index < asked.to; index++)
      this.#of.state.shared.delete(asked.inode * this.#of.pages + index);
  }
}

/** Conversions beside each other whose other options are kept: each keeps the model's memory. */
const MOST_CHOICES = 8;

const sayAsked = (asked: Asked): string => (asked.kind === 'refused' ? 'none' : `${asked.from} to ${asked.to - 1}`);
