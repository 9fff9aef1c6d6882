// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import {
  added,
  executed,
  inserted,
  marker,
  queued,
  settled,
  summaryOf,
  switched,
} from '../../test/support/kernel-events.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { Explainer } from './explainer.ts';
import type { Explanation } from './index.ts';

const EVENTS: readonly KernelEvent[] = [
  added({ index: 0, pfn: 0x5eed1 }, { at: 1, comm: 'hushed' }),
  added({ index: 1, pfn: 0x5eed2 }, { at: 2, cpu: 1, comm: 'hushed' }),
  marker('at ffff888627d26fc0, again 0xffff888627d26fc0, not 0x10', { at: 3 }),
  queued('ffff888627d26fc0', 1, { at: 4, comm: 'asker' }),
  switched('hushed', 'other', { at: 5, cpu: 1 }),
  ...executed('ffff888627d26fc0', 1, 6, 8),
  inserted(0x5eed2, { at: 7, cpu: 1, comm: 'kworker/1:1' }),
];

function explain(redact: boolean): Explanation {
  const explainer = new Explainer({ moments: [], patches: PATCHES, redact });
  explainer.events(settled(EVENTS));
  return explainer.answer(summaryOf(EVENTS));
}

const text = (explanation: Explanation): string =>
  JSON.stringify(explanation, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

test('no task name, page frame or address is left', () => {
  const [open, redacted] = [text(explain(false)), text(explain(true))];
  for (const secret of ['hushed', 'asker', 'other', '5eed1', String(0x5eed1), String(0x5eed2), 'ffff888627d26fc0']) {
    expect(open).toContain(secret);
    expect(redacted).not.toContain(secret);
  }
});

test('the same stands for the same', () => {
  const { moments, drains } = explain(true);
  const [moment] = moments;
  expect(moment?.marker).toBe('at address1, again address1, not 0x10');
  expect(moment?.folios.map(({ pfn }) => pfn)).toEqual([1, 2]);
  expect(moment?.evidence?.pfn).toBe(1);
  expect(moment?.evidence?.add).toContain('task1-100');
  expect(moment?.evidence?.add).toContain('pfn=0x1 ');
  const [round] = drains?.rounds ?? [];
  expect([round?.task, round?.works[0]?.meanwhile.map(({ task }) => task)]).toEqual(['task2', ['task1', 'task3']]);
});

test('a marker may hold names and page frames anywhere', () => {
  const told = marker('hushed faulted pfns=5eed1,0x5eed2, 388817; unhushed kept, 5eed3 too', { at: 3 });
  const explainer = new Explainer({ moments: [{ kind: 'every-marker' }], patches: [], redact: true });
  const events = EVENTS.map((event) => (event.type === 'marker' ? told : event));
  explainer.events(settled(events));
  expect(explainer.answer(summaryOf(events)).moments[0]?.marker).toBe(
    'task1 faulted pfns=frame1,frame2, frame1; unhushed kept, 5eed3 too',
  );
  const asking = new Explainer({ moments: [{ kind: 'marker', text: 'nope' }], patches: [], redact: true });
  asking.events(events);
  expect(() => asking.answer(summaryOf(events))).toThrow("no marker 'nope' in the recording; it has 1 other marker");
});

test('nothing else changes', () => {
  const without = ({ moments }: Explanation): unknown =>
    moments.map(({ at, cpu, verdicts }) => ({ at, cpu, verdicts }));
  expect(without(explain(true))).toEqual(without(explain(false)));
});
