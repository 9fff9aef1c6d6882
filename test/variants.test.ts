// SPDX-License-Identifier: MIT
// The kinds of recordings that nobody prepared, each on several CPUs, in several orders, and as each recorder writes it: what is said
// is what the story behind it makes true, or that it is not known.
import { describe, expect, test } from 'vitest';
import { codeOf } from '../src/cli/explain-code.ts';
import { type Explanation, explainTrace, type Question } from '../src/explain/index.ts';
import { cpu, folioIndex, type KernelEvent, nanoseconds } from '../src/ledger/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { explanationToText } from '../src/report/index.ts';
import { memorySource, traceText } from '../src/trace/index.ts';
import {
  added,
  deleted,
  executed,
  inserted,
  ioctl,
  lost,
  made as born,
  marker,
  pageReference,
  queued,
  returned,
} from './support/kernel-events.ts';
import { SPELLINGS } from './support/spellings.ts';

const SET = 0xc080aed2n;
const EAGAIN = -11;
/** Microseconds after the beginning, as nanoseconds: texts round to microseconds. */
const us = (time: number): number => 5_000_000_000 + time * 1000;

/** Who does what where. */
interface Cast {
  /** The CPU that converts, and one whose batch holds folios. */
  readonly here: number;
  readonly there: number;
  /** Page frames, of which the order is not that of the indexes. */
  readonly frame: (index: number) => number;
  /** How many folios. */
  readonly folios: number;
}

/** A story: events, and what is true of it. */
interface Kind {
  readonly name: string;
  /** Spellings in which it cannot be told: with works, or without stamps of their own. */
  readonly not?: readonly string[];
  readonly events: (cast: Cast) => readonly KernelEvent[];
  readonly check: (ask: (question?: Partial<Question>) => Promise<Answer>, cast: Cast) => Promise<void>;
}

interface Answer {
  readonly explanation: Explanation;
  readonly code: number;
  readonly text: string;
  /** What is said of the last refused call. */
  readonly causes: readonly string[];
}

const at = (time: number): Partial<Question> => ({ moments: [{ kind: 'time', at: nanoseconds(BigInt(us(time))) }] });
const first = { range: { from: folioIndex(0), to: folioIndex(1) } };
const verdictOf = ({ explanation }: Answer): string | undefined => explanation.moments.at(-1)?.baseline.verdict;

/** Which events were recorded shows in one of each kind, of another file. */
const noise = (here: number): readonly KernelEvent[] => {
  const page = { index: 0, pfn: 3, dev: [8, 1], ino: 2 } as const;
  const where = { at: us(1), cpu: here, pid: 60, comm: 'sh' };
  return [added(page, where), inserted(3, where, 2), deleted(page, where)];
};
const guest = { pid: 100, comm: 'vmm' };
const birth = (on: number): readonly KernelEvent[] => born({ at: us(3), cpu: on, ...guest });
const indexes = ({ folios }: Cast): readonly number[] => Array.from({ length: folios }, (_, index) => index);
const adds = (cast: Cast, from: number): readonly KernelEvent[] =>
  indexes(cast).map((index) =>
    added({ index, pfn: cast.frame(index) }, { at: us(from + 2 * index), cpu: cast.there, ...guest }),
  );
const worker = (on: number) => ({ cpu: on, pid: 40 + on, comm: `kworker/${on}:1` });
const inserts = (cast: Cast, from: number, step = 1): readonly KernelEvent[] =>
  indexes(cast).map((index) => inserted(cast.frame(index), { at: us(from + step * index), ...worker(cast.there) }));
/** Something that no flush tells, on the other CPU. */
const elsewhere = (cast: Cast, time: number): KernelEvent =>
  marker('elsewhere', { at: us(time), ...worker(cast.there) });
