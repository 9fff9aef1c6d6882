// SPDX-License-Identifier: MIT
// Recordings that nobody prepared (test/cases/), each the smallest of its kind: what is said of it, and the exit code.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Explanation,
  explainTrace,
  parseInode,
  parseMoment,
  parseRange,
  type Question,
} from '../src/explain/index.ts';
import { codeOf } from '../src/cli/explain-code.ts';
import { cpu } from '../src/ledger/index.ts';
import { PATCHES } from '../src/machine/index.ts';
import { explanationToText } from '../src/report/index.ts';
import { memorySource } from '../src/trace/index.ts';

interface Answer {
  readonly explanation: Explanation;
  readonly text: string;
  readonly code: number;
}

interface Asked {
  readonly at?: string;
  readonly cpu?: number;
  readonly range?: string;
  readonly inode?: string;
}

async function answerOf(text: string, { at, range, inode, cpu: on }: Asked = {}): Promise<Answer> {
  const moment = at === undefined ? undefined : parseMoment(at);
  const question: Question = {
    moments: moment === undefined ? [] : [moment],
    patches: PATCHES,
    range: range === undefined ? undefined : parseRange(range),
    inode: inode === undefined ? undefined : parseInode(inode),
    cpu: on === undefined ? undefined : cpu(on),
  };
  const explanation = await explainTrace(memorySource('case.txt', new TextEncoder().encode(text)), question);
  return {
    explanation,
    text: explanationToText(explanation, { file: 'case.txt', options: [] }).replaceAll(/\n +/g, ' '),
    code: codeOf(explanation, { any: false, calls: at === undefined }),
  };
}

const read = (name: string): string => readFileSync(`test/cases/${name}.txt`, 'utf8');

/** The ways that the last refused call is explained. */
const hows = ({ conversions }: Explanation): readonly string[] =>
  conversions.findLast(({ returned }) => returned === -11)?.causes.map(({ how }) => how) ?? [];

