// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../test/support/make-trace-dat.ts';
import {
  ByteWriter,
  formatsOf,
  formatText,
  makeV6,
  makeV7,
  PageMaker,
  records,
} from '../../../test/support/make-trace-dat.ts';
import { readAll, recording } from '../../../test/support/read-recording.ts';
import { memorySource } from '../index.ts';

const ID = { stack: 4, ref: 723, unless: 720, free: 500, queue: 335, start: 333 } as const;

const MACHINES: readonly Machine[] = [
  { littleEndian: true, long: 8 },
  { littleEndian: true, long: 4 },
  { littleEndian: false, long: 8 },
  { littleEndian: false, long: 4 },
];

function formats(machine: Machine): Record<string, readonly string[]> {
  const { long } = machine;
  const usual = formatsOf(machine);
  const after = (nth: number): number => 8 + 2 * long + 4 * nth;
  const mapping = Math.ceil(after(2) / long) * long;
  const reference = [
    `unsigned long pfn;8;${long}`,
    `unsigned long flags;${8 + long};${long}`,
    `int count;${after(0)};4`,
    `int mapcount;${after(1)};4`,
    `void * mapping;${mapping};${long}`,
    `int mt;${mapping + long};4`,
    `int val;${mapping + long + 4};4`,
  ];
  return {
    ...usual,
    ftrace: [
      ...(usual['ftrace'] ?? []),
      formatText('kernel_stack', ID.stack, [
        'int size;8;4',
        `unsigned long caller[8];${Math.max(12, 8 + long)};${8 * long}`,
      ]),
    ],
    page_ref: [
      formatText('page_ref_mod', ID.ref, reference),
      formatText('page_ref_mod_unless', ID.unless, [...reference, `int ret;${mapping + long + 8};4`]),
    ],
    kmem: [formatText('mm_page_free', ID.free, [`unsigned long pfn;8;${long}`, `unsigned int order;${8 + long};4`])],
    workqueue: [
      formatText('workqueue_queue_work', ID.queue, [
        `void * work;8;${long}`,
        `void * function;${8 + long};${long}`,
        `__data_loc char[] workqueue;${8 + 2 * long};4`,
        `int req_cpu;${12 + 2 * long};4`,
        `int cpu;${16 + 2 * long};4`,
      ]),
      formatText('workqueue_execute_start', ID.start, [`void * work;8;${long}`, `void * function;${8 + long};${long}`]),
    ],
  };
}

const start = ({ littleEndian }: Machine, id: number, pid: number): ByteWriter =>
  new ByteWriter(littleEndian).number(id, 2).number(0, 2).number(pid, 4);

const reference = (machine: Machine, id: number, value: number, returned?: number): Uint8Array => {
  const { long } = machine;
  const out = start(machine, id, 7).number(0x1a, long).number(0x15, long).number(3, 4).number(-1n, 4);
  out.padTo(Math.ceil(out.length / long) * long);
  out
    .number(long === 8 ? 0xffff_8880_0083_2388n : 0x8083_2388n, long)
    .number(0, 4)
    .number(BigInt(value), 4);
  if (returned !== undefined) out.number(returned, 4);
  return out.done();
};

const BASE = (machine: Machine): bigint => (machine.long === 8 ? 0xffff_ffff_8100_0000n : 0xc100_0000n);

const stack = (machine: Machine, pid: number, ...offsets: readonly bigint[]): Uint8Array => {
  const out = start(machine, ID.stack, pid).number(offsets.length, 4);
  out.padTo(Math.max(12, 8 + machine.long));
  for (const offset of offsets) out.number(BASE(machine) + offset, machine.long);
  return out.done();
};

const queue = (machine: Machine, requested: number, cpu: number): Uint8Array => {
  const at = 20 + 2 * machine.long;
  return start(machine, ID.queue, 7)
    .number(0xabc0, machine.long)
    .number(BASE(machine) + 0x100n, machine.long)
    .number((13 << 16) | at, 4)
    .number(requested, 4)
    .number(cpu, 4)
    .cstring('mm_percpu_wq')
    .done();
};