const call = (cast: Cast, from: number, until: number, value: number): readonly KernelEvent[] => [
  ioctl(SET, { at: us(from), cpu: cast.here, pid: 7, comm: 'convert' }),
  returned(value, { at: us(until), cpu: cast.here, pid: 7, comm: 'convert' }),
];
const end = ({ here }: Cast): KernelEvent => marker('end', { at: us(100_000), cpu: here, pid: 60, comm: 'sh' });
const sorted = (events: readonly KernelEvent[]): readonly KernelEvent[] =>
  events.toSorted((a, b) => Number(a.at ?? 0n) - Number(b.at ?? 0n));

const KINDS: readonly Kind[] = [
  {
    name: '1: a flush in progress',
    events: (cast) => [
      ...noise(cast.here),
      ...birth(cast.there),
      ...adds(cast, 10),
      ...inserts(cast, 1000, 10),
      end(cast),
    ],
    check: async (ask, cast) => {
      expect(verdictOf(await ask({ ...at(900), ...first }))).toBe('refused');
      // The batch gives nothing back before its last folio.
      expect(verdictOf(await ask({ ...at(1005), ...first }))).toBe('refused');
      const last = 1000 + 10 * (cast.folios - 1);
      expect(verdictOf(await ask({ ...at(last + 5), ...first }))).toBe('undecided');
      expect(verdictOf(await ask({ ...at(last + 600), ...first }))).toBe('safe');
    },
  },
  {
    name: '1: a call during a flush',
    events: (cast) =>
      sorted([
        ...noise(cast.here),
        ...birth(cast.there),
        ...adds(cast, 10),
        ...inserts(cast, 1000, 10),
        ...call(cast, 1001, 1004, EAGAIN),
        end(cast),
      ]),
    check: async (ask) => {
      const { causes, code } = await ask({ moments: [] });
      expect(causes).toContain('flush in progress');
      expect(code).toBe(1);
    },
  },
  {
    name: '2: back in a batch',
    events: (cast) => [
      ...noise(cast.here),
      ...birth(cast.there),
      ...adds(cast, 10),
      ...inserts(cast, 100),
      elsewhere(cast, 200),
      ...inserts(cast, 3000),
      elsewhere(cast, 3100),
      end(cast),
    ],
    check: async (ask, cast) => {
      expect(verdictOf(await ask({ ...at(2000) }))).toBe('undecided');
      expect((await ask({ ...at(2000) })).code).toBe(2);
      const after = await ask({ ...at(3200) });
      expect(verdictOf(after)).toBe('safe');
      expect(after.text).toContain(`${cast.folios === 1 ? '1 folio' : `${cast.folios} folios`} of 0:16:0x4414`);
      expect(after.text).toContain('inserted a second time');
    },
  },
  {
    name: '2: a call that met it there',
    events: (cast) =>
      sorted([
        ...noise(cast.here),
        ...birth(cast.there),
        ...adds(cast, 10),
        ...inserts(cast, 100),
        elsewhere(cast, 200),
        ...call(cast, 2000, 2100, EAGAIN),
        ...inserts(cast, 3000),
        elsewhere(cast, 3100),
        end(cast),
      ]),
    check: async (ask, cast) => {
      const { causes, explanation } = await ask({ moments: [] });
      expect(causes).toContain('put back');
      expect(explanation.conversions[0]?.causes.find(({ how }) => how === 'put back')?.batched.length).toBe(
        cast.folios,
      );
    },
  },
  {
    name: '3: a form that drains refuses without',
    events: (cast) => {
      const pinned = { ...cast, frame: (index: number) => cast.frame(index) + 0x4000 };
      return sorted([
        ...noise(cast.here),
        ...birth(cast.there),
        ...adds(cast, 10),
        // The first call has the other CPU's worker empty its batch.
        ...call(cast, 1000, 1200, 0),
        queued('ffff88800f066fc0', cast.there, { at: us(1010), cpu: cast.here, pid: 7, comm: 'convert' }),
        ...executed('ffff88800f066fc0', cast.there, us(1020), us(1100)),
        ...inserts(cast, 1030),
        ...indexes(cast).map((index) =>
          added({ index: index + 100, pfn: pinned.frame(index) }, { at: us(2000 + index), cpu: cast.there, ...guest }),
        ),
        ...call(cast, 3000, 3100, EAGAIN),
        ...inserts(pinned, 4000),
        elsewhere(cast, 4200),
        end(cast),
      ]);
    },
    check: async (ask) => {
      const { explanation, causes, text } = await ask({ moments: [] });
      expect(explanation.form?.forms).toEqual(['drain-for-folio']);
      expect(causes).toEqual(['pinned or mapped']);
      expect(text).toContain('this kernel runs drain-for-folio');
    },
  },
  {
    name: '3: a form that never drains',
    events: (cast) =>
      sorted([
        ...noise(cast.here),
        ...birth(cast.there),
        ...adds(cast, 10),
        ...call(cast, 1000, 1100, EAGAIN),
        ...inserts(cast, 2000),
        elsewhere(cast, 2200),
        ...call(cast, 3000, 3100, 0),
        end(cast),
      ]),
    check: async (ask, cast) => {
      const { explanation, causes } = await ask({ moments: [] });
      expect(explanation.form?.forms).toEqual(['baseline', 'local-drain', 'drain-for-folio']);
      expect(causes[0]).toBe('waited');
      expect(explanation.conversions[0]?.causes[0]?.batched.map((folio) => folio.cpu)).toEqual(
        indexes(cast).map(() => cast.there),
      );
    },
  },
  {
    name: '4: adds were not recorded',
    events: (cast) =>
      sorted([
        ...noise(cast.here).slice(1),
        ...birth(cast.there),
        ...call(cast, 1000, 1100, EAGAIN),
        ...inserts(cast, 2000),
        end(cast),
      ]),
    check: async (ask) => {
      const { causes, code, text } = await ask({ moments: [] });
      expect(causes).toEqual(['no add seen', 'not recorded']);
      expect(code).not.toBe(0);
      expect(text).toContain('mm_filemap_add_to_page_cache');
    },
  },
  {
    name: '4: deletes were not recorded',
    events: (cast) => [
      ...noise(cast.here).slice(0, 2),
      ...birth(cast.there),
      ...adds(cast, 10),
      elsewhere(cast, 500),
      end(cast),
    ],
    check: async (ask) => {
      const answer = await ask(at(1000));
      expect([verdictOf(answer), answer.code]).toEqual(['undecided', 2]);
      expect(answer.text).toContain('record filemap:mm_filemap_delete_from_page_cache');
    },
  },
  {
    name: '4: insertions were not recorded',
    events: (cast) => [
      ...noise(cast.here).filter(({ type }) => type !== 'mm_lru_insertion'),
      ...birth(cast.there),
      ...adds(cast, 10),
      elsewhere(cast, 500),
      end(cast),
    ],
    check: async (ask) => {
      const answer = await ask(at(1000));
      expect([verdictOf(answer), answer.code]).toEqual(['undecided', 2]);
    },
  },
  {
    name: '4: no event of a call, and no insertion of a folio',
    events: (cast) => [...noise(cast.here), ...adds(cast, 10), elsewhere(cast, 500), end(cast)],
    check: async (ask) => {
      const answer = await ask(at(1000));
      expect(answer.code).toBe(2);
      expect(answer.text).toContain('0:16:0x4414');
      expect(answer.text).toContain('--inode');
    },
  },
  {
    name: '5: begun late',
    events: (cast) => [
      ...noise(cast.here),
      ...inserts(cast, 2000),
      elsewhere(cast, 2100),
      ...indexes(cast).map((index) =>
        deleted({ index, pfn: cast.frame(index) }, { at: us(4000 + index), cpu: cast.here, ...guest }),
      ),
      end(cast),
    ],
    check: async (ask, cast) => {
      const before = await ask(at(1000));
      expect(before.explanation.inodes.map(({ dev, ino, kind }) => [dev, ino, kind])).toEqual([
        ['0:16', 0x4414n, 'guest_memfd'],
      ]);
      expect([verdictOf(before), before.code]).toEqual(['undecided', 2]);
      expect(before.explanation.moments[0]?.count).toBe(cast.folios);
    },
  },
  {
    name: '5: two machines, one of them older',
    events: (cast) =>
      sorted([
        ...noise(cast.here),
        ...born({ at: us(3), cpu: cast.here, pid: 900, comm: 'other' }),
        ...adds(cast, 10),
        ...inserts(cast, 100),
        elsewhere(cast, 200),
        end(cast),
      ]),
    check: async (ask) => {
      // The first task's call is not the second task's inode: folios may wait on the CPU that has not flushed since.
      const answer = await ask(at(1000));
      expect(answer.explanation.inodes[0]?.created).toBeUndefined();
      expect(answer.text).toContain("folios added by 'vmm' (pid 100)");
      expect(answer.explanation.moments[0]?.isOlder).toBe(true);
    },
  },
  {
    name: '6: text in the wild',
    events: (cast) => [
      ...noise(cast.here),
      ...birth(cast.there),
      ...adds(cast, 10),
      elsewhere(cast, 500),
      ...inserts(cast, 1000),
      elsewhere(cast, 1200),
      ...indexes(cast).map((index) =>
        deleted({ index, pfn: cast.frame(index) }, { at: us(4000 + index), cpu: cast.here, ...guest }),
      ),
      end(cast),
    ],
    check: async (ask, cast) => {
      const waits = await ask(at(700));
      expect(verdictOf(waits)).toBe('refused');
      expect(waits.explanation.trace.lost).toEqual([]);
      expect(
        waits.explanation.moments[0]?.folios.map(({ index, pfn, holders }) => [index, pfn, holders[1]?.cpu]),
      ).toEqual(indexes(cast).map((index) => [index, cast.frame(index), cast.there]));
      expect(verdictOf(await ask(at(1300)))).toBe('safe');
      expect((await ask(at(5000))).explanation.moments[0]?.count).toBe(0);
    },
  },
  {
    name: '8: lost events of the CPU whose batch it was',
    // A loss has no line of its own in these.
    not: ["dump in the kernel's log", 'perf script'],
    events: (cast) => [
      ...noise(cast.here),
      ...birth(cast.there),
      ...adds(cast, 10),
      lost(cast.there, us(2000)),
      elsewhere(cast, 2000),
      end(cast),
    ],
    check: async (ask, cast) => {
      expect(verdictOf(await ask(at(900)))).not.toBe('safe');
      const after = await ask(at(3000));
      expect([verdictOf(after), after.code]).toEqual(['undecided', 2]);
      // They may be gone, and their frames be others': no count of them is derived.
      expect(after.explanation.moments[0]?.folios.map(({ strength }) => strength)).toEqual(
        indexes(cast).map(() => 'unknown'),
      );
      expect(after.text).toContain(`CPU ${cast.there} before`);
    },
  },
  {
    name: '8: an add among what was lost',
    not: ["dump in the kernel's log", 'perf script'],
    events: (cast) =>
      sorted([
        ...noise(cast.here),
        ...birth(cast.there),
        lost(cast.there, us(900)),
        elsewhere(cast, 900),
        ...call(cast, 1000, 1100, EAGAIN),
        ...inserts(cast, 2000),
        elsewhere(cast, 2100),
        end(cast),
      ]),
    check: async (ask) => {
      const { causes, code, text } = await ask({ moments: [] });
      expect(causes).toEqual(['no add seen', 'not recorded']);
      expect(text).toContain('their adds were lost, or came before the recording');
      expect(code).not.toBe(0);
    },
  },
];

