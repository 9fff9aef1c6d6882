// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  added,
  deleted,
  inserted,
  ioctl,
  lost,
  made,
  marker,
  type Page,
  returned,
  settled,
  summaryOf,
  type Where,
} from '../../test/support/kernel-events.ts';
import { cpu, folioIndex, type KernelEvent, nanoseconds } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { Explainer } from './explainer.ts';
import type { Explanation, MomentAnswer } from './index.ts';
import type { Question } from './question.ts';

const SET_MEMORY_ATTRIBUTES2 = 0xc080aed2n;

function explain(events: readonly KernelEvent[], question: Partial<Question> = {}): Explanation {
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: PATCHES, ...question });
  explainer.events(settled(events));
  return explainer.answer(summaryOf(events));
}

const at = (time: number) => ({ kind: 'time', at: nanoseconds(BigInt(time)) }) as const;

/** `0 waits on 1, 3 on LRU`: indexes with their place; `?` where it is not known. */
const places = (moment: MomentAnswer | undefined): string =>
  (moment?.folios ?? [])
    .map(({ index, strength, holders }) => {
      const batch = holders.find(({ kind }) => kind === 'lru-add-batch');
      const place = batch === undefined ? 'on LRU' : `waits on ${batch.cpu}`;
      return `${index} ${place}${strength === 'unknown' ? '?' : ''}`;
    })
    .join(', ');

const page = (index: number, pfn = 1000 + index): Page => ({ index, pfn });
/** An inode is a guest_memfd for sure once a folio of it was inserted as unevictable; it is made just before. */
const proof = (where: Where): KernelEvent[] => [
  ...made({ ...where, at: where.at - 1 }),
  added(page(900), where),
  inserted(1900, where),
  deleted(page(900), where),
];

