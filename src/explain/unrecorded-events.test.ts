// SPDX-License-Identifier: MIT
// Recordings without insertions, or not sorted by time: nothing may be said as if they were whole.
import { describe, expect, test } from 'vitest';
import { added, inserted, ioctl, made, marker, returned, summaryOf } from '../../test/support/kernel-events.ts';
import { cpu, folioIndex, type KernelEvent, nanoseconds, pfn } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import type { TraceSummary } from '../trace/index.ts';
import { Explainer } from './explainer.ts';
import type { Explanation, Question } from './index.ts';

function explain(
  events: readonly KernelEvent[],
  question: Partial<Question> = {},
  summary: Partial<TraceSummary> = {},
): Explanation {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: PATCHES, ...question });
  explainer.events(events);
  return explainer.answer({ ...summaryOf(events), ...summary });
}

/** A change of the first folio's count, from `page_ref:page_ref_mod`. */
const reference = (at: number, on: number, value: number, count: number): KernelEvent => ({
  type: 'page-reference',
  operation: 'mod',
  at: nanoseconds(BigInt(at)),
  cpu: cpu(on),
  pid: 7,
  comm: 'a',
  buffer: undefined,
  pfn: pfn(1000),
  value,
  count,
  flags: '0',
  mapcount: 0,
  mapping: '0',
  returned: undefined,
  stack: [],
});

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

  test('of what fits into a batch neither: folios of other kinds fill it unseen, or a drain that was not recorded', () => {
    const { moments, notes, dwell } = explain([...made({ at: 2 }), ...adds(8)], { cpu: cpu(1) });
    expect(moments[0]?.baseline).toEqual({
      verdict: 'undecided',
      reason:
        'index 0 was added, and no mm_lru_insertion is in the recording: if that event was off, it may have left its batch unseen',
    });
    expect(moments[0]?.verdicts.get('v6')).toEqual({ verdict: 'safe' });
    expect(moments[0]?.strength).toBe('unknown');
    expect(notes.join()).toContain('no mm_lru_insertion in the whole recording: if that event was off');
    expect(dwell).toEqual([]);
  });

  describe('a call that was refused', () => {
    const EAGAIN = -11;
    const call = (at: number, value: number): KernelEvent[] => [
      ioctl(0xc080aed2n, { at, cpu: 0 }),
      returned(value, { at: at + 5, cpu: 0 }),
    ];
    const at = (time: number, events: readonly KernelEvent[]) =>
      explain(events, { cpu: cpu(1), moments: [{ kind: 'time', at: nanoseconds(BigInt(time)) }] }).moments[0]?.baseline;
    const refused = { verdict: 'refused', index: 0, spurious: true };

    test('shows that what was added before it waited until then, and nothing of later', () => {
      const events = [...made({ at: 2 }), ...adds(8), ...call(200, EAGAIN), marker('m', { at: 300 })];
      expect([at(150, events), at(200, events), at(205, events)]).toEqual([refused, refused, refused]);
      expect(at(206, events)?.verdict).toBe('undecided');
    });

    test('shows nothing of folios that came after it', () => {
      const events = [...made({ at: 2 }), ...call(50, EAGAIN), ...adds(8)];
      expect(at(107, events)?.verdict).toBe('undecided');
    });

    test('shows nothing of a folio whose count fell before it', () => {
      const events = [...made({ at: 2 }), ...adds(2), reference(150, 0, -1, 1), ...call(200, EAGAIN)];
      const [moment] = explain(events, {
        cpu: cpu(1),
        moments: [{ kind: 'time', at: nanoseconds(180n) }],
        range: { from: folioIndex(0), to: folioIndex(1) },
      }).moments;
      expect(moment?.baseline).toEqual({ verdict: 'safe' });
    });

    test('only one that was: a call that returned well shows nothing', () => {
      expect(at(150, [...made({ at: 2 }), ...adds(8), ...call(200, 0)])?.verdict).toBe('undecided');
    });

    test('does not help where a batch filled up again: the event was off for sure', () => {
      expect(at(150, [...made({ at: 2 }), ...adds(40), ...call(200, EAGAIN)])?.verdict).toBe('undecided');
    });
  });

  test('one insertion shows that the event was on', () => {
    const { moments, notes } = explain([...made({ at: 2 }), inserted(7, { at: 50 }), ...adds(8)], { cpu: cpu(1) });
    expect(moments[0]?.folios[0]?.strength).toBe('derived');
    expect(notes.join()).not.toContain('mm_lru_insertion');
  });
});

describe('the order of time', () => {
  test('what stands behind a later event is told', () => {
    const sorted = [...made({ at: 2 }), added({ index: 0, pfn: 1 }, { at: 100 }), inserted(1, { at: 200 })];
    expect(explain([...sorted, marker('m', { at: 300, cpu: 1 })]).notes).toEqual([]);
    expect(explain([...sorted, marker('m', { at: 150, cpu: 1 })]).notes.join()).toContain(
      'not sorted by time: once an event follows a later one, first at 0.000000150',
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

test('counts in a recording that is not sorted by time do not add up to a verdict', () => {
  const events = [
    ...made({ at: 2, cpu: 1 }),
    ...adds(1),
    reference(400, 1, 1, 3),
    reference(150, 0, -1, 3),
    reference(160, 0, -1, 2),
  ];
  expect(explain(events, { cpu: cpu(1) }).moments[0]?.baseline?.verdict).toBe('undecided');
});

describe('where the recording names the events that were on', () => {
  const recordedEvents = [
    'filemap:mm_filemap_add_to_page_cache',
    'filemap:mm_filemap_delete_from_page_cache',
    'pagemap:mm_lru_insertion',
  ];

  test('one that did not occur is not missing', () => {
    const without = explain([]);
    expect([without.doubt, without.missing.length]).toEqual(['missing events', 3]);
    const named = explain([], {}, { recordedEvents });
    expect([named.doubt, named.missing]).toEqual([undefined, []]);
  });

  test('a folio without an insertion waits', () => {
    const { moments } = explain([...made({ at: 2 }), ...adds(8)], { cpu: cpu(1) }, { recordedEvents });
    expect(moments[0]?.baseline).toEqual({ verdict: 'refused', index: folioIndex(0), spurious: true });
  });

  test('the others are missing as before', () => {
    const { missing } = explain([], {}, { recordedEvents: recordedEvents.slice(0, 2) });
    expect(missing).toEqual(['mm_lru_insertion']);
  });
});