describe('a flush in progress', () => {
  test('may have refused a call, which stock events do not decide', async () => {
    const { explanation, text, code } = await answerOf(read('flush-in-progress'));
    expect(hows(explanation)).toEqual(['flush in progress', 'not recorded']);
    expect(text).toContain("the flush of CPU 1's lru_add batch had perhaps not put its references yet");
    expect(explanation.moments.at(-1)?.baseline.verdict).toBe('undecided');
    expect(code).toBe(1);
  });

  test('is named where page_ref events show its reference, and nothing else is', async () => {
    const { explanation, text } = await answerOf(read('flush-in-progress.pageref'));
    const [call] = explanation.conversions;
    expect(call?.causes).toMatchObject([
      { how: 'flush in progress', kinds: ['lru-add-batch'], certain: true, batched: [{ index: 0, cpu: 1 }] },
    ]);
    expect(text).toContain("the flush of CPU 1's lru_add batch had not put its references yet");
    expect(text).not.toContain('a reference that came during the call');
  });

  const REFUSED = readFileSync('examples/refused.txt', 'utf8');
  const DELETES = REFUSED.replace(
    /(.*begin s2_othercpu.*\n)/,
    '$1              sh-99      (     99) [002] d....     9.140588: mm_filemap_delete_from_page_cache: dev 8:1 ino 5 pfn=0x99 ofs=0 order=0\n',
  );
  test.each(['9.207034', '9.207040', '9.207041', '9.207045', '9.207048'])(
    'holds at %s what it has inserted, since it goes on',
    async (at) => {
      const { explanation, code } = await answerOf(DELETES, { at, range: '0..1' });
      expect(explanation.moments[0]?.baseline).toEqual({ verdict: 'refused', index: 0, spurious: true });
      expect(code).toBe(1);
      // Without a delete in the recording it may have gone.
      expect((await answerOf(REFUSED, { at, range: '0..1' })).code).toBe(at === '9.207034' ? 1 : 2);
    },
  );

  test.each([
    ['9.207049', 'undecided', 2],
    ['9.207055', 'undecided', 2],
    ['9.207058', 'safe', 0],
    ['9.208', 'safe', 0],
  ])('behind its last insertion, at %s: %s', async (at, verdict, status) => {
    const { explanation, code } = await answerOf(REFUSED, { at, range: '0..1' });
    expect([explanation.moments[0]?.baseline.verdict, code]).toEqual([verdict, status]);
  });

  const line = (on: number, time: string, event: string): string =>
    `${`t${on}-${1000 + on}`.padStart(20)}    [00${on}] .....     ${time}: ${event}\n`;
  const CALL = line(0, '1.000200', 'sys_ioctl(fd: 8, cmd: 0xc080aed2, arg: 0x7ffd10000000)');
  const add = (on: number, time: string, index: number): string =>
    line(on, time, `mm_filemap_add_to_page_cache: dev 0:15 ino 3961 pfn=0x${index}0 ofs=${4096 * index} order=0`);
  const insert = (on: number, time: string, index: number): string =>
    line(on, time, `mm_lru_insertion: folio=ffffea0000000000 pfn=0x${index}0 lru=4 flags=Mf`);
  const REFUSED_END = line(0, '1.000300', 'sys_ioctl -> 0xfffffffffffffff5');

  test.each([1, 2, 3, 5])('of CPU %i, one of several folios, around the call', async (on) => {
    const begin = add(on, '1.000010', 1) + add(on, '1.000020', 2);
    const before = await answerOf(begin + insert(on, '1.000198', 1) + insert(on, '1.000199', 2) + CALL + REFUSED_END);
    expect(hows(before.explanation)).toContain('flush in progress');
    const within = await answerOf(begin + insert(on, '1.000198', 1) + CALL + insert(on, '1.000210', 2) + REFUSED_END);
    expect(hows(within.explanation)).toEqual(['waited', 'flush in progress', 'not recorded']);
    const over =
      begin + insert(on, '1.000150', 1) + insert(on, '1.000151', 2) + line(on, '1.000160', 'sys_ioctl -> 0x0');
    const after = await answerOf(over + CALL + REFUSED_END);
    expect(hows(after.explanation)).toEqual(['not recorded']);
  });

  test('that was going on as the recording began may hold what no event tells of', async () => {
    const other = (on: number, time: string): string =>
      line(on, time, 'mm_lru_insertion: folio=ffffea0000000000 pfn=0x77 lru=0 flags=Ma bd');
    const gone = line(0, '1.900000', 'mm_filemap_delete_from_page_cache: dev 0:15 ino 3961 pfn=0x10 ofs=4096 order=0');
    const known = add(0, '1.000010', 9) + insert(0, '1.000011', 9) + line(0, '1.000012', 'sys_fallocate -> 0x0');
    const text = other(0, '1.000001') + known + other(1, '1.000100') + gone;
    const at = async (when: string): Promise<unknown> =>
      (await answerOf(text, { at: when, range: '1..2' })).explanation.moments[0]?.baseline.verdict;
    expect(await at('1.000099')).toBe('undecided');
    expect(await at('1.000150')).toBe('undecided');
    expect(await at('1.000700')).toBe('safe');
  });

  test('can be preempted with PREEMPT_RT: another task on its CPU, or some time, ends it no more', async () => {
    // Nothing but migration is off while it inserts.
    const preemptible = insert(1, '1.000100', 1).replace('.....', '....1');
    const other = (time: string): string => line(1, time, 'sys_fallocate -> 0x0').replace('t1-1001', 't7-1007');
    const at = async (text: string, when: string): Promise<unknown> =>
      (await answerOf(text + CALL, { at: when, range: '1..2' })).explanation.moments[0]?.baseline.verdict;
    const begin = add(1, '1.000010', 1);
    expect(await at(begin + insert(1, '1.000100', 1) + other('1.000120'), '1.000150')).toBe('safe');
    expect(await at(begin + preemptible + other('1.000120'), '1.000150')).toBe('undecided');
    const end = line(0, '1.900000', 'sys_fallocate -> 0x0');
    expect(await at(begin + preemptible + other('1.000120') + end, '1.890000')).toBe('undecided');
    expect(await at(begin + preemptible + other('1.000120') + add(1, '1.000140', 2), '1.000150')).toBe('safe');
    const refused = await answerOf(begin + preemptible + other('1.000120') + CALL + REFUSED_END);
    expect(hows(refused.explanation)).toContain('flush in progress');
  });

  test('is over where its task does something else, or another task flushes', async () => {
    const begin = add(1, '1.000010', 1) + insert(1, '1.000100', 1);
    const at = async (text: string): Promise<unknown> =>
      (await answerOf(text + CALL, { at: '1.000150', range: '1..2' })).explanation.moments[0]?.baseline.verdict;
    expect(await at(begin)).toBe('undecided');
    expect(await at(begin + add(1, '1.000110', 2))).toBe('safe');
    expect(await at(begin + insert(1, '1.000110', 9).replace('t1-1001', 't7-1007'))).toBe('safe');
    // An interrupt shows nothing.
    const woken = line(
      1,
      '1.000110',
      'workqueue_queue_work: work struct=ffff88800f066fc0 function=f workqueue=q req_cpu=1 cpu=1',
    );
    expect(await at(begin + woken)).toBe('undecided');
  });
});

