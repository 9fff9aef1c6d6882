// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { asInText, readAll, readText, recording, recordingBytes } from '../../../test/support/read-recording.ts';
import type { KernelEvent } from '../../ledger/index.ts';
import { memorySource } from '../index.ts';

const PAIRS = ['single', 'two-cpu', 'punch', 'random-1', 'random-2', 'random-3'];

describe('text of a recording', () => {
  it.each(PAIRS)('%s: gives the events of the trace.dat, to the microsecond', async (name) => {
    const text = await readAll(recording(`${name}.txt`));
    const dat = await readAll(recording(`${name}.dat`));
    expect(text.events).toEqual(dat.events.map(asInText));
    expect(text.summary).toMatchObject({
      format: 'ftrace text',
      events: dat.summary.events,
      cpus: dat.summary.cpus,
      notes: [],
    });
  });

  it('is taken by its columns, whatever the tasks are called', async () => {
    const { summary, events } = await readAll(recording('odd_trace.txt'));
    expect(summary.events).toBe(271);
    const names = new Map(events.flatMap((event) => (event.type === 'loss' ? [] : [[event.pid, event.comm]])));
    expect([10764, 10765, 10766, 10767, 10768, 10769, 10770, 10772, 10773].map((pid) => names.get(pid))).toEqual([
      'a b-12 [001]',
      'x: y: 1.5:',
      'dash-99',
      ']tricky[',
      undefined,
      'sp  two',
      '(paren)',
      'tab\there',
      'uni\u00e9',
    ]);
  });

  it.each(['trace_fields.txt', 'trace_noirq-info.txt'])(
    '%s: has the events that the default columns have',
    async (name) => {
      const plain = await readAll(recording('trace_default.txt'));
      const other = await readAll(recording(name));
      const common = Math.min(plain.events.length, other.events.length);
      expect(common).toBeGreaterThan(200);
      // Addresses are hashed without `fields`.
      const asPlain = (event: KernelEvent): KernelEvent => ('work' in event ? { ...event, work: '' } : event);
      expect(other.events.slice(0, common).map(asPlain)).toEqual(plain.events.slice(0, common).map(asPlain));
    },
  );

  it('with `fields` says the same in any order of them, and nothing where one is cut off', async () => {
    const line = (event: string): string => `            bash-1234    [001] .....    12.345678: ${event}\n`;
    const add = [
      'pfn=0x15d86b (1431659)',
      'i_ino=0x2a45ad (2770349)',
      'index=0x1 (1)',
      's_dev=0xfe00000 (266338304)',
      'order=(3)',
    ];
    const insertion = [
      'folio=0xffffea00089c6300 (-24189111344384)',
      'pfn=0x22718c (2257292)',
      'lru=0x3 (3)',
      'flags=0x25 (37)',
    ];
    const texts = [add, add.toReversed()].map((fields) => line(`mm_filemap_add_to_page_cache: ${fields.join(' ')}`));
    texts.push(...[insertion, insertion.toReversed()].map((fields) => line(`mm_lru_insertion: ${fields.join(' ')}`)));
    const { events } = await readText(texts.join(''));
    expect(events).toHaveLength(4);
    expect(events[0]).toMatchObject({ dev: '254:0', ino: 0x2a45adn, pfn: 0x15d86b, index: 1, order: 3 });
    expect(events[1]).toEqual(events[0]);
    expect(events[2]).toMatchObject({ pfn: 0x22718c, lru: 3, mapped: true });
    expect(events[3]).toEqual(events[2]);
    const cut = await readText(
      `${line('x: 1')}${line('mm_filemap_add_to_page_cache: pfn=0x15d86b (1431659) i_ino=0x2a4')}`,
    );
    expect(cut.events).toMatchObject([{ type: 'loss', cpu: 1, events: 1 }]);
  });

  it('of trace_pipe tells the losses where they are', async () => {
    const { summary } = await readAll(recording('trace_pipe_lost.txt'));
    expect(summary.events).toBe(3969);
    expect(summary.lost).toHaveLength(9);
    expect(summary.lost[0]).toMatchObject({ cpu: 1, at: 1310632336000n, events: 23884 });
    expect(summary.lost[1]).toMatchObject({ cpu: 0, events: 13464 });
  });

  it('whose start was overwritten begins with a loss on each CPU, and its cut end is one more', async () => {
    const { summary } = await readAll(recording('trace_lossy.txt'));
    expect(summary.lost).toMatchObject([
      { cpu: 0, at: 1308945904000n, events: undefined },
      { cpu: 0, events: 1 },
      { cpu: 0, at: undefined },
      { cpu: 1, at: undefined },
    ]);
    expect(summary.damage).toEqual([
      'line 2192, byte 299864: an event that cannot be read, expected the fields of its format',
    ]);
    expect(summary.notes).toEqual([
      'the last line does not end: the text may be cut off',
      '276832 events before the first ones were overwritten; the text does not say on which CPUs',
      'the header announces 11764 events, the text holds 2180: cut or filtered',
      '1 of the lines could not be read, the first is line 2192; each counted as a loss',
    ]);
  });

  it('is the same in blocks that end anywhere', async () => {
    const bytes = recordingBytes('odd_trace.txt');
    const whole = await readAll(recording('odd_trace.txt'));
    for (const size of [37, 1000, 4096]) {
      const read = (offset: number, length: number) =>
        Promise.resolve(bytes.subarray(offset, offset + Math.min(size, length)));
      const { events } = await readAll({ name: 'pieces', size: bytes.length, read });
      expect(events).toEqual(whole.events);
    }
  });
});

