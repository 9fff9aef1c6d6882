// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { added, executed, inserted, marker, queued, switched } from '../../../test/support/kernel-events.ts';
import { cpu, type KernelEvent, nanoseconds, order, pfn } from '../../ledger/index.ts';
import { Redactor } from './redactor.ts';

const EVENTS: readonly KernelEvent[] = [
  added({ index: 0, pfn: 0x5eed1 }, { at: 1, comm: 'hushed', buffer: 'hidden' }),
  added({ index: 1, pfn: 0x5eed2 }, { at: 2, cpu: 1, comm: 'hushed' }),
  marker('hushed at ffff888627d26fc0', { at: 3 }),
  queued('ffff888627d26fc0', 1, { at: 4, comm: 'asker' }),
  switched('hushed', 'other', { at: 5, cpu: 1 }),
  ...executed('ffff888627d26fc0', 1, 6, 8),
  inserted(0x5eed2, { at: 7, cpu: 1, comm: 'kworker/1:1-secretfs' }),
];

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

function seenBy(events: readonly KernelEvent[]): Redactor {
  const redactor = new Redactor({ isFirstReading: true });
  for (const event of events) redactor.see(event);
  redactor.settle();
  return redactor;
}

test('nothing that identifies is left', () => {
  const redactor = seenBy(EVENTS);
  const text = textOf(EVENTS.map((event) => redactor.event(event)));
  for (const secret of [
    'hushed',
    'asker',
    'other',
    'secretfs',
    'hidden',
    String(0x5eed1),
    String(0x5eed2),
    'ffff888627d26fc0',
    '100',
  ])
    expect([secret, textOf(EVENTS).includes(secret), text.includes(secret)]).toEqual([secret, true, false]);
});

test('the same stands for the same, read once or twice', () => {
  const once = new Redactor();
  const twice = seenBy(EVENTS);
  const shown = EVENTS.map((event) => once.event(event));
  expect(shown).toEqual(EVENTS.map((event) => twice.event(event)));
  expect(textOf(shown)).toContain('"comm":"kworker/1:1"');
  expect(shown.flatMap((event) => ('work' in event ? [event.work] : []))).toEqual(['1', '1', '1']);
  expect(shown.flatMap((event) => ('text' in event ? [event.text] : []))).toEqual(['marker1']);
});

test('what the recording does not have is no marker and no frame of it', () => {
  const redactor = seenBy(EVENTS);
  expect(redactor.askedMarker('hushed at ffff888627d26fc0')).toBe('marker1');
  expect(redactor.askedMarker('nope')).toBe('nope');
  expect([redactor.askedFrame(pfn(0x5eed2)), redactor.askedFrame(pfn(7))]).toEqual([2, undefined]);
});

test('pages of a large folio stay beside each other, though the first one was seen before its order', () => {
  const at = { at: nanoseconds(1n), cpu: cpu(0), pid: 1 };
  const [early, late] = [515, 3].map((frame) => inserted(frame, { at: 1 }));
  const freed: KernelEvent = { ...at, type: 'mm_page_free', pfn: pfn(512), order: order(2) };
  const redactor = seenBy([late, early, freed].flatMap((event) => event ?? []));
  expect([3, 512, 513, 514, 515].map((frame) => redactor.frame(pfn(frame)))).toEqual([1, 4, 5, 6, 7]);
});

test.each([
  ['vmm', 'task1'],
  ['kworker/1:2', 'kworker/1:2'],
  ['kworker/u16:3-secret', 'kworker/u16:3'],
  ['kworker/R-secret', 'kworker/task1'],
  ['kworker/1:2secret', 'kworker/task1'],
  ['swapper/3', 'swapper/3'],
  ['<...>', '<...>'],
  ['', ''],
])('the task %j is %j', (name, shown) => {
  expect(new Redactor().task(name)).toBe(shown);
});

test.each([
  ['folio_add_lru', 'folio_add_lru'],
  ['kvm_gmem_fault [kvm]', 'kvm_gmem_fault [kvm]'],
  ['0xffffffff81234567', 'address1'],
  ['deadbeef', 'address1'],
  ['bpf_prog_6deef7357e7b4530_secret [bpf]', 'bpf_prog'],
  ['no function', 'address1'],
])('the function %j is %j', (name, shown) => {
  expect(new Redactor().symbol(name)).toBe(shown);
});