describe('back in a batch', () => {
  test('between an insertion and a later one the place is not known', async () => {
    const text = read('pageout');
    const at = async (marker: string) => (await answerOf(text, { at: `marker:${marker}` })).explanation.moments[0];
    expect((await at('faulted'))?.baseline.verdict).toBe('refused');
    const pagedout = await at('pagedout');
    expect(pagedout?.baseline.verdict).toBe('undecided');
    expect(pagedout?.folios.map(({ strength }) => strength)).toEqual(Array.from({ length: 10 }, () => 'unknown'));
    expect((await at('drained2'))?.baseline.verdict).toBe('safe');
    expect((await answerOf(text, { at: 'marker:pagedout' })).code).toBe(2);
  });

  test('second insertions are counted, and what makes them is named', async () => {
    const { text } = await answerOf(read('pageout'));
    expect(text).toContain('10 folios of 0:16:0x120b5 were inserted a second time');
    expect(text).toContain('MADV_PAGEOUT');
  });

  test('a folio that waits after a drain is in the batch of a CPU that goes offline, or put back', async () => {
    const { explanation, text, code } = await answerOf(read('still-in-batch-after-drain'));
    expect(hows(explanation)).toEqual(['waited after the drain', 'not recorded']);
    expect(text).toContain('its CPU was going offline and the drain skipped it (added on CPU 1, inserted by CPU 2)');
    for (const other of ['a pin', 'an mlock batch', 'a walker', 'putback', 'a fault in flight'])
      expect(text).toContain(other);
    expect(code).toBe(1);
  });

  test('a call that was refused before the second insertion may have met it in a batch', async () => {
    const call = [
      '         convert-900   [000]  1341.885820: sys_enter_ioctl:      fd: 0x00000008, cmd: 0xc080aed2, arg: 0x7ffc25f91140',
      '         convert-900   [000]  1341.885840: sys_exit_ioctl:       0xfffffffffffffff5',
    ].join('\n');
    const text = read('pageout').replace(/(.*tracing_mark_write: pagedout\n)/, `$1${call}\n`);
    const { explanation } = await answerOf(text);
    expect(hows(explanation)).toEqual(['put back', 'not recorded']);
    expect(explanation.conversions[0]?.causes[0]?.batched.length).toBe(10);
  });
});

describe('the form that a kernel runs', () => {
  test('a refusal without a drain on a kernel that drains means pinned or mapped', async () => {
    const { explanation, text, code } = await answerOf(read('pinned-on-draining-kernel'));
    expect(explanation.form?.forms).toEqual(['drain-for-folio']);
    expect(explanation.conversions[0]?.causes).toMatchObject([
      { how: 'pinned or mapped', kinds: ['gup', 'user-mapping'], certain: false },
    ]);
    expect(text).toContain('this kernel runs drain-for-folio');
    expect(text).not.toContain('v6, v8 and drain-for-folio drain all CPUs, and would pass');
    expect(code).toBe(1);
  });

  test('a kernel of which no call drains refuses for batches', async () => {
    const { explanation } = await answerOf(readFileSync('examples/refused.txt', 'utf8'));
    expect(explanation.form?.forms).toEqual(['baseline', 'local-drain', 'drain-for-folio']);
    expect(hows(explanation)).toEqual(['waited', 'not recorded']);
  });

  test('a call that left out a CPU which went offline tells nothing of the form', async () => {
    const { explanation } = await answerOf(read('still-in-batch-after-drain'));
    expect(explanation.form?.forms).toEqual(['v6', 'v8', 'drain-for-folio']);
  });
});

