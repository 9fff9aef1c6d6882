// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import {
  added,
  inserted,
  ioctl,
  lost,
  made,
  marker,
  returned,
  settled,
  summaryOf,
} from '../../test/support/kernel-events.ts';
import { Explainer } from '../explain/explainer.ts';
import { type Explanation, explainTrace, type Question } from '../explain/index.ts';
import { cpu, folioIndex, type KernelEvent } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { memorySource, Redactor } from '../trace/index.ts';
import { explanationToJson } from './explain-json.ts';
import { explanationToText } from './explain-text.ts';
import { MAIL_COLUMNS } from './wrap.ts';

const ALL: Question = { moments: [], patches: PATCHES };

const explain = (file: string, question: Question = ALL): Promise<Explanation> =>
  explainTrace(memorySource(file, readFileSync(file)), question);

function explainEvents(events: readonly KernelEvent[], question: Question = ALL): Explanation {
  const explainer = new Explainer(question);
  explainer.events(settled(events));
  return explainer.answer(summaryOf(events));
}

const LOSSY = [
  added({ index: 0, pfn: 1 }, { at: 1 }),
  inserted(1, { at: 2 }),
  added({ index: 1, pfn: 2 }, { at: 3, cpu: 1 }),
  lost(1, 9),
  marker('lossy \u001b[31m', { at: 9, cpu: 1 }),
  lost(0, undefined),
];

const RECORDINGS = [
  'examples/two-cpu.dat',
  'test/recordings/punch.txt',
  'test/recordings/random-1.dat',
  'test/lab/s2_othercpu.baseline.txt',
  'test/lab/s4_vmsplice.v8.txt',
  'test/lab/s10_errors.baseline.txt',
  'test/recordings/gmem_drain.txt',
  'test/recordings/s14_fifo.v8.txt',
  'test/recordings/s4_vmsplice.v8.pageref.txt',
];

