// SPDX-License-Identifier: MIT
import type { FilemapEvent, KernelEvent, LruInsertion } from '../ledger/index.ts';
import type { Recording } from './recording.ts';

/** One folio of a flush's burst. */
interface Entry {
  /** The insertion. */
  readonly event: number;
  /** The folio's addition to the page cache; undefined if the recording does not have it. */
  readonly added: number | undefined;
}

/** The insertions of one flush: what was in the CPU's batch, in its order. */
export interface Burst {
  readonly cpu: number;
  readonly pid: number;
  readonly entries: Entry[];
  /** Folios that were in the batch too, and which the flush freed: their place in it is not known. */
  dead: number;
}

/** Where an added folio goes. */
export type Destination =
  | { readonly burst: Burst; readonly place: number }
  /** No insertion follows: it waits at the end of the recording, or a flush freed it. */
  | 'never inserted';

/**
 * What the recording shows afterwards of the batches: a flush's burst is the batch's content, folios of unobserved
 * memory included. It decides when the model's tasks go on, and nothing else: what the flush does is the model's answer.
 */
export interface Plan {
  readonly bursts: readonly (readonly Burst[])[];
  /** By insertion. */
  readonly burstOf: ReadonlyMap<number, Burst>;
  /** By addition. */
  readonly destinations: ReadonlyMap<number, Destination>;
  /** Queued works that are the first of their drain: the task's work before, if any, was queued by another one. With the last
   * work that another drain queued before, or -1. */
  readonly opening: ReadonlyMap<number, number>;
  /** Tasks whose first event is such a work. */
  readonly beginners: readonly number[];
  /** Of each event, the next of the same task; -1 if there is none. */
  readonly next: Int32Array;
  /** The places of each task's events, and of the ends of each CPU's works. */
  readonly ofTask: ReadonlyMap<number, readonly number[]>;
  readonly worksDone: readonly (readonly number[])[];
  /** Deleted folios that no insertion followed, though their CPU's batch was flushed; and those that one followed. */
  readonly freedByFlush: number;
  readonly insertedDeleted: number;
  /** No insertion belongs to an addition: the recording's filter leaves one of them out. */
  readonly hidesFiles: boolean;
  /** Bursts, by number of insertions. */
  readonly lengths: ReadonlyMap<number, number>;
}

interface Life {
  readonly added: number;
  readonly cpu: number;
  deleted: boolean;
}

/** enum lru_list: 0 and 1 are of anonymous memory. */
const LAST_ANONYMOUS_LRU = 1;

export function planOf({ events }: Recording, batchSize: number, cpus: number): Plan {
  const { addedOf, dead, insertedDeleted } = lives(events);
  const destinations = new Map<number, Destination>();
  const burstOf = new Map<number, Burst>();
  const bursts: Burst[][] = Array.from({ length: cpus }, () => []);
  const open: (Burst | undefined)[] = Array.from({ length: cpus });
  const waitingDead = new Int32Array(cpus);
  const ranOn = new Map<number, number>();
  let freedByFlush = 0;
  for (const [at, event] of events.entries()) {
    const { cpu } = event;
    // A flush is not preempted: a task that runs on another CPU has ended the one before.
    if (event.type !== 'loss') {
      const before = ranOn.get(event.pid);
      if (before !== undefined && before !== cpu && open[before]?.pid === event.pid) open[before] = undefined;
      ranOn.set(event.pid, cpu);
    }
    const last = open[cpu];
    if (event.type === 'mm_lru_insertion') {
      const added = addedOf.get(at);
      let burst = last;
      // What the task added itself is in the batch that it flushes: a folio that was freed left it before.
      if (
        burst !== undefined &&
        burst.dead > 0 &&
        isOwn(events, event, added) &&
        burst.entries.length + burst.dead >= batchSize
      ) {
        burst.dead--;
        freedByFlush--;
      }
      if (burst === undefined || !continues(burst, event, { events, batchSize, added })) {
        const deadHere = Math.min(waitingDead[cpu] ?? 0, batchSize - 1);
        burst = { cpu, pid: event.pid, entries: [], dead: deadHere };
        freedByFlush += deadHere;
        waitingDead[cpu] = 0;
        bursts[cpu]?.push(burst);
        open[cpu] = burst;
      }
      if (added !== undefined) destinations.set(added, { burst, place: burst.entries.length });
      burst.entries.push({ event: at, added });
      burstOf.set(at, burst);
    } else if (!isOfFlush(event)) open[cpu] = undefined;
    if (dead.has(at)) waitingDead[cpu] = (waitingDead[cpu] ?? 0) + 1;
  }
  const hidesFiles = addedOf.size === 0;
  for (const [at, event] of events.entries()) {
    if (event.type !== 'mm_filemap_add_to_page_cache' || destinations.has(at)) continue;
    // The recording may end within a flush: what was to come is behind what came.
    const last = open[event.cpu];
    const isCut = last !== undefined && at < (last.entries[0]?.event ?? 0) && !dead.has(at) && !hidesFiles;
    if (isCut) last.entries.push({ event: events.length, added: at });
    destinations.set(at, isCut ? { burst: last, place: last.entries.length - 1 } : 'never inserted');
  }
  const lengths = new Map<number, number>();
  for (const { entries } of bursts.flat()) lengths.set(entries.length, (lengths.get(entries.length) ?? 0) + 1);
  const next = nextOf(events);
  const opening = openingOf(events, next);
  const later = new Set(next);
  const { ofTask, worksDone } = placesOf(events, cpus);
  const beginners = [...opening.keys()].flatMap((at) => {
    const event = events[at];
    return event === undefined || event.type === 'loss' || later.has(at) ? [] : [event.pid];
  });
  return {
    bursts,
    burstOf,
    destinations,
    opening,
    beginners,
    next,
    ofTask,
    worksDone,
    freedByFlush,
    insertedDeleted,
    hidesFiles,
    lengths,
  };
}

