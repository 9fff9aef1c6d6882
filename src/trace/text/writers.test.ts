// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { asInText, readAll, readText, recording } from '../../../test/support/read-recording.ts';
import type { KernelEvent } from '../../ledger/index.ts';

/** Text hashes addresses. */
const withoutAddresses = (event: KernelEvent): KernelEvent => ('work' in event ? { ...event, work: '' } : event);

describe('trace-cmd report', () => {
  it('gives the events of the trace.dat', async () => {
    const text = await readAll(recording('lab_drain.report.txt'), { scheduling: true });
    const dat = await readAll(recording('lab_drain.dat'), { scheduling: true });
    expect(text.events).toEqual(dat.events.map(asInText));
    expect(text.summary).toMatchObject({
      format: 'trace-cmd report',
      events: dat.summary.events,
      cpus: [0, 1, 2, 3],
      notes: [],
      buffers: undefined,
    });
  });

  it('-t: to the nanosecond, with the buffer that each line names', async () => {
    const text = await readAll(recording('single.report-t.txt'));
    const dat = await readAll(recording('single.dat'));
    expect(text.events).toEqual(dat.events);
    expect(text.summary).toMatchObject({ events: 561, buffers: ['lab'], notes: [] });
    const other = await readAll(recording('single.report-t.txt'), { buffer: '' });
    expect(other.summary.events).toBe(0);
  });

  it('-l: with the CPU among the flags, names cut off', async () => {
    const text = await readAll(recording('single.report-l.txt'));
    const dat = await readAll(recording('single.dat'));
    const cutOff = (event: KernelEvent): KernelEvent =>
      event.type === 'loss' ? event : { ...event, at: asInText(event).at ?? event.at, comm: event.comm?.slice(0, 8) };
    expect(text.events).toEqual(dat.events.map(cutOff));
  });

  it('tells the losses where they are', async () => {
    const { summary, events } = await readAll(recording('report_lossy.txt'));
    const dat = await readAll(recording('t_lossy.dat'));
    expect(summary.lost[0]).toMatchObject({ cpu: 0, at: 1308945904000n, events: 55857 });
    // The copy ends in the middle of a line: that is one more loss.
    const whole = events.length - 2;
    expect(events.slice(0, whole)).toEqual(dat.events.slice(0, whole).map(asInText));
  });

  it('is taken by its columns, whatever the tasks are called', async () => {
    const report = await readAll(recording('odd_report.txt'));
    const trace = await readAll(recording('odd_trace.txt'));
    expect(report.summary.events).toBe(271);
    expect(report.events).toEqual(trace.events);
  });

  it('shows a drain round as the kernel text does', async () => {
    const report = await readAll(recording('drain.report.txt'), { scheduling: true });
    const trace = await readAll(recording('drain.trace.txt'), { scheduling: true });
    expect(report.events.map(withoutAddresses)).toEqual(trace.events.map(withoutAddresses));
    const works = report.events.filter((event) => event.type.startsWith('workqueue_'));
    expect(works.length).toBe(12);
    expect(works[0]).toMatchObject({
      type: 'workqueue_queue_work',
      work: 'ffff888627c26fc0',
      function: 'lru_add_drain_per_cpu',
      workqueue: 'mm_percpu_wq',
      requestedCpu: 0,
    });
  });

  const LINE = '          a-7     [002]     1.000005: mm_lru_insertion:     folio=0x1 pfn=0x2 lru=4 flags= f    ';

  it.each([
    ['CPU:2 [9 EVENTS DROPPED]', 9],
    ['CPU:2 [EVENTS DROPPED]', undefined],
  ])('%s', async (line, events) => {
    const { summary } = await readText(`cpus=4\n${line}\n     ${LINE}\n`);
    expect(summary.lost).toMatchObject([{ cpu: 2, at: 1_000_005_000n, events }]);
  });

  it('a loss takes the name of the buffer away from the line after it', async () => {
    const named = (name: string): string => `${name}      ${LINE}\n`;
    const text = `cpus=4\n${named('lab:')}lab: CPU:2 [9 EVENTS DROPPED]\n     ${LINE}\n${named('lab:')}${named('    ')}`;
    const { summary, events } = await readText(text);
    expect(events).toMatchObject([
      { type: 'mm_lru_insertion', buffer: 'lab' },
      { type: 'loss', cpu: 2, events: 9, buffer: 'lab' },
      { type: 'mm_lru_insertion', buffer: 'lab' },
      { type: 'mm_lru_insertion', buffer: 'lab' },
      { type: 'mm_lru_insertion', buffer: undefined },
    ]);
    expect(summary).toMatchObject({ buffers: ['lab', ''], notes: [] });
  });
});