describe('JSON', () => {
  const schema: unknown = JSON.parse(readFileSync('schema/explain.schema.json', 'utf8'));
  const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema as object);

  test.each(RECORDINGS)('of %s keeps its schema', async (file) => {
    const document: unknown = JSON.parse(explanationToJson(await explain(file)));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('of a lossy recording, and of a question about a part, keeps its schema', async () => {
    const part = {
      ...ALL,
      range: { from: folioIndex(0), to: folioIndex(9) },
      cpu: cpu(3),
      patches: PATCHES.slice(0, 1),
    };
    for (const explanation of [explainEvents(LOSSY), await explain('examples/two-cpu.txt', part)]) {
      validate(JSON.parse(explanationToJson(explanation)));
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  test('and text have names from the recording without what a terminal would obey', () => {
    const explanation = { ...explainEvents(LOSSY), notes: ["buffer '\u001B[31mred' is not in the file's index"] };
    const text = explanationToText(explanation, { file: 'trace.dat', options: [] });
    expect(text).toContain("buffer '?[31mred'");
    expect(text).not.toContain('\u001B');
  });

  test('of a damaged recording says where, and keeps its schema', () => {
    const { trace, ...rest } = explainEvents(LOSSY);
    const damage = ['byte 12: a page of 0 bytes, expected 4096'];
    const document: unknown = JSON.parse(explanationToJson({ ...rest, trace: { ...trace, damage } }));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(document).toHaveProperty('trace.damage', damage);
  });

  test('has the keys of the contract in its order', async () => {
    const document = JSON.parse(explanationToJson(await explain('examples/two-cpu.dat'))) as {
      moments: { conversion: object; folios: { holders: object[] }[] }[];
    };
    expect(Object.keys(document).slice(0, 5)).toEqual(['schema', 'trace', 'inodes', 'moments', 'conversions']);
    const faulted = document.moments[2];
    expect(Object.keys(faulted ?? {}).slice(0, 6)).toEqual(['at', 'marker', 'dev', 'ino', 'folios', 'conversion']);
    expect(Object.keys(faulted?.conversion ?? {})).toEqual([...PATCHES.map(({ name }) => name), 'local-drain-by-cpu']);
    expect(Object.keys(faulted?.folios[0] ?? {})).toEqual([
      'index',
      'pfn',
      'order',
      'strength',
      'holders',
      'since',
      'generation',
    ]);
    expect(faulted?.folios.at(-1)?.holders[1]).toEqual({
      kind: 'lru-add-batch',
      cpu: 1,
      references: 1,
      since: '2571.890985897',
    });
  });
});

describe('text', () => {
  const text = (explanation: Explanation, file: string, options: readonly string[] = []): string =>
    explanationToText(explanation, { file, options });

  test.each(RECORDINGS)('of %s is mailable', async (file) => {
    const lines = text(await explain(file), file).split('\n');
    expect(lines.filter((line) => line.length > MAIL_COLUMNS || /[^\x20-\x7e]/.test(line))).toEqual([]);
  });

  test('says of a refusal what it rests on where no insertion shows that a folio still waited', () => {
    const events = [
      ...made({ at: 2 }),
      added({ index: 0, pfn: 7 }, { at: 10, cpu: 1 }),
      ioctl(0xc080aed2n, { at: 20 }),
      returned(-11, { at: 30 }),
    ];
    const told = text(explainEvents(events), 'x.txt').replaceAll(/\n +/g, ' ');
    expect(told).toContain(
      'why, if its range had one of them and it was not flushed before, which no event here would show: index 0 of',
    );
    expect(told).toContain('in batches then, if none was flushed before, CPU 1: 1 of');
  });

  test('says in its first lines why a conversion was refused', async () => {
    const lines = text(await explain('test/lab/s2_othercpu.baseline.txt'), 'x.txt')
      .split('\n')
      .slice(0, 10)
      .join('\n');
    expect(lines).toMatchInlineSnapshot(`
      "refused: 4 of 5 recorded conversions returned -EAGAIN, the last one at
        9.206008000 (CPU 0, pid 1, fd 10)
        why, if its range had one of them: 8 folios of 0:15:0x1b62 waited in CPU
          1's lru_add batch, the first (index 0) for 63.8 ms; a batch holds a
          reference to each folio until it is flushed, used or not
        v6, v8 and drain-for-folio drain all CPUs, and would pass if nothing else
          held its pages; without such a drain, a retry passes only once those
          CPUs have flushed their batches
        or: by another that no event recorded here shows: a pin, an mlock batch,
          a fault in flight or its mapping, a walker, an isolation and its"
    `);
  });

  test('names who holds a page, where page_ref events show it', async () => {
    const question = { ...ALL, moments: [{ kind: 'marker', text: 'phase unpin' } as const] };
    const explanation = await explain('test/recordings/s4_vmsplice.v8.pageref.txt', question);
    expect(text(explanation, 'x.txt').split('\n').slice(0, 10).join('\n')).toMatchInlineSnapshot(`
      "refused: 3 of 7 recorded conversions returned -EAGAIN, the last one at
        203.991047000 (CPU 0, pid 1, fd 10)
        why: held then by 1 gup ('conv'): 0:15:0x3b6d (5); no drain helps against
          that: every form of the check refuses a range with such a page
      refused by every form of the check: a conversion of 0:15:0x3b6d to private
        on CPU 0 at 'phase unpin': index 5 is held by 1 gup ('conv')

      why: 0:15:0x3b6d index 5 (pfn 0x671c) at 203.991581000 'phase unpin' is
        held by 1 gup ('conv')
        references: expected 2 (page cache 1, the check 1), proved 3: 1"
    `);
  });

  describe('of a recording that ends when the last call was refused', () => {
    /** The headline of what was recorded up to the line that holds `words`, as one line. */
    const headlineUpTo = async (words: string, file: string, question: Question = ALL): Promise<string> => {
      const lines = readFileSync(file, 'utf8').split('\n');
      const kept = lines.slice(0, lines.findIndex((line) => line.includes(words)) + 1).join('\n');
      const explanation = await explainTrace(memorySource('cut.txt', new TextEncoder().encode(`${kept}\n`)), question);
      return (text(explanation, 'cut.txt').split('\n\n')[0] ?? '').replaceAll(/\s+/g, ' ');
    };

    test('a pin in the range: no form is said to pass, and both holders are named', async () => {
      const said = await headlineUpTo(
        'phase converted pinned_retry',
        'test/recordings/s4_vmsplice.baseline.pageref.txt',
      );
      expect(said).toContain("why: 8 folios of 0:15:0x3aeb waited in CPU 1's lru_add batch");
      expect(said).toContain("held then by 1 gup ('conv'): 0:15:0x3aeb (5); no drain helps against that");
      expect(said).toContain('v6, v8 and drain-for-folio help against the batches only');
      expect(said).toContain("v6, v8, drain-for-folio: refused at 5, which is held by 1 gup ('conv')");
      expect(said).not.toMatch(/\bpass/);
    });

    test('a holder of which the headline speaks has no name where names are taken out', async () => {
      const file = 'test/recordings/s4_vmsplice.baseline.pageref.txt';
      const said = await headlineUpTo('phase converted pinned_retry', file, { ...ALL, redactor: new Redactor() });
      expect(said).toMatch(/held then by 1 gup \('task\d+'\): 0:15:0x3aeb \(5\)/);
      expect(said).not.toContain("'conv'");
    });

    test('a pin outside of what its check looked at is not held against it', async () => {
      const said = await headlineUpTo('phase converted pinned_0_5', 'test/recordings/s4_vmsplice.baseline.pageref.txt');
      expect(said).toContain("why: 5 folios of 0:15:0x3aeb waited in CPU 1's lru_add batch");
      expect(said).toContain(
        'v6, v8 and drain-for-folio drain all CPUs, and would pass if nothing else held its pages',
      );
      expect(said).not.toContain('held then by');
    });

    test('where a pin would not be seen nor the range, both stay conditions', async () => {
      const said = await headlineUpTo('phase converted pinned_retry', 'test/lab/s4_vmsplice.baseline.txt');
      expect(said).toContain(
        'why, if its range had one of them and it was not flushed before, which no event here would show: 8 folios',
      );
      expect(said).toContain('would pass if nothing else held its pages');
      expect(said).toContain('it would pass with v6, v8, drain-for-folio if nothing else holds the page');
    });
  });

  test('says what drains cost, and whom', async () => {
    const lines = text(await explain('test/recordings/s14_fifo.v8.txt'), 'x.txt');
    expect(lines.slice(lines.indexOf('drain rounds'), lines.indexOf('\n\nnot known'))).toMatchInlineSnapshot(`
      "drain rounds (lru_add_drain_all): 1 queued work, 361 ms together (inside
        conversions 361 ms), p50 361 ms, max 361 ms
        CPU 1: 1 work; delay until it ran p50 361 ms, max 361 ms; run time p50
          106 us, max 106 us
        187.027731000: asked by 'conv' (pid 1) on CPU 0, inside the conversion of
          187.018646000; work on CPU 1; took 361 ms
          CPU 1, 361 ms until it ran, ran 106 us, 8 folios inserted
        rounds that found nothing to drain on any CPU queued no work, and are not
          counted"
    `);
  });

  test('of the example, whole', async () => {
    const explanation = await explain('examples/two-cpu.dat', {
      ...ALL,
      moments: [{ kind: 'marker', text: 'phase faulted' }],
    });
    const options = ['--at', 'marker:phase faulted'];
    expect(text(explanation, 'examples/two-cpu.dat', options)).toMatchInlineSnapshot(`
      "refused without a drain: a conversion of 0:16:0x2a05b to private on CPU 0
        at 'phase faulted': index 93 waits in CPU 1's lru_add batch, for 52.8 us;
        it would pass with v6, v8, drain-for-folio if nothing else holds the
        page; those forms of the check drain all CPUs' batches before they refuse

      why: 0:16:0x2a05b index 93 (pfn 0x234f52) at 2571.891032455 'phase faulted'
        waits in the lru_add batch of CPU 1, since 2571.890979615
          gmem-workload-24162 [001] 2571.890980:
            mm_filemap_add_to_page_cache: dev 0:16 ino 2a05b pfn=0x234f52
            ofs=380928 order=0
        its mm_lru_insertion came only after that moment:
          rm-24147 [001] 2571.891042:
            mm_lru_insertion: pfn=0x234f52 lru=4 flags=M
        references: expected 2 (page cache 1, the check 1), derived 3: 1
          page-cache + 1 lru-add-batch (CPU 1) + the check 1
        index 74 waits too, but on CPU 0 itself: the check releases its first
          folios, which drains its own CPU before it reaches that index

      0:16:0x2a05b is a guest_memfd: 100 of its folios inserted as unevictable
        (lru=4), on an anonymous device
        its creator is not known; a guest_memfd was created by 'gmem-workload'
          (pid 24160); folios added by 'gmem-workload' (pid 24161), 50;
          'gmem-workload' (pid 24162), 50

      0:16:0x2a05b: folios in the page cache, and what a conversion on CPU 0
        (where the marker was written) would get, as far as these events show
        2571.891032455 'phase faulted':
          100 folios, in lru_add batches of CPU 0: 13 (74-98 step 2); CPU 1: 4
            (93-99 step 2)
          refused at 93: baseline, local-drain; safe: v6, v8, drain-for-folio
          refused at 74: local-drain on CPU 1

      0:16:0x2a05b: how long its folios wait in lru_add batches
        in 2.03 ms, from its first event at 2571.889816339 to the end of the
          recording, at least one folio waited for 70.7 % (1.43 ms): during that
          time a conversion of the whole file without a drain would have been
          refused, on any CPU whose own batch holds none of its folios
          on CPU 0 itself for 48.2 % (978 us)
               inserted     p50      p90      p99      max  waiting  gone
        CPU 0        50  410 us   580 us   684 us   684 us        0     0
        CPU 1        50   32 us  49.8 us  62.9 us  62.9 us        0     0
         below 10 us  4 ####
        below 100 us 52 ########################################
          below 1 ms 44 ##################################

      not known
        lost events: none
        user mappings: assumed to be unmapped before the check counts, as the
          conversion does
        pins, mlock batches and other references: no stock event shows them;
          page_ref:* events (CONFIG_DEBUG_PAGE_REF) would, with their stack
          traces
        folios added before the recording began: not listed
        drains of all CPUs: no workqueue:* event was recorded; those would show
          who asks and what it costs

      strength: derived, from pairs of add and insertion events
      recording: trace.dat v7, 401 events, 2 CPUs, 2571.888295956 to
        2571.891845728
      kernel profile: linux-6.18, batches of 31 (by the release that the
        recording names, 6.18.44-fc-v657)
      again:
        folioscope explain examples/two-cpu.dat --at 'marker:phase faulted'
      "
    `);
  });

  test('of a lossy recording says what is not known, and is harmless to a terminal', () => {
    expect(text(explainEvents(LOSSY), "it's.txt")).toMatchInlineSnapshot(`
      "undecided: a conversion of 0:16:0x4414 to private on CPU 1 at 0.000000009:
        events of CPU 1 were lost after 0.000000003: the content of its batch is
        not known

      0:16:0x4414 is a guest_memfd: 1 of its folios inserted as unevictable
        (lru=4), on an anonymous device; folios of ramfs and secretmem look the
        same, and no call to guest_memfd was recorded
        its creator is not known; folios added by 'vmm' (pid 100), 2

      0:16:0x4414: folios in the page cache, and what a conversion on CPU 1
        (where the marker was written) would get, as far as these events show
        0.000000009 'lossy ?[31m':
          2 folios, not known whether still in batches of CPU 1: 1 (1); not known
            whether still there: all of them
          undecided: baseline, local-drain; safe: v6, v8, drain-for-folio
          events of CPU 1 were lost after 0.000000003: the content of its batch
            is not known
        0.000000009: as before

      0:16:0x4414: how long its folios wait in lru_add batches
        in 8 ns, from its first event at 0.000000001 to the end of the recording,
          at least one folio waited for 87.5 % (7 ns): during that time a
          conversion of the whole file without a drain would have been refused,
          on any CPU whose own batch holds none of its folios
          for 12.5 % (1 ns) it is not known: folios from before the recording may
            have waited
               inserted   p50   p90   p99   max  waiting  gone
        CPU 0         1  1 ns  1 ns  1 ns  1 ns        0     0
        CPU 1         0     -     -     -     -        0     0
          below 1 us 1 ########################################

      not known
        lost events: an unknown number on CPU 1 before 0.000000009; an unknown
          number on CPU 0 before the end
        user mappings: assumed to be unmapped before the check counts, as the
          conversion does
        pins, mlock batches and other references: no stock event shows them;
          page_ref:* events (CONFIG_DEBUG_PAGE_REF) would, with their stack
          traces
        folios added before the recording began: not listed
        drains of all CPUs: no workqueue:* event was recorded; those would show
          who asks and what it costs

      strength: unknown, because evidence is missing
      recording: ftrace text, 4 events, 2 CPUs, 0.000000001 to 0.000000009
      kernel profile: linux-7.3, batches of 31 (assumed: the recording does not
        show how many folios fill a batch)
      again:
        folioscope explain 'it'\\''s.txt'
      "
    `);
  });

  test('says in its first lines why the exit code is 2 although a verdict is there', async () => {
    const { trace, ...rest } = await explain('examples/two-cpu.dat', { ...ALL, moments: [{ kind: 'end' }] });
    const head = (changed: Partial<typeof trace>): string =>
      text({ ...rest, trace: { ...trace, ...changed } }, 'f').split('\n\n')[0] ?? '';
    const verdict = head({});
    expect(verdict).toMatch(/^safe as far as these events show:/);
    expect(verdict).not.toContain('exit code');
    expect(head({ damage: ['byte 12: noise, expected a page'] })).toMatch(/damaged:[^)]*exit\s+code\s+is 2\)$/);
    expect(head({ lost: [lost(1, undefined)] })).toMatch(/events at the end were lost[^)]*exit\s+code\s+is 2\)$/);
    expect(head({ lost: [lost(1, 9)] })).toBe(verdict);
  });

  test('of a recording without guest_memfd', () => {
    const onDisk = { index: 0, pfn: 6, ino: 0x77, dev: [254, 0] as const };
    const explanation = explainEvents([added(onDisk, { at: 10 }), inserted(6, { at: 20 })]);
    expect(text(explanation, 'x.dat')).toMatchInlineSnapshot(`
      "no guest_memfd in this recording

      254:0:0x77 is no guest_memfd: 1 of its folios inserted as unevictable, but
        it is on the device of a driver

      not known
        lost events: none

      recording: ftrace text, 2 events, 1 CPU, 0.000000010 to 0.000000020
      again:
        folioscope explain x.dat
      "
    `);
  });

  test('of a recording of nothing', () => {
    const lines = text(explainEvents([lost(0, 5)]), 'x.dat').split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'undecided: no guest_memfd in the kept part of this recording, nor another',
      '  inode of unevictable folios, but events were lost, perhaps all that show',
      '  one',
    ]);
    expect(lines.every((line) => line.length <= MAIL_COLUMNS)).toBe(true);
  });

  test('speaks of inodes that may be one as well as not', () => {
    const [first] = text(explainEvents([added({ index: 0, pfn: 1 }, { at: 10 })]), 'x.dat').split('\n\n');
    expect(first).toBe(
      [
        'undecided: no event shows whether this inode is a guest_memfd: 0:16:0x4414',
        '  (1 folio added, none inserted while it was there)',
        '  to treat it as a guest_memfd in any case:',
        '    folioscope explain x.dat --inode 0:16:0x4414',
      ].join('\n'),
    );
  });
});