const CASTS: readonly Cast[] = [
  { here: 0, there: 1, frame: (index) => 0x1000 + index, folios: 4 },
  { here: 1, there: 0, frame: (index) => 0x2000 - index, folios: 4 },
  { here: 2, there: 7, frame: (index) => 0x10_0000 + 3 * index, folios: 9 },
  { here: 63, there: 5, frame: (index) => 0x3000 + (index ^ 5), folios: 8 },
  { here: 0, there: 3, frame: (index) => 0x1_0000_0000 + index, folios: 2 },
  { here: 4, there: 2, frame: (index) => 0x7000 - 7 * index, folios: 30 },
];

/** Stamps of a clock that counts, so many microseconds a tick; in the order of the stamps, of one stamp CPU by CPU. */
function counted(events: readonly KernelEvent[], tick: bigint): string {
  const stampOf = (event: KernelEvent): bigint => (event.at ?? 0n) / 1000n / tick;
  const inOrder = events.toSorted((a, b) => Number(stampOf(a) - stampOf(b)) || a.cpu - b.cpu);
  const lines = [...traceText(inOrder, 64)].join('').split('\n');
  let place = 0;
  return lines
    .map((line) => {
      if (line.startsWith('#') || line === '') return line;
      const event = inOrder[place++];
      return event === undefined ? line : line.replace(/ +\d+\.\d{6}: /, ` ${String(stampOf(event)).padStart(12)}: `);
    })
    .join('\n');
}