describe('perf script', () => {
  it('gives its events', async () => {
    const { summary, events } = await readAll(recording('perf_script.txt'));
    expect(summary).toMatchObject({ format: 'perf script', events: 900, cpus: [0, 1], lost: [], notes: [] });
    expect(events[0]).toMatchObject({
      type: 'mm_filemap_add_to_page_cache',
      at: 1029441063000n,
      cpu: 0,
      pid: 10222,
      comm: 'perf-exec',
      dev: '0:3',
      ino: 0xfe00000n,
      pfn: 0x26b1c2,
      order: 0,
    });
  });

  const START = '            perf 10220 [000]  1029.440768000: ';

  it('--show-lost-events, nanoseconds, thread ids and periods', async () => {
    const { summary, events } = await readText(
      `${START}PERF_RECORD_LOST lost 12\n` +
        '     x 7 [001] 1 77/79    [000]  1029.440768123:          1 pagemap:mm_lru_insertion: folio=0x1 pfn=0x2 lru=4 flags= f    \n',
    );
    expect(summary.events).toBe(1);
    expect(events).toMatchObject([
      { type: 'loss', cpu: 0, events: 12, at: 1029440768123n },
      { type: 'mm_lru_insertion', pid: 79, comm: 'x 7 [001] 1', pfn: 2 },
    ]);
  });

  it('-g: the stack belongs to the event before it', async () => {
    const { summary, events } = await readText(
      `${START}pagemap:mm_lru_insertion: folio=0x1 pfn=0x2 lru=4 flags= f    \n` +
        '\tffffffff8112b7a5 lru_add+0x1b5 ([kernel.kallsyms])\n\tffffffff8112c7a5 folio_batch_move_lru+0x75 ([kernel.kallsyms])\n\t    7f0012345678 [unknown] (/lib/x.so)\n\n' +
        `${START}sched:sched_wakeup: comm=x pid=1\n\tffffffff8112b7a5 try_to_wake_up+0x1 ([kernel.kallsyms])\n\n` +
        `${START}syscalls:sys_enter_ioctl: fd: 0x0000000b, cmd: 0xc080aed2, arg: 0x7ffe84afbed0\n` +
        `${START}raw_syscalls:sys_exit: NR 16 = -11\n`,
    );
    expect(summary).toMatchObject({ events: 4, notes: [] });
    expect(events).toMatchObject([
      { pfn: 2, stack: ['lru_add', 'folio_batch_move_lru'] },
      { type: 'syscall-enter', args: [11n, 0xc080_aed2n, 0x7ffe_84af_bed0n] },
      { type: 'syscall-exit', returned: -11n },
    ]);
    expect(events[1]).not.toHaveProperty('stack');
  });

  it('an event that has lost the beginning of its line is no function of a stack', async () => {
    const { summary } = await readText(
      `${START}sched:sched_wakeup: comm=x pid=1\n` +
        '    a b-12 [001]  1029.440769: mm_lru_insertion: folio=0x1 pfn=0x2 lru=4\n',
    );
    expect(summary.damage).toHaveLength(1);
    expect(summary.damage[0]).toContain('an event without its columns');
  });

  it('names have no padding where call chains follow', async () => {
    const { summary, events } = await readAll(recording('perf_chains.txt'));
    expect(summary).toMatchObject({ format: 'perf script', events: 209, notes: [] });
    expect(summary.lost[0]).toMatchObject({ cpu: 1, events: 22 });
    const first = events.find(({ type }) => type === 'syscall-exit');
    expect(first).toMatchObject({
      pid: 29790,
      comm: 'perf',
      stack: ['syscall_exit_work', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'],
    });
  });

  it('a name without padding may imitate a line', async () => {
    const line =
      'x 7 [001] 1.5:  77 [003] 9.5: pagemap:mm_lru_insertion: folio=0x1 pfn=0x2 lru=4\n\tffffffff8112b7a5 f+0x1 ([x])\n\n';
    const { events } = await readText(line);
    expect(events).toMatchObject([{ cpu: 3, pid: 77, comm: 'x 7 [001] 1.5: ', at: 9_500_000_000n, stack: ['f'] }]);
  });

  it('may be trimmed and quoted', async () => {
    const line = '> perf 10220 [001] 1029.440768: pagemap:mm_lru_insertion: folio=0x1 pfn=0x2 lru=4';
    expect((await readText(`${line}\n`)).events).toMatchObject([{ cpu: 1, pid: 10220, comm: 'perf', pfn: 2 }]);
  });
});

describe('latency format', () => {
  it('has the events of the default columns, in relative time', async () => {
    const { summary, events } = await readAll(recording('trace_latency.txt'));
    const plain = await readAll(recording('trace_default.txt'));
    const common = 100;
    const told = (event: KernelEvent): unknown => ({ ...event, comm: undefined, work: undefined, at: undefined });
    const notLost = (event: KernelEvent): boolean => event.type !== 'loss';
    const [ours, theirs] = [events.filter(notLost).slice(0, common), plain.events.filter(notLost).slice(0, common)];
    expect(ours.map(told)).toEqual(theirs.map(told));
    const shifts = ours.map((event, nth) => Number((theirs[nth]?.at ?? 0n) - (event.at ?? 0n)));
    expect(Math.max(...shifts) - Math.min(...shifts)).toBeLessThanOrEqual(2000); // both are rounded
    expect(summary.lost).toMatchObject([{ cpu: 1 }, { cpu: 0 }]);
    expect(summary.notes[0]).toMatch(/^latency format: times are counted from the start/);
  });
});

it('option verbose alone changes the header only', async () => {
  const verbose = await readAll(recording('trace_verbose.txt'));
  const plain = await readAll(recording('trace_default.txt'));
  const events = plain.events.filter(({ type }) => type !== 'loss').slice(0, verbose.events.length);
  expect(verbose.events).toEqual(events);
});

describe('page_ref events', () => {
  it('come with what they say and the stack behind them', async () => {
    const { summary, events } = await readAll(recording('lab_drain.pageref.txt'));
    expect(summary.events).toBe(200);
    const references = events.filter((event) => event.type === 'page-reference');
    expect(references).toHaveLength(72);
    expect(references.filter(({ stack }) => stack !== undefined)).toHaveLength(56);
    const insertions = events.filter((event) => event.type === 'mm_lru_insertion');
    expect(insertions.map(({ stack }) => stack?.[1])).toEqual(Array.from({ length: 8 }, () => 'lru_add'));
    expect(references[2]).toMatchObject({
      operation: 'mod',
      flags: 'locked|referenced',
      count: 3,
      mapcount: -1,
      mapping: 'ffff888000832388',
      value: 1,
      returned: undefined,
    });
    expect(references[2]?.stack?.slice(2, 5)).toEqual([
      '__folio_batch_add_and_move',
      'folio_add_lru',
      'filemap_add_folio',
    ]);
    // Each folio's count is what was added to it.
    const sums = new Map<number, number>();
    for (const { operation, pfn, value, returned, count } of references) {
      if (operation === 'freeze' || (operation === 'mod-unless' && returned === 0)) continue;
      const sum = operation === 'set' ? value : (sums.get(pfn) ?? 0) + value;
      sums.set(pfn, sum);
      expect(sum).toBe(count);
    }
  });

  const LINE = '            conv-1       [000] ...2.   128.578802: ';

  it.each([
    ['page_ref_init: pfn=0x1 flags=none count=1 mapcount=-1 mapping=0000000000000000 mt=0 val=1', 'set', undefined],
    [
      'folio_ref_add_unless: pfn=0x1 flags= count=1 mapcount=0 mapping=(____ptrval____) mt=0 val=1 ret=0',
      'mod-unless',
      0,
    ],
    ['page_ref_freeze: pfn=0x1 flags=lru count=0 mt=0 val=2 ret=1', 'freeze', 1],
    ['page_pinner_put: pfn=0x1 flags=lru count=1 mapcount=0 mapping=0 mt=1', 'pinner-put', undefined],
    [
      'page_ref_mod_and_test: pfn=0x1 (1) flags=0x15 (21) count=0x1 (1) mapcount=0xffffffff (-1) mapping=0x0 (0) mt=0x0 (0) val=0xffffffff (-1) ret=0x0 (0)',
      'mod-and-test',
      0,
    ],
  ])('%s', async (text, operation, returned) => {
    const { events } = await readText(`${LINE}${text}\n`);
    expect(events).toMatchObject([{ type: 'page-reference', pfn: 1, operation, returned, mapping: undefined }]);
  });

  it('that is not readable is a loss', async () => {
    const { events } = await readText(`${LINE}page_ref_mod: pfn=0x1 flags=\n`);
    expect(events).toMatchObject([{ type: 'loss', cpu: 0, events: 1 }]);
  });

  it('a stack goes to nobody where something came in between', async () => {
    const reference = `${LINE}page_ref_mod: pfn=0x1 flags=none count=1 mapcount=0 mapping=0 mt=0 val=1\n`;
    const other = LINE.replace('[000]', '[001]');
    const text = `${reference}${LINE}some_event: x\n${LINE}<stack trace>\n => a\n${reference}${other}x: y\n${LINE}<stack trace>\n => b+0x1/0x2\n => c\n`;
    const { events } = await readText(text);
    expect(events.map((event) => (event.type === 'loss' ? undefined : event.stack))).toEqual([undefined, ['b', 'c']]);
  });
});

it.each([
  ['mm_page_free: page=00000000ac5ed3ce pfn=0x1a order=3', { type: 'mm_page_free', pfn: 26, order: 3 }],
  ['mm_page_free: page=00000000ac5ed3ce pfn=26 order=0', { pfn: 26, order: 0 }],
  [
    'workqueue_queue_work: work struct=00000000698ee967 function=f workqueue=a b req_cpu=8192 cpu=1',
    { work: '698ee967', function: 'f', workqueue: 'a b', requestedCpu: undefined },
  ],
  ['workqueue_execute_end: work struct 00000000698ee967', { type: 'workqueue_execute_end', function: undefined }],
])('%s', async (text, expected) => {
  const { events } = await readText(`            conv-1       [000] ...2.   128.578802: ${text}\n`);
  expect(events).toMatchObject([expected]);
});

it('the scheduler is told when asked for', async () => {
  const start = '            conv-1       [000] ...2.   128.578802: ';
  const text = `${start}sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=S ==> next_comm=b ==> c next_pid=5 next_prio=120\n${start}sched_wakeup: comm=x pid=3 y pid=9 prio=120 target_cpu=010\n`;
  expect((await readText(text)).events).toEqual([]);
  expect((await readText(text, { scheduling: true })).events).toMatchObject([
    { type: 'sched_switch', nextComm: 'b ==> c', nextPid: 5 },
    { type: 'sched_wakeup', wokenComm: 'x pid=3 y', wokenPid: 9, targetCpu: 10 },
  ]);
});