describe('where a folio is', () => {
  test('it waits in the batch of the CPU that added it until that CPU inserts it', () => {
    const events = [added(page(0), { at: 10, cpu: 1 }), inserted(1000, { at: 30, cpu: 1 }), marker('end', { at: 40 })];
    const { moments } = explain(events, { moments: [at(9), at(10), at(29), at(30)] });
    expect(moments.map(places)).toEqual(['', '0 waits on 1', '0 waits on 1', '0 on LRU']);
    expect(moments[1]?.folios[0]).toEqual({
      index: 0,
      pfn: 1000,
      order: 0,
      strength: 'derived',
      holders: [
        { kind: 'page-cache', references: 1 },
        { kind: 'lru-add-batch', references: 1, cpu: 1, since: 10n },
      ],
    });
  });

  test('events with the stamp of the moment count, wherever they stand', () => {
    const events = [marker('m', { at: 10 }), added(page(0), { at: 10, cpu: 1 }), inserted(1000, { at: 30, cpu: 1 })];
    expect(explain(events, { moments: [{ kind: 'marker', text: 'm' }] }).moments.map(places)).toEqual(['0 waits on 1']);
  });

  test('a large folio never waits', () => {
    const large = { index: 512, pfn: 4096, order: 9 };
    const events = [
      added(large, { at: 10 }),
      marker('m', { at: 11 }),
      inserted(4096, { at: 12 }),
      marker('n', { at: 13 }),
    ];
    const { moments } = explain(events);
    expect(moments.map(places)).toEqual(['512 on LRU']);
    expect(moments[0]?.folios[0]?.holders).toEqual([{ kind: 'page-cache', references: 512 }]);
  });

  test('punched while in the batch of another CPU: gone, and its insertion never comes', () => {
    const events = [
      ...proof({ at: 1 }),
      added(page(0), { at: 10, cpu: 1 }),
      deleted(page(0), { at: 20, cpu: 0 }),
      added(page(0, 2000), { at: 30, cpu: 1 }),
    ];
    const { moments, inodes } = explain(events, { moments: [at(15), at(25), at(35)] });
    expect(moments.map(places)).toEqual(['0 waits on 1', '', '0 waits on 1']);
    expect(moments[2]?.folios[0]?.pfn).toBe(2000);
    expect(inodes.map(({ kind }) => kind)).toEqual(['guest_memfd']);
  });

  test('punched by its own CPU: the insertion comes after the delete, to an evictable list, and refutes nothing', () => {
    const events = [
      ...proof({ at: 1 }),
      added(page(0), { at: 10 }),
      deleted(page(0), { at: 20 }),
      inserted(1000, { at: 21 }, 2),
      marker('m', { at: 30 }),
    ];
    const { moments, inodes } = explain(events);
    expect(moments.map(places)).toEqual(['']);
    expect(inodes.map(({ kind }) => kind)).toEqual(['guest_memfd']);
  });

  test('a pfn serves several folios, one after the other', () => {
    const events = [
      ...proof({ at: 1 }),
      added(page(0, 7), { at: 10 }),
      inserted(7, { at: 20 }),
      deleted(page(0, 7), { at: 30 }),
      added(page(5, 7), { at: 40, cpu: 1 }),
      marker('m', { at: 50 }),
    ];
    const { moments } = explain(events, { moments: [at(15), at(25), at(35), at(45)] });
    expect(moments.map(places)).toEqual(['0 waits on 0', '0 on LRU', '', '5 waits on 1']);
  });

  test('the recording begins in the middle: insertions and deletes without an add are no error', () => {
    const events = [
      inserted(5, { at: 1 }),
      deleted(page(3, 6), { at: 10 }),
      ...proof({ at: 20 }),
      marker('m', { at: 30 }),
    ];
    const { moments, notes } = explain(events, { moments: [at(5), at(15)] });
    expect(moments.map(places)).toEqual(['3 on LRU', '']);
    expect(notes).toEqual([
      '1 folio was inserted as unevictable without an add event: there before the recording, or anonymous',
    ]);
  });

  test('of a folio from before the recording it is not known whether it waits, until every CPU has flushed', () => {
    const events = [
      marker('begin', { at: 1 }),
      inserted(77, { at: 5, cpu: 0 }),
      inserted(78, { at: 10, cpu: 1 }),
      deleted(page(3), { at: 20 }),
      ...proof({ at: 30 }),
    ];
    const { moments } = explain(events, { moments: [at(6), at(12)] });
    expect(moments.map(places)).toEqual(['3 on LRU?', '3 on LRU']);
    expect(moments.map(({ baseline }) => baseline.verdict)).toEqual(['undecided', 'safe']);
    expect(moments[0]?.verdicts.get('v6')).toEqual({ verdict: 'safe' });
  });

  test('an event that two buffers tell counts once', () => {
    const twice = (event: KernelEvent): KernelEvent[] => [event, { ...event, buffer: 'lab' }];
    const events = [
      ...twice(added(page(0), { at: 10 })),
      ...twice(inserted(1000, { at: 20 })),
      ...twice(deleted(page(0), { at: 30 })),
    ];
    const { moments } = explain(events, { moments: [at(5), at(10), at(25), at(30)] });
    expect(moments.map(places)).toEqual(['', '0 waits on 0', '0 on LRU', '']);
  });

  test('a folio that moved with its task is in the batch of the CPU that inserts it', () => {
    const events = [added(page(0), { at: 10, cpu: 0 }), inserted(1000, { at: 20, cpu: 1 })];
    expect(explain(events, { moments: [at(15)] }).moments.map(places)).toEqual(['0 waits on 1']);
  });
});