describe('what was not recorded', () => {
  test('no add events: nobody can know what waited', async () => {
    const { explanation, text, code } = await answerOf(read('no-add-events'));
    expect(hows(explanation)).toEqual(['no add seen', 'not recorded']);
    expect(text).toContain('8 unevictable folios were inserted later, first at 9.207034000, by CPU 1');
    expect(text).not.toContain('no folio waited in a batch');
    expect(text).toContain('trace-cmd record -e filemap:mm_filemap_add_to_page_cache');
    expect(code).toBe(2);
  });

  test('no delete events: what was added may be gone', async () => {
    const { explanation, text, code } = await answerOf(read('no-delete-events'), { at: 'marker:punched' });
    expect(explanation.moments[0]?.baseline.verdict).toBe('undecided');
    expect(text).toContain('0:16:0x2b4ff');
    expect(text).toContain('record filemap:mm_filemap_delete_from_page_cache');
    expect(code).toBe(2);
  });

  test('three tracepoints and few pages: the inode is named, and how to judge it', async () => {
    const { explanation, text, code } = await answerOf(read('three-events'), { at: 'marker:loop' });
    expect(explanation.open.map(({ adds, waiting }) => [adds, waiting])).toEqual([[30, 0]]);
    const name = `${explanation.open[0]?.dev}:0x${explanation.open[0]?.ino.toString(16)}`;
    expect(text).toMatch(/^undecided: /);
    expect(text.replaceAll('\\ ', '')).toContain(`--inode ${name}`);
    expect(code).toBe(2);
    const asked = await answerOf(read('three-events'), { at: 'marker:loop', inode: name });
    expect(asked.explanation.moments[0]?.folios.length).toBe(10);
    expect(asked.explanation.notes.join()).toContain("3 markers have the text 'loop'");
  });

  test('none of the needed events, or only a creation', async () => {
    const lines = read('no-delete-events').split('\n');
    const some = await answerOf(lines.filter((one) => !one.includes('mm_')).join('\n'));
    expect(some.text).toMatch(/^undecided: a guest_memfd was created at 2584.147422000 \('punch10', pid 1199, fd 6\)/);
    expect(some.code).toBe(2);
    const none = await answerOf(lines.filter((one) => !one.includes('mm_') && !one.includes('ioctl')).join('\n'));
    expect(none.text).toMatch(/^undecided: this recording lacks events? that shows?/);
    expect(none.code).toBe(2);
  });
});

