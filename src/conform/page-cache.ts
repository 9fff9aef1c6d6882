// SPDX-License-Identifier: MIT
import { FALLOC_FL_PUNCH_HOLE, PAGE_SIZE } from '../abi/index.ts';
import type { FilemapEvent } from '../ledger/index.ts';
import type { Shown } from './driver.ts';
import type { Folios } from './folios.ts';
import type { Following } from './following.ts';
import type { Live, Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** Additions to the page cache, and deletions from it. */
export class PageCache {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #folios: Folios;
  /** Pages that the recording has shown leaving. */
  readonly #knownGone = new Set<number>();

  constructor(of: Following, tasks: Tasks, folios: Folios) {
    this.#of = of;
    this.#tasks = tasks;
    this.#folios = folios;
  }

  /** A page enters the page cache. */
  added(event: FilemapEvent): void {
    const { pid, cpu, pfn } = event;
    const inode = this.#folios.inodeOf(event);
    const mine = this.#tasks.proceed(pid, cpu, (shown) => shown.kind === 'add');
    if (mine !== undefined) {
      this.#confirm(mine, event, inode);
      return;
    }
    this.#folios.leaveUnseen(pfn);
    if (inode === undefined) {
      const slot = this.#folios.slot();
      const running = this.#tasks.start(pid, cpu, 'other-add', [0, slot], { adding: this.#of.at });
      const rest = this.#tasks.first(running);
      this.#tasks.expect(running, rest, 'add');
      this.#tasks.show(running.task);
      this.#folios.name({ pfn, folio: slot, inode: 0, index: slot, kind: 'other', added: this.#of.at, aside: false });
      this.#of.match('add');
      this.#tasks.afterwards(running);
      return;
    }
    const present = this.#of.driver.at(inode, event.index);
    if (present !== undefined) {
      if (this.#of.recording.has('delete') && this.#of.recording.losses.length === 0)
        this.#of.diverge(
          {
            allowed: 'no addition of a page that the page cache has',
            guard: `i_pages[${event.index}] is ${this.#of.nameOf(present)}, expected none`,
          },
          true,
        );
      this.#folios.removeUnseen(inode, event.index, present);
    }
    const running = this.beginAllocation(event, inode);
    const rest = this.#tasks.first(running);
    if (rest.at === 'shows' && rest.shown[0]?.kind === 'reference') {
      // Its allocation is recorded only from the middle on.
      this.#of.diverge({ allowed: this.#of.say(rest.shown), guard: 'the next step of the task shows another event' });
    }
    this.#tasks.expect(running, rest, 'add');
    this.#confirm({ running, shown: rest.at === 'shows' ? rest.shown : [] }, event, inode);
  }

  /** The call that adds a page of a guest_memfd: an allocation of a range, if its system call is recorded, or a fault. */
  beginAllocation(event: FilemapEvent, inode: number): Running {
    const { pid, cpu } = event;
    const call = this.#of.state.syscalls.get(pid);
    const [, mode = 0n, offset = 0n, length = 0n] = call?.args ?? [];
    const from = Number(offset / PAGE_SIZE);
    const to = Math.min(this.#of.pages, Number((offset + length + PAGE_SIZE - 1n) / PAGE_SIZE));
    const isRange =
      call?.name === 'fallocate' &&
      (Number(mode) & FALLOC_FL_PUNCH_HOLE) === 0 &&
      event.index >= from &&
      event.index < to;
    this.#of.driver.setAttributes(inode, 0);
    if (!isRange)
      return this.#tasks.start(pid, cpu, call?.name === 'fallocate' ? 'fallocate' : 'touch', [inode, event.index, 1], {
        adding: this.#of.at,
      });
    this.#seed(inode, from, to, 'mm_filemap_add_to_page_cache');
    return this.#tasks.start(pid, cpu, 'fallocate', [inode, from, to - from], { adding: this.#of.at });
  }

  /**
   * Pages of a range that the recording does not show being added, or removed, by this call although the model would:
   * they were there, or gone, before the recording began.
   */
  #seed(inode: number, from: number, to: number, type: FilemapEvent['type']): void {
    const own = new Set<number>();
    // Another task may add a page of the range meanwhile.
    let end = this.#of.at;
    for (let at = end; at !== -1 && this.#of.events[at]?.type !== 'syscall-exit'; at = this.#of.plan.next[at] ?? -1)
      end = at;
    for (let at = this.#of.at; at <= (this.#of.plan.next[end] ?? -1) || at <= end; at++) {
      const event = this.#of.events[at];
      if (event?.type === type && this.#folios.inodeOf(event) === inode) own.add(event.index);
    }
    if (type === 'mm_filemap_add_to_page_cache') {
      for (let index = from; index < to; index++) {
        if (
          own.has(index) ||
          this.#of.driver.at(inode, index) !== undefined ||
          this.#knownGone.has(inode * this.#of.pages + index)
        )
          continue;
        this.#of.driver.putBack(this.#folios.pageFolio(inode, index), inode, index);
        this.#of.silently('present before the recording');
      }
    }
  }

  #confirm(
    { running, shown }: { running: Running; shown: readonly Shown[] },
    event: FilemapEvent,
    inode: number | undefined,
  ): void {
    const [first] = shown;
    const isAdd = event.type === 'mm_filemap_add_to_page_cache';
    if (
      first === undefined ||
      first.kind !== (isAdd ? 'add' : 'delete') ||
      inode !== first.inode ||
      (inode !== undefined && first.index !== event.index)
    )
      this.#of.diverge({ allowed: this.#of.say(shown), guard: 'the next step of the task shows another event' });
    const known = this.#of.state.pfnOf.get(first.folio);
    if (!isAdd && known !== undefined && known !== event.pfn)
      this.#of.diverge({
        allowed: this.#of.say(shown),
        guard: `i_pages[${first.index}] is ${this.#of.nameOf(first.folio)}, expected pfn 0x${event.pfn.toString(16)}`,
      });
    this.#tasks.show(running.task);
    if (isAdd) {
      this.#knownGone.delete(first.inode * this.#of.pages + first.index);
      this.#folios.name({
        pfn: event.pfn,
        folio: first.folio,
        inode: first.inode,
        index: first.index,
        kind: 'file',
        added: this.#of.at,
        aside: false,
      });
      this.#tasks.set(running, { adding: this.#of.at });
    } else {
      this.#knownGone.add(first.inode * this.#of.pages + first.index);
      const removed = [...(running.removed ?? []), first.folio].slice(-this.#of.options.profile.batchSize);
      this.#tasks.set(running, { removed });
    }
    this.#of.match(isAdd ? 'add' : 'delete');
    this.#tasks.afterwards(this.#of.state.running.get(running.pid) ?? running);
  }

  /** A page leaves the page cache. */
  deleted(event: FilemapEvent): void {
    const { pid, cpu, pfn } = event;
    const inode = this.#folios.inodeOf(event);
    this.#tasks.unlock(pid);
    const mine = this.#tasks.proceed(pid, cpu, (shown) => shown.kind === 'delete');
    if (mine !== undefined) {
      this.#confirm(mine, event, inode);
      return;
    }
    if (inode === undefined) {
      let live = this.#of.state.live.get(pfn);
      if (live === undefined || live.kind !== 'other' || live.aside) {
        if (live?.kind !== 'other') this.#of.silently('present before the recording');
        const slot = this.#folios.slot();
        live = { pfn, folio: slot, inode: 0, index: slot, kind: 'other', aside: false };
        this.#of.driver.putBack(slot, 0, slot);
        this.#folios.name(live);
      }
      if (this.#isTruncated(live)) {
        this.#tasks.runToEnd('get', [live.folio, 1]);
        this.#of.state.truncated.add(live.folio);
      }
      const running = this.#tasks.start(pid, cpu, 'other-delete', [0, live.index]);
      const rest = this.#tasks.first(running);
      this.#tasks.expect(running, rest, 'delete');
      this.#tasks.show(running.task);
      this.#of.match('delete');
      this.#tasks.afterwards(running);
      if (this.#of.driver.isFree(live.folio)) this.#folios.unname(live);
      return;
    }
    const { from, to } = this.#holeAt(event, inode);
    this.#lockBefore(event, inode, from, to);
    const running = this.#tasks.start(pid, cpu, 'punch_hole', [inode, from, to - from]);
    let rest = this.#tasks.first(running);
    if (rest.at === 'waits' && this.#of.state.locked.has(pid)) {
      this.#tasks.unlock(pid);
      rest = this.#tasks.first(running);
    }
    this.#tasks.expect(running, rest, 'delete');
    this.#confirm({ running, shown: rest.at === 'shows' ? rest.shown : [] }, event, inode);
  }

  /** Whether a page of another file is truncated: the task has the folio until it has drained behind its deletions. */
  #isTruncated({ added }: Live): boolean {
    const { plan, events } = this.#of;
    const destination = added === undefined ? undefined : plan.destinations.get(added);
    if (destination === undefined || destination === 'never inserted') return false;
    let at = this.#of.at;
    while (events[at]?.type === 'mm_filemap_delete_from_page_cache') at = plan.next[at] ?? -1;
    const inserted = destination.burst.entries[destination.place]?.event ?? this.#of.at;
    return inserted > this.#of.at && (at === -1 || inserted < at || plan.burstOf.get(at) === destination.burst);
  }

  /**
   * A hole first passes by the folios that faults have locked. It waits for those at its edges, which it removes without a drain, and
   * then for the others. The fault that added a page has it locked for a while; another fault of the page shows no event.
   */
  #lockBefore(event: FilemapEvent, inode: number, from: number, to: number): void {
    const indexes = this.#passedBy(event, inode, { from, to });
    const folios = indexes.flatMap((index) => this.#of.driver.at(inode, index) ?? []);
    if (folios.length === 0) return;
    if (folios.every((of) => this.#isWithinFault(of, event.pid))) {
      // The faults have let the invalidate lock go, so their folios are in their batches.
      for (const [cpu] of this.#of.state.cpus.entries()) this.#tasks.onWait(cpu);
      this.#tasks.lock(event.pid, folios);
    } else if (
      this.#of.plan.ofTask.size > 1 &&
      !this.#of.kinds.has('reference') &&
      this.#of.driver.batched(event.cpu) > 0
    )
      this.#of.givesUp(
        `a fault that no event shows may have had page ${indexes[0] ?? 0} locked while a hole was made there`,
        'page_ref events would',
      );
  }

  /** Whether the task that added a folio, another one, may still be within that fault. */
  #isWithinFault(of: number, pid: number): boolean {
    const { state, plan, events, at } = this.#of;
    const { added } = state.live.get(state.pfnOf.get(of) ?? -1) ?? {};
    const event = added === undefined ? undefined : events[added];
    if (added === undefined || event === undefined || event.type === 'loss' || event.pid === pid) return false;
    const next = plan.next[added] ?? -1;
    return next === -1 || next > at;
  }

  /** Pages of a hole that it removes later than its first pass would, or without the drain behind that. */
  #passedBy(event: FilemapEvent, inode: number, { from, to }: { from: number; to: number }): readonly number[] {
    const { events, plan, driver, options, state } = this.#of;
    const deleted: number[] = [];
    const late: number[] = [];
    let drains = false;
    let behind = false;
    for (let at = this.#of.at; at !== -1; at = plan.next[at] ?? -1) {
      const next = events[at];
      if (next === undefined || next.type === 'page-reference') continue;
      if (next.type === 'mm_lru_insertion') {
        drains ||= late.length === 0;
        behind ||= deleted.length % options.profile.batchSize !== 0;
      } else if (next.type === 'mm_filemap_delete_from_page_cache' && this.#folios.inodeOf(next) === inode) {
        if (next.index < from || next.index >= to) break;
        behind ||= next.index < (deleted.at(-1) ?? 0);
        (behind ? late : deleted).push(next.index);
      } else break;
    }
    if (late.length > 0) return state.syscalls.has(event.pid) ? late : [];
    const areEdges = deleted.every((index) => index === from || index === to - 1);
    return !drains && areEdges && (driver.batched(event.cpu) > 0 || this.#isAwaited(event.cpu)) ? deleted : [];
  }

  /** Whether a folio is about to enter a CPU's batch. */
  #isAwaited(cpu: number): boolean {
    for (const added of this.#of.state.waiting.keys()) {
      const destination = this.#of.plan.destinations.get(added);
      if (destination !== undefined && destination !== 'never inserted' && destination.burst.cpu === cpu) return true;
    }
    return false;
  }

  /** The pages that a task's deletions cover, up to its next event of another kind; unknown ones were there before. */
  #holeAt(event: FilemapEvent, inode: number): { readonly from: number; readonly to: number } {
    let last = event.index - 1;
    let { cpu } = event;
    let deleted = 0;
    for (let at = this.#of.at; at !== -1; at = this.#of.plan.next[at] ?? -1) {
      const next = this.#of.events[at];
      if (next === undefined) break;
      if (next.type === 'page-reference') continue;
      // The release of a round drains, and a round that is not full is the last.
      if (next.type === 'mm_lru_insertion' && deleted % this.#of.options.profile.batchSize === 0) continue;
      if (
        next.type !== 'mm_filemap_delete_from_page_cache' ||
        this.#folios.inodeOf(next) !== inode ||
        next.index <= last
      )
        break;
      // A round is removed with a spinlock held: on another CPU begins another call, or the next round.
      if (next.cpu !== cpu && deleted % this.#of.options.profile.batchSize !== 0) break;
      ({ cpu } = next);
      if (deleted > 0 && this.#hasPages(inode, last + 1, next.index)) break;
      deleted++;
      if (this.#of.driver.at(inode, next.index) === undefined) {
        const folio = this.#folios.pageFolio(inode, next.index);
        this.#of.driver.putBack(folio, inode, next.index);
        this.#folios.name({ pfn: next.pfn, folio, inode, index: next.index, kind: 'file', aside: false });
        this.#of.silently('present before the recording');
      }
      last = next.index;
    }
    const call = this.#of.state.syscalls.get(event.pid);
    const [, , offset = 0n, length = 0n] = call?.args ?? [];
    if (call?.name !== 'fallocate') return { from: event.index, to: last + 1 };
    const from = Number((offset + PAGE_SIZE - 1n) / PAGE_SIZE);
    const to = Math.min(this.#of.pages, Number((offset + length) / PAGE_SIZE));
    // What came behind its look is of its next round, which looks from the beginning again.
    if (from < event.index && this.#hasPages(inode, from, event.index)) return { from: event.index, to: last + 1 };
    return from <= event.index && last < to ? { from, to } : { from: event.index, to: last + 1 };
  }

  #hasPages(inode: number, from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.#of.driver.at(inode, index) !== undefined) return true;
    return false;
  }
}
