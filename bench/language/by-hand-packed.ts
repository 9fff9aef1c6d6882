// SPDX-License-Identifier: MIT
// The small protocol by hand, for exploring only: a state is three words, a step is a case. Batches of two, at most
// six folios: another size is another layout.
import { type Explored, textOf, VERDICT, type World } from './protocol.ts';

// <protocol>
// word 0: refcount 2 bits a folio from 0, lru 1 bit a folio from 12, lock 1 bit a CPU from 18, nr 2 bits a CPU from 20,
//         work 2 bits from 24, verdict 3 bits from 26
// word 1: batch 3 bits a place from 0 (CPU 0, then CPU 1); the check from 12: position 4 bits, then a flush's i and
//         count of 2 bits each, then folio 3 bits, safe, drained
// word 2: adder 0 from 0, adder 1 from 11: position, i, count as above, folio 3 bits; the worker from 22
export const WORDS = 3;
const SLOTS = 2;
const LRU = 12;
const LOCK = 18;
const NR = 20;
const WORK = 24;
const VERDICT_AT = 26;
const CHECK = 12;
const SAFE = CHECK + 11;
const DRAINED = CHECK + 12;
const ADDER_BITS = 11;
const WORKER_AT = 22;
const IDLE = 0;
const QUEUED = 1;
const RUNNING = 2;

/** Positions within folio_batch_move_lru(), from the one at which the caller enters it. */
const COUNT = 0;
const LRU_ADD = 1;
const PUT = 2;
const REINIT = 3;
const FLUSHED = 4;

const ADDER = { get: 0, lock: 1, add: 2, flush: 3, unlock: 7, done: 8 } as const;
const DRAINING = { lock: 2, pending: 3, flush: 4, unlock: 8, needs: 9, queue: 10, wait: 11 } as const;
const CHECKER = { get: 0, compare: 1, ...DRAINING, put: 12, refuse: 13, accept: 14, done: 15 } as const;
const WORKING = { wait: 0, lock: 1, pending: 2, flush: 3, unlock: 7, finish: 8 } as const;

const setPosition = (s: Int32Array, word: number, shift: number, position: number): void => {
  s[word] = (s[word]! & ~(15 << shift)) | (position << shift);
};

/** One step of a flush of `cpu`, whose position, i and count stand at `shift` of `word`; `base`: where it begins. */
function flush(s: Int32Array, cpu: number, word: number, shift: number, base: number, at: number): void {
  const own = s[word]! >>> shift;
  const i = (own >>> 4) & 3;
  const count = (own >>> 6) & 3;
  let next = at;
  let nextI = i + 1;
  let nextCount = count;
  const place = 3 * (SLOTS * cpu + i);
  switch (at) {
    case COUNT:
      nextCount = (s[0]! >>> (NR + 2 * cpu)) & 3;
      next = LRU_ADD;
      nextI = 0;
      if (nextCount === 0) next = REINIT;
      break;
    case LRU_ADD:
      s[0] = s[0]! | (1 << (LRU + ((s[1]! >>> place) & 7)));
      if (nextI === count) {
        next = PUT;
        nextI = 0;
      }
      break;
    case PUT:
      s[0] = s[0]! - (1 << (2 * ((s[1]! >>> place) & 7)));
      s[1] = s[1]! | (7 << place);
      if (nextI === count) {
        next = REINIT;
        nextI = nextCount = 0;
      }
      break;
    case REINIT:
      s[0] = s[0]! & ~(3 << (NR + 2 * cpu));
      next = FLUSHED;
      nextI = nextCount = 0;
  }
  s[word] =
    (s[word]! & ~(255 << shift)) | ((base + next) << shift) | (nextI << (shift + 4)) | (nextCount << (shift + 6));
}

function lock(s: Int32Array, cpu: number): boolean {
  const bit = 1 << (LOCK + cpu);
  if ((s[0]! & bit) !== 0) return false;
  s[0] = s[0]! | bit;
  return true;
}

const unlock = (s: Int32Array, cpu: number): void => {
  s[0] = s[0]! & ~(1 << (LOCK + cpu));
};

