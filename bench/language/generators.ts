// SPDX-License-Identifier: MIT
// The small protocol in the way that was not taken: plain generator functions over an accessor for memory. A task
// stops before each step and yields the step's name, or the name and what it waits for; what runs until the next
// yield is the step.
import { VERDICT } from './protocol.ts';

// <protocol>
/** An array of shared memory. */
export interface Cells {
  readonly read: (i: number) => number;
  readonly write: (i: number, value: number) => void;
  /** Adds without telling the sum: a task that does not look does not come to know. */
  readonly add: (i: number, amount: number) => void;
}

export interface Shared {
  /** Folios, and places of a batch. */
  readonly folios: number;
  readonly slots: number;
  readonly refcount: Cells;
  readonly lru: Cells;
  readonly lock: Cells;
  readonly nr: Cells;
  /** By CPU and place. */
  readonly batch: Cells;
  readonly work: Cells;
  readonly verdict: Cells;
}

/** A step that is about to be taken; with `of`, once cell `i` of it holds `is`. */
export type Announced = string | { readonly name: string; readonly of: Cells; readonly i: number; readonly is: number };
export type Steps = Generator<Announced, void, void>;

const WORK = { idle: 0, queued: 1, running: 2 } as const;

export function* folio_add_lru(m: Shared, cpu: number, folio: number): Steps {
  yield 'folio_get';
  m.refcount.add(folio, 1);
  yield { name: 'local_lock', of: m.lock, i: cpu, is: 0 };
  m.lock.write(cpu, 1);
  yield 'folio_batch_add';
  const nr = m.nr.read(cpu);
  m.batch.write(cpu * m.slots + nr, folio);
  m.nr.write(cpu, nr + 1);
  if (nr + 1 === m.slots) yield* folio_batch_move_lru(m, cpu);
  yield 'local_unlock';
  m.lock.write(cpu, 0);
}

function* folio_batch_move_lru(m: Shared, cpu: number): Steps {
  yield 'folio_batch_count';
  const count = m.nr.read(cpu);
  for (let i = 0; i < count; i++) {
    yield 'lru_add';
    m.lru.write(m.batch.read(cpu * m.slots + i), 1);
  }
  for (let i = 0; i < count; i++) {
    yield 'folios_put';
    m.refcount.add(m.batch.read(cpu * m.slots + i), -1);
    m.batch.write(cpu * m.slots + i, m.folios);
  }
  yield 'folio_batch_reinit';
  m.nr.write(cpu, 0);
}

function* lru_add_drain(m: Shared, cpu: number): Steps {
  yield { name: 'local_lock', of: m.lock, i: cpu, is: 0 };
  m.lock.write(cpu, 1);
  yield 'folio_batch_count';
  if (m.nr.read(cpu) !== 0) yield* folio_batch_move_lru(m, cpu);
  yield 'local_unlock';
  m.lock.write(cpu, 0);
}

function* lru_add_drain_all(m: Shared, here: number, other: number): Steps {
  yield* lru_add_drain(m, here);
  yield 'cpu_needs_drain';
  if (m.nr.read(other) === 0) return;
  yield 'queue_work';
  m.work.write(0, WORK.queued);
  yield { name: 'flush_work', of: m.work, i: 0, is: WORK.idle };
}

export function* check(m: Shared, here: number, other: number): Steps {
  let drained = false;
  for (let folio = 0; folio < m.folios; folio++) {
    yield 'folio_get';
    m.refcount.add(folio, 1);
    yield 'folio_ref_count';
    let safe = m.refcount.read(folio) === 2;
    if (!safe && !drained) {
      yield* lru_add_drain_all(m, here, other);
      drained = true;
      yield 'folio_ref_count';
      safe = m.refcount.read(folio) === 2;
    }
    yield 'folio_put';
    m.refcount.add(folio, -1);
    if (!safe) {
      yield 'refuse';
      m.verdict.write(0, VERDICT.refused + folio);
      return;
    }
  }
  yield 'accept';
  m.verdict.write(0, VERDICT.safe);
}

/** One turn of CPU 1's worker. */
export function* worker(m: Shared, cpu: number): Steps {
  yield { name: 'process_one_work', of: m.work, i: 0, is: WORK.queued };
  m.work.write(0, WORK.running);
  yield* lru_add_drain(m, cpu);
  yield 'work_done';
  m.work.write(0, WORK.idle);
}
// </protocol>
