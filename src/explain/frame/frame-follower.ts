// SPDX-License-Identifier: MIT
import {
  type EventOrigin,
  type FilemapEvent,
  folioIndex,
  type Holder,
  type KernelEvent,
  type Loss,
  type LruInsertion,
  type Nanoseconds,
  type PageFree,
  type PageReference,
  type Pfn,
} from '../../ledger/index.ts';
import { type Part, References } from '../references.ts';
import type {
  FrameChange,
  FrameCounts,
  FrameLife,
  FrameOrigin,
  FrameOwner,
  FrameTouch,
  FrameWait,
  LeftReference,
} from './frame-answer.ts';

/** Largest number of page_ref events of one life that are listed: some frames are touched by every task. */
const MOST_TOUCHES = 100_000;
/** Largest number of differences from the kernel's count that are listed. */
const MOST_DIFFERING = 100;

interface Life {
  allocated: FrameOrigin | undefined;
  freed: FrameOrigin | undefined;
  isOver: boolean;
  owners: FrameOwner[];
  waits: FrameWait[];
  touches: FrameTouch[];
  unlisted: number;
  losses: Nanoseconds[];
  proved: boolean;
}

/** One reference that was taken and not put. */
interface Open {
  readonly part: Omit<Part, 'references'>;
  readonly taken: FrameOrigin | undefined;
}

/** Follows the events of one page frame. Memory grows with the events of that frame only. */
export class FrameFollower {
  readonly #pfn: Pfn;
  readonly #lives: Life[] = [];
  /** Undefined while the frame is free, or before its first event. */
  #life: Life | undefined = undefined;
  #references: References | undefined = undefined;
  #open: Open[] = [];
  /** An expected count is set in place of the references: they come back with the next event that adds up. */
  #isFrozen = false;
  #compared = 0;
  readonly #differing: { readonly at: Nanoseconds; readonly count: number; readonly sum: number }[] = [];
  #more = 0;
  #touched = 0;
  #withoutStack = 0;
  #hasReferences = false;

  constructor(pfn: Pfn) {
    this.#pfn = pfn;
  }

