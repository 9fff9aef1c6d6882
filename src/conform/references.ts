// SPDX-License-Identifier: MIT
import type { FilemapEvent, PageReference } from '../ledger/index.ts';
import type { Rest } from './driver.ts';
import type { Flushes } from './flushes.ts';
import type { Folios } from './folios.ts';
import type { Following } from './following.ts';
import type { PageCache } from './page-cache.ts';
import { insertionAt } from './plan.ts';
import type { Live, Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** Each `page_ref` event of a guest_memfd's folio, as the step that changes its count. */
export class References {
  readonly #of: Following;
  readonly #tasks: Tasks;
  readonly #folios: Folios;
  readonly #flushes: Flushes;
  readonly #pageCache: PageCache;

  constructor(of: Following, tasks: Tasks, folios: Folios, flushes: Flushes, pageCache: PageCache) {
    this.#of = of;
    this.#tasks = tasks;
    this.#folios = folios;
    this.#flushes = flushes;
    this.#pageCache = pageCache;
  }

  /** A reference event is the next change of its folio's count. */
  referenced(event: PageReference): void {
    const { pid, cpu, pfn, operation, value } = event;
    if (operation === 'set') this.#nameEarly(event);
    const live = this.#of.state.live.get(pfn);
    if (live === undefined || live.kind !== 'file' || !this.#of.folioReferences.has(live.folio)) {
      this.#of.pass('reference');
      return;
    }
    const here = this.#of.cpu(cpu);
    if (operation === 'freeze' && here.flusher === undefined) {
      const at = this.#nextInsertion();
      const burst = at === undefined ? undefined : this.#of.plan.burstOf.get(at);
      if (at !== undefined && burst !== undefined) this.#flushes.flushBegins(insertionAt(this.#of.events, at), burst);
    }
    if (here.flusher !== undefined) {
      const owner = this.#tasks.ownerOf(here.flusher);
      if (owner === undefined || owner === pid) {
        this.#sameReference(here.flusher, event, this.#tasks.advance(here.flusher));
        this.#flushes.flushGoesOn(cpu);
        return;
      }
    }
    const mine = this.#tasks.proceed(pid, cpu, (shown) => shown.kind === 'reference');
    if (mine !== undefined) {
      this.#sameReference(mine.running.task, event, { at: 'shows', shown: mine.shown });
      this.#tasks.afterwards(mine.running);
      return;
    }
    const running = this.#beginReference(event, live);
    if (running === undefined) {
      this.#of.pass('reference');
      return;
    }
    this.#sameReference(running.task, event, this.#tasks.first(running));
    const users = this.#of.state.users.get(live.folio) ?? 0;
    if (running.code === 'get' || running.code === 'try-get') this.#of.state.users.set(live.folio, users + value);
    if (running.code === 'put') this.#of.state.users.set(live.folio, Math.max(0, users + value));
    this.#tasks.afterwards(running);
  }

  /** The call of a task that begins with a reference event. */
  #beginReference({ pid, cpu, operation, value, pfn }: PageReference, live: Live): Running | undefined {
    switch (operation) {
      case 'set': {
        const added = this.#additionOf(pfn);
        return added === undefined ? undefined : this.#pageCache.beginAllocation({ ...added, pid, cpu }, live.inode);
      }
      case 'mod-unless': {
        // A fault finds the page in the page cache, and maps it; others keep the reference.
        const next = this.#of.nextOf(pid);
        const maps =
          next?.type === 'page-reference' && next.operation === 'mod' && next.value === 0 && next.pfn === pfn;
        this.#of.driver.setAttributes(live.inode, 0);
        if (maps) return this.#tasks.start(pid, cpu, 'touch', [live.inode, live.index, 1]);
        return this.#tasks.start(pid, cpu, 'try-get', [live.folio]);
      }
      case 'mod':
        return value > 0 ? this.#tasks.start(pid, cpu, 'get', [live.folio, value]) : undefined;
      case 'mod-and-test':
      case 'mod-and-return': {
        const isUser = (this.#of.state.users.get(live.folio) ?? 0) > 0;
        if (!isUser && this.#of.driver.isMapped(live.folio))
          return this.#tasks.start(pid, cpu, 'zap', [live.inode, live.index]);
        return this.#tasks.start(pid, cpu, 'put', [live.folio, -value]);
      }
      case 'freeze':
      case 'unfreeze':
      case 'pinner-failure':
      case 'pinner-put':
        return undefined;
    }
  }

  #sameReference(task: number, event: PageReference, rest: Rest): void {
    const [shown] = rest.at === 'shows' ? rest.shown : [];
    const isSame =
      shown?.kind === 'reference' &&
      this.#of.state.pfnOf.get(shown.folio) === event.pfn &&
      shown.operation === event.operation &&
      shown.value === event.value &&
      (shown.returned ?? event.returned) === event.returned &&
      shown.count === event.count &&
      (!showsFlags(event) || shown.isOnLru === hasLru(event));
    if (!isSame)
      this.#of.diverge({
        allowed: rest.at === 'shows' ? this.#of.say(rest.shown) : 'no reference by this task',
        guard:
          shown?.kind === 'reference'
            ? `in the model count ${shown.count}, PG_lru ${Number(shown.isOnLru)}; expected count ${event.count}${showsFlags(event) ? `, PG_lru ${Number(hasLru(event))}` : ''}`
            : `the next step of the task shows another event`,
      });
    this.#tasks.show(task);
    this.#of.match('reference');
  }

  /** A folio is allocated: its addition comes, and says where it belongs. */
  #nameEarly({ pfn }: PageReference): void {
    const added = this.#additionOf(pfn);
    const inode = added === undefined ? undefined : this.#folios.inodeOf(added);
    if (added === undefined || inode === undefined) return;
    const folio = this.#folios.pageFolio(inode, added.index);
    if (!this.#of.driver.isFree(folio)) return;
    this.#of.folioReferences.add(folio);
    this.#folios.name({ pfn, folio, inode, index: added.index, kind: 'file', aside: false });
  }

  #additionOf(pfn: number): FilemapEvent | undefined {
    for (
      let at = this.#of.plan.next[this.#of.at] ?? -1, seen = 0;
      at !== -1 && seen < 8;
      at = this.#of.plan.next[at] ?? -1, seen++
    ) {
      const event = this.#of.events[at];
      if (event?.type === 'mm_filemap_add_to_page_cache' && event.pfn === pfn) return event;
    }
    return undefined;
  }

  /** The insertion that the task's present flush shows next. */
  #nextInsertion(): number | undefined {
    for (let at = this.#of.plan.next[this.#of.at] ?? -1; at !== -1; at = this.#of.plan.next[at] ?? -1) {
      const event = this.#of.events[at];
      if (event?.type === 'mm_lru_insertion') return at;
      if (event?.type !== 'page-reference') return undefined;
    }
    return undefined;
  }
}

/** Text names the flags; a trace.dat has a number whose bits it does not name. */
const showsFlags = ({ flags }: PageReference): boolean => /[g-z]/.test(flags);
const hasLru = ({ flags }: PageReference): boolean => flags.split('|').includes('lru');
