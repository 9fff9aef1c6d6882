// SPDX-License-Identifier: MIT
import type {
  Cpu,
  FilemapEvent,
  KernelEvent,
  Loss,
  LruInsertion,
  Nanoseconds,
  WorkqueueEvent,
} from '../ledger/index.ts';
import { DEFAULT_PROFILE } from '../machine/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import type { DrainRound, Explanation } from './answer.ts';
import { Answerer } from './answerer.ts';
import type { CpuBatch } from './batch.ts';
import { Conversions } from './conversions.ts';
import { Creations } from './creations.ts';
import { Drains } from './drains.ts';
import { EventOrder } from './follow/event-order.ts';
import { PageCache } from './follow/page-cache.ts';
import type { Generation } from './generation.ts';
import { Inodes } from './inodes.ts';
import { type Keeping, Moments } from './moments.ts';
import type { Question } from './question.ts';

/** Number of rounds of drains that are stored whole for later questions. */
const MOST_FOLLOWED_ROUNDS = 100_000;

/** States to keep, and a callback, for later questions about a recording. */
export interface Following extends Keeping {
  /** Receives each folio that leaves the page cache. Later events may still belong to it. */
  readonly onEnd?: (folio: Generation) => void;
  /** Receives each round of lru_add_drain_all() when it is over. */
  readonly onRound?: ((round: DrainRound) => void) | undefined;
}

/**
 * Tracks the folios of every inode that may be a guest_memfd in one pass over the events, then answers. Its first
 * insertion may be the first evidence about an inode, so all candidates are tracked. Memory grows with their live
 * folios and with the needs of the requested moments, not with the recording.
 */
export class Explainer {
  readonly #question: Question;
  readonly #moments: Moments;
  readonly #inodes: Inodes;
  readonly #conversions = new Conversions();
  readonly #creations = new Creations();
  readonly #drains: Drains;
  readonly #order = new EventOrder();
  readonly #pageCache: PageCache;

  /** @param following undefined: only what the question needs is kept. */
  constructor(question: Question, following?: Following) {
    this.#question = question;
    this.#moments = new Moments(question.moments, following);
    this.#inodes = new Inodes(question.inode);
    this.#drains = new Drains(following?.whole === true ? MOST_FOLLOWED_ROUNDS : undefined, following?.onRound);
    this.#pageCache = new PageCache({
      moments: this.#moments,
      inodes: this.#inodes,
      conversions: this.#conversions,
      batchSize: question.profile?.batchSize ?? DEFAULT_PROFILE.batchSize,
      onEnd: following?.onEnd,
    });
  }

  /** The waiting folios of each CPU's batch as of the last event, of inodes that may be guest_memfd. */
  get waiting(): ReadonlyMap<Cpu, readonly Generation[]> {
    return new Map([...this.#pageCache.batches.byCpu].map(([cpu, batch]) => [cpu, batch.waiting]));
  }

  /** Time at which a conversion returned that was refused while a folio waited, as of the last event. */
  refusedAt(folio: Generation): Nanoseconds | undefined {
    return this.#conversions.refusedAt(folio);
  }

  /** Forgets the folios that have left the page cache: they are too many to be kept. */
  forgetEnded(): void {
    this.#inodes.forgetEnded();
  }

  events(batch: readonly KernelEvent[]): void {
    for (const event of batch) this.#event(event);
  }

  #event(event: KernelEvent): void {
    const batch = this.#pageCache.batches.of(event.cpu);
    if (event.type === 'loss') {
      this.#lost(event);
      return;
    }
    this.#order.precedes(event);
    if (event.type === 'mm_lru_insertion') {
      this.#pageCache.inserted(event, batch);
      this.#drains.inserted(event);
    } else if (isOfPageCache(event)) {
      batch.endBurst();
      batch.endFlush(event.at, event.pid);
      if (event.type === 'mm_filemap_add_to_page_cache') this.#pageCache.added(event, batch);
      else this.#pageCache.deleted(event);
    } else {
      this.#rarer(event, batch);
    }
    batch.lastEvent = event.at;
    this.#order.passed(event);
  }

  /** All rare events, in a function of their own: V8 recompiles a function as a whole when it meets a new case. */
  #rarer(event: Exclude<KernelEvent, Loss | LruInsertion | FilemapEvent>, batch: CpuBatch): void {
    if (!isOfFlush(event.type)) batch.endBurst();
    if (!mayInterrupt(event.type)) batch.endFlush(event.at, event.pid);
    switch (event.type) {
      case 'syscall-enter':
        this.#drains.elsewhere(event.pid);
        this.#creations.enter(event);
        this.#conversions.enter(event, this.#pageCache.batches.byCpu.values(), this.#pageCache.references.held);
        break;
      case 'syscall-exit':
        this.#drains.elsewhere(event.pid);
        this.#creations.exit(event);
        this.#conversions.exit(event);
        break;
      case 'marker':
        this.#order.look(event.at);
        this.#drains.elsewhere(event.pid);
        this.#moments.marker(event);
        break;
      case 'page-reference':
        this.#pageCache.referenced(event);
        break;
      case 'mm_page_free':
        this.#pageCache.freed(event.pfn);
        break;
      case 'workqueue_queue_work':
      case 'workqueue_activate_work':
      case 'workqueue_execute_start':
      case 'workqueue_execute_end':
        this.#workqueue(event);
        break;
      case 'sched_switch':
        this.#drains.switched(event);
        break;
      case 'sched_wakeup':
        break; // wakers are not needed
    }
  }

  #workqueue(event: WorkqueueEvent): void {
    const drain = this.#drains.workqueue(event, this.#conversions.of(event.pid));
    if (drain === 'asked') this.#conversions.drains(event.pid);
    // The end of the round shows which work item is its last; until then each may be.
    else if (drain === 'done' && this.#drains.firstRoundEnd === undefined) this.#inodes.drained(event.at);
  }

  #lost(event: Loss): void {
    this.#conversions.lost();
    this.#drains.lost(event.cpu);
    this.#pageCache.lost(event, event.at ?? this.#order.lastAt);
  }

  /**
   * @param trace the reader's summary.
   * @throws QuestionError if the recording does not have the requested object.
   */
  answer(trace: TraceSummary): Explanation {
    return this.answerer().answer(trace);
  }

  /** The answerer of everything that was read; no further event may follow. */
  answerer(): Answerer {
    const { batches, seen, strays } = this.#pageCache;
    for (const batch of batches.byCpu.values()) batch.endBurst();
    this.#order.look(this.#order.lastAt);
    return new Answerer(this.#question, {
      moments: this.#moments,
      inodes: this.#inodes,
      conversions: this.#conversions,
      creations: this.#creations,
      drains: this.#drains,
      batches: batches.byCpu,
      gaps: batches.gaps,
      seen,
      strays,
      order: this.#order,
    });
  }
}

const isOfPageCache = (event: Exclude<KernelEvent, Loss>): event is FilemapEvent =>
  event.type === 'mm_filemap_add_to_page_cache' || event.type === 'mm_filemap_delete_from_page_cache';

/** Events of a CPU during the flush of its batch, besides insertions; all others come before or after. */
const isOfFlush = (type: KernelEvent['type']): boolean => type === 'page-reference' || type === 'mm_page_free';

/** Events that an interrupt or the flush itself may cause: a flush may be in progress around them. */
const mayInterrupt = (type: KernelEvent['type']): boolean =>
  isOfFlush(type) || type === 'workqueue_queue_work' || type === 'workqueue_activate_work' || type === 'sched_wakeup';
