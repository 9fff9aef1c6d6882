// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readText } from '../../test/support/read-recording.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { cpu, dev, folioIndex, ino, nanoseconds, order, pfn } from '../ledger/index.ts';
import { formatEvent } from './index.ts';

const origin = { at: nanoseconds(718_867_530_499n), cpu: cpu(1), pid: 4321, comm: 'conv' };

it.each<[KernelEvent, string]>([
  [
    {
      ...origin,
      type: 'mm_filemap_add_to_page_cache',
      dev: dev(0, 16),
      ino: ino(0x4414n),
      pfn: pfn(0x1550f3),
      index: folioIndex(2),
      order: order(0),
    },
    '            conv-4321    [001]   718.867530: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x1550f3 ofs=8192 order=0',
  ],
  [
    { ...origin, type: 'mm_lru_insertion', pfn: pfn(0x1a), lru: 4, mapped: true },
    '            conv-4321    [001]   718.867530: mm_lru_insertion: pfn=0x1a lru=4 flags=M',
  ],
  [
    { ...origin, type: 'syscall-enter', name: 'ioctl', args: [6n, 0xae01n, 0n] },
    '            conv-4321    [001]   718.867530: sys_ioctl(fd: 6, cmd: 0xae01, arg: 0)',
  ],
  [
    { ...origin, type: 'syscall-exit', name: 'fallocate', returned: -11n },
    '            conv-4321    [001]   718.867530: sys_fallocate -> 0xfffffffffffffff5',
  ],
  [
    { ...origin, comm: undefined, type: 'marker', text: 'phase x' },
    '           <...>-4321    [001]   718.867530: tracing_mark_write: phase x',
  ],
  [{ type: 'loss', cpu: cpu(1), at: undefined, events: 23884 }, 'CPU:1 [LOST 23884 EVENTS]'],
  [{ type: 'loss', cpu: cpu(1), at: undefined, events: undefined }, 'CPU:1 [LOST EVENTS]'],
])('%o', (event, line) => {
  expect(formatEvent(event)).toBe(line);
});

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
/** A task name: up to 15 bytes of anything but NUL, here of what can hurt; leading blanks are lost in the padding. */
const comm = fc
  .string({ unit: fc.constantFrom(...Array.from('ab1 -[]:.()<>\n\t\u00e9')), minLength: 1, maxLength: 12 })
  .filter((name) => !name.startsWith(' ') && new TextEncoder().encode(name).length <= 15);
const at = {
  at: fc.nat(2 ** 31 - 1).map((us) => nanoseconds(BigInt(us) * 1000n)),
  cpu: fc.nat(300).map(cpu),
  pid: fc.nat(4_000_000),
  comm,
};
const place = {
  pfn: fc.nat(2 ** 31 - 1).map(pfn),
  order: fc.nat(9).map(order),
  index: fc.nat(2 ** 31 - 1).map(folioIndex),
};
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const name = fc.constantFrom('lru_add_drain_per_cpu', 'wq_barrier_func', undefined);
const address = u64.map((value) => value.toString(16));
/** In the arguments of an event a name with a newline cannot be told from its end. */
const argument = comm.filter((text) => !/[\n\s]$|\n/.test(text));
const anyEvent: fc.Arbitrary<KernelEvent> = fc.oneof(
  fc.record({
    ...at,
    type: fc.constant('page-reference' as const),
    operation: fc.constantFrom('set', 'mod', 'mod-and-return', 'freeze', 'pinner-put'),
    pfn: place.pfn,
    flags: fc.constantFrom('none', 'locked|referenced', '0x15'),
    count: int,
    mapcount: fc.option(int, { nil: undefined }),
    mapping: fc.option(
      address.filter((digits) => digits !== '0').map((digits) => digits.padStart(16, '0')),
      { nil: undefined },
    ),
    value: int,
    returned: fc.option(int, { nil: undefined }),
  }),
  fc.record({ ...at, type: fc.constant('mm_page_free' as const), pfn: place.pfn, order: place.order }),
  fc.record({
    ...at,
    type: fc.constant('workqueue_queue_work' as const),
    work: address,
    function: name,
    workqueue: fc.constantFrom('mm_percpu_wq', 'a b', undefined),
    requestedCpu: fc.constantFrom(cpu(0), cpu(7), undefined),
  }),
  fc.record({
    ...at,
    type: fc.constantFrom('workqueue_activate_work', 'workqueue_execute_start', 'workqueue_execute_end'),
    work: address,
    function: name,
    workqueue: fc.constant(undefined),
    requestedCpu: fc.constant(undefined),
  }),
  fc.record({
    ...at,
    comm: argument,
    type: fc.constant('sched_switch' as const),
    nextPid: place.order,
    nextComm: argument,
  }),
  fc.record({
    ...at,
    type: fc.constant('sched_wakeup' as const),
    wokenPid: place.order,
    wokenComm: argument,
    targetCpu: fc.constantFrom(cpu(0), cpu(300)),
  }),
  fc.record({
    ...at,
    ...place,
    type: fc.constantFrom('mm_filemap_add_to_page_cache' as const, 'mm_filemap_delete_from_page_cache' as const),
    dev: fc.tuple(fc.nat(4095), fc.nat(2 ** 20 - 1)).map(([major, minor]) => dev(major, minor)),
    ino: u64.map(ino),
  }),
  fc.record({
    ...at,
    type: fc.constant('mm_lru_insertion' as const),
    pfn: place.pfn,
    lru: fc.nat(4),
    mapped: fc.option(fc.boolean(), { nil: undefined }),
  }),
  fc.record({
    ...at,
    type: fc.constant('syscall-enter' as const),
    name: fc.constant('fallocate' as const),
    args: fc.tuple(u64, u64, u64, u64),
  }),
  fc.record({
    ...at,
    type: fc.constant('syscall-exit' as const),
    name: fc.constant('ioctl' as const),
    returned: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  }),
  fc.record({
    ...at,
    type: fc.constant('marker' as const),
    text: fc.string({ unit: fc.constantFrom(...Array.from('ab =>-\n[]')), maxLength: 30 }),
  }),
);

it('the text reader reads back what is printed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 20 }), async (events) => {
      const text = events.map((event) => `${formatEvent(event)}\n`).join('');
      const back = await readText(text, { scheduling: true });
      expect(back.events).toEqual(
        events.map((event) => ({
          ...event,
          comm: event.type !== 'loss' && event.comm === '<...>' ? undefined : 'comm' in event ? event.comm : undefined,
        })),
      );
    }),
    { numRuns: 300 },
  );
});
