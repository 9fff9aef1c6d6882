// SPDX-License-Identifier: MIT
// Recordings without insertions, or not sorted by time: nothing may be said as if they were whole.
import { describe, expect, test } from 'vitest';
import { added, inserted, made, marker, summaryOf } from '../../test/support/kernel-events.ts';
import { cpu, type KernelEvent } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { Explainer } from './explainer.ts';
import type { Explanation, Question } from './index.ts';

function explain(events: readonly KernelEvent[], question: Partial<Question> = {}): Explanation {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: PATCHES, ...question });
  explainer.events(events);
  return explainer.answer(summaryOf(events));
}

/** As many folios, one after the other, all on CPU 0. */
const adds = (count: number): KernelEvent[] =>
  Array.from({ length: count }, (_, index) => added({ index, pfn: 1000 + index }, { at: 100 + index }));

describe('where no insertion is in a recording', () => {
  test('of no folio it is known whether it waits, once a batch filled up again: not of the latest either', () => {
    const { moments, notes, dwell } = explain([...made({ at: 2 }), ...adds(40)], { cpu: cpu(1) });
    expect(new Set(moments[0]?.folios.map(({ strength }) => strength))).toEqual(new Set(['unknown']));
    expect(moments[0]?.baseline).toEqual({
      verdict: 'undecided',
      reason: 'index 0 was added, and mm_lru_insertion was not recorded: whether it still waits is not known',
    });
    expect(notes).toEqual([
      'mm_lru_insertion was not recorded: batches filled up again and none was inserted; record pagemap:mm_lru_insertion',
    ]);
    expect(dwell).toEqual([]);
  });

  test('what fits into a batch is taken to wait, and the answer says what that rests on', () => {
    const { moments, notes } = explain([...made({ at: 2 }), ...adds(8)], { cpu: cpu(1) });
    expect(moments[0]?.baseline).toMatchObject({ verdict: 'refused', index: 0 });
    expect(notes.join()).toContain('no mm_lru_insertion in the whole recording: if that event was not switched on');
  });

  test('one insertion shows that the event was on', () => {
    const { moments, notes } = explain([...made({ at: 2 }), inserted(7, { at: 50 }), ...adds(8)], { cpu: cpu(1) });
    expect(moments[0]?.folios[0]?.strength).toBe('derived');
    expect(notes.join()).not.toContain('mm_lru_insertion');
  });
});

describe('the order of time', () => {
  test('what stands behind a later event of another CPU is told', () => {
    const sorted = [...made({ at: 2 }), added({ index: 0, pfn: 1 }, { at: 100 }), inserted(1, { at: 200 })];
    expect(explain([...sorted, marker('m', { at: 300, cpu: 1 })]).notes).toEqual([]);
    expect(explain([...sorted, marker('m', { at: 150, cpu: 1 })]).notes.join()).toContain(
      'not sorted by time: once an event stands behind a later one of another CPU, first at 0.000000150',
    );
  });

  test('CPUs one after the other, as in per_cpu/cpu*/trace, leave a verdict undecided', () => {
    const byCpu = [
      inserted(1, { at: 200, cpu: 0 }),
      ...made({ at: 2, cpu: 1 }),
      added({ index: 0, pfn: 1 }, { at: 100, cpu: 1 }),
    ];
    expect(explain(byCpu, { cpu: cpu(0) }).moments[0]?.baseline).toEqual({
      verdict: 'undecided',
      reason: 'index 0 was added, and the recording is not sorted by time: whether it waits is not known',
    });
  });
});