describe('lost events', () => {
  const before = [...proof({ at: 1, cpu: 1 }), added(page(0), { at: 10, cpu: 1 })];

  test('of the CPU whose batch holds a folio: not known from the gap on, and the verdict says so', () => {
    const { moments } = explain([...before, lost(1, 50), marker('m', { at: 50, cpu: 1 })], {
      moments: [at(9), at(10), at(50)],
    });
    expect(moments.map(places)).toEqual(['', '0 waits on 1?', '0 waits on 1?']);
    expect(moments[2]?.baseline).toEqual({
      verdict: 'undecided',
      reason: 'events of CPU 1 were lost after 0.000000010: the content of its batch is not known',
    });
    expect(moments[2]?.verdicts.get('v8')).toEqual({ verdict: 'safe' });
    expect(moments[2]?.localDrainByCpu?.get(cpu(1))).toEqual({ verdict: 'safe' });
  });

  test('of another CPU: its delete may be among them, until a later event shows it there', () => {
    const events = [...before, lost(0, 50), marker('m', { at: 50 })];
    const { moments } = explain(events);
    expect(moments.map(places)).toEqual(['0 waits on 1?']);
    expect(moments[0]?.baseline).toEqual({
      verdict: 'undecided',
      reason: 'index 0 was there before events were lost: its delete may be among them',
    });
    const shown = explain([...events, inserted(1000, { at: 60, cpu: 1 })], { moments: [at(50)] });
    expect(shown.moments.map(places)).toEqual(['0 waits on 1']);
    expect(shown.moments[0]?.baseline).toEqual({ verdict: 'refused', index: 0, spurious: true });
  });

  test('a folio that nobody saw may wait: safe is not proved', () => {
    const { moments } = explain([...proof({ at: 1 }), lost(1, 50), marker('m', { at: 50 })]);
    expect(moments[0]?.baseline.verdict).toBe('undecided');
    expect(moments[0]?.verdicts.get('v6')).toEqual({ verdict: 'safe' });
  });

  test('the next flush of that CPU ends it', () => {
    const events = [...before, lost(1, 50), inserted(77, { at: 60, cpu: 1 }), marker('m', { at: 70 })];
    const { moments } = explain(events, { moments: [at(55), at(60)] });
    // Whether it is there at all is not known any more.
    expect(moments.map(places)).toEqual(['0 waits on 1?', '0 on LRU?']);
    expect(moments.map(({ baseline }) => baseline.verdict)).toEqual(['undecided', 'safe']);
  });

  test('an insertion after the gap proves that the folio waited all the time', () => {
    const events = [...before, lost(1, 50), inserted(1000, { at: 60, cpu: 1 })];
    const { moments } = explain(events, { moments: [at(55), at(60)] });
    expect(moments.map(places)).toEqual(['0 waits on 1', '0 on LRU']);
  });

  test('of a buffer without page cache events: they hide nothing', () => {
    const { moments } = explain([...before, lost(1, 50, 'other'), marker('m', { at: 50 })]);
    expect(moments.map(places)).toEqual(['0 waits on 1']);
    expect(moments[0]?.baseline.verdict).toBe('refused');
  });

  test('at the end, with nothing after them', () => {
    const { moments } = explain([...before, marker('m', { at: 40, cpu: 1 }), lost(1, undefined)]);
    expect(moments[0]?.baseline.verdict).toBe('undecided');
  });
});

