// SPDX-License-Identifier: MIT
// explain on the machine's own events, where the truth is known: in this process, and through a trace file's text.
// bench/machine-events.ts does the same for thousands of seeds.
import { afterAll, expect, test } from 'vitest';
import type { KernelEvent } from '../src/ledger/index.ts';
import { compare } from './support/simulated-explained.ts';

/** In the last one no folio is ever inserted. */
const SEEDS = [...Array.from({ length: 8 }, (_, seed) => seed), 2309];
const MOMENTS = 8;
const seen = new Map<string, number>();
let lines = 0;
let byInode = 0;

function count(events: readonly KernelEvent[]): void {
  for (const event of events) {
    const name = event.type === 'page-reference' ? `page-reference ${event.operation}` : event.type;
    seen.set(name, 1 + (seen.get(name) ?? 0));
  }
}

test.each(SEEDS)('stock events tell every batch whenever no CPU adds or flushes, seed %i', async (seed) => {
  const found = await compare(seed, 'batches', MOMENTS);
  expect(found.wrong).toEqual([]);
  count(found.events);
  lines += found.lines;
  byInode += Number(found.byInode);
});

test.each(SEEDS)('page_ref events with stacks tell every holder after every event, seed %i', async (seed) => {
  const { events, wrong } = await compare(seed, 'holders', MOMENTS);
  expect(wrong).toEqual([]);
  count(events);
});

afterAll(() => {
  // Nothing passes because nothing happened.
  expect(lines).toBeGreaterThan(50);
  expect(byInode).toBe(1);
  expect([...seen.keys()].toSorted()).toEqual([
    'mm_filemap_add_to_page_cache',
    'mm_filemap_delete_from_page_cache',
    'mm_lru_insertion',
    'mm_page_free',
    'page-reference freeze',
    'page-reference mod',
    'page-reference mod-and-test',
    'page-reference mod-unless',
    'page-reference set',
    'syscall-enter',
    'syscall-exit',
    'workqueue_activate_work',
    'workqueue_execute_end',
    'workqueue_execute_start',
    'workqueue_queue_work',
  ]);
});