const kallsyms = (machine: Machine): string =>
  ['_text', 'lru_add', 'folio_add_lru']
    .map((name, nth) => `${(BASE(machine) + BigInt(nth * 0x100)).toString(16)} T ${name}\n`)
    .join('');

describe.each(MACHINES)('with %o', (machine) => {
  const pages = [
    new PageMaker(machine, 1000n)
      .short(0, reference(machine, ID.ref, -1))
      .short(5, stack(machine, 7, 0x110n, 0x200n))
      .short(5, queue(machine, 1, 1))
      .short(5, queue(machine, 8192, 1))
      .short(5, start(machine, ID.free, 7).number(0x1b, machine.long).number(3, 4).done())
      .done(),
    new PageMaker(machine, 2000n).short(0, reference(machine, ID.unless, 1, 0)).done(),
    // The stack of the page before: it comes with the next block of the file.
    new PageMaker(machine, 3000n)
      .short(0, stack(machine, 7, 0x0n))
      .short(0, records.insertion(machine, 7, 0x1a))
      .short(0, records.other(machine, 7))
      .short(0, stack(machine, 7, 0x0n))
      .short(0, records.insertion(machine, 7, 0x1b))
      .short(0, stack(machine, 8, 0x0n))
      .done(),
  ];
  const contents = { machine, formats: formats(machine), buffers: { '': { 0: pages } } };
  const mapping = machine.long === 8 ? 'ffff888000832388' : '0000000080832388';

  it.each(['v6', 'v7', 'v7 zlib'])('references, works and stacks of a %s file', async (version) => {
    const named = { ...contents, kallsyms: kallsyms(machine) };
    const bytes = version === 'v6' ? makeV6(named) : makeV7(named, version === 'v7' ? 'none' : 'zlib');
    const { summary, events } = await readAll(memorySource(version, bytes));
    expect(events).toMatchObject([
      {
        type: 'page-reference',
        operation: 'mod',
        at: 1000n,
        pfn: 0x1a,
        flags: '0x15',
        count: 3,
        mapcount: -1,
        mapping,
        value: -1,
        returned: undefined,
        stack: ['lru_add', 'folio_add_lru'],
      },
      { type: 'workqueue_queue_work', work: 'abc0', function: 'lru_add', workqueue: 'mm_percpu_wq', requestedCpu: 1 },
      { type: 'workqueue_queue_work', requestedCpu: undefined },
      { type: 'mm_page_free', pfn: 0x1b, order: 3 },
      { operation: 'mod-unless', at: 2000n, value: 1, returned: 0, stack: ['_text'] },
      { type: 'mm_lru_insertion', pfn: 0x1a },
      { type: 'mm_lru_insertion', pfn: 0x1b },
    ]);
    // Something came in between, or it is another task's.
    for (const event of events.slice(5)) expect(event).not.toHaveProperty('stack');
    expect(summary).toMatchObject({ events: 12, lost: [], notes: [] });
  });

  it('without symbols a stack has addresses, a work no function', async () => {
    const { events } = await readAll(memorySource('made', makeV7({ ...contents, kallsyms: '' })));
    const address = `0x${(BASE(machine) + 0x110n).toString(16)}`;
    expect(events).toMatchObject([
      { stack: [address, expect.any(String)] },
      { function: undefined },
      {},
      {},
      {},
      {},
      {},
    ]);
  });
});

it('a recorded drain has its functions', async () => {
  const { events } = await readAll(recording('lab_drain.dat'));
  const works = events.filter((event) => event.type === 'workqueue_queue_work');
  expect(works).toMatchObject([
    { cpu: 0, function: 'lru_add_drain_per_cpu', workqueue: 'mm_percpu_wq', requestedCpu: 1 },
  ]);
});