describe('7: clocks that count', () => {
  // HZ of 500, 300, 250 and 100.
  const TICKS = [2000n, 3333n, 4000n, 10_000n] as const;
  const cases = CASTS.flatMap((cast) => TICKS.map((tick) => ({ ...cast, tick })));
  const story = (cast: Cast, tick: bigint): readonly KernelEvent[] => {
    const start = Number(tick) * 100;
    const moved = (events: readonly KernelEvent[]): readonly KernelEvent[] =>
      events.map((event) => ({ ...event, at: nanoseconds((event.at ?? 0n) + BigInt(start) * 1000n) }));
    return [
      ...noise(cast.here),
      ...birth(cast.there),
      ...moved(adds(cast, 10)),
      // Of the other CPU, in the tick in which the folios were added.
      marker('same tick', { at: us(start + 1500), cpu: cast.here, pid: 60, comm: 'sh' }),
      marker('ticks later', { at: us(start + 5 * Number(tick)), cpu: cast.here, pid: 60, comm: 'sh' }),
      ...moved(inserts(cast, 10 * Number(tick))),
      elsewhere(cast, start + 11 * Number(tick)),
      marker('over', { at: us(start + 30 * Number(tick)), cpu: cast.here, pid: 60, comm: 'sh' }),
    ];
  };
  test.each(cases)('CPUs $here and $there, a tick of $tick us', async ({ tick, ...cast }) => {
    const bytes = new TextEncoder().encode(counted(story(cast, tick), tick));
    const ask = (text: string) => answerOf(bytes, { moments: [{ kind: 'marker', text }] });
    // Which came first in a tick does not show.
    expect(verdictOf(await ask('same tick'))).toBe('undecided');
    expect(verdictOf(await ask('ticks later'))).toBe('refused');
    const later = await ask('over');
    expect(verdictOf(later)).toBe('safe');
    expect(later.text).not.toMatch(/\d (?:us|ms|ns)\b/);
    // `--at` takes a stamp as it is printed.
    const stamp = later.explanation.moments[0]?.at ?? nanoseconds(0n);
    const asked = await answerOf(bytes, {
      moments: [{ kind: 'time', at: nanoseconds(stamp * 1_000_000_000n), count: stamp }],
    });
    expect(asked.explanation.moments[0]?.verdicts).toEqual(later.explanation.moments[0]?.verdicts);
  });
});