describe('which inode it is', () => {
  test('attached late: insertions without adds, and deletes that name the inode', async () => {
    const { explanation, text, code } = await answerOf(read('attach-late'), { at: 'marker:mid' });
    expect(explanation.inodes).toMatchObject([{ dev: '0:16', ino: 0x2fc0fn, kind: 'guest_memfd' }]);
    expect(text).toContain('20 of its folios inserted as unevictable (lru=4)');
    expect(explanation.moments[0]?.folios.map(({ holders }) => holders[1])).toEqual(
      Array.from({ length: 20 }, () => ({ kind: 'lru-add-batch', cpu: 1, references: 1 })),
    );
    // They may have waited since before, or have come back into it.
    expect(explanation.moments[0]?.baseline.verdict).toBe('undecided');
    expect(text).toContain('20 folios, not known whether still in batches of CPU 1: 20 (0-19)');
    expect(code).toBe(2);
    const drained = await answerOf(read('attach-late'), { at: 'marker:drained' });
    expect(drained.explanation.moments[0]?.verdicts.get('v6')).toEqual({ verdict: 'safe' });
  });

  test.each([
    ['0:40 ino beef', '3'],
    ['0:5 ino fffffffffffffff1', '63'],
  ])('attached late, as %s on CPU %s', async (inode, on) => {
    const moved = read('attach-late')
      .replaceAll('0:16 ino 2fc0f', inode)
      .replaceAll('[001]', `[${on.padStart(3, '0')}]`);
    const { explanation, code } = await answerOf(moved, { at: 'marker:mid' });
    expect(explanation.moments[0]?.folios[7]?.holders[1]).toMatchObject({ kind: 'lru-add-batch', cpu: Number(on) });
    expect(code).toBe(2);
  });

  test('a block device beside a guest_memfd is none', async () => {
    const { explanation, text, code } = await answerOf(read('block-device'), { at: 'end' });
    expect(explanation.inodes.filter(({ kind }) => kind !== 'other')).toMatchObject([{ dev: '0:16', ino: 0x1b142n }]);
    expect(explanation.moments.map(({ ino }) => ino)).toEqual([0x1b142n]);
    expect(text).not.toMatch(/^refused/);
    expect(text).toContain("created by 'live' (pid 20325), as its fd 5; folios added by 'live' (pid 20325), 10");
    expect(code).toBe(0);
  });

  test('a block device alone beside a call that made one is not taken for it', async () => {
    const lines = read('block-device').split('\n');
    const { explanation, code } = await answerOf(lines.filter((one) => !/pfn=0x(1049|1313df)/.test(one)).join('\n'));
    expect(explanation.inodes.filter(({ kind }) => kind === 'guest_memfd')).toEqual([]);
    expect(code).toBe(2);
  });

  const SECRET = read('block-device').replace(
    /(.*recorder-20322.*0x104929)/,
    [
      '          secret-300   [001]  1655.214000: mm_filemap_add_to_page_cache: dev 0:17 ino 9 pfn=0x999 ofs=0 order=0',
      '          secret-300   [001]  1655.215000: mm_lru_insertion:     folio=0xffffea0004124a40 pfn=0x999 lru=4 flags=Mf    ',
      '$1',
    ].join('\n'),
  );
  test('unevictable folios on two devices: which is guest_memfd is not known without a stack', async () => {
    const { explanation } = await answerOf(SECRET, { at: 'end' });
    expect(explanation.inodes.map(({ dev, kind }) => [dev, kind])).toEqual([
      ['0:16', 'unknown'],
      ['0:17', 'unknown'],
    ]);
    const stack = [' => kvm_gmem_fault_user_mapping', ' => __do_fault', ' => handle_mm_fault'].join('\n');
    const traced = SECRET.replace(
      /(.*pfn=0x104929 ofs=0 order=0)/,
      `$1\n            live-20325 [001]  1655.202291: kernel_stack:         <stack trace >\n${stack}`,
    );
    const proved = await answerOf(traced, { at: 'end' });
    expect(proved.explanation.inodes.map(({ dev, kind }) => [dev, kind])).toEqual([
      ['0:16', 'guest_memfd'],
      ['0:17', 'other'],
    ]);
  });

  test("another machine's call does not make an older guest_memfd younger", async () => {
    const create = [
      '         another-300   [000]  2831.105150: sys_enter_ioctl:      fd: 0x00000004, cmd: 0xc040aed4, arg: 0x7ffef20a6940',
      '         another-300   [000]  2831.105155: sys_exit_ioctl:       0x5',
    ];
    const events = [
      '             vmm-4849   [000]  2831.105160: mm_filemap_add_to_page_cache: dev 0:16 ino 2fc0f pfn=0x104480 ofs=0 order=0',
      '             vmm-4849   [000]  2831.105170: mm_lru_insertion:     folio=0xffffea0004124a40 pfn=0x104480 lru=4 flags=Mf    ',
      '             vmm-4849   [000]  2831.105180: mm_filemap_delete_from_page_cache: dev 8:1 ino 2f pfn=0x1 ofs=0 order=0',
      '             vmm-4849   [001]  2831.105190: print:                tracing_mark_write: now',
    ];
    const at = async (lines: readonly string[]): Promise<number> =>
      (await answerOf(`cpus=2\n${lines.join('\n')}\n`, { at: 'marker:now' })).code;
    expect(await at(events)).toBe(2);
    expect(await at([...create, ...events])).toBe(2);
    expect(await at([...create.map((one) => one.replace(' another-300 ', '     vmm-4849')), ...events])).toBe(0);
  });
});