const LINE = '            conv-1       [000] ...2.   128.578802: ';
const INSERTION = 'mm_lru_insertion: folio=00000000ac5ed3ce pfn=0x1a lru=4 flags= f    ';

describe('a line', () => {
  const eventsOf = async (text: string): Promise<readonly KernelEvent[]> => (await readText(text)).events;

  it.each([
    [
      'add',
      `${LINE}mm_filemap_add_to_page_cache: dev 0:15 ino 3146 pfn=0x60f5 ofs=8192 order=3`,
      { dev: '0:15', ino: 0x3146n, pfn: 0x60f5, index: 2, order: 3 },
    ],
    [
      'add without order',
      `${LINE}mm_filemap_add_to_page_cache: dev 0:15 ino 3146 pfn=0x60f5 ofs=8192`,
      { index: 2, order: 0 },
    ],
    [
      'add of an old kernel',
      `${LINE}mm_filemap_add_to_page_cache: dev 0:15 ino 3146 page=00000000ab pfn=24821 ofs=4096`,
      { pfn: 24821, index: 1 },
    ],
    [
      'add with a large inode number',
      `${LINE}mm_filemap_add_to_page_cache: dev 0:15 ino fedcba9876543210 pfn=0x1 ofs=0 order=0`,
      { ino: 0xfedc_ba98_7654_3210n },
    ],
    [
      'insertion of a mapped folio',
      `${LINE}mm_lru_insertion: folio=0 pfn=0x1a lru=0 flags=Ma bd `,
      { pfn: 26, lru: 0, mapped: true },
    ],
    ['insertion without flags', `${LINE}mm_lru_insertion: pfn=0x1a lru=4`, { mapped: undefined }],
    [
      'call',
      `${LINE}sys_ioctl(fd: 0xa, cmd: 0xc080aed2, arg: 0x7ffd7b1f02a0)`,
      { type: 'syscall-enter', args: [10n, 0xc080_aed2n, 0x7ffd_7b1f_02a0n] },
    ],
    [
      'call of a kernel without 0x',
      `${LINE}sys_fallocate(fd: 6, mode: 3, offset: 1000, len: ff000)`,
      { args: [6n, 3n, 0x1000n, 0xff000n] },
    ],
    ['return', `${LINE}sys_ioctl -> 0xfffffffffffffff5`, { type: 'syscall-exit', name: 'ioctl', returned: -11n }],
    [
      'raw call',
      `${LINE}sys_enter: NR 285 (6, 3, 1000, ff000, 0, 7f)`,
      { name: 'fallocate', args: [6n, 3n, 0x1000n, 0xff000n] },
    ],
    ['raw return', `${LINE}sys_exit: NR 16 = -11`, { name: 'ioctl', returned: -11n }],
    [
      'call with option fields',
      `${LINE}sys_enter_ioctl: __syscall_nr=0x10 (16) fd=0x6 (6) cmd=0xae01 (44545) arg=0x0 (0)`,
      { args: [6n, 0xae01n, 0n] },
    ],
    [
      'return with option fields',
      `${LINE}sys_exit_ioctl: __syscall_nr=0x10 (16) ret=0xfffffffffffffff5 (-11)`,
      { returned: -11n },
    ],
    ['marker', `${LINE}tracing_mark_write: a: [000] 1.5: `, { type: 'marker', text: 'a: [000] 1.5: ' }],
  ])('%s', async (_, line, expected) => {
    const { summary, events } = await readText(`${line}\n`);
    expect(events).toMatchObject([{ at: 128578802000n, cpu: 0, pid: 1, comm: 'conv', ...expected }]);
    expect(summary.events).toBe(1);
  });

  it.each([
    `${LINE}sys_read(fd: 3)`,
    `${LINE}sys_enter: NR 0 (1)`,
    `${LINE}mm_filemap_get_pages: dev=254:0 ino=1 ofs=0-1`,
    `${LINE}mm_filemap_a`,
    `${LINE}some_function: from trace_printk`,
  ])('%s is only counted', async (line) => {
    const { summary, events } = await readText(`${line}\n`);
    expect(events).toEqual([]);
    expect(summary.events).toBe(1);
  });

  it.each([
    'mm_filemap_add_to_page_cache: dev 0:15 ino 31',
    'mm_lru_insertion: folio=0 pfn=0x',
    'sys_ioctl(fd: 1, cmd',
  ])('that ends in %j counts as a loss', async (body) => {
    const { summary, events } = await readText(`${LINE}${body}\n${LINE}${INSERTION}\n`);
    expect(events).toMatchObject([
      { type: 'loss', cpu: 0, at: 128578802000n, events: 1 },
      { type: 'mm_lru_insertion' },
    ]);
    expect(summary.notes).toEqual(['1 of the lines could not be read, the first is line 1; each counted as a loss']);
  });

  it('of a marker goes on in the lines that have no columns', async () => {
    const events = await eventsOf(`${LINE}tracing_mark_write: one\ntwo\n\n - => four\n${LINE}${INSERTION}\n`);
    expect(events).toMatchObject([{ type: 'marker', text: 'one\ntwo\n\n - => four' }, { type: 'mm_lru_insertion' }]);
  });

  it('of a stack trace belongs to its event', async () => {
    const { summary } = await readText(
      `${LINE}<stack trace>\n => lru_add_drain\n => filemap_add_folio\n${LINE}${INSERTION}\n`,
    );
    expect(summary).toMatchObject({ events: 2, notes: [] });
  });

  it('may be split by newlines in the name of its task', async () => {
    const split = '          two\ner-1       [000] ...2.   128.578802: ';
    const { summary, events } = await readText(
      `${LINE}tracing_mark_write: x\n${split}${INSERTION}\n${LINE}${INSERTION}\n`,
    );
    expect(events).toMatchObject([{ type: 'marker', text: 'x' }, { comm: 'two\ner' }, { comm: 'conv' }]);
    expect(summary.events).toBe(3);
  });

  it('may be split so again and again, between lines of other tasks and what imitates their columns', async () => {
    const split = '          two\ner-1       [000] ...2.   128.578802: ';
    const other = LINE.replace('[000]', '[001]');
    const round = `${LINE}${INSERTION}\n${split}${INSERTION}\n${split}${INSERTION}\n${other}tracing_mark_write: x\n          two\n${LINE}${INSERTION}\n`;
    const events = await eventsOf(round.repeat(100));
    expect(events).toHaveLength(500);
    expect(events.slice(300, 305)).toMatchObject([
      { comm: 'conv', cpu: 0 },
      { comm: 'two\ner' },
      { comm: 'two\ner' },
      { type: 'marker', cpu: 1, text: 'x\n          two' },
      { comm: 'conv', cpu: 0 },
    ]);
  });

  it('of a CPU whose buffer started later follows a loss', async () => {
    const text = `${LINE}${INSERTION}\n##### CPU 2 buffer started ####\n${LINE.replace('[000]', '[002]')}${INSERTION}\n`;
    expect(await eventsOf(text)).toMatchObject([
      { cpu: 0 },
      { type: 'loss', cpu: 2, at: 128578802000n, events: undefined },
      { cpu: 2 },
    ]);
  });

  it('that tells an unknown loss', async () => {
    expect(await eventsOf(`CPU:0 [LOST EVENTS]\n${LINE}${INSERTION}\n`)).toMatchObject([
      { type: 'loss', events: undefined },
      {},
    ]);
  });

  it('may be trimmed, quoted and end as on Windows', async () => {
    const trimmed = `> > a b-12 [001]-77 [003] d..2. 12.5: ${INSERTION}\r\n> > a b-12 [001]-77 [003] d..2. 13.000001: tracing_mark_write: hello\r\n`;
    expect(await eventsOf(trimmed)).toMatchObject([
      { cpu: 3, pid: 77, comm: 'a b-12 [001]', at: 12_500_000_000n, pfn: 26 },
      { at: 13_000_001_000n, text: 'hello' },
    ]);
  });
});