  event(event: Exclude<KernelEvent, Loss>): void {
    switch (event.type) {
      case 'page-reference':
        this.#hasReferences = true;
        if (event.pfn === this.#pfn) this.#referenced(event);
        break;
      case 'mm_filemap_add_to_page_cache':
        if (this.#covers(event)) this.#added(event);
        break;
      case 'mm_filemap_delete_from_page_cache':
        if (this.#covers(event)) this.#deleted(event);
        break;
      case 'mm_lru_insertion':
        if (event.pfn === this.#pfn) this.#inserted(event);
        break;
      case 'mm_page_free':
        if (this.#covers(event)) this.#freed(event);
        break;
      case 'syscall-enter':
      case 'syscall-exit':
      case 'marker':
      case 'workqueue_queue_work':
      case 'workqueue_activate_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
      case 'sched_switch':
      case 'sched_wakeup':
        break;
    }
  }

  /** Events were lost, so that references cannot be added up across it. */
  lost(at: Nanoseconds | undefined): void {
    if (this.#life === undefined) return;
    if (at !== undefined) this.#life.losses.push(at);
    this.#life.proved = false;
    this.#references = undefined;
    this.#isFrozen = false;
    this.#open = [];
  }

  /** Holders after the last event; undefined if no event shows them. */
  get holders(): readonly Holder[] | undefined {
    if (this.#references !== undefined) return this.#references.state.holders;
    const life = this.#life;
    if (life === undefined) return this.#lives.length === 0 ? undefined : [];
    return cacheHolders(life);
  }

  get lives(): readonly FrameLife[] {
    return this.#lives;
  }

  get left(): readonly LeftReference[] {
    if (this.#references === undefined) {
      return (this.holders ?? []).map((holder) => leftOf(holder, undefined));
    }
    return this.#open.map(({ part, taken }) => leftOf(holderOf(part, 1), taken));
  }

  get counts(): FrameCounts {
    return { compared: this.#compared, differing: this.#differing, more: this.#more };
  }

  get seen(): { readonly references: number; readonly withoutStack: number; readonly hasReferences: boolean } {
    return { references: this.#touched, withoutStack: this.#withoutStack, hasReferences: this.#hasReferences };
  }

  #covers({ pfn, order }: FilemapEvent | PageFree): boolean {
    return pfn <= this.#pfn && this.#pfn < pfn + 2 ** order;
  }

  #referenced(event: PageReference): void {
    this.#touched++;
    if (event.operation === 'set' && event.value > 0) this.#begin(event);
    const life = this.#life ?? this.#unallocated(event);
    if (life === undefined) return;
    this.#references ??= this.#referencesFrom(event);
    this.#references.apply(event);
    this.#isFrozen = event.operation === 'freeze' ? event.returned !== 0 || this.#isFrozen : this.#isFrozen;
    if (event.operation === 'unfreeze') this.#isFrozen = false;
    const changes = this.#isFrozen ? [] : this.#settle(event);
    if (event.stack === undefined && event.operation !== 'set' && changes.length > 0) this.#withoutStack++;
    const sum = this.#references.count;
    life.proved &&= this.#references.state.proved;
    for (const change of changes) if (change.kind === 'lru-add-batch') waitFrom(life, change, event.at);
    const { operation, value, returned, count } = event;
    life.touches.push({ ...originOf(event), operation, value, returned, count, changes, sum });
    if (life.touches.length >= 2 * MOST_TOUCHES) {
      life.unlisted += MOST_TOUCHES;
      life.touches.splice(0, MOST_TOUCHES);
    }
    this.#compared++;
    if (sum !== count) {
      if (this.#differing.length < MOST_DIFFERING) this.#differing.push({ at: event.at, count, sum });
      else this.#more++;
    }
    if (sum === 0 && !this.#isFrozen) this.#end(originOf(event));
  }

  /** The references after a loss, or of a frame that is older than the recording: what its first event leaves is unknown. */
  #referencesFrom(event: PageReference): References {
    const references = new References(event);
    this.#open = references.parts.flatMap((part) => units(part, undefined));
    return references;
  }

  /** A life that began before the recording; undefined for an event of a free frame. */
  #unallocated(event: PageReference): Life | undefined {
    const before = new References(event);
    if (before.count > 0 || event.count > 0) return this.#start(undefined, false);
    return undefined;
  }

  /** Compares the references with the open ones, and notes what was taken and put. */
  #settle(event: PageReference): readonly FrameChange[] {
    const parts = this.#references?.parts ?? [];
    const open = new Map<string, Open[]>();
    for (const one of this.#open) open.set(keyOf(one.part), [...(open.get(keyOf(one.part)) ?? []), one]);
    const changes: FrameChange[] = [];
    const now: Open[] = [];
    for (const part of parts) {
      const key = keyOf(part);
      const before = open.get(key) ?? [];
      open.delete(key);
      const more = part.references - before.length;
      // Which of several equal ones was put cannot be seen: the oldest.
      now.push(...before.slice(Math.max(0, -more)));
      if (more > 0) now.push(...units({ ...part, references: more }, originOf(event)));
      if (more !== 0) changes.push(holderOf(part, more));
    }
    for (const gone of open.values()) {
      const [first] = gone;
      if (first !== undefined) changes.push(holderOf(first.part, -gone.length));
    }
    this.#open = now;
    return changes;
  }

  #begin(event: PageReference): void {
    this.#overtake();
    this.#start(originOf(event), true);
  }

  #start(allocated: FrameOrigin | undefined, proved: boolean): Life {
    const life: Life = {
      allocated,
      freed: undefined,
      isOver: false,
      owners: [],
      waits: [],
      touches: [],
      unlisted: 0,
      losses: [],
      proved,
    };
    this.#lives.push(life);
    this.#life = life;
    this.#references = undefined;
    this.#open = [];
    this.#isFrozen = false;
    return life;
  }

  /** The frame is used anew: its present life is over. */
  #overtake(): void {
    if (this.#life !== undefined) this.#life.isOver = true;
    this.#life = undefined;
  }

  #end(freed: FrameOrigin): void {
    if (this.#life === undefined) return;
    this.#life.freed = freed;
    this.#life = undefined;
    this.#references = undefined;
    this.#open = [];
    this.#isFrozen = false;
  }

  #added(event: FilemapEvent): void {
    const present = this.#life?.owners.at(-1);
    // Without page_ref events a frame that is added again shows that it was freed between.
    if (present?.to === undefined ? present !== undefined : this.#references === undefined) this.#overtake();
    const life = this.#life ?? this.#start(undefined, false);
    life.owners.push(ownerOf(this.#pfn, event, originOf(event), undefined));
    if (life.waits.length === 0 && event.pfn === this.#pfn)
      life.waits.push({ cpu: event.cpu, from: event.at, inserted: undefined });
  }

  #deleted(event: FilemapEvent): void {
    const life = this.#life ?? this.#start(undefined, false);
    const last = life.owners.at(-1);
    if (last !== undefined && last.to === undefined && last.ino === event.ino && last.dev === event.dev)
      life.owners[life.owners.length - 1] = { ...last, to: originOf(event) };
    else life.owners.push(ownerOf(this.#pfn, event, undefined, originOf(event)));
  }

  #inserted(event: LruInsertion): void {
    const life = this.#life ?? this.#start(undefined, false);
    const last = life.waits.at(-1);
    const inserted = originOf(event);
    if (last !== undefined && last.inserted === undefined)
      life.waits[life.waits.length - 1] = { ...last, cpu: event.cpu, inserted };
    else life.waits.push({ cpu: event.cpu, from: undefined, inserted });
  }

  #freed(event: PageFree): void {
    const closed = this.#life === undefined ? this.#lives.at(-1) : undefined;
    // The event of the free itself, right after the one that put the last reference.
    if (closed !== undefined) {
      if (closed.freed !== undefined && closed.freed.stack === undefined) closed.freed = originOf(event);
      return;
    }
    if (this.#life === undefined) this.#start(undefined, false);
    this.#end(originOf(event));
  }
}

const originOf = ({ at, cpu, pid, comm, stack }: EventOrigin): FrameOrigin => ({ at, cpu, pid, comm, stack });

const keyOf = ({ kind, cpu, pid }: Omit<Part, 'references'>): string => `${kind} ${cpu} ${pid}`;

const units = ({ references, ...part }: Part, taken: FrameOrigin | undefined): Open[] =>
  Array.from({ length: references }, () => ({ part, taken }));

const holderOf = ({ kind, cpu, task }: Omit<Part, 'references'>, references: number): Holder => ({
  kind,
  references,
  ...(cpu === undefined ? {} : { cpu }),
  ...(task === undefined ? {} : { task }),
});

const leftOf = (holder: Holder, taken: FrameOrigin | undefined): LeftReference => ({
  holder,
  taken,
  isLeftOver: holder.kind !== 'page-cache' && holder.kind !== 'user-mapping',
});

const ownerOf = (
  pfn: Pfn,
  event: FilemapEvent,
  from: FrameOrigin | undefined,
  to: FrameOrigin | undefined,
): FrameOwner => ({
  dev: event.dev,
  ino: event.ino,
  index: folioIndex(event.index + (pfn - event.pfn)),
  order: event.order,
  head: event.pfn,
  from,
  to,
});

/** A reference of a batch begins a stay in it. */
function waitFrom(life: Life, { cpu, references }: FrameChange, at: Nanoseconds): void {
  if (references <= 0 || cpu === undefined) return;
  const last = life.waits.at(-1);
  // The add event of the page cache comes first, and stands for the same stay.
  if (last !== undefined && last.inserted === undefined) life.waits[life.waits.length - 1] = { ...last, cpu };
  else life.waits.push({ cpu, from: at, inserted: undefined });
}

/** Without page_ref events: what the page cache's events and the insertions show. */
function cacheHolders({ owners, waits }: Life): readonly Holder[] {
  const owner = owners.at(-1);
  const wait = waits.at(-1);
  return [
    ...(owner !== undefined && owner.to === undefined ? [{ kind: 'page-cache' as const, references: 1 }] : []),
    ...(wait !== undefined && wait.inserted === undefined
      ? [
          {
            kind: 'lru-add-batch' as const,
            references: 1,
            cpu: wait.cpu,
            ...(wait.from === undefined ? {} : { since: wait.from }),
          },
        ]
      : []),
  ];
}
