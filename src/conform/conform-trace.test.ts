// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../kernel/index.ts';
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

/** A kernel that drains its own CPU before it asks the others. */
const profile = PROFILES.find(({ name }) => name === 'linux-6.18');

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
    // The batch of the model there; the flush has taken all of it.
    expect(divergence?.ledgers).toEqual([
      'lru_add of CPU 1: 31 folios: pfn 0x100, pfn 0x101, pfn 0x102, pfn 0x103, pfn 0x104, ... pfn 0x11e',
    ]);
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

describe('bounds', () => {
  /** Folios of so many tasks wait for their batch; then comes an addition that is impossible. */
  const wrong = (tasks: number): readonly string[] => [
    ...pages(0, tasks).map((page) => add(page, 1, page, `vcpu-${2000 + page}`)),
    ...pages(0, tasks).map((page) => insert(100 + page, 1, 0x100 + page)),
    remove(200, 1, 1),
    add(210, 1, 0),
  ];

  test('what is wrong after a choice that a bound gave up is undecided, and says so', async () => {
    const { verdict, because, divergence } = await conform(wrong(20));
    expect(verdict).toBe('undecided');
    expect(because).toBe(
      '12 tasks were within calls at once, so a folio entered its batch before it had to (event 12); fewer tasks at once would decide it',
    );
    expect(divergence?.event).toContain('ofs=0');
  });

  test('and diverges where none was given up', async () => {
    expect(await conform(wrong(5))).toMatchObject({ verdict: 'diverges', because: undefined });
  });

  test('a right recording conforms, whatever was given up', async () => {
    expect(await conform(wrong(20).slice(0, -1))).toMatchObject({ verdict: 'conforms' });
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
    // Its hole is over when the flush comes: until then it has the folio.
    const remote = [add(0, 1, 0), add(1, 1, 1), remove(5, 0, 0, 'other-7'), add(7, 0, 9, 'other-7')];
    const freed = [...remote, insert(9, 1, 0x101)];
    const inserted = [...remote, insert(9, 1, 0x100, undefined, 2), insert(10, 1, 0x101)];
    expect((await conform(freed)).profile.name).toBe('linux-7.3');
    expect((await conform(inserted)).profile.name).toBe('linux-6.18');
  });

  test("a hole's drain of an empty batch is over when its task goes on, on another CPU", async () => {
    const other = 'other-7';
    const moved = [add(0, 1, 0), insert(1, 1, 0x100), add(2, 0, 1), remove(3, 1, 0)];
    // Another task's flush of the first CPU goes on while the task drains the second one.
    const flushes = [insert(10, 1, 0x900, other), insert(10, 0, 0x101), insert(11, 1, 0x901, other)];
    const { verdict, divergence } = await conform([...moved, ...flushes]);
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  });

  test("a hole's drain is over when its task fills the batch later", async () => {
    const hole = [add(0, 1, 0), insert(1, 1, 0x100), remove(2, 1, 0)];
    const filled = pages(0, 31).map((i) => insert(50_000 + i, 1, 0x900 + i));
    const other = 'other-7';
    const after = [add(60_000, 1, 1, other), add(60_005, 1, 2, other)];
    const flushes = [insert(60_010, 0, 0x777), insert(60_020, 1, 0x101, other), insert(60_021, 1, 0x102, other)];
    const { verdict, divergence } = await conform([...hole, ...filled, ...after, ...flushes], { profile });
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  });

  test('holes that touch are two where their task went to another CPU: a round keeps its own', async () => {
    const present = [
      ...pages(0, 31).map((page) => add(page, 1, page)),
      ...pages(0, 31).map((page) => insert(100 + page, 1, 0x100 + page)),
      add(200, 1, 31),
      insert(201, 1, 0x11f),
      add(210, 0, 40),
    ];
    const holes = [
      ...pages(0, 27).map((page) => remove(300 + page, 1, page)),
      ...pages(27, 32).map((page) => remove(400 + page, 0, page)),
    ];
    const { verdict, divergence } = await conform([...present, ...holes, insert(500, 0, 0x128)]);
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  });

  test('frames that change places within one fallocate() keep their names', async () => {
    const framed = (at: number, page: number, frame: number): string =>
      add(at, 1, page).replace(`pfn=0x${(0x100 + page).toString(16)}`, `pfn=0x${frame.toString(16)}`);
    const call = (at: number, mode: number): string =>
      line(at, 1, `sys_fallocate(fd: 8, mode: ${mode}, offset: 0, len: 2000)`);
    const exit = (at: number): string => line(at, 1, 'sys_fallocate -> 0x0');
    const before = [call(0, 1), add(1, 1, 0), add(2, 1, 1), exit(3), insert(5, 1, 0x100), insert(6, 1, 0x101)];
    const hole = [call(10, 3), remove(11, 1, 0), remove(12, 1, 1), exit(13)];
    const after = [call(20, 1), framed(21, 0, 0x101), framed(22, 1, 0x100), exit(23)];
    const exchanged = [...before, ...hole, ...after, insert(30, 1, 0x101), insert(31, 1, 0x100)];
    const { verdict, divergence, matched } = await conform(exchanged);
    expect({ verdict, divergence, matched }).toEqual({ verdict: 'conforms', divergence: undefined, matched: 16 });
  });

  test('a page cannot be added twice', async () => {
    const twice = [add(0, 1, 0), insert(1, 1, 0x100), add(2, 1, 0).replace('pfn=0x100', 'pfn=0x777'), remove(3, 1, 0)];
    expect(await conform(twice)).toMatchObject({ verdict: 'diverges' });
  });
});

describe('drains of all CPUs', () => {
  const queue = (at: number, cpu: number, on: number, task: string): string =>
    line(
      at,
      cpu,
      `workqueue_queue_work: work struct=${on} function=lru_add_drain_per_cpu workqueue=mm req_cpu=${on} cpu=${on}`,
      task,
    );
  const worker = (cpu: number): string => `kworker/${cpu}:0-${20 + cpu}`;
  const begun = (at: number, cpu: number): string =>
    line(at, cpu, `workqueue_execute_start: work struct ${cpu}: function lru_add_drain_per_cpu`, worker(cpu));
  const done = (at: number, cpu: number): string =>
    line(at, cpu, `workqueue_execute_end: work struct ${cpu}: function lru_add_drain_per_cpu`, worker(cpu));

  test('what a task inserts after it has asked a CPU is of its next drain', async () => {
    const first = [queue(10, 1, 0, 'drainer-9'), begun(11, 0), done(12, 0)];
    const second = [insert(20, 1, 0x900, 'drainer-9'), queue(30, 0, 1, 'drainer-9'), begun(31, 1), done(32, 1)];
    const { verdict, divergence } = await conform([add(0, 0, 0), insert(1, 0, 0x100), ...first, ...second]);
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
  });

  test('a folio that comes into the batch between the drain of the own CPU and its question', async () => {
    const asked = [queue(10, 1, 0, 'khugepaged-38'), queue(11, 1, 1, 'khugepaged-38')];
    const works = [begun(12, 1), insert(13, 1, 0x100, worker(1)), done(14, 1), begun(15, 0), done(16, 0)];
    // A page of a file on a disk.
    const other = (text: string): string =>
      text.replace('dev 0:16 ino 4414', 'dev 254:0 ino 40c600').replace('lru=4', 'lru=2');
    const { verdict, divergence } = await conform([add(0, 1, 0, 'head-7'), ...asked, ...works].map(other), { profile });
    expect({ verdict, divergence }).toEqual({ verdict: 'conforms', divergence: undefined });
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