it('the header tells the loss of the only CPU with its number', async () => {
  const header = '# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/8   #P:1\n#\n';
  const { summary } = await readText(`${header}${LINE}${INSERTION}\n`);
  expect(summary.lost).toMatchObject([{ cpu: 0, events: 7 }]);
});

it('an empty trace is no error', async () => {
  const { summary } = await readText('# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n#\n');
  expect(summary).toMatchObject({ events: 0, cpus: [0, 1], from: undefined, to: undefined, notes: [] });
});

it('a buffer cannot be chosen in text', async () => {
  await expect(
    readAll(memorySource('t', new TextEncoder().encode(`${LINE}${INSERTION}\n`)), { buffer: 'lab' }),
  ).rejects.toThrow(/^t: ftrace text is of one buffer/);
});

it('a line without an end is left out, not gathered', async () => {
  const endless = {
    name: 'endless',
    size: 40_000_000,
    read: (offset: number, length: number) =>
      Promise.resolve(new TextEncoder().encode(offset === 0 ? `${LINE}${INSERTION}\n` : 'x'.repeat(length))),
  };
  const { summary, events } = await readAll(endless);
  expect(events).toMatchObject([{ pfn: 26 }, { type: 'loss', cpu: 0, at: undefined, events: undefined }]);
  expect(summary.notes).toEqual(['1 of the lines are not events, the first is line 2']);
});