describe('a headline', () => {
  const FULL = Array.from({ length: 31 }, (_, index) => index);
  /** 31 folios are on the LRU; the check releases those, and so drains its own CPU, before it comes to the last one. */
  const EVENTS = [
    ...made({ at: 2 }),
    ...FULL.map((index) => added({ index, pfn: 1000 + index }, { at: 100 + index })),
    ...FULL.map((index) => inserted(1000 + index, { at: 200 + index })),
    added({ index: 31, pfn: 2000 }, { at: 300 }),
    inserted(1, { at: 350, cpu: 1 }),
    marker('n', { at: 500 }),
  ];
  const headline = (question: Partial<Question> = {}): string =>
    explanationToText(explainEvents(EVENTS, { moments: [{ kind: 'end' }], patches: PATCHES, ...question }), {
      file: 'f',
      options: [],
    }).split('\n\n')[0] ?? '';

  test('that is safe on the CPU that was chosen says where it would not be', () => {
    expect(headline()).toMatch(/^safe as far as these events show: [^]* on\s+CPU 0\b/);
    expect(headline()).toContain('but on CPU 1 it would be refused without a drain of all CPUs');
  });

  test('of the CPU that was asked for speaks of no other', () => {
    expect(headline({ cpu: cpu(0) })).toMatch(/^safe as far as these events show: [^]* on\s+CPU 0\b/);
    expect(headline({ cpu: cpu(0) })).not.toContain('CPU 1');
  });
});
