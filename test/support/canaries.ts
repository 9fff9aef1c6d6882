// SPDX-License-Identifier: MIT
import { cpu, dev, folioIndex, ino, type KernelEvent, nanoseconds, order, pfn } from '../../src/ledger/index.ts';
import { EventRecords, RingPages } from '../../src/trace/index.ts';
import { ByteWriter, formatText, makeV6, makeV7, X86_64 } from './make-trace-dat.ts';

/** Stands in every name of the recordings below, and in the paths of their files. */
export const NAME = 'CANARY';
/** Numbers that no answer has by chance: page frames, pids and addresses. */
export const FRAMES = [0x5eed_c0d1, 0x5eed_c0d2, 0x5eed_c0d3].map((frame) => pfn(frame));
export const PIDS = [0x2b3c_4d51, 0x2b3c_4d52, 0x2b3c_4d53, 0x2b3c_4d54];
export const ADDRESSES = [
  0xffff_c0de_beef_0101n,
  0xffff_c0de_beef_0202n,
  0x0000_7fde_adc0_de03n,
  0xffff_ffff_c0de_f004n,
  0xffff_c0de_beef_0505n,
];
const [WORK, MAPPING, USER, CODE, OTHER] = ADDRESSES as [bigint, bigint, bigint, bigint, bigint];
const [VMM, WAKER, NEXT, STRANGER] = PIDS as [number, number, number, number];
const [FIRST, SECOND, THIRD] = FRAMES as [never, never, never];
export const MARKER = `${NAME} marker of /home/${NAME}/vmm, pfn 0x${FRAMES[0]?.toString(16)} pid ${PIDS[0]}`;

const hex = (value: bigint): string => value.toString(16);

/** ioctl numbers: KVM_SET_MEMORY_ATTRIBUTES2 is what a conversion calls. */
const SET_ATTRIBUTES = 0xc080_aed2n;

/** Events with a canary wherever a name or an identifying number can stand. */
function canaryEvents(): readonly KernelEvent[] {
  let time = 1_000_000_000n;
  const of = (pid: number, on = 0, comm = `${NAME}vmm`) => ({
    at: nanoseconds((time += 1000n)),
    cpu: cpu(on),
    pid,
    comm,
  });
  const folio = { dev: dev(0, 16), ino: ino(0x4414n), order: order(0) };
  const stack = ['kvm_gmem_get_folio', `0x${hex(CODE)}`, `bpf_prog_6deef7357e7b4530_${NAME}`, 'entry_SYSCALL_64'];
  return [
    { ...of(VMM), type: 'marker', text: MARKER },
    { ...of(VMM), type: 'mm_filemap_add_to_page_cache', ...folio, pfn: FIRST, index: folioIndex(0), stack },
    { ...of(VMM, 1), type: 'mm_filemap_add_to_page_cache', ...folio, pfn: SECOND, index: folioIndex(1) },
    {
      ...of(VMM),
      type: 'page-reference',
      operation: 'mod',
      pfn: FIRST,
      flags: '0x10',
      count: 3,
      mapcount: 0,
      mapping: hex(MAPPING),
      value: 1,
      returned: undefined,
      stack: [`0x${hex(OTHER)}`, 'try_grab_folio', 'gup_fast_fallback'],
    },
    { ...of(VMM), type: 'syscall-enter', name: 'ioctl', args: [8n, SET_ATTRIBUTES, USER] },
    {
      ...of(VMM),
      type: 'workqueue_queue_work',
      work: hex(WORK),
      function: 'lru_add_drain_per_cpu',
      workqueue: 'mm_percpu_wq',
      requestedCpu: cpu(1),
    },
    {
      ...of(WAKER, 1, `${NAME}waker`),
      type: 'workqueue_queue_work',
      work: hex(OTHER),
      function: `0x${hex(CODE)}`,
      workqueue: `${NAME}queue`,
      requestedCpu: cpu(1),
    },
    { ...of(VMM, 1), type: 'sched_switch', nextPid: NEXT, nextComm: `${NAME}next` },
    { ...of(VMM, 1), type: 'sched_wakeup', wokenPid: WAKER, wokenComm: `${NAME}woken`, targetCpu: cpu(1) },
    {
      ...of(NEXT, 1, `kworker/1:2-${NAME}`),
      type: 'workqueue_execute_start',
      work: hex(WORK),
      function: 'lru_add_drain_per_cpu',
      workqueue: undefined,
      requestedCpu: undefined,
    },
    { ...of(NEXT, 1, `kworker/1:2-${NAME}`), type: 'mm_lru_insertion', pfn: SECOND, lru: 4, mapped: true },
    {
      ...of(NEXT, 1, `kworker/1:2-${NAME}`),
      type: 'workqueue_execute_end',
      work: hex(WORK),
      function: 'lru_add_drain_per_cpu',
      workqueue: undefined,
      requestedCpu: undefined,
    },
    { ...of(VMM), type: 'syscall-exit', name: 'ioctl', returned: -11n },
    { ...of(VMM), type: 'mm_lru_insertion', pfn: FIRST, lru: 4, mapped: true },
    { ...of(STRANGER, 0, `${NAME}stranger`), type: 'mm_page_free', pfn: THIRD, order: order(0) },
    { ...of(STRANGER, 0, `${NAME}stranger`), type: 'marker', text: `${NAME} another` },
  ];
}