function stepAdder(s: Int32Array, cpu: number, end: number): boolean {
  const shift = cpu * ADDER_BITS;
  const own = s[2]! >>> shift;
  const position = own & 15;
  const folio = (own >>> 8) & 7;
  switch (position) {
    case ADDER.get:
      s[0] = s[0]! + (1 << (2 * folio));
      break;
    case ADDER.lock:
      if (!lock(s, cpu)) return false;
      break;
    case ADDER.add: {
      const nr = (s[0]! >>> (NR + 2 * cpu)) & 3;
      const place = 3 * (SLOTS * cpu + nr);
      s[1] = (s[1]! & ~(7 << place)) | (folio << place);
      s[0] = s[0]! + (1 << (NR + 2 * cpu));
      if (nr + 1 < SLOTS) {
        setPosition(s, 2, shift, ADDER.unlock);
        return true;
      }
      break;
    }
    case ADDER.unlock:
      unlock(s, cpu);
      s[2] = s[2]! & ~(2047 << shift);
      if (folio + 1 < end) s[2] |= (folio + 1) << (shift + 8);
      else setPosition(s, 2, shift, ADDER.done);
      return true;
    case ADDER.done:
      return false;
    default:
      flush(s, cpu, 2, shift, ADDER.flush, position - ADDER.flush);
      return true;
  }
  setPosition(s, 2, shift, position + 1);
  return true;
}

function stepCheck(s: Int32Array, folios: number): boolean {
  const own = s[1]! >>> CHECK;
  const position = own & 15;
  const folio = (own >>> 8) & 7;
  let next = position + 1;
  switch (position) {
    case CHECKER.get:
      s[0] = s[0]! + (1 << (2 * folio));
      break;
    case CHECKER.compare: {
      const safe = ((s[0]! >>> (2 * folio)) & 3) === 2;
      if (safe) s[1] = s[1]! | (1 << SAFE);
      if (safe || ((s[1]! >>> DRAINED) & 1) === 1) next = CHECKER.put;
      break;
    }
    case CHECKER.lock:
      if (!lock(s, 0)) return false;
      break;
    case CHECKER.pending:
      if (((s[0]! >>> NR) & 3) === 0) next = CHECKER.unlock;
      break;
    case CHECKER.unlock:
      unlock(s, 0);
      break;
    case CHECKER.needs:
      if (((s[0]! >>> (NR + 2)) & 3) !== 0) break;
      next = CHECKER.compare;
      s[1] = s[1]! | (1 << DRAINED);
      break;
    case CHECKER.queue:
      s[0] = s[0]! | (QUEUED << WORK);
      break;
    case CHECKER.wait:
      if (((s[0]! >>> WORK) & 3) !== IDLE) return false;
      next = CHECKER.compare;
      s[1] = s[1]! | (1 << DRAINED);
      break;
    case CHECKER.put:
      s[0] = s[0]! - (1 << (2 * folio));
      if (((s[1]! >>> SAFE) & 1) === 0) {
        s[1] = s[1]! & ~(1 << DRAINED);
        next = CHECKER.refuse;
      } else if (folio + 1 < folios) {
        s[1] = (s[1]! & ~(1 << SAFE)) + (1 << (CHECK + 8));
        next = CHECKER.get;
      } else {
        s[1] = s[1]! & ~(8191 << CHECK);
        next = CHECKER.accept;
      }
      break;
    case CHECKER.refuse:
      s[0] = s[0]! | ((VERDICT.refused + folio) << VERDICT_AT);
      s[1] = s[1]! & ~(8191 << CHECK);
      next = CHECKER.done;
      break;
    case CHECKER.accept:
      s[0] = s[0]! | (VERDICT.safe << VERDICT_AT);
      break;
    case CHECKER.done:
      return false;
    default:
      flush(s, 0, 1, CHECK, CHECKER.flush, position - CHECKER.flush);
      return true;
  }
  setPosition(s, 1, CHECK, next);
  return true;
}