it('what stands behind a line without an end follows a loss on its CPU', async () => {
  const { events } = await readText(`${LINE}${INSERTION}\n${'x'.repeat(5_000_000)}\n${LINE}${INSERTION}\n`);
  expect(events).toMatchObject([{ pfn: 26 }, { type: 'loss', cpu: 0, at: 128578802000n }, { pfn: 26 }]);
});

it('tells an event that thousands of blanks have shifted out of its columns', async () => {
  const blanks = ' '.repeat(5000);
  const column = 'task-1'.padStart(18);
  const lines = [
    `${column}       [000] .....     1.000001: sched_waking: comm=a pid=1`,
    `${blanks}${column}       [000] .....     1.000002: mm_lru_insertion: folio=00000000d1fa36bb pfn=0x1a lru=4 flags=M a b `,
    `${column}       [000] .....     1.000003: sched_waking: comm=a pid=1`,
  ];
  const { summary } = await readText(`# tracer: nop\n#\n${lines.join('\n')}\n`);
  expect(summary.events).toBe(2);
  expect(summary.damage).toEqual([expect.stringMatching(/^line 4, byte \d+: an event without its columns/)]);
  expect(summary.lost).toHaveLength(1);
});

it.each([
  ['behind an event', `${INSERTION}\n`, { pfn: 26 }],
  ['behind a marker', 'tracing_mark_write: phase one\n', { text: 'phase one' }],
])('what follows NULs %s follows a loss: nobody knows what stood there', async (_, body, first) => {
  const { summary, events } = await readText(`${LINE}${body}${'\0'.repeat(5000)}\n${LINE}${INSERTION}\n`);
  expect(summary.damage).toEqual([expect.stringMatching(/^line 2, byte \d+: a NUL, expected text$/)]);
  expect(events).toMatchObject([first, { type: 'loss', cpu: 0, at: 128578802000n, events: undefined }, { pfn: 26 }]);
});

it('a number of option fields that has lost its 0x is no other number', async () => {
  const fields =
    'mm_lru_insertion: folio=0xffffea0005963700 (-24189162080512) pfn=0x1a (26) lru=0x3 (3) flags=0x24 (36)';
  const { summary, events } = await readText(`${LINE}${fields}\n${LINE}${fields.replace('lru=0x3', 'lru=093')}\n`);
  expect(events).toMatchObject([
    { pfn: 26, lru: 3 },
    { type: 'loss', cpu: 0, events: 1 },
  ]);
  expect(summary.damage).toEqual([expect.stringMatching(/^line 2, byte \d+: an event that cannot be read/)]);
});

it('NULs within a marker are no part of its text without a word', async () => {
  const { summary } = await readText(`${LINE}${INSERTION}\n${LINE}tracing_mark_write: pha\0\0\0`);
  expect(summary.damage).toEqual([expect.stringMatching(/^line 2, byte \d+: a NUL, expected text$/)]);
  expect(summary.lost).toMatchObject([{ cpu: 0, at: undefined, events: undefined }]);
});

