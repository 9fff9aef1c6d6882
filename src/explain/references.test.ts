// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { predictLab } from '../../test/support/lab-predictions.ts';
import {
  added,
  inserted,
  lost,
  made,
  marker,
  pageReference,
  summaryOf,
  type Where,
} from '../../test/support/kernel-events.ts';
import { type KernelEvent, nanoseconds, parseTime, referencesOf } from '../ledger/index.ts';
import { PATCHES } from '../machine/index.ts';
import { memorySource } from '../trace/index.ts';
import { Explainer } from './explainer.ts';
import { type Explanation, explainTrace, type Question } from './index.ts';

const FORMS = ['baseline', 'local-drain', 'v8', 'drain-for-folio'];
const RECORDINGS = FORMS.flatMap((form) => ['s2_othercpu', 's4_vmsplice'].map((scenario) => [scenario, form] as const));
const stem = (scenario: string, form: string): string => `test/recordings/${scenario}.${form}.pageref`;

/** What the lab's check read of each folio: labels of that kernel alone. */
function checksIn(text: string): readonly { readonly at: bigint; readonly index: number; readonly refs: number }[] {
  return [...text.matchAll(/ (\d+\.\d+): lab_gmem_check: .* index=(\d+) .* refs=(\d+) /g)].map(
    ([, at = '', index, refs]) => ({ at: parseTime(at) ?? 0n, index: Number(index), refs: Number(refs) }),
  );
}

describe.each(RECORDINGS)('%s with %s', (scenario, form) => {
  const file = `${stem(scenario, form)}.txt`;

  test('is answered as it was predicted from the events before each call', async () => {
    const predictions = await predictLab(file, `${stem(scenario, form)}.results.jsonl`, form);
    expect(predictions.length).toBeGreaterThan(0);
    expect(predictions.filter(({ predicted, answered }) => predicted !== answered)).toEqual([]);
  });

  test('is answered as predicted without the stacks too: from counts, mapcounts and what was inserted', async () => {
    const bare = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith(' => ') && !line.includes('<stack trace>'));
    const predictions = await predictLab(
      { name: file, text: bare.join('\n') },
      `${stem(scenario, form)}.results.jsonl`,
      form,
    );
    expect(predictions.length).toBeGreaterThan(0);
    expect(predictions.filter(({ predicted, answered }) => predicted !== answered)).toEqual([]);
  });

  test('the holders add up to what the check read, each time', async () => {
    const bytes = readFileSync(file);
    const checks = checksIn(bytes.toString());
    expect(checks.length).toBeGreaterThan(0);
    const { moments } = await explainTrace(memorySource(file, bytes), {
      moments: checks.map(({ at }) => ({ kind: 'time', at: nanoseconds(at) })),
      patches: [],
    });
    for (const [place, { index, refs }] of checks.entries()) {
      const folio = moments[place]?.folios.find((candidate) => candidate.index === index);
      expect({ strength: folio?.strength, refs: referencesOf(folio?.holders ?? []) }).toEqual({
        strength: 'proved',
        refs,
      });
    }
  });
});

test('page_ref events show which pages a conversion looked at', async () => {
  const file = `${stem('s4_vmsplice', 'v8')}.txt`;
  const { conversions } = await explainTrace(memorySource(file, readFileSync(file)), { moments: [], patches: [] });
  // Conversions to shared check nothing.
  const asked = [...readFileSync(file, 'utf8').matchAll(/phase convert \S+ off (\d+) size (\d+) attr (\d)/g)].map(
    ([, offset, size, attributes]) =>
      attributes === '8' ? [Number(offset) / 4096, (Number(offset) + Number(size)) / 4096] : undefined,
  );
  expect(conversions.map(({ checked }) => checked && [checked.from, checked.to])).toEqual(asked);
});