/** Of an event that no list of kept fields has: texts, numbers and lists. */
const STRANGE_ID = 2000;
const EXEC_ID = 2001;
const OWN_FORMATS = {
  [`${NAME}_probes`]: [
    formatText(`${NAME}_event`, STRANGE_ID, [
      'unsigned long pfn;8;8',
      'pid_t pid;16;4',
      'char comm[16];20;16',
      'void * pointer;40;8',
      'unsigned long list[2];48;16',
      'char path[32];64;32',
    ]),
  ],
  sched: [
    formatText('sched_process_exec', EXEC_ID, ['char filename[32];8;32', 'pid_t pid;40;4', 'pid_t old_pid;44;4']),
  ],
};

const record = (id: number, pid: number): ByteWriter => new ByteWriter(true).number(id, 2).number(0, 2).number(pid, 4);
const strange = (): Uint8Array =>
  record(STRANGE_ID, STRANGER)
    .number(FRAMES[2] ?? 0, 8)
    .number(WAKER, 4)
    .text(`${NAME}field`)
    .padTo(40)
    .number(OTHER, 8)
    .number(CODE, 8)
    .number(USER, 8)
    .text(`/home/${NAME}/file`)
    .padTo(96)
    .done();
const exec = (): Uint8Array =>
  record(EXEC_ID, STRANGER).text(`/opt/${NAME}/vmm`).padTo(40).number(STRANGER, 4).number(WAKER, 4).done();

const option = (id: number, text: string): { readonly id: number; readonly data: Uint8Array } => ({
  id,
  data: new ByteWriter(true).cstring(text).done(),
});

/** A trace.dat with canaries, also in its options, its symbols and its list of tasks. */
export function canaryDat(version: 6 | 7): Uint8Array {
  const records = new EventRecords();
  const rings = [0, 1, 2].map(() => {
    const pages: Uint8Array[] = [];
    return { pages, ring: new RingPages((page) => void pages.push(page.slice())) };
  });
  const [zero, one, buffered] = rings;
  for (const event of canaryEvents()) {
    if (event.type === 'loss') continue;
    const ring = (event.cpu === 0 ? zero : one)?.ring;
    ring?.add(event.at, records.of(event));
    const stack = records.stackOf(event);
    if (stack !== undefined) ring?.add(event.at, stack);
  }
  const late = nanoseconds(1_000_100_000n);
  zero?.ring.add(late, strange());
  zero?.ring.add(late, exec());
  one?.ring.lost(7);
  one?.ring.add(late, strange());
  buffered?.ring.add(late, strange());
  for (const { ring } of rings) ring.flush();
  const own: Record<string, readonly string[]> = Object.fromEntries(records.formats);
  for (const [system, formats] of Object.entries(OWN_FORMATS)) own[system] = [...(own[system] ?? []), ...formats];
  const contents = {
    machine: X86_64,
    formats: own,
    taskNames: `${records.taskNames}77 ${NAME}unused\n`,
    kallsyms: `${records.kallsyms}${hex(OTHER)} t ${NAME}_function\t[${NAME}_module]\n`,
    buffers: { '': { 0: zero?.pages ?? [], 1: one?.pages ?? [] }, [`${NAME}buffer`]: { 0: buffered?.pages ?? [] } },
    options: [
      option(4, `local [${NAME}clock]`),
      option(5, `Linux ${NAME}host 6.18.44-${NAME}release ${NAME}machine`),
      option(6, `${NAME} hook`),
      option(9, `folioscope 0 recorded filemap:mm_filemap_add_to_page_cache ${NAME}:${NAME}_event pagemap:${NAME}`),
      option(10, `vendor ${NAME} cpuinfo`),
      option(13, `guest ${NAME}`),
      option(2, `CPU: 0\nentries: 9\n${NAME}`),
    ],
  };
  return version === 7 ? makeV7(contents, 'zstd') : makeV6(contents);
}