describe('NULs in place of a newline, so that two events are one line', () => {
  const WAKING = 'sched_waking: comm=a pid=1 prio=120 target_cpu=000';
  const LOSS = { type: 'loss', cpu: 0, at: 128578802000n, events: undefined };

  it.each([
    ['whose fields nobody reads', WAKING, []],
    ['that is read', INSERTION, [{ pfn: 26 }]],
    ['that is a marker', 'tracing_mark_write: phase one', [{ type: 'marker' }]],
  ])('are told behind one %s', async (_, first, read) => {
    const { summary, events } = await readText(
      `${LINE}${WAKING}\n${LINE}${first}\0${LINE}${INSERTION}\n${LINE}${INSERTION}\n`,
    );
    expect(summary.damage).toEqual([expect.stringMatching(/^line 2, byte \d+: a NUL, expected text$/)]);
    expect(events).toMatchObject([...read, LOSS, { pfn: 26 }]);
  });

  it.each([
    ['in one line', 'cut\0off'],
    ['that a newline splits', 'cut\0o\nff'],
  ])("are told before one, where they stand in its task's name, %s", async (_, name) => {
    const { summary, events } = await readText(
      `${LINE}${WAKING}\n${name.padStart(16)}-1       [000] ...2.   128.578802: ${INSERTION}\n`,
    );
    expect(summary.damage).toEqual([expect.stringMatching(/^line 2, byte \d+: a NUL, expected text$/)]);
    expect(events).toMatchObject([LOSS, { pfn: 26 }]);
  });
});

describe('an event that has lost some of its columns', () => {
  const kernelLine = (time: string): string =>
    `            grep-13833   [001] .....  ${time}: mm_vmscan_wakeup_kswapd: nid=0 order=0`;
  const perfLine = (time: string): string =>
    `         timeout 10222 [000]  ${time}:                  filemap:mm_filemap_get_pages: dev=254:0 ino=3fb54 ofs=0-4095`;

  it.each([
    ['its task', kernelLine, '833   [001] .....  1.000002: mm_vmscan_wakeup_kswapd: nid=0 order=0'],
    ['all but its time', kernelLine, ' 1.000002: mm_vmscan_wakeup_kswapd: nid=0 order=0'],
    ['all but the name of one that an answer rests on', kernelLine, '02: sys_ioctl(fd: 6, cmd: c080aed2, arg: 0)'],
    [
      'its task in perf, whose pid looks like an address',
      perfLine,
      perfLine('1.000002').slice(16).replace('10222', '222'),
    ],
    ['its task in perf, all but a pid of 0', perfLine, perfLine('1.000002').slice(16).replace('10222', '0')],
  ])('is a loss of every CPU and told: %s', async (_, whole, damaged) => {
    const { summary } = await readText(`${whole('1.000001')}\n${damaged}\n${whole('1.000003')}\n`);
    expect(summary.events).toBe(2);
    expect(summary.damage).toEqual([
      expect.stringMatching(/^line 2, byte \d+: an event without its columns, expected /),
    ]);
    expect(summary.lost).toHaveLength(1);
  });

  it('is told as the first line too', async () => {
    const { summary } = await readText(`833   [001] .....  1.000002: mm_x: a=1\n${kernelLine('1.000003')}\n`);
    expect(summary.damage).toEqual([expect.stringMatching(/^line 1, byte 0: /)]);
  });

  it('is not seen in the words around a recording', async () => {
    const { summary } = await readText(
      `it took 1.000002: no mm_lru_insertion: came\n${kernelLine('1.000003')}\nand at 1.000004 s: nothing\n`,
    );
    expect(summary).toMatchObject({ events: 1, damage: [], lost: [] });
  });
});

it.each(['CPU:4294967296 [LOST 3 EVENTS]', '##### CPU 4294967296 buffer started ####'])(
  'a loss on a CPU that cannot be is one on every CPU: %s',
  async (line) => {
    const { summary } = await readText(`${LINE}${INSERTION}\n${line}\n${LINE}${INSERTION}\n`);
    expect(summary.damage).toEqual([
      expect.stringMatching(/^line 2, byte \d+: a loss on CPU 4294967296, expected a CPU below 65536$/),
    ]);
    expect(summary.lost).toMatchObject([{ cpu: 0, at: 128578802000n, events: undefined }]);
  },
);