describe('whose a reference is', () => {
  const FRAME = 7;
  const FAULT = ['__filemap_get_folio_mpol', 'kvm_gmem_get_folio', 'kvm_gmem_fault_user_mapping'];
  const INTO_CACHE = ['__filemap_add_folio', 'filemap_add_folio', ...FAULT];
  const INTO_BATCH = ['__folio_batch_add_and_move', 'folio_add_lru', 'filemap_add_folio', ...FAULT];

  const modified = (value: number, at: number, stack: readonly string[], where: Partial<Where> = {}) =>
    pageReference({ operation: 'mod', pfn: FRAME, value }, { at, ...where }, stack);
  /** A folio faulted in on CPU 1, as 7.3 tells of it. */
  const faulted: readonly KernelEvent[] = [
    pageReference({ operation: 'set', pfn: FRAME, value: 1 }, { at: 1, cpu: 1 }),
    modified(1, 2, INTO_CACHE, { cpu: 1 }),
    added({ index: 0, pfn: FRAME }, { at: 3, cpu: 1 }),
    modified(1, 4, INTO_BATCH, { cpu: 1 }),
    modified(0, 5, ['finish_fault', '__handle_mm_fault'], { cpu: 1 }),
  ];

  function explain(events: readonly KernelEvent[], moments: Question['moments'] = [{ kind: 'end' }]) {
    const explainer = new Explainer({ moments, patches: PATCHES });
    const whole = [...events, marker('end', { at: 1000 })];
    explainer.events(whole);
    return explainer.answer(summaryOf(whole));
  }
  const holdersOf = ({ moments }: Explanation): readonly string[] =>
    moments.map(({ folios: [folio] }) => {
      const held = folio?.holders.map(({ kind, references, cpu, task }) =>
        [references, kind, cpu, task].filter((part) => part !== undefined).join(' '),
      );
      return `${folio?.strength}: ${held?.join(', ')}`;
    });
  const holders = (...more: readonly KernelEvent[]): string => holdersOf(explain([...faulted, ...more]))[0] ?? '';
  const FAULTED = '1 page-cache, 1 lru-add-batch 1';

  test('a fault: the page cache, the batch, and a lookup that becomes a mapping', () => {
    const times = [3, 4, 5].map((at) => ({ kind: 'time', at: nanoseconds(BigInt(at)) }) as const);
    expect(holdersOf(explain(faulted, times))).toEqual([
      'proved: 1 page-cache, 1 lookup vmm',
      'proved: 1 page-cache, 1 lru-add-batch 1, 1 lookup vmm',
      `proved: ${FAULTED}, 1 user-mapping`,
    ]);
  });

  test('a page that mlock() keeps: unmapping it puts it into the mlock batch of the CPU that converts', () => {
    const MLOCK = ['mlock_folio', 'mlock_pte_range', 'walk_page_range', 'mlock_fixup'];
    const settled = [
      inserted(FRAME, { at: 20, cpu: 1 }),
      modified(-1, 21, ['folios_put_refs', 'folio_batch_move_lru'], { cpu: 1 }),
      modified(1, 30, MLOCK, { cpu: 1 }),
      modified(-1, 31, ['folios_put_refs', 'mlock_folio_batch', 'mlock_drain_local'], { cpu: 1 }),
    ];
    const said = (...more: readonly KernelEvent[]) => {
      const { moments } = explain([...made({ at: 0 }), ...faulted, ...settled, ...more]);
      return [...(moments[0]?.verdicts ?? [])].map(([, { verdict }]) => verdict);
    };
    expect(holders(...settled)).toBe('proved: 1 page-cache, 1 user-mapping');
    // baseline, local-drain, v6, v8, drain-for-folio
    expect(said()).toEqual(['refused', 'safe', 'safe', 'safe', 'safe']);
    const unlocked = [
      modified(1, 40, ['munlock_folio', 'mlock_pte_range'], { cpu: 1 }),
      modified(-1, 41, ['folios_put_refs', 'mlock_folio_batch', 'mlock_drain_local'], { cpu: 1 }),
    ];
    expect(said(...unlocked)).toEqual(['safe', 'safe', 'safe', 'safe', 'safe']);
  });

  test('the batch holds until its put, not until the insertion', () => {
    const put = modified(-1, 30, ['folios_put_refs', 'folio_batch_move_lru', 'lru_add_drain_cpu'], { cpu: 1 });
    const flushed = [inserted(FRAME, { at: 20, cpu: 1 }), put];
    const at = (time: number) => ({ kind: 'time', at: nanoseconds(BigInt(time)) }) as const;
    expect(holdersOf(explain([...faulted, ...flushed], [at(20), at(30)]))).toEqual([
      `proved: ${FAULTED}, 1 user-mapping`,
      'proved: 1 page-cache, 1 user-mapping',
    ]);
  });

  test.each([
    ['a pipe', [modified(1, 9, ['try_grab_folio_fast', 'gup_fast_fallback'])], '1 user-mapping, 1 gup vmm'],
    [
      'a pin, taken in two steps',
      [modified(1, 9, ['try_grab_folio_fast']), modified(1023, 10, ['try_grab_folio_fast'])],
      '1 user-mapping, 1024 gup vmm',
    ],
    [
      'a pin that another task drops',
      [
        modified(1024, 9, ['try_grab_folio', '__get_user_pages']),
        modified(-1024, 10, ['gup_put_folio', 'unpin_user_pages'], { pid: 5 }),
      ],
      '1 user-mapping',
    ],
    [
      'a mapping that is unlocked while it is zapped',
      [
        modified(1, 9, ['munlock_folio', 'folio_remove_rmap_ptes', '__zap_vma_range'], { cpu: 2 }),
        modified(-1, 10, ['folios_put_refs', 'tlb_flush_mmu', '__zap_vma_range'], { cpu: 2 }),
      ],
      '1 mlock-batch 2',
    ],
    ['compaction', [modified(1, 9, ['isolate_migratepages_block'], { comm: 'k' })], '1 user-mapping, 1 walker k'],
    [
      'the check itself',
      [modified(1, 9, ['filemap_get_folios_tag', 'filemap_get_folios', 'kvm_gmem_is_safe_for_conversion.isra.0'])],
      '1 user-mapping, 1 safety-check',
    ],
    [
      'a failed freeze',
      [pageReference({ operation: 'freeze', pfn: FRAME, value: 1, returned: 0 }, { at: 9 })],
      '1 user-mapping',
    ],
    [
      'a failed try',
      [pageReference({ operation: 'mod-unless', pfn: FRAME, value: 1, returned: 0 }, { at: 9 })],
      '1 user-mapping',
    ],
  ])('%s', (_, more, expected) => {
    expect(holders(...more)).toBe(`proved: ${FAULTED}, ${expected}`);
  });

  test('what no known function took is unknown, and nothing is proved then', () => {
    expect(holders(modified(2, 9, ['some_driver']))).toBe(`derived: ${FAULTED}, 1 user-mapping, 2 unknown`);
  });

  test('in the middle of the story: add and insertion name what they can of the count, the rest is unknown', () => {
    const first = pageReference({ operation: 'mod-unless', pfn: FRAME, value: 1, count: 4, returned: 1 }, { at: 9 }, [
      'filemap_get_entry',
      'kvm_gmem_get_folio',
    ]);
    const waits = added({ index: 0, pfn: FRAME }, { at: 3, cpu: 1 });
    expect(holdersOf(explain([waits, first, inserted(99, { at: 10, cpu: 0 })]))).toEqual([
      `derived: ${FAULTED}, 1 lookup vmm, 1 unknown`,
    ]);
    // Where the event may have been off, nobody knows that it is a batch.
    expect(holdersOf(explain([waits, first]))).toEqual(['derived: 1 page-cache, 1 lookup vmm, 2 unknown']);
  });

  test('across lost events nothing is added up', () => {
    const { moments } = explain([...faulted, inserted(99, { at: 8, cpu: 0 }), lost(0, 9)]);
    expect(moments[0]?.folios[0]).toMatchObject({ strength: 'unknown', holders: [{ kind: 'page-cache' }, { cpu: 1 }] });
  });

  test('a pin refuses every form of the check, and is no batch', () => {
    const { moments } = explain([...faulted, modified(1024, 9, ['try_grab_folio'])]);
    expect([...(moments[0]?.verdicts.values() ?? [])]).toEqual(
      PATCHES.map(() => ({ verdict: 'refused', index: 0, spurious: false })),
    );
  });

  test('a stack through guest_memfd names its inode before any insertion', () => {
    const add = added({ index: 0, pfn: FRAME }, { at: 3 });
    const stack = ['filemap_add_folio', 'kvm_gmem_get_folio'];
    const kinds = (events: readonly KernelEvent[]) => explain(events).inodes.map(({ kind }) => kind);
    expect([kinds(faulted), kinds([{ ...add, stack }]), kinds([add])]).toEqual([['guest_memfd'], ['guest_memfd'], []]);
  });
});
