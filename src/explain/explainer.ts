// SPDX-License-Identifier: MIT
import type {
  Cpu,
  FilemapEvent,
  KernelEvent,
  Loss,
  LruInsertion,
  Nanoseconds,
  PageReference,
  Pfn,
  WorkqueueEvent,
} from '../ledger/index.ts';
import { DEFAULT_PROFILE } from '../machine/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import type { Explanation } from './answer.ts';
import { Answerer } from './answerer.ts';
import { CpuBatch } from './batch.ts';
import type { Gap } from './gap.ts';
import type { Flush } from './flush.ts';
import { ByFrame } from './by-frame.ts';
import { Conversions, type Unadded } from './conversions.ts';
import { Creations } from './creations.ts';
import { Drains } from './drains.ts';
import { Generation, type Putback } from './generation.ts';
import { Inodes, LRU_UNEVICTABLE, type TrackedInode } from './inodes.ts';
import { Moments } from './moments.ts';
import type { Question } from './question.ts';
import { Redactor } from './redactor.ts';
import { isEndOfCheck, isOfCheck } from './reference-rules.ts';
import { References } from './references.ts';

/**
 * Follows the folios of every inode that may be a guest_memfd through one pass over the events, then answers. Which
 * inode is one may show only at its first insertion, so all that may be are followed. Memory grows with their live
 * folios and with what the moments that are asked for need, not with the recording.
 */
export class Explainer {
  readonly #question: Question;
  readonly #redactor: Redactor | undefined;
  readonly #batchSize: number;
  readonly #moments: Moments;
  readonly #inodes: Inodes;
  readonly #conversions = new Conversions();
  readonly #creations = new Creations();
  readonly #drains = new Drains();
  readonly #batches = new Map<Cpu, CpuBatch>();
  /** That of the latest event: the next one is usually of the same CPU. */
  #lastBatch: CpuBatch | undefined = undefined;
  readonly #byPfn = new ByFrame<Generation>();
  /** By page frame, from its allocation until nobody holds it. */
  readonly #references = new ByFrame<References>();
  /** Folios in the page cache that somebody holds who is not expected, as far as page_ref events tell. */
  readonly #held = new Set<Generation>();
  readonly #gaps: Gap[] = [];
  /** Buffers that had page cache events: what other buffers lost hides nothing. */
  readonly #buffers = new Set<string | undefined>();
  #lastBuffer: string | undefined = undefined;
  /** Insertions as unevictable of folios whose add was not seen; the first of them by page frame, until it is used again. */
  #strayUnevictable = 0;
  readonly #strays = new Map<Pfn, Stray>();
  /** All such insertions, the first ones, whatever became of their frames. */
  readonly #unadded: Unadded[] = [];
  /** Folios that left the page cache from the LRU, by page frame, until that is used again: they may have been back in a batch. */
  readonly #gone = new Map<Pfn, Generation>();
  /** Folios that left under the latest stamp and whose add was not seen, by page frame. */
  readonly #deletedNow = new Map<Pfn, FilemapEvent>();
  #deletedNowAt: Nanoseconds | undefined = undefined;
  /** Whether any folio's insertion was seen, and whether a batch filled up again before the first. */
  #anyInsertion = false;
  #filledUnseen = false;
  /** Whether any folio's add and delete were seen, of whatever file. */
  #anyAdd = false;
  #anyDelete = false;
  /** Whether some folio was gone of which no delete was seen. */
  #unseenDeletes = false;
  /** Events that stand behind a later one of another CPU: how many, and the first. */
  #late: { count: number; readonly first: Nanoseconds } | undefined = undefined;
  /** Whether events of two CPUs have one stamp. */
  #hasTies = false;
  #lastCpu: Cpu | undefined = undefined;
  #lastAt: Nanoseconds | undefined = undefined;