/** The same in the text of ftrace. */
export function canaryText(): Uint8Array {
  const [first = 0, second = 0] = FRAMES;
  const line = (task: string, on: number, at: string, rest: string): string =>
    `${task.padStart(24)} [00${on}] ..... 1.${at}: ${rest}`;
  return new TextEncoder().encode(
    [
      '# tracer: nop',
      '#',
      '# entries-in-buffer/entries-written: 9/9   #P:2',
      '#',
      line(`${NAME}vmm-${VMM}`, 0, '000001', `tracing_mark_write: ${MARKER}`),
      line(
        `${NAME}vmm-${VMM}`,
        0,
        '000002',
        `mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${first.toString(16)} ofs=0 order=0`,
      ),
      line(`${NAME}vmm-${VMM}`, 0, '000002', '<stack trace>'),
      ' => kvm_gmem_get_folio',
      ` => 0x${hex(CODE)}`,
      ` => bpf_prog_${NAME}`,
      line(
        `${NAME}vmm-${VMM}`,
        1,
        '000003',
        `mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x${second.toString(16)} ofs=4096 order=0`,
      ),
      line(
        `${NAME}vmm-${VMM}`,
        0,
        '000004',
        `sched_switch: prev_comm=${NAME}vmm prev_pid=${VMM} prev_prio=120 prev_state=S ==> next_comm=${NAME}next next_pid=${NEXT} next_prio=120`,
      ),
      line(
        `${NAME}vmm-${VMM}`,
        0,
        '000005',
        `${NAME}_event: (0x${hex(CODE)}) name="${NAME}string" pid=${WAKER} pfn=0x${first.toString(16)} address=0x${hex(OTHER)}`,
      ),
      line(
        `${NAME}next-${NEXT}`,
        1,
        '000006',
        `mm_lru_insertion: folio=${hex(OTHER)} pfn=0x${second.toString(16)} lru=4 flags=M`,
      ),
      line(
        `${NAME}next-${NEXT}`,
        1,
        '000007',
        `sys_enter_openat: dfd: 0xffffff9c, filename: ${hex(USER)} "/home/${NAME}"`,
      ),
      line(
        `${NAME}next-${NEXT}`,
        1,
        '000008',
        `workqueue_queue_work: work struct=${hex(WORK)} function=0x${hex(CODE)} workqueue=${NAME}queue req_cpu=1 cpu=1`,
      ),
      '',
    ].join('\n'),
  );
}

/** A finder of canaries in bytes: names, and numbers as text, in binary of both orders and as variable-length numbers. */
export function canariesIn(bytes: Uint8Array): readonly string[] {
  const found = new Set<string>();
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lower = Buffer.from(all.toString('latin1').toLowerCase(), 'latin1');
  for (const [name, pattern] of PATTERNS) if ((pattern.isText ? lower : all).includes(pattern.bytes)) found.add(name);
  return [...found];
}

const PATTERNS: readonly (readonly [string, { readonly bytes: Buffer; readonly isText: boolean }])[] = [
  ['name', { bytes: Buffer.from(NAME.toLowerCase()), isText: true }],
  ['name in hexadecimal', { bytes: Buffer.from(Buffer.from(NAME).toString('hex')), isText: true }],
  ['name in 16 bits', { bytes: Buffer.from(NAME.toLowerCase(), 'utf16le'), isText: true }],
  ...[...FRAMES.map(BigInt), ...PIDS.map(BigInt), ...ADDRESSES].flatMap((value) => patternsOf(value)),
];

function patternsOf(value: bigint): typeof PATTERNS {
  const name = `0x${hex(value)}`;
  const digits = hex(value).length;
  const little = Buffer.alloc(8);
  little.writeBigUInt64LE(value);
  const size = digits <= 8 ? 4 : 8;
  const big = Buffer.from(little.subarray(0, size).toReversed());
  const text = (what: string, bytes: string) =>
    [`${name} ${what}`, { bytes: Buffer.from(bytes), isText: true }] as const;
  const binary = (what: string, bytes: Buffer) => [`${name} ${what}`, { bytes, isText: false }] as const;
  return [
    text('in hexadecimal', hex(value)),
    text('in decimal', String(value)),
    text('as a signed number', String(BigInt.asIntN(64, value))),
    binary('little-endian', little.subarray(0, size)),
    binary('big-endian', big),
    binary('of variable length', varint(value)),
    binary('of variable length, signed', varint(value * 2n)),
  ];
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