function stepWorker(s: Int32Array): boolean {
  const position = (s[2]! >>> WORKER_AT) & 15;
  let next = position + 1;
  switch (position) {
    case WORKING.wait:
      if (((s[0]! >>> WORK) & 3) !== QUEUED) return false;
      s[0] = (s[0]! & ~(3 << WORK)) | (RUNNING << WORK);
      break;
    case WORKING.lock:
      if (!lock(s, 1)) return false;
      break;
    case WORKING.pending:
      if (((s[0]! >>> (NR + 2)) & 3) === 0) next = WORKING.unlock;
      break;
    case WORKING.unlock:
      unlock(s, 1);
      break;
    case WORKING.finish:
      s[0] = s[0]! & ~(3 << WORK);
      next = WORKING.wait;
      break;
    default:
      flush(s, 1, 2, WORKER_AT, WORKING.flush, position - WORKING.flush);
      return true;
  }
  setPosition(s, 2, WORKER_AT, next);
  return true;
}

/** Takes a task's next step in place; false, with the state untouched, where it is done or has to wait. */
export const stepOf =
  (folios: number) =>
  (task: number, s: Int32Array): boolean => {
    switch (task) {
      case 0:
        return stepAdder(s, 0, folios / 2);
      case 1:
        return stepAdder(s, 1, folios);
      case 2:
        return stepCheck(s, folios);
      default:
        return stepWorker(s);
    }
  };

/** Every count 1, empty batches, each adder before its first folio. */
export function initialOf(folios: number): Int32Array {
  let refcount = 0;
  for (let folio = 0; folio < folios; folio++) refcount |= 1 << (2 * folio);
  return Int32Array.of(refcount, 0xfff, (folios / 2) << (ADDER_BITS + 8));
}
// </protocol>

export const allDone = (s: Int32Array): boolean =>
  (s[2]! & 15) === ADDER.done &&
  ((s[2]! >>> ADDER_BITS) & 15) === ADDER.done &&
  ((s[1]! >>> CHECK) & 15) === CHECKER.done;

export function endOf(s: Int32Array, folios: number): string {
  const each = (count: number, shift: number, bits: number): readonly number[] =>
    Array.from({ length: count }, (_, i) => (s[0]! >>> (shift + i * bits)) & (2 ** bits - 1));
  const verdict = (s[0]! >>> VERDICT_AT) & 7;
  return textOf({ refcount: each(folios, 0, 2), lru: each(folios, LRU, 1), nr: each(2, NR, 2), verdict });
}

/** Breadth first over states of three words, for this protocol alone; it keeps whence each state was reached. */
export function exploreByHand({ folios }: World): Explored {
  const step = stepOf(folios);
  let capacity = 1024;
  let arena = new Int32Array(3 * capacity);
  let parents = new Int32Array(capacity);
  let table = new Int32Array(4 * capacity).fill(-1);
  let size = 0;
  let transitions = 0;
  const ends = new Set<string>();
  const s = initialOf(folios);

  const slotOf = (a: number, b: number, c: number): number => {
    const mask = table.length - 1;
    let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0xc2b2ae35);
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const id = table[slot]!;
      if (id === -1) return slot;
      if (arena[3 * id] === a && arena[3 * id + 1] === b && arena[3 * id + 2] === c) return ~slot;
    }
  };
  const grow = (): void => {
    capacity *= 2;
    const [bigger, more] = [new Int32Array(3 * capacity), new Int32Array(capacity)];
    bigger.set(arena);
    more.set(parents);
    [arena, parents] = [bigger, more];
    table = new Int32Array(4 * capacity).fill(-1);
    for (let id = 0; id < size; id++) table[slotOf(arena[3 * id]!, arena[3 * id + 1]!, arena[3 * id + 2]!)] = id;
  };
  const add = (parent: number): void => {
    const slot = slotOf(s[0]!, s[1]!, s[2]!);
    if (slot < 0) return;
    table[slot] = size;
    arena[3 * size] = s[0]!;
    arena[3 * size + 1] = s[1]!;
    arena[3 * size + 2] = s[2]!;
    parents[size++] = parent;
    if (size === capacity) grow();
  };

  add(0);
  for (let id = 0; id < size; id++) {
    let moved = false;
    for (let task = 0; task < 4; task++) {
      s[0] = arena[3 * id]!;
      s[1] = arena[3 * id + 1]!;
      s[2] = arena[3 * id + 2]!;
      if (!step(task, s)) continue;
      moved = true;
      transitions++;
      add(id);
    }
    if (moved) continue;
    if (!allDone(s)) throw new Error('by hand: deadlock');
    ends.add(endOf(s, folios));
  }
  return { states: size, transitions, ends };
}
