// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PageReference } from '../../ledger/index.ts';
import { referencesOf } from '../../ledger/index.ts';
import { memorySource, readTrace, Redactor } from '../../trace/index.ts';
import { parseMoment, QuestionError } from '../question.ts';
import { explainFrame, type FrameQuestion, parsePfn } from './explain-frame.ts';
import type { FrameAnswer } from './frame-answer.ts';

const DIRECTORY = new URL('../../../test/recordings/', import.meta.url);
const RECORDED = readdirSync(DIRECTORY).filter((file) => file.endsWith('.pageref.txt'));

const sourceOf = (file: string) => memorySource(file, readFileSync(new URL(file, DIRECTORY)));

const text = (lines: readonly string[]): string =>
  `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${lines.length}/${lines.length}   #P:4\n#\n${lines.join('\n')}\n`;

const asked = async (lines: readonly string[], question: Partial<FrameQuestion> = {}): Promise<FrameAnswer> =>
  explainFrame(memorySource('t.txt', new TextEncoder().encode(text(lines))), {
    pfn: parsePfn('0x7')!,
    moments: [],
    ...question,
  });

const STACKS = {
  add: ['__filemap_add_folio', 'filemap_add_folio'],
  gup: ['try_grab_folio_fast', 'gup_fast_fallback'],
  ungup: ['page_cache_pipe_buf_release', 'free_pipe_info'],
  uncache: ['filemap_free_folio', 'truncate_inode_folio'],
} as const;

let clock = 0;
/** A line of ftrace's text: times rise by a microsecond. */
function line(what: string, stack: readonly string[] = [], task = 'vmm-1000'): string {
  const at = `1.${String(++clock).padStart(6, '0')}`;
  const head = ` ${task.padStart(15)} [001] ..... ${at}:`;
  return [
    `${head} ${what}`,
    ...(stack.length === 0 ? [] : [`${head} <stack trace>`, ...stack.map((one) => ` => ${one}`)]),
  ].join('\n');
}
const reference = (operation: string, value: number, count: number, stack: readonly string[] = [], more = ''): string =>
  line(
    `page_ref_${operation}: pfn=0x7 flags=none count=${count} mapcount=-1 mapping=0000000000000000 mt=0 val=${value}${more}`,
    stack,
  );
const cached = (what: 'add_to' | 'delete_from', ino = '4414', pfn = '0x7', order = 0): string =>
  line(`mm_filemap_${what}_page_cache: dev 0:16 ino ${ino} pfn=${pfn} ofs=0 order=${order}`);

test.each(RECORDED)('%s: of every frame, the listed holders add up to the count that the kernel read', async (file) => {
  const counts = new Map<number, PageReference[]>();
  await readTrace(sourceOf(file), {
    onEvents: (events) => {
      for (const event of events)
        if (event.type === 'page-reference') counts.set(event.pfn, [...(counts.get(event.pfn) ?? []), event]);
    },
  });
  expect(counts.size).toBeGreaterThan(0);
  let looks = 0;
  for (const [pfn, events] of counts) {
    const {
      lives,
      counts: compared,
      left,
    } = await explainFrame(sourceOf(file), {
      pfn: parsePfn(String(pfn))!,
      moments: [],
    });
    const touches = lives.flatMap((life) => life.touches);
    expect(touches.map(({ count }) => count)).toEqual(events.map(({ count }) => count));
    expect(compared).toEqual({ compared: events.length, differing: [], more: 0 });
    // Each holder is summed from its own changes, not read from the count.
    let sum = 0;
    for (const { changes, count } of touches) {
      sum += referencesOf(changes);
      expect(sum).toBe(count);
      if (changes.some(({ kind, references }) => kind === 'safety-check' && references > 0)) looks++;
    }
    expect(left).toHaveLength(sum);
  }
  expect(looks).toBeGreaterThan(0);
});

test.each(RECORDED.filter((file) => readFileSync(new URL(file, DIRECTORY), 'utf8').includes('lab_gmem_check:')))(
  "%s: at each look of the kernel's own check, the sum of the holders is the count that it read",
  async (file) => {
    const looks = [
      ...readFileSync(new URL(file, DIRECTORY), 'utf8').matchAll(
        /\[\d+\] \S+ +(\d+\.\d+): lab_gmem_check: .* pfn=(0x[\da-f]+) refs=(\d+) /g,
      ),
    ].map(([, at = '', pfn = '', refs]) => ({ at, pfn, refs: Number(refs) }));
    expect(looks.length).toBeGreaterThan(0);
    for (const { at, pfn, refs } of looks) {
      const moments = [parseMoment(at)!];
      const answer = await explainFrame(sourceOf(file), { pfn: parsePfn(pfn)!, moments });
      expect([at, pfn, referencesOf(answer.moments[0]?.holders ?? [])]).toEqual([at, pfn, refs]);
    }
  },
);

test('a pin that is not put is left over, with the task and the stack that took it', async () => {
  const answer = await asked([
    reference('set', 1, 1),
    reference('mod', 1, 2, STACKS.add),
    cached('add_to'),
    reference('mod', 1, 3, STACKS.gup),
    reference('mod', -1, 2, ['folio_put', 'kvm_gmem_get_pfn']),
  ]);
  expect(answer.outcome).toBe('left');
  const over = answer.left.filter(({ isLeftOver }) => isLeftOver);
  expect(over).toMatchObject([
    { holder: { kind: 'gup', references: 1, task: 'vmm' }, taken: { pid: 1000, stack: STACKS.gup } },
  ]);
  expect(answer.counts.differing).toEqual([]);
});