/** A flush reports a freeze before each insertion; what comes after its puts is another flush's. */
const isOfFlush = (event: KernelEvent): boolean => event.type === 'page-reference' && event.operation === 'freeze';

/** Whether the task that inserts a folio has added it. */
const isOwn = (events: readonly KernelEvent[], { pid }: LruInsertion, added: number | undefined): boolean =>
  added !== undefined && additionAt(events, added).pid === pid;

function continues(
  burst: Burst,
  event: LruInsertion,
  { events, batchSize, added }: { events: readonly KernelEvent[]; batchSize: number; added: number | undefined },
): boolean {
  if (burst.pid !== event.pid || burst.entries.length + burst.dead >= batchSize) return false;
  const first = burst.entries[0]?.event ?? 0;
  if (added !== undefined && added > first) return false;
  return !burst.entries.some((entry) => insertionAt(events, entry.event).pfn === event.pfn);
}

/** Which addition each insertion belongs to. */
function lives(events: readonly KernelEvent[]) {
  const pending = new Map<number, Life>();
  const addedOf = new Map<number, number>();
  const dead = new Set<number>();
  let insertedDeleted = 0;
  const dies = (life: Life | undefined): void => {
    if (life?.deleted === true) dead.add(life.added);
  };
  for (const [at, event] of events.entries()) {
    if (event.type === 'mm_filemap_add_to_page_cache') {
      dies(pending.get(event.pfn));
      pending.set(event.pfn, { added: at, cpu: event.cpu, deleted: false });
    } else if (event.type === 'mm_filemap_delete_from_page_cache') {
      const life = pending.get(event.pfn);
      if (life !== undefined) life.deleted = true;
    } else if (event.type === 'mm_lru_insertion') {
      const life = pending.get(event.pfn);
      if (life === undefined) continue;
      pending.delete(event.pfn);
      // A page of a deleted file is inserted as a file's; another list means that its frame was freed and used again.
      if (life.deleted && event.lru <= LAST_ANONYMOUS_LRU) dead.add(life.added);
      else {
        addedOf.set(at, life.added);
        if (life.deleted) insertedDeleted++;
      }
    }
  }
  for (const life of pending.values()) dies(life);
  return { addedOf, dead, insertedDeleted };
}

/** One drain asks the CPUs in their order, does nothing else meanwhile, and shuts others out. */
function openingOf(events: readonly KernelEvent[], next: Int32Array): ReadonlyMap<number, number> {
  const opening = new Map<number, number>();
  let last: number | undefined;
  for (const [at, event] of events.entries()) {
    if (event.type !== 'workqueue_queue_work') continue;
    const before = last === undefined ? undefined : events[last];
    const goesOn =
      last !== undefined &&
      before?.type === 'workqueue_queue_work' &&
      next[last] === at &&
      (before.requestedCpu ?? before.cpu) < (event.requestedCpu ?? event.cpu);
    if (!goesOn) opening.set(at, last ?? -1);
    last = at;
  }
  return opening;
}

function nextOf(events: readonly KernelEvent[]): Int32Array {
  const next = new Int32Array(events.length).fill(-1);
  const last = new Map<number, number>();
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at];
    if (event === undefined || event.type === 'loss') continue;
    next[at] = last.get(event.pid) ?? -1;
    last.set(event.pid, at);
  }
  return next;
}

function placesOf(events: readonly KernelEvent[], cpus: number) {
  const ofTask = new Map<number, number[]>();
  const worksDone: number[][] = Array.from({ length: cpus }, () => []);
  for (const [at, event] of events.entries()) {
    if (event.type === 'loss') continue;
    const places = ofTask.get(event.pid);
    if (places === undefined) ofTask.set(event.pid, [at]);
    else places.push(at);
    if (event.type === 'workqueue_execute_end') worksDone[event.cpu]?.push(at);
  }
  return { ofTask, worksDone };
}

/** The first of ascending places behind one; -1 if there is none. */
export function firstAfter(places: readonly number[] | undefined, at: number): number {
  if (places === undefined) return -1;
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return places[low] ?? -1;
}

/** An addition's event. */
export const additionAt = (events: readonly KernelEvent[], at: number): FilemapEvent => {
  const event = events[at];
  if (event?.type !== 'mm_filemap_add_to_page_cache') throw new Error(`event ${at} is no addition`);
  return event;
};

/** An insertion's event. */
export const insertionAt = (events: readonly KernelEvent[], at: number): LruInsertion => {
  const event = events[at];
  if (event?.type !== 'mm_lru_insertion') throw new Error(`event ${at} is no insertion`);
  return event;
};