describe('9: many folios, many moments', () => {
  const SIZES = [
    [300, 30, 1],
    [300, 60, 31],
    [700, 20, 7],
    [64, 128, 2],
  ] as const;
  const SHAPES = ['behind', 'between', 'a reference alive', 'events lost', 'put back'] as const;
  const cases = SIZES.flatMap(([folios, moments, step]) => SHAPES.map((shape) => ({ folios, moments, step, shape })));
  test.each(cases)('$folios folios, $moments moments $shape', async ({ folios, moments, step, shape }) => {
    const cast: Cast = { here: 0, there: 1, frame: (index) => 0x1000 + ((index * step) % 8192), folios };
    const told: KernelEvent[] = [...noise(0), ...birth(1)];
    const marks: KernelEvent[] = [];
    let now = 10;
    const mark = (): void => {
      now += 700;
      const one = marker(`m${marks.length}`, { at: us(now), cpu: 0, pid: 60, comm: 'sh' });
      marks.push(one);
      told.push(one);
    };
    for (const index of indexes(cast)) {
      now += 2;
      told.push(added({ index, pfn: cast.frame(index) }, { at: us(now), cpu: 1, ...guest }));
      if (shape === 'a reference alive' && index === 5)
        told.push(
          pageReference(
            { operation: 'mod', pfn: cast.frame(1), value: 1, count: 3 },
            { at: us(now), cpu: 1, ...guest },
          ),
        );
      if (shape === 'events lost' && index === 40) told.push(lost(1, us(now)));
      if (shape !== 'behind' && index % Math.ceil(folios / moments) === 0) mark();
      if (index % 31 !== 30) continue;
      for (let one = index - 30; one <= index; one++)
        told.push(inserted(cast.frame(one), { at: us(++now), cpu: 1, ...guest }));
      if (shape === 'put back' && index === 61)
        told.push(elsewhere(cast, ++now), inserted(cast.frame(3), { at: us(++now), ...worker(1) }));
    }
    while (marks.length < moments) mark();
    const bytes = SPELLINGS['tracefs trace']?.(told) ?? new Uint8Array();
    const { explanation } = await answerOf(bytes, { moments: [{ kind: 'every-marker' }], cpu: cpu(0) });
    expect(explanation.moments.length).toBeGreaterThanOrEqual(marks.length);
    // Each as if it were the only one; and as a look at every folio has it.
    for (const [place, moment] of explanation.moments.entries()) {
      if (place % Math.ceil(marks.length / 6) !== 0) continue;
      const alone = await answerOf(bytes, { moments: [{ kind: 'time', at: moment.at }], cpu: cpu(0) });
      const [other] = alone.explanation.moments;
      expect([moment.count, moment.staleCount, moment.notable, moment.unsettled]).toEqual([
        other?.count,
        other?.staleCount,
        other?.notable,
        other?.unsettled,
      ]);
      expect([moment.verdicts, moment.baseline, moment.lowerIndex]).toEqual([
        other?.verdicts,
        other?.baseline,
        other?.lowerIndex,
      ]);
      expect(moment.count).toBe(moment.folios.length);
    }
  });
});