describe('text in the wild', () => {
  const eventsOf = async (text: string): Promise<Explanation['trace']> => (await answerOf(text)).explanation.trace;

  test('trace-cmd report --ts-diff: what stands behind the differences is read', async () => {
    const { explanation } = await answerOf(read('report-ts-diff'));
    expect(explanation.trace.events).toBe(599);
    expect(explanation.trace.lost).toEqual([]);
    const plain = read('pageout');
    const spread = plain.replaceAll(
      /( \d+\.\d+:) (\w)/g,
      (_, time: string, name: string) => `${time} (+12)    ${name}`,
    );
    expect(spread).not.toBe(plain);
    const [a, b] = [await answerOf(plain), await answerOf(spread)];
    expect(b.explanation.moments).toEqual(a.explanation.moments);
    expect(b.explanation.moments.length).toBe(5);
  });

  test('lines without their leading blanks among others that have them', async () => {
    const { lost, events, cpus, damage } = await eventsOf(read('mixed-columns'));
    expect({ lost, events, cpus, damage }).toEqual({ lost: [], events: 3, cpus: [0, 2], damage: [] });
    const lines = readFileSync('examples/two-cpu.txt', 'utf8').split('\n');
    const whole = (await answerOf(lines.join('\n'))).explanation.moments;
    for (const every of [2, 3, 7]) {
      const trimmed = lines.map((one, place) =>
        place % every === 0 && !one.startsWith('#') && !one.includes('mark_write') ? one.trimStart() : one,
      );
      const { explanation } = await answerOf(trimmed.join('\n'));
      expect(explanation.trace.lost).toEqual([]);
      expect(explanation.moments).toEqual(whole);
    }
  });

  test("a dump of the trace buffer in the kernel's log", async () => {
    const { explanation, text } = await answerOf(read('dump-in-dmesg'));
    expect(explanation.trace).toMatchObject({ events: 3, cpus: [0, 1], lost: [], damage: [] });
    expect(explanation.trace.from).toBe(411_900_100_000n);
    expect(text).toContain('0:15:0x2f1 (1 folio added');
    const journal = read('dump-in-dmesg').replaceAll(/^\[/gm, 'Nov 30 12:00:00 host kernel: [');
    expect((await eventsOf(journal)).events).toBe(3);
    const among = `[  411.000000] usb 1-1: new device\n${read('dump-in-dmesg')}[  413.000000] ---[ end trace 0 ]---\n`;
    expect(await eventsOf(among)).toMatchObject({ events: 3, lost: [] });
  });

  test("Perfetto's text: page frames in decimal, generic fields", async () => {
    const { explanation } = await answerOf(read('perfetto-text'), { at: 'end' });
    expect(explanation.inodes).toMatchObject([{ dev: '0:15', ino: 0x1b62n, kind: 'guest_memfd' }]);
    expect(explanation.moments[0]?.folios.map(({ index, pfn }) => [index, pfn])).toEqual([[1, 25560]]);
  });

  test.each([
    ['perf script', 'test/recordings/perf_chains.txt', /PERF_RECORD_LOST/],
    ['trace of tracefs', 'examples/refused.txt', /LOST/],
  ])('%s without a loss cannot show one', async (_, file, losses) => {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((one) => !losses.test(one));
    const { text } = await answerOf(lines.join('\n'));
    expect(text).toContain('lost events: none that this text could show');
    expect((await answerOf(read('pageout'))).text).toContain('lost events: none user mappings');
  });

  test.each([
    'tracing_mark_write+0x0/0x1f0: ',
    'tracing_mark_write <ffffffff8121a2b0>: ',
    'tracing_mark_write+0x0/0x1f0 <ffffffff8121a2b0>: ',
  ])('a marker written by %s', async (symbol) => {
    const text = readFileSync('examples/two-cpu.txt', 'utf8');
    const { explanation } = await answerOf(text.replaceAll('tracing_mark_write: ', symbol));
    expect(explanation.moments).toEqual((await answerOf(text)).explanation.moments);
  });

  const refusal = async (text: string | Uint8Array): Promise<string> => {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    try {
      await explainTrace(memorySource('x', bytes), { moments: [], patches: [] });
    } catch (error) {
      return String(error);
    }
    return 'read';
  };
  const page = new Uint8Array(8192);
  new DataView(page.buffer).setBigUint64(0, 1_234_567_890n, true);
  new DataView(page.buffer).setBigUint64(8, 4000n, true);

  test.each([
    ['raw pages of a CPU', page, 'trace-cmd restore'],
    [
      'perf script without fields',
      '            perf 23104 [000] 14746.985595:                  syscalls:sys_enter_ioctl: \n            vmm 23104 [000] 14746.985600: filemap:mm_filemap_add_to_page_cache: \n',
      'leave the -F out',
    ],
    [
      'perf trace',
      '     0.000 ( 0.004 ms): qemu-system/1234 ioctl(fd: 8, cmd: 0xc080aed2) = -1 EAGAIN\n',
      'perf script',
    ],
    [
      'a profile',
      '# To display the perf.data header info, please use --header\n#\n# Overhead  Command\n',
      'perf script',
    ],
    [
      'a dumped page',
      '[   12.000000] page: refcount:3 mapcount:0 mapping:ffff888000aa1100 index:0x0 pfn:0x11aa0\n',
      'not the holders',
    ],
    ['a lockup', '[  100.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [vmm:771]\n', 'report of a lockup'],
    ['systrace', '<!DOCTYPE html>\n<html>\n<head>\n</head></html>\n', 'sed -n'],
  ])('%s: one line with what would help', async (_, text, words) => {
    const said = await refusal(text);
    expect(said).toContain(words);
    expect(said).not.toContain('\n');
  });
});

describe('what a stranger recorded', () => {
  const TWO = readFileSync('examples/two-cpu.txt', 'utf8');

  test("option 'fields' hides the texts of markers: that is said, also where one is asked for", async () => {
    const hidden = TWO.replaceAll(/tracing_mark_write: .*/g, 'UNKNOWN TYPE 5');
    const { explanation } = await answerOf(hidden);
    expect(explanation.notes.join()).toMatch(/\d+ markers are without a text, which option 'fields' hides/);
    await expect(answerOf(hidden, { at: 'marker:phase faulted' })).rejects.toThrow(
      /have no text here.*nofields.*use a time/,
    );
  });

  test('the buffer of one CPU says nothing of the others', async () => {
    const lines = TWO.split('\n');
    const only = lines.filter((one) => one.startsWith('#') || one.includes('[000]'));
    const count = only.filter((one) => !one.startsWith('#')).length;
    const text = only.join('\n').replace(/entries-written: \d+\/\d+/, `entries-written: ${count}/${count}`);
    expect((await answerOf(`${text}\n`)).text).toContain('all events are of CPU 0, of 2 CPUs');
    expect((await answerOf(TWO)).text).not.toContain('all events are of CPU');
  });

  test('two recordings in one file are not taken for one', async () => {
    const later = TWO.replaceAll(
      / (\d+)(\.\d{6}: )/g,
      (_, seconds: string, rest: string) => ` ${Number(seconds) + 100}${rest}`,
    );
    const { explanation, code } = await answerOf(later + TWO);
    expect(explanation.notes.join()).toContain('not sorted by time');
    expect(explanation.trace.from).toBe((await answerOf(TWO)).explanation.trace.from);
    expect([explanation.moments.at(-1)?.baseline.verdict, code]).toEqual(['undecided', 2]);
  });

  test('of CPUs one after the other nothing is said to wait or not', async () => {
    const lines = TWO.split('\n').filter((one) => one !== '' && !one.startsWith('#'));
    const inTurn = ['[000]', '[001]'].flatMap((on) => lines.filter((one) => one.includes(on)));
    const { explanation } = await answerOf(`${inTurn.join('\n')}\n`);
    for (const { folios } of explanation.moments)
      expect(folios.filter(({ strength }) => strength !== 'unknown')).toEqual([]);
  });

  test('a loss in a mail is one', async () => {
    const lossy = TWO.replace(/(.*phase faulted\n)/, 'CPU:1 [LOST 12 EVENTS]\n$1');
    const mailed = lossy.replaceAll(/^#.*\n/gm, '').replaceAll(/^(?=.)/gm, '> ');
    expect((await answerOf(mailed)).explanation.trace.lost).toMatchObject([{ cpu: 1, events: 12 }]);
  });
});

describe('clocks', () => {
  const TWO = readFileSync('examples/two-cpu.txt', 'utf8');
  /** The recording with a clock that ticks so often, and CPUs in their order within a tick, as the kernel merges them. */
  function coarse(perSecond: number): string {
    const lines = TWO.split('\n');
    const events = lines
      .filter((one) => / \d+\.\d{6}: /.test(one))
      .map((one) => {
        const [, time = ''] = / (\d+\.\d{6}): /.exec(one) ?? [];
        const tick = Math.floor(Number(time) * perSecond);
        return { tick, cpu: Number(/\[(\d+)\]/.exec(one)?.[1]), text: one.replace(` ${time}: `, ` ${tick}: `) };
      })
      .toSorted((a, b) => a.tick - b.tick || a.cpu - b.cpu);
    return [...lines.filter((one) => one.startsWith('#')), ...events.map(({ text }) => text), ''].join('\n');
  }

  test.each([250, 1000, 10_000, 100_000])(
    'ties of %i ticks a second are no order: nothing wrong is said',
    async (ticks) => {
      const whole = (await answerOf(TWO)).explanation.moments;
      const { explanation, text } = await answerOf(coarse(ticks));
      const wrong = explanation.moments.filter(({ marker, baseline }) => {
        const right = whole.find((moment) => moment.marker === marker)?.baseline;
        return (
          right?.verdict !== 'undecided' && baseline.verdict !== 'undecided' && baseline.verdict !== right?.verdict
        );
      });
      expect(wrong.map(({ marker, baseline }) => [marker, baseline])).toEqual([]);
      expect(text).not.toMatch(/\d (?:ms|us|ns|s)\b/);
    },
  );

  test('a frame that two CPUs give to two inodes in one tick: each may have it', async () => {
    // Recorded so: CPU 1 added a page, CPU 0 deleted it and gave its frame to another; the file has CPU 0 first.
    const at = (on: number, tick: number, event: string): string =>
      `             vmm-7       [00${on}] ..... ${tick}: ${event}\n`;
    const page = (what: string, ino: string, index: number): string =>
      `mm_filemap_${what}_page_cache: dev 0:16 ino ${ino} pfn=0x104c79 ofs=${4096 * index} order=0`;
    const insertion = 'mm_lru_insertion: folio=000000008d3e19f0 pfn=0x104c79 lru=4 flags=Mf    ';
    const text = [
      at(0, 1000, 'tracing_mark_write: begin'),
      at(0, 1014, page('delete_from', 'a2244', 52)),
      at(0, 1014, page('add_to', 'a2286', 53)),
      at(0, 1014, insertion),
      at(1, 1014, page('add_to', 'a2244', 52)),
      at(1, 1014, insertion),
      at(0, 1040, 'tracing_mark_write: later'),
      at(0, 1050, page('delete_from', 'a2286', 53)),
      at(0, 1060, 'tracing_mark_write: gone'),
    ].join('');
    const ask = async (marker: string, inode: string) =>
      (await answerOf(text, { at: `marker:${marker}`, inode })).explanation.moments[0]?.folios.map(
        ({ index, strength }) => [index, strength],
      );
    expect(await ask('later', '0xa2286')).toEqual([[53, 'unknown']]);
    expect(await ask('later', '0xa2244')).toEqual([[52, 'unknown']]);
    expect(await ask('gone', '0xa2286')).toEqual([]);
  });

  test('--at takes stamps as the recorder prints them', async () => {
    const text = coarse(1_000_000);
    const [first = ''] = /(?<= )\d{10}(?=: tracing_mark_write: phase faulted)/.exec(text) ?? [];
    const { explanation, text: said } = await answerOf(text, { at: first });
    expect(explanation.moments[0]?.at).toBe(BigInt(first));
    expect(said).toContain(`at ${first}`);
    expect(said).not.toMatch(/\d\.\d{9}/);
  });
});

describe('for the person who reads it', () => {
  test('calls that returned -ENOTTY come first', async () => {
    const text = readFileSync('examples/refused.txt', 'utf8').replaceAll('0xfffffffffffffff5', '0xffffffffffffffe7');
    const { text: said } = await answerOf(text);
    expect(said).toMatch(
      /^4 of 5 recorded conversions returned -ENOTTY, first at 9\.142806000 \(pid 1, fd 10\): that kernel/,
    );
  });

  test('a CPU that the recording does not have is told', async () => {
    const { text } = await answerOf(read('pageout'), { at: 'end', cpu: 7 });
    expect(text).toContain('CPU 7: not in this recording (0-1), so its batch is assumed empty');
    expect((await answerOf(read('pageout'), { at: 'end', cpu: 1 })).text).not.toContain("none of this recording's");
  });

  test('--inode as stat prints it', async () => {
    const { explanation } = await answerOf(read('pageout'), { at: 'end', inode: String(0x120b5) });
    expect(explanation.moments.map(({ ino }) => ino)).toEqual([0x120b5n]);
  });

  test('the release that a trace.dat names decides the profile', async () => {
    const bytes = readFileSync('examples/two-cpu.dat');
    const { profile } = await explainTrace(memorySource('x.dat', bytes), { moments: [], patches: [] });
    expect(profile.profile.name).toBe('linux-6.18');
    expect(profile.because).toMatch(/^by the release that the recording names, 6\.18\.\d+\S*$/);
  });

  test('the exit code follows refusals that were recorded, a moment that is asked for its own', async () => {
    const text = readFileSync('examples/refused.txt', 'utf8');
    expect((await answerOf(text)).code).toBe(1);
    expect((await answerOf(text, { at: 'end' })).code).toBe(0);
    const { explanation } = await answerOf(text, { at: 'end' });
    expect(codeOf(explanation, { any: true, calls: false })).toBe(1);
  });

  test('what the forms of the check are that pass is said', async () => {
    const { text } = await answerOf(readFileSync('examples/two-cpu.txt', 'utf8'), { at: 'marker:phase faulted' });
    expect(text).toContain("those forms of the check drain all CPUs' batches before they refuse");
  });
});