  constructor(question: Question) {
    this.#question = question;
    this.#redactor = question.redact === true ? new Redactor() : undefined;
    this.#batchSize = question.profile?.batchSize ?? DEFAULT_PROFILE.batchSize;
    this.#moments = new Moments(question.moments, question.redact !== true);
    this.#inodes = new Inodes(question.inode);
  }

  /** What waits in each CPU's batch as of the last event, of inodes that may be guest_memfd. */
  get waiting(): ReadonlyMap<Cpu, readonly Generation[]> {
    return new Map([...this.#batches].map(([cpu, batch]) => [cpu, batch.waiting]));
  }

  events(batch: readonly KernelEvent[]): void {
    for (const event of batch) this.#event(event);
  }

  #event(event: KernelEvent): void {
    const batch = this.#batchOf(event.cpu);
    if (event.type === 'loss') {
      this.#lost(event, batch);
      return;
    }
    // The readers keep the order of a file, and within a CPU that is always the order of time.
    if (event.cpu !== this.#lastCpu && this.#lastAt !== undefined) {
      if (event.at < this.#lastAt) this.#isLate(event.at);
      else if (!this.#hasTies && event.at === this.#lastAt) this.#hasTies = true;
    }
    if (this.#redactor !== undefined) this.#toRedact(event, this.#redactor);
    if (event.type === 'mm_lru_insertion') {
      this.#inserted(event, batch);
    } else if (isOfPageCache(event)) {
      batch.endBurst();
      batch.endFlush(event.at, event.pid);
      if (event.type === 'mm_filemap_add_to_page_cache') this.#added(event, batch);
      else this.#deleted(event);
    } else {
      this.#rarer(event, batch);
    }
    batch.lastEvent = event.at;
    this.#lastCpu = event.cpu;
    this.#lastAt = event.at;
  }

  /** All but the events of which a recording is full: a function that meets a new case is compiled anew as a whole. */
  #rarer(event: Exclude<KernelEvent, Loss | LruInsertion | FilemapEvent>, batch: CpuBatch): void {
    if (!isOfFlush(event.type)) batch.endBurst();
    if (!mayInterrupt(event.type)) batch.endFlush(event.at, event.pid);
    switch (event.type) {
      case 'syscall-enter':
        this.#drains.elsewhere(event.pid);
        this.#creations.enter(event);
        this.#conversions.enter(event, this.#batches.values(), this.#held);
        break;
      case 'syscall-exit':
        this.#drains.elsewhere(event.pid);
        this.#creations.exit(event);
        this.#conversions.exit(event);
        break;
      case 'marker':
        this.#drains.elsewhere(event.pid);
        this.#moments.marker(event);
        break;
      case 'page-reference':
        this.#referenced(event);
        break;
      case 'mm_page_free':
        this.#references.delete(event.pfn);
        this.#strays.delete(event.pfn);
        this.#gone.delete(event.pfn);
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
        break; // who wakes whom is asked nowhere
    }
  }

  #workqueue(event: WorkqueueEvent): void {
    const drain = this.#drains.workqueue(event, this.#conversions.of(event.pid));
    if (drain === 'asked') this.#conversions.drains(event.pid);
    // Which work is the first round's last shows when it is over; until then each may be.
    else if (drain === 'done' && this.#drains.firstRoundEnd === undefined) this.#inodes.drained(event.at);
  }

  #isLate(at: Nanoseconds): void {
    this.#late ??= { count: 0, first: at };
    this.#late.count++;
  }

  /** Markers may hold the names of tasks, which are known by their events. */
  #toRedact(event: Exclude<KernelEvent, Loss>, redactor: Redactor): void {
    redactor.name(event.comm);
    if (event.type === 'sched_switch') redactor.name(event.nextComm);
    if (event.type === 'sched_wakeup') redactor.name(event.wokenComm);
  }

  /** A buffer had a page cache event. */
  #tells(buffer: string | undefined): void {
    if (buffer === this.#lastBuffer && this.#buffers.size > 0) return;
    this.#lastBuffer = buffer;
    this.#buffers.add(buffer);
  }

  #batchOf(cpu: Cpu): CpuBatch {
    if (this.#lastBatch?.cpu === cpu) return this.#lastBatch;
    const batch = this.#batches.get(cpu) ?? new CpuBatch(cpu);
    this.#batches.set(cpu, batch);
    this.#lastBatch = batch;
    return batch;
  }

  #added(event: FilemapEvent, batch: CpuBatch): void {
    this.#tells(event.buffer);
    this.#anyAdd = true;
    const { pfn, index, order } = event;
    const inode = this.#inodes.of(event);
    const stray = this.#strays.size === 0 ? undefined : this.#strays.get(pfn);
    if (stray !== undefined) this.#strays.delete(pfn);
    if (this.#gone.size > 0) this.#gone.delete(pfn);
    const before = this.#byPfn.get(pfn);
    const gone = this.#deletedNow.get(pfn);
    let isTangled = gone?.index === index && areTied(gone, event);
    if (before !== undefined) {
      if (isTwin(before, event)) return;
      if (areTied(before.add, event) && before.inode !== undefined) {
        // Which of both was there last does not show: each may be there.
        before.isTangled = true;
        isTangled = true;
      } else this.#end(before, event, inode); // the pfn is used again: its delete was lost
    }
    // Large folios pass through the batch at once, and nothing is asked of other inodes' large folios.
    if (inode === undefined && order > 0) return;
    const sameIndex = inode?.live.get(index);
    if (sameIndex !== undefined) this.#end(sameIndex, event, inode);
    const folio = new Generation(event, inode);
    folio.isTangled = isTangled || areTied(sameIndex?.add, event);
    this.#byPfn.set(pfn, folio);
    if (inode === undefined) return;
    this.#redactor?.frame(pfn);
    folio.references = this.#references.get(pfn);
    if (folio.references?.isHeld === true) this.#held.add(folio);
    if (isOfGuestMemfd(event)) inode.allocatedByKvm = true;
    // A clock that does not tell which came first: it may be the end of this folio's stay in the batch.
    if (stray?.insertion.at === event.at && stray.insertion.cpu !== event.cpu) folio.doubtedAt = event.at;
    inode.adds++;
    inode.touched(event);
    inode.live.set(index, folio);
    inode.waiting.added(folio, event.at);
    if (order > 0) return;
    const doubtfuls = batch.enter(folio, event.at, this.#batchSize);
    if (doubtfuls.length > 0 && !this.#anyInsertion) this.#filledUnseen = true;
    for (const doubtful of doubtfuls) doubtful.inode?.waiting.forget(doubtful, event.at);
    inode.waiting.enter(folio, event.cpu, event.at);
    this.#conversions.added(folio);
  }

  #referenced(event: PageReference): void {
    const { pfn, at } = event;
    const known = this.#references.get(pfn);
    const references = known ?? new References(event);
    const folio = this.#byPfn.get(pfn);
    const isFollowed = folio?.inode !== undefined && folio.deletedAt === undefined;
    const drops = event.value < 0;
    if (isFollowed && drops && isEndOfCheck(event))
      this.#conversions.unchecked(event.pid, folio, references.state.holders);
    if (isFollowed) this.#remember(folio, at);
    references.apply(event);
    if (isFollowed && event.value > 0 && isOfCheck(event))
      this.#conversions.checked(event.pid, folio, references.state.holders);
    if (isFollowed) {
      if (drops) release(folio, event);
      if (references.isHeld) this.#held.add(folio);
      else this.#held.delete(folio);
      folio.references = references;
      if (isOfGuestMemfd(event) && event.value > 0 && folio.inode !== undefined) folio.inode.allocatedByKvm = true;
    }
    if (references.count === 0) this.#references.delete(pfn);
    else if (known === undefined) this.#references.set(pfn, references);
  }

  /** Keeps who holds a folio, before that changes at `at`, if some moment asks for it. */
  #remember({ references, referencesBefore }: Generation, at: Nanoseconds): void {
    if (references !== undefined && this.#moments.anyWithin(references.from, at))
      referencesBefore.push(references.state);
  }

  #inserted(event: LruInsertion, batch: CpuBatch): void {
    this.#tells(event.buffer);
    this.#anyInsertion = true;
    if (batch.firstFlush === undefined) this.#inodes.firstFlush(event.at);
    batch.flush(event);
    this.#drains.inserted(event);
    this.#inodes.blind(event.cpu, false, event.at);
    const folio = this.#byPfn.get(event.pfn);
    if (folio === undefined) {
      const gone = this.#gone.size === 0 ? undefined : this.#gone.get(event.pfn);
      if (gone !== undefined) {
        this.#gone.delete(event.pfn);
        // What has lost its mapping in a batch goes to a list of files; anonymous memory, without an add, to its own.
        if (isOfFile(event)) {
          if (gone.insertion !== undefined) {
            this.#insertedAgain(gone, gone.insertion, event, batch);
            return;
          }
          gone.insertion = event;
          gone.flush = batch.flushOf(event, gone);
          return;
        }
      }
      if (event.lru !== LRU_UNEVICTABLE) return;
      const known = this.#strays.get(event.pfn);
      const { emptiedAt } = batch;
      const unadded = (flush: Flush): void => {
        if (this.#unadded.length < MOST_STRAYS) this.#unadded.push({ insertion: event, emptiedAt, flush });
      };
      if (known !== undefined) {
        const last = known.again.at(-1)?.insertion ?? known.insertion;
        if (isTwinInsertion(last, event)) return;
        const flush = batch.flushOf(event);
        known.again.push({ from: this.#emptiedSince(last.at), insertion: event, flush });
        unadded(flush);
        return;
      }
      this.#strayUnevictable++;
      const flush = batch.flushOf(event);
      unadded(flush);
      if (this.#strays.size < MOST_STRAYS) this.#strays.set(event.pfn, { insertion: event, flush, again: [] });
      return;
    }
    if (folio.insertion !== undefined) {
      this.#insertedAgain(folio, folio.insertion, event, batch);
      return;
    }
    const { inode, add } = folio;
    if (inode !== undefined) folio.flush = batch.flushOf(event, folio);
    folio.insertion = event;
    if (event.lru === LRU_UNEVICTABLE && folio.deletedAt === undefined) folio.seenAt = event.at;
    if (inode === undefined) {
      if (event.lru === LRU_UNEVICTABLE && add !== undefined) this.#inodes.insertedElsewhere(add, 1);
      this.#byPfn.delete(event.pfn);
      return;
    }
    if (add !== undefined) this.#batchOf(add.cpu).leave(folio);
    inode.waiting.inserted(folio, event.cpu, event.at);
    this.#conversions.inserted(folio, event);
    if (folio.deletedAt !== undefined) this.#byPfn.delete(event.pfn);
    else if (!this.#inodes.inserted(inode, event.lru)) this.#forget(inode);
  }

  /** A folio that was on the LRU is put there again: it was isolated and put back, or its frame has become another's. */
  #insertedAgain(folio: Generation, first: LruInsertion, event: LruInsertion, batch: CpuBatch): void {
    const { inode } = folio;
    const latest = folio.putbacks.at(-1);
    const before = latest?.insertion ?? first;
    if (inode === undefined || isTwinInsertion(before, event)) return;
    const isGone = event.lru !== LRU_UNEVICTABLE && first.lru === LRU_UNEVICTABLE;
    if (isGone && folio.deletedAt === undefined) this.#replaced(folio, event);
    if (isGone && !isOfFile(event)) return;
    inode.reinsertions++;
    if (folio.deletedAt === undefined) folio.seenAt = event.at;
    const isNeeded = latest === undefined || this.#moments.anyWithin(latest.from, event.at);
    const putback = { from: this.#emptiedSince(before.at), insertion: event, flush: batch.flushOf(event, folio) };
    folio.putbacks = [...(isNeeded ? folio.putbacks : folio.putbacks.slice(0, -1)), putback];
    this.#conversions.putBack(folio, putback.from);
  }

  /** From when on, at the earliest, a folio that is inserted now was in a batch: all were flushed before, or it was on the LRU. */
  #emptiedSince(before: Nanoseconds): Nanoseconds {
    let emptied: Nanoseconds | undefined;
    for (const { emptiedAt } of this.#batches.values()) {
      // Whichever batch it was in, it came there after that was last flushed.
      if (emptiedAt === undefined) return before;
      if (emptied === undefined || emptiedAt < emptied) emptied = emptiedAt;
    }
    return emptied !== undefined && emptied > before ? emptied : before;
  }

  /** A frame was inserted as evictable that a guest_memfd's folio had: its delete was not seen. */
  #replaced(folio: Generation, { at }: LruInsertion): void {
    const { inode, add } = folio;
    this.#byPfn.delete(folio.pfn);
    if (inode === undefined || folio.deletedAt !== undefined) return;
    folio.deletedAt = at;
    if (inode.live.get(folio.index) === folio) inode.live.delete(folio.index);
    inode.left(folio);
    inode.waiting.deleted(folio, at);
    this.#unseenDeletes = true;
    if (this.#moments.anyWithin(add?.at, at)) inode.ended.push(folio);
    this.#inodes.forgetIfEmpty(inode);
  }

  #deleted(event: FilemapEvent): void {
    this.#tells(event.buffer);
    this.#anyDelete = true;
    const folio = this.#byPfn.get(event.pfn);
    if (folio?.deletedAt === undefined && folio?.index === event.index && isOf(folio, event)) {
      this.#end(folio, event);
      return;
    }
    const inode = this.#inodes.of(event);
    if (inode === undefined || isTwinDelete(inode.lastDelete, event)) return;
    const tangled = inode.live.get(event.index);
    if (tangled?.isTangled === true && tangled.pfn === event.pfn) {
      this.#end(tangled, event);
      return;
    }
    this.#deletedUnseen(event);
    // Nobody saw it come: it was there before the recording, or its add was lost.
    const fromBefore = this.#gaps.length === 0;
    const stray = this.#strays.get(event.pfn);
    if (stray !== undefined) {
      // It was in the page cache then, and on the unevictable list: no event of a frame's other life stood in between.
      inode.unevictable++;
      inode.insertedBefore++;
      inode.reinsertions += stray.again.length;
      this.#strayUnevictable--;
    }
    if (fromBefore) inode.isOlder = true;
    if (this.#moments.anyWithin(undefined, event.at)) {
      const unseen = new Generation(event, inode, fromBefore);
      unseen.insertion = stray?.insertion;
      unseen.flush = stray?.flush;
      if (stray !== undefined) unseen.putbacks = stray.again;
      unseen.deletedAt = event.at;
      inode.ended.push(unseen);
      if (this.#gone.size < MOST_STRAYS) this.#gone.set(event.pfn, unseen);
    }
    inode.left(event);
    this.#strays.delete(event.pfn);
    const sameIndex = inode.live.get(event.index);
    // A clock that gives both one stamp does not say that the one before was deleted first.
    const isBefore = sameIndex?.add?.at === event.at && sameIndex.pfn !== event.pfn;
    if (sameIndex !== undefined && !isBefore) this.#end(sameIndex, event);
    inode.lastDelete = event;
    this.#inodes.forgetIfEmpty(inode);
  }

  /** A folio left whose add was not seen: with a coarse clock it may stand behind it, under the same stamp. */
  #deletedUnseen(event: FilemapEvent): void {
    if (this.#deletedNowAt !== event.at) this.#deletedNow.clear();
    this.#deletedNowAt = event.at;
    this.#deletedNow.set(event.pfn, event);
  }

  /**
   * A folio leaves the page cache with `event`. It may wait in its batch still.
   * @param receiver the inode that gets a folio by the same event, and so is not to be forgotten.
   */
  #end(folio: Generation, event: FilemapEvent, receiver?: TrackedInode): void {
    const { inode, pfn, index, add } = folio;
    const waits = inode !== undefined && folio.order === 0 && folio.insertion === undefined;
    const isItsFrame = this.#byPfn.get(pfn) === folio;
    if (isItsFrame && (!waits || pfn !== event.pfn || event.type === 'mm_filemap_add_to_page_cache'))
      this.#byPfn.delete(pfn);
    if (inode === undefined || folio.deletedAt !== undefined) return;
    this.#remember(folio, event.at);
    folio.references = undefined;
    this.#held.delete(folio);
    folio.deletedAt = event.at;
    if (event.type === 'mm_filemap_delete_from_page_cache') folio.seenAt = event.at;
    else this.#unseenDeletes = true;
    if (inode.live.get(index) === folio) inode.live.delete(index);
    inode.left(folio);
    inode.waiting.deleted(folio, event.at);
    if (this.#moments.anyWithin(add?.at, event.at)) {
      inode.ended.push(folio);
      if (folio.insertion !== undefined && this.#gone.size < MOST_STRAYS) this.#gone.set(pfn, folio);
    }
    if (event.type === 'mm_filemap_delete_from_page_cache') inode.lastDelete = event;
    if (inode !== receiver) this.#inodes.forgetIfEmpty(inode);
  }

  /** An inode turned out to be none of guest_memfd's. */
  #forget(inode: TrackedInode): void {
    for (const folio of inode.live.values()) {
      this.#byPfn.delete(folio.pfn);
      if (folio.add !== undefined) this.#batchOf(folio.add.cpu).leave(folio);
    }
  }

  #lost(event: Loss, batch: CpuBatch): void {
    const { waiting } = batch;
    const gap = batch.lose(event.buffer, event.at);
    this.#gaps.push(gap);
    this.#conversions.lost();
    this.#drains.lost(event.cpu);
    this.#forgetReferences(event.at ?? this.#lastAt);
    const at = event.at ?? this.#lastAt;
    if (at === undefined || (this.#buffers.size > 0 && !this.#buffers.has(event.buffer))) return;
    for (const folio of waiting) if (folio.gap === gap) folio.inode?.waiting.forget(folio, at);
    this.#inodes.blind(event.cpu, true, at);
  }

  /** Events were lost, so that counts cannot be added up across it; the next event of a frame begins anew. */
  #forgetReferences(at: Nanoseconds | undefined): void {
    if (this.#references.size === 0) return;
    this.#references.clear();
    this.#held.clear();
    for (const folio of this.#byPfn.values()) {
      if (at !== undefined) this.#remember(folio, at);
      folio.references = undefined;
    }
  }

  /**
   * @param trace what the reader says of the whole.
   * @throws QuestionError where what was asked for is not in the recording.
   */
  answer(trace: TraceSummary): Explanation {
    for (const batch of this.#batches.values()) batch.endBurst();
    const answerer = new Answerer(this.#question, {
      moments: this.#moments,
      inodes: this.#inodes,
      conversions: this.#conversions,
      creations: this.#creations,
      drains: this.#drains,
      batches: this.#batches,
      gaps: this.#gaps,
      buffers: this.#buffers,
      strayUnevictable: this.#strayUnevictable,
      unadded: this.#unadded,
      anyInsertion: this.#anyInsertion,
      filledUnseen: this.#filledUnseen,
      anyAdd: this.#anyAdd,
      anyDelete: this.#anyDelete,
      unseenDeletes: this.#unseenDeletes,
      late: this.#late,
      hasTies: this.#hasTies,
      lastCpu: this.#lastCpu,
      redactor: this.#redactor,
    });
    return answerer.answer(trace);
  }
}

/** An insertion of a folio whose add was not seen. */
interface Stray {
  readonly insertion: LruInsertion;
  readonly flush: Flush;
  /** Later ones of the same frame. */
  readonly again: Putback[];
}

/** Whether an event's stack leads through guest_memfd's own allocation of a folio (virt/kvm/guest_memfd.c). */
const isOfGuestMemfd = ({ stack }: FilemapEvent | PageReference): boolean =>
  stack?.some((name) => ALLOCATORS.some((allocator) => name.startsWith(allocator))) === true;

/** Static functions are inlined in one kernel or the other: in stacks of 6.18 only their callers stand. */
const ALLOCATORS = ['kvm_gmem_get_folio', '__kvm_gmem_get_pfn', 'kvm_gmem_fault_user_mapping', 'kvm_gmem_fallocate'];

/** The flush that inserted a folio gives the batch's reference back. */
function release(folio: Generation, { at, cpu, pid }: PageReference): void {
  const { flush } = folio;
  if (flush !== undefined && flush.cpu === cpu && flush.pid === pid && flush.over === undefined)
    folio.releasedAt ??= at;
}

const isOfPageCache = (event: Exclude<KernelEvent, Loss>): event is FilemapEvent =>
  event.type === 'mm_filemap_add_to_page_cache' || event.type === 'mm_filemap_delete_from_page_cache';

/** What a CPU tells while it flushes its batch, beside insertions; all else comes before or after. */
const isOfFlush = (type: KernelEvent['type']): boolean => type === 'page-reference' || type === 'mm_page_free';

/** enum lru_list (include/linux/mmzone.h). */
const LRU_INACTIVE_FILE = 2;
const LRU_ACTIVE_FILE = 3;

const isOfFile = ({ lru }: LruInsertion): boolean => lru === LRU_INACTIVE_FILE || lru === LRU_ACTIVE_FILE;

/** What an interrupt tells as well, or the flush itself: a flush may be going on around it. */
const mayInterrupt = (type: KernelEvent['type']): boolean =>
  isOfFlush(type) || type === 'workqueue_queue_work' || type === 'workqueue_activate_work' || type === 'sched_wakeup';

/** Insertions of folios from before the recording that are remembered, for their deletes to name their indexes. */
const MOST_STRAYS = 65_536;

/** Whether an add repeats one that another buffer has told already. */
const isTwin = ({ add, deletedAt }: Generation, event: FilemapEvent): boolean =>
  add !== undefined &&
  deletedAt === undefined &&
  add.buffer !== event.buffer &&
  add.cpu === event.cpu &&
  add.index === event.index &&
  add.ino === event.ino &&
  add.dev === event.dev;

/** Whether two events of two CPUs have one stamp: then their order in a recording is none of time. */
const areTied = (a: FilemapEvent | undefined, b: FilemapEvent): boolean => a?.at === b.at && a.cpu !== b.cpu;

/** Two buffers have clocks of their own: what they tell of one event lies within this. */
const TWIN_APART = 1_000_000n;

const isTwinInsertion = (last: LruInsertion, event: LruInsertion): boolean =>
  last.buffer !== event.buffer && last.cpu === event.cpu && event.at - last.at < TWIN_APART;

const isTwinDelete = (last: FilemapEvent | undefined, event: FilemapEvent): boolean =>
  last !== undefined && last.buffer !== event.buffer && last.pfn === event.pfn && last.index === event.index;

/** Whether a folio is one of the event's inode. */
const isOf = ({ add, inode }: Generation, event: FilemapEvent): boolean => {
  const owner = inode ?? add;
  return owner?.ino === event.ino && owner.dev === event.dev;
};