async function answerOf(bytes: Uint8Array, question: Partial<Question>): Promise<Answer> {
  const explanation = await explainTrace(memorySource('recording', bytes), {
    moments: [],
    patches: PATCHES,
    ...question,
  });
  return {
    explanation,
    code: codeOf(explanation, { any: false, calls: question.moments?.length === 0 }),
    text: explanationToText(explanation, { file: 'recording', options: [] }).replaceAll(/\n +/g, ' '),
    causes:
      explanation.conversions.findLast(({ returned: value }) => value === EAGAIN)?.causes.map(({ how }) => how) ?? [],
  };
}

describe.each(KINDS)('$name', ({ events, check, not = [] }) => {
  const [cast] = CASTS;
  const spellings = Object.entries(SPELLINGS).filter(([name]) => !not.includes(name));
  test.each(spellings)('%s', async (_, spell) => {
    if (cast === undefined) throw new Error('nobody plays');
    const bytes = spell(events(cast));
    await expect(check((question) => answerOf(bytes, question ?? {}), cast)).resolves.toBeUndefined();
  });
  test.each(CASTS.slice(1))('CPUs $here and $there, $folios folios', async (other) => {
    const spell = SPELLINGS['tracefs trace'];
    const bytes = spell?.(events(other)) ?? new Uint8Array();
    await expect(check((question) => answerOf(bytes, question ?? {}), other)).resolves.toBeUndefined();
  });
});