test('two lives: freed by the last put, allocated again', async () => {
  const life = [
    reference('set', 1, 1),
    reference('mod', 1, 2, STACKS.add),
    cached('add_to'),
    reference('mod', -1, 1, ['folio_put', 'kvm_gmem_get_pfn']),
    cached('delete_from'),
    reference('mod_and_test', -1, 0, STACKS.uncache, ' ret=1'),
  ];
  const { lives, outcome, left } = await asked([...life, line('mm_page_free: page=0x1 pfn=0x7 order=0'), ...life]);
  expect(lives.map(({ allocated, freed }) => [allocated !== undefined, freed !== undefined])).toEqual([
    [true, true],
    [true, true],
  ]);
  expect(lives.map(({ owners }) => owners.length)).toEqual([1, 1]);
  expect(outcome).toBe('clean');
  expect(left).toEqual([]);
});

test('a frozen count is no put: the holders come back with the unfreeze', async () => {
  const { lives, left } = await asked([
    reference('set', 1, 1),
    reference('mod', 1, 2, STACKS.add),
    reference('mod', -1, 1, ['folio_put', 'kvm_gmem_get_pfn']),
    reference('freeze', 1, 0, [], ' ret=1'),
    reference('unfreeze', 1, 1),
  ]);
  expect(lives).toHaveLength(1);
  expect(left).toMatchObject([{ holder: { kind: 'page-cache' }, taken: { stack: STACKS.add } }]);
});

test('without page_ref events the page cache and the insertions are all that is known', async () => {
  const answer = await asked([cached('add_to'), line('mm_lru_insertion: page=0x1 pfn=0x7 lru=4 flags=M')]);
  expect(answer.outcome).toBe('unknown');
  expect(answer.left).toEqual([{ holder: { kind: 'page-cache', references: 1 }, taken: undefined, isLeftOver: false }]);
  expect(answer.lives[0]?.waits).toMatchObject([{ cpu: 1, inserted: { pid: 1000 } }]);
});

test('a frame that another file has later was used anew', async () => {
  const { lives } = await asked([cached('add_to', '1'), cached('add_to', '2')]);
  expect(lives.map(({ isOver, owners }) => [isOver, owners[0]?.ino])).toEqual([
    [true, 1n],
    [false, 2n],
  ]);
});

test('a page within a large folio has its own index, and its count elsewhere', async () => {
  const { lives } = await asked([cached('add_to', '1', '0x4', 2)]);
  expect(lives[0]?.owners).toMatchObject([{ index: 3, order: 2, head: 4 }]);
});

test('references are not added up across a loss', async () => {
  const answer = await asked([
    reference('set', 1, 1),
    reference('mod', 1, 2, STACKS.gup),
    'CPU:1 [LOST 17 EVENTS]',
    reference('mod', -1, 2, STACKS.ungup),
  ]);
  expect(answer.outcome).toBe('unknown');
  expect(answer.lives[0]?.losses).toHaveLength(1);
  expect(answer.left.map(({ holder, taken }) => [holder.kind, taken])).toEqual([
    ['unknown', undefined],
    ['unknown', undefined],
  ]);
});

test('a frame from before the recording: the first event says how many there were', async () => {
  const { left, outcome, lives } = await asked([
    reference('mod', 1, 4, STACKS.gup),
    reference('mod', -1, 3, STACKS.ungup),
  ]);
  expect(left.map(({ holder }) => holder.kind)).toEqual(['unknown', 'unknown', 'unknown']);
  expect([outcome, lives[0]?.proved]).toEqual(['unknown', false]);
});

test('moments: a marker, a time and the end', async () => {
  clock = 100;
  const { moments } = await asked(
    [reference('set', 1, 1), line('tracing_mark_write: here'), reference('mod', 1, 2, STACKS.gup)],
    { moments: ['marker:here', '1.000101', 'end'].map((one) => parseMoment(one)!) },
  );
  expect(moments.map(({ holders, isEnd }) => [referencesOf(holders ?? []), isEnd])).toEqual([
    [1, false],
    [1, false],
    [2, true],
  ]);
});

test('recordings that were put together decide nothing', async () => {
  clock = 900_000;
  const later = [reference('set', 1, 1), reference('mod', 1, 2, STACKS.gup)];
  clock = 1000;
  const earlier = Array.from({ length: 40 }, () => line('tracing_mark_write: here'));
  const { outcome, isOrdered } = await asked([...later, ...earlier]);
  expect([outcome, isOrdered]).toEqual(['unknown', false]);
});

test('a frame that no event shows is no question', async () => {
  await expect(asked([cached('add_to')], { pfn: parsePfn('8')! })).rejects.toThrow(QuestionError);
});

test('an answer to be shown around has no name and no address of the recording', async () => {
  clock = 0;
  const lines = [
    reference('set', 1, 1),
    reference('mod', 1, 2, ['0xffffffff81234567', ...STACKS.gup]),
    line('tracing_mark_write: vmm pinned 0x7'),
  ];
  const answer = await asked(lines, { redactor: new Redactor(), moments: [{ kind: 'every-marker' }] });
  const shown = JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  expect(shown).not.toContain('vmm');
  expect(shown).not.toContain('81234567');
  expect(shown).toContain('task1');
});

test.each(['', '0x', 'x7', '-1', '1.5', '99999999999999'])('%j is no page frame number', (word) => {
  expect(parsePfn(word)).toBeUndefined();
});