describe('which inodes', () => {
  test('an unevictable folio on an anonymous device: known from its first page on', () => {
    const events = [added(page(0), { at: 10 }), marker('early', { at: 20 }), inserted(1000, { at: 30 })];
    const { inodes, moments } = explain(events, { moments: [{ kind: 'marker', text: 'early' }] });
    expect(inodes).toMatchObject([
      {
        dev: '0:16',
        ino: 0x4414n,
        kind: 'guest_memfd',
        because:
          '1 of its folios inserted as unevictable (lru=4), on an anonymous device; folios of ramfs and secretmem look the same, and no call to guest_memfd was recorded',
      },
    ]);
    expect(moments.map(places)).toEqual(['0 waits on 0']);
    expect(explain([...made({ at: 5 }), ...events]).inodes[0]?.because).toBe(
      '1 of its folios inserted as unevictable (lru=4), on an anonymous device',
    );
  });

  test('in kernels to come its folios may be evictable: a stack that leads through guest_memfd outweighs that', () => {
    const stack = ['filemap_add_folio', 'kvm_gmem_get_folio', 'kvm_gmem_fault_user_mapping'];
    const known: KernelEvent = { ...added(page(0), { at: 10 }), stack };
    const events = [known, inserted(1000, { at: 20 }, 2), added(page(1), { at: 30, cpu: 1 }), marker('m', { at: 40 })];
    const { inodes, moments } = explain(events);
    expect(inodes).toMatchObject([
      { kind: 'guest_memfd', because: "a stack shows guest_memfd's code allocate its folios" },
    ]);
    expect(moments.map(places)).toEqual(['0 on LRU, 1 waits on 1']);
  });

  test('none inserted and no call recorded: nothing tells, and the answer says what would', () => {
    const events = [added(page(0), { at: 10, cpu: 1 }), marker('m', { at: 20 })];
    const { inodes, moments, notes } = explain(events);
    expect([inodes, moments]).toEqual([[], []]);
    expect(notes).toEqual([
      '1 inode on anonymous devices had folios added and none inserted: no event shows whether one is a guest_memfd; calls (syscalls:*_ioctl), stack traces of the adds, or a longer recording would; --inode selects one in any case',
    ]);
    const inode = { dev: undefined, ino: 0x4414n as never };
    expect(explain(events, { inode }).moments.map(places)).toEqual(['0 waits on 1?']);
  });

  test('its pages were punched in the batch of another CPU, so that no insertion came: known by the call that made it', () => {
    const events = [
      ...made({ at: 5 }),
      added(page(0), { at: 10, cpu: 1 }),
      deleted(page(0), { at: 20 }),
      added(page(1), { at: 30, cpu: 1 }),
    ];
    expect(explain(events).inodes).toMatchObject([{ kind: 'guest_memfd' }]);
  });

  test('only insertions of folios from before: of which inode they are nobody can say', () => {
    const { inodes, notes } = explain([marker('m', { at: 1 }), inserted(7, { at: 10 }), inserted(8, { at: 11 })]);
    expect(inodes).toEqual([]);
    expect(notes).toEqual([
      '2 folios were inserted as unevictable without an add event: there before the recording (perhaps of a guest_memfd: only an add or a delete would show the inode), or anonymous',
    ]);
  });

  test('one of which no page was inserted: on the device of another guest_memfd', () => {
    const other = { index: 0, pfn: 5, ino: 0x99 };
    const { inodes, moments } = explain([
      ...proof({ at: 1 }),
      added(other, { at: 10, cpu: 1 }),
      marker('m', { at: 20 }),
    ]);
    expect(inodes.map(({ ino, kind }) => [ino, kind])).toEqual([
      [0x4414n, 'guest_memfd'],
      [0x99n, 'guest_memfd'],
    ]);
    expect(moments.map(places)).toEqual(['', '0 waits on 1']);
  });

  test('alone, none inserted, and guest_memfd calls were made', () => {
    const call = [ioctl(SET_MEMORY_ATTRIBUTES2, { at: 20 }), returned(-11, { at: 30 })];
    const { inodes } = explain([added(page(0), { at: 10, cpu: 1 }), ...call]);
    expect(inodes.map(({ kind }) => kind)).toEqual(['guest_memfd']);
  });

  test('two that may be meant: not known', () => {
    const call = [ioctl(SET_MEMORY_ATTRIBUTES2, { at: 20 }), returned(-11, { at: 30 })];
    const other = { index: 0, pfn: 5, ino: 0x99 };
    const { inodes } = explain([added(page(0), { at: 10, cpu: 1 }), added(other, { at: 11 }), ...call]);
    expect(inodes.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
  });

  test('an evictable folio refutes, and so does the device of a driver', () => {
    const onDisk = { index: 0, pfn: 6, ino: 0x77, dev: [254, 0] as const };
    const events = [
      added(page(0), { at: 10 }),
      inserted(1000, { at: 20 }, 2),
      added(onDisk, { at: 30 }),
      inserted(6, { at: 40 }),
    ];
    const { inodes, moments } = explain(events);
    expect(inodes).toMatchObject([
      {
        dev: '254:0',
        ino: 0x77n,
        kind: 'other',
        because: '1 of its folios inserted as unevictable, but it is on the device of a driver',
      },
    ]);
    expect(moments).toEqual([]);
  });

  test('one that is asked for is followed whatever it is', () => {
    const onDisk = { index: 0, pfn: 6, ino: 0x77, dev: [254, 0] as const };
    const events = [added(onDisk, { at: 30, cpu: 1 }), marker('m', { at: 35 }), inserted(6, { at: 40, cpu: 1 }, 2)];
    const inode = { dev: undefined, ino: onDisk.ino };
    const { inodes, moments } = explain(events, { moments: [], inode: { ...inode, ino: BigInt(inode.ino) as never } });
    expect(inodes.map(({ kind }) => kind)).toEqual(['other']);
    expect(moments.map(places)).toEqual(['0 waits on 1', '0 on LRU']);
  });

  test('one that is asked for and not there is said so', () => {
    expect(() => explain(proof({ at: 1 }), { inode: { dev: undefined, ino: 0x5n as never } })).toThrow(
      'no page cache event of inode 0x5 in the recording',
    );
  });
});

describe('moments', () => {
  const events = [marker('a', { at: 1 }), ...proof({ at: 2 }), marker('b', { at: 5, cpu: 1 }), marker('a', { at: 9 })];

  test('by default every marker, and the end', () => {
    const { moments } = explain(events, { moments: [] });
    expect(moments.map(({ at: time, marker: text }) => [time, text])).toEqual([
      [1n, 'a'],
      [5n, 'b'],
      [9n, 'a'],
      [9n, undefined],
    ]);
  });

  test('a marker is the first with that text', () => {
    const { moments } = explain(events, { moments: [{ kind: 'marker', text: 'a' }] });
    expect(moments.map(({ at: time }) => time)).toEqual([1n]);
  });

  test('a marker that is not there is named with those that are', () => {
    expect(() => explain(events, { moments: [{ kind: 'marker', text: 'c' }] })).toThrow(
      "no marker 'c' in the recording; there are 'a', 'b'",
    );
  });

  test('the CPU that would convert: as asked, else as the calls, else as the marker', () => {
    const chosen = (more: readonly KernelEvent[], question: Partial<Question>): string[] =>
      explain([...events, ...more], { moments: [{ kind: 'marker', text: 'b' }], ...question }).moments.map(
        (moment) => `${moment.cpu} ${moment.cpuBecause}`,
      );
    expect(chosen([], {})).toEqual(['1 where the marker was written']);
    expect(chosen([ioctl(SET_MEMORY_ATTRIBUTES2, { at: 20, cpu: 3 })], {})).toEqual([
      '3 where the recorded conversions ran',
    ]);
    expect(chosen([], { cpu: cpu(2) })).toEqual(['2 as asked']);
  });
});

describe('verdicts', () => {
  /** 40 pages on CPU 1, of which the first 31 were flushed. */
  const FORTY: readonly KernelEvent[] = Array.from({ length: 40 }, (_, index) => [
    added(page(index), { at: 10 + 10 * index, cpu: 1 }),
    ...(index === 30 ? Array.from({ length: 31 }, (__, n) => inserted(1000 + n, { at: 315, cpu: 1 })) : []),
  ]).flat();

  test('a batch of another CPU refuses where no drain of all CPUs is made', () => {
    const { moments } = explain(FORTY, { cpu: cpu(0) });
    expect(Object.fromEntries(moments[0]?.verdicts ?? [])).toEqual({
      baseline: { verdict: 'refused', index: 31, spurious: true },
      'local-drain': { verdict: 'refused', index: 31, spurious: true },
      v6: { verdict: 'safe' },
      v8: { verdict: 'safe' },
      'drain-for-folio': { verdict: 'safe' },
    });
    expect(moments[0]?.evidence).toMatchObject({ index: 31, pfn: 1031, cpu: 1, since: 320n, insertion: undefined });
    expect(moments[0]?.evidence?.add).toContain('mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x407 ofs=126976');
  });

  test("the check's own end drains its CPU, so that later folios there pass", () => {
    const { moments } = explain(FORTY, { cpu: cpu(1) });
    expect(moments[0]?.baseline).toEqual({ verdict: 'safe' });
  });

  test('only the folios of the range count', () => {
    const asked = (from: number, to: number) =>
      explain(FORTY, { cpu: cpu(0), range: { from: folioIndex(from), to: folioIndex(to) } }).moments[0]?.baseline;
    expect(asked(0, 31)).toEqual({ verdict: 'safe' });
    expect(asked(35, 36)).toEqual({ verdict: 'refused', index: 35, spurious: true });
  });

  test('a machine of thousands of CPUs is no burden', () => {
    const events = [...proof({ at: 1 }), added(page(0), { at: 10, cpu: 4000 })];
    const { moments } = explain(events, { cpu: cpu(8191) });
    expect(moments[0]?.baseline).toEqual({ verdict: 'refused', index: 0, spurious: true });
    expect(moments[0]?.localDrainByCpu?.get(cpu(4000))).toEqual({ verdict: 'safe' });
  });
});

describe('conversions', () => {
  const waits = [...proof({ at: 1 }), added(page(0), { at: 10, cpu: 1 })];
  const enter = ioctl(SET_MEMORY_ATTRIBUTES2, { at: 20 });

  test('drained by a kworker of the other CPU', () => {
    const kworker = { at: 25, cpu: 1, comm: 'kworker/1:1' };
    const { conversions } = explain([...waits, enter, inserted(1000, kworker), returned(0, { at: 30 })]);
    expect(conversions).toMatchObject([
      { at: 20n, until: 30n, returned: 0, drained: true, batched: [{ index: 0, cpu: 1 }] },
    ]);
  });

  test('of an inode whose pages all went and came again: what waited before that is told as well', () => {
    const { conversions } = explain([
      ...made({ at: 5 }),
      added(page(0), { at: 10, cpu: 1 }),
      enter,
      returned(-11, { at: 30 }),
      deleted(page(0), { at: 40 }),
      added(page(1), { at: 50, cpu: 1 }),
    ]);
    expect(conversions).toMatchObject([{ batched: [{ index: 0, cpu: 1 }], unexplained: false }]);
  });

  test('not drained: what waited elsewhere still waits', () => {
    const { conversions } = explain([...waits, enter, returned(-11, { at: 30 })]);
    expect(conversions).toMatchObject([{ returned: -11, drained: false }]);
  });

  test('not known: flushed by a task that filled the batch, nothing that waited, or events lost', () => {
    const flushed = inserted(1000, { at: 25, cpu: 1, comm: 'vcpu1' });
    const exit = returned(-11, { at: 30 });
    const drained = (events: readonly KernelEvent[]) => explain(events).conversions.map((call) => call.drained);
    expect(drained([...waits, enter, flushed, exit])).toEqual([undefined]);
    expect(drained([...proof({ at: 1 }), enter, exit])).toEqual([undefined]);
    expect(drained([...waits, enter, lost(1, 25), exit])).toEqual([undefined]);
  });

  test('calls of several tasks at once are told apart, and one that the recording cuts off has no result', () => {
    const events = [
      ...waits,
      ioctl(SET_MEMORY_ATTRIBUTES2, { at: 20, pid: 1 }),
      ioctl(SET_MEMORY_ATTRIBUTES2, { at: 21, pid: 2, cpu: 2 }),
      ioctl(SET_MEMORY_ATTRIBUTES2, { at: 22, pid: 3 }),
      returned(-11, { at: 30, pid: 2, cpu: 3 }),
      returned(0, { at: 31, pid: 1 }),
    ];
    expect(explain(events).conversions.map(({ pid, cpu: on, returned: value }) => [pid, on, value])).toEqual([
      [1, 0, 0],
      [2, 2, -11],
      [3, 0, undefined],
    ]);
  });

  test('other ioctls are none', () => {
    expect(explain([...waits, ioctl(0xae01n, { at: 20 }), returned(7, { at: 21 })]).conversions).toEqual([]);
  });
});

describe('the kernel profile', () => {
  const bursts = (length: number, count: number): KernelEvent[] =>
    Array.from({ length: count }, (_, burst) =>
      Array.from({ length }, (__, n) => inserted(50_000 + n, { at: burst * 1_000_000 + n, cpu: 1 }, 2)),
    ).flat();

  test('one burst of 31 shows a batch of 31', () => {
    const { profile } = explain(bursts(31, 1));
    expect(profile.profile.batchSize).toBe(31);
    expect(profile.because).toMatch(
      /^inferred from one burst of exactly 31 insertions; the recording cannot distinguish it from /,
    );
  });

  test('many bursts of 15 show a batch of 15', () => {
    expect(explain(bursts(15, 3)).profile.profile.batchSize).toBe(15);
  });

  test('without such bursts it is assumed', () => {
    expect(explain(bursts(7, 9)).profile.because).toBe(
      'assumed: the recording does not show how many folios fill a batch',
    );
  });
});

test('a folio whose delete was not seen gives its index to the next, and the inode is the same', () => {
  const events = [
    ...made({ at: 2 }),
    added({ index: 0, pfn: 1 }, { at: 10 }),
    added({ index: 0, pfn: 2 }, { at: 20 }),
    added({ index: 5, pfn: 2 }, { at: 30 }),
    added({ index: 0, pfn: 3 }, { at: 40 }),
    inserted(3, { at: 50 }),
  ];
  const explainer = new Explainer({ moments: [{ kind: 'end' }], patches: [] });
  explainer.events(settled(events));
  const { inodes, moments } = explainer.answer(summaryOf(events));
  expect(inodes).toMatchObject([{ kind: 'guest_memfd' }]);
  expect(moments[0]?.folios).toMatchObject([
    { index: 0, pfn: 3 },
    { index: 5, pfn: 2 },
  ]);
  expect(moments[0]?.lives).toEqual([
    { number: 3, since: 40n },
    { number: 1, since: 30n },
  ]);
});
