// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { memorySource } from '../trace/index.ts';
import { type Conformance, conformTrace } from './index.ts';

/** Lines of ftrace text: `at` in microseconds. */
const line = (at: number, cpu: number, rest: string, task = 'vmm-1000'): string =>
  `          ${task}    [00${cpu}] .....     1.${String(at).padStart(6, '0')}: ${rest}\n`;
const add = (at: number, cpu: number, page: number, task?: string): string =>
  line(
    at,
    cpu,
    `mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${(0x100 + page).toString(16)} ofs=${4096 * page} order=0`,
    task,
  );
const remove = (at: number, cpu: number, page: number, task?: string): string =>
  line(
    at,
    cpu,
    `mm_filemap_delete_from_page_cache: dev 0:16 ino 4414 pfn=0x${(0x100 + page).toString(16)} ofs=${4096 * page} order=0`,
    task,
  );
const insert = (at: number, cpu: number, pfn: number, task?: string, lru = 4): string =>
  line(at, cpu, `mm_lru_insertion: folio=0 pfn=0x${pfn.toString(16)} lru=${lru} flags=Mf    `, task);
const pages = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function conform(lines: readonly string[], question: Parameters<typeof conformTrace>[1] = {}): Promise<Conformance> {
  const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${lines.length}/${lines.length}   #P:2\n#\n${lines.join('')}`;
  return conformTrace(memorySource('trace.txt', new TextEncoder().encode(text)), question);
}

/** A batch that its 31st folio flushes. */
const full = [
  ...pages(0, 31).map((page) => add(page, 1, page)),
  ...pages(0, 31).map((page) => insert(100 + page, 1, 0x100 + page)),
];

describe('the batch', () => {
  test('31 folios fill it, and are inserted in their order', async () => {
    expect(await conform(full)).toMatchObject({ verdict: 'conforms', matched: 62, consumed: 62, silent: [] });
  });

  test('a 32nd addition before the flush is not possible', async () => {
    const late = [...full.slice(0, 31), add(40, 1, 31), ...full.slice(31), insert(200, 1, 0x11f)];
    const { verdict, divergence } = await conform(late);
    expect(verdict).toBe('diverges');
    expect(divergence?.event).toContain('ofs=126976');
    expect(divergence?.allowed).toContain('insertion of pfn 0x100');
    expect(divergence?.guard).not.toBe('');
  });

  test('another order of the insertions is none of the model', async () => {
    const [one, two] = [full[40] ?? '', full[41] ?? ''];
    const order = full.map((text, at) => (at === 40 ? two : at === 41 ? one : text));
    expect(await conform(order)).toMatchObject({ verdict: 'diverges' });
  });

  test('folios of unobserved memory are found by the burst, and fill the batch too', async () => {
    const known = [0, 1, 2].map((page) => add(page, 0, page));
    const burst = pages(0, 31).map((i) => insert(100 + i, 0, i < 3 ? 0x100 + i : 0x900 + i, undefined, i < 3 ? 4 : 1));
    const { verdict, silent } = await conform([...known, ...burst]);
    expect(verdict).toBe('conforms');
    expect(silent).toEqual([{ kind: 'folio of unobserved memory', times: 28 }]);
  });

  test('a flush of fewer folios is a drain that no event shows', async () => {
    const { verdict, silent } = await conform([add(0, 1, 0), add(1, 1, 1), insert(9, 1, 0x100), insert(10, 1, 0x101)]);
    expect(verdict).toBe('conforms');
    expect(silent).toEqual([{ kind: 'local drain', times: 1 }]);
  });

  test('what a task inserts on a CPU before and after it ran on another one is of two flushes', async () => {
    const { verdict, divergence, silent } = await conform([
      add(0, 1, 0),
      insert(10, 0, 0x900),
      insert(11, 0, 0x901),
      insert(50, 1, 0x100),
      insert(51, 1, 0x800),
      insert(60, 0, 0xa00),
      insert(61, 0, 0xa01),
    ]);
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
    expect(silent).toContainEqual({ kind: 'local drain', times: 3 });
  });

  test('a task that was moved to another CPU before it added the folio', async () => {
    expect(await conform([add(0, 1, 0), insert(9, 0, 0x100)])).toMatchObject({ verdict: 'conforms' });
  });
});

describe('deletions', () => {
  test('a hole drains its own CPU, so a folio that waits there is inserted next', async () => {
    const hole = [add(0, 1, 0), add(1, 1, 1), remove(5, 1, 0), insert(6, 1, 0x100, undefined, 2), insert(7, 1, 0x101)];
    expect(await conform(hole)).toMatchObject({ verdict: 'conforms', matched: 5 });
    expect(await conform([...hole.slice(0, 3), add(6, 1, 2), insert(7, 1, 0x101)])).toMatchObject({
      verdict: 'diverges',
    });
  });

  test("a folio deleted in another CPU's batch is freed there from 7.2 on, and inserted before", async () => {
    const remote = [add(0, 1, 0), add(1, 1, 1), remove(5, 0, 0, 'other-7')];
    const freed = [...remote, insert(9, 1, 0x101)];
    const inserted = [...remote, insert(9, 1, 0x100, undefined, 2), insert(10, 1, 0x101)];
    expect((await conform(freed)).profile.name).toBe('linux-7.3');
    expect((await conform(inserted)).profile.name).toBe('linux-6.18');
  });

  test('a page cannot be added twice', async () => {
    const twice = [add(0, 1, 0), insert(1, 1, 0x100), add(2, 1, 0).replace('pfn=0x100', 'pfn=0x777'), remove(3, 1, 0)];
    expect(await conform(twice)).toMatchObject({ verdict: 'diverges' });
  });
});

describe('what is not known', () => {
  test('nothing that the model has a step for is undecided, never a pass', async () => {
    const { verdict, because, matched } = await conform([line(0, 0, 'tracing_mark_write: hello')]);
    expect([verdict, matched]).toEqual(['undecided', 0]);
    expect(because).toBe('no event was matched');
  });

  test('behind a loss a CPU is unknown until its batch has been flushed, and the share is told', async () => {
    const loss = 'CPU:1 [LOST 5 EVENTS]\n';
    const { verdict, unknown, lostOn, matched } = await conform([
      ...full,
      loss,
      insert(300, 1, 0x777),
      insert(301, 1, 0x778),
      add(310, 1, 40),
      add(311, 1, 41),
      insert(320, 1, 0x128),
      insert(321, 1, 0x129),
    ]);
    expect({ verdict, unknown, lostOn, matched }).toEqual({
      verdict: 'conforms',
      unknown: 2,
      lostOn: [1],
      matched: 66,
    });
  });
});
