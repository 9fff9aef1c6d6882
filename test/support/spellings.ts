// SPDX-License-Identifier: MIT
// One recording as each recorder writes it.
import { gzipSync } from 'node:zlib';
import type { KernelEvent } from '../../src/ledger/index.ts';
import { traceText } from '../../src/trace/index.ts';
import { callFormats, makeV6, makeV7, PageMaker, records, X86_64 } from './make-trace-dat.ts';

/** The columns of a line of tracefs `trace`. */
interface Line {
  readonly comm: string;
  readonly pid: string;
  readonly cpu: string;
  readonly flags: string;
  readonly time: string;
  readonly body: string;
}

const LINE = /^ *(\S.*?)-(\d+) +\[(\d+)\] (\S+) +(\d+\.\d+): (.*)$/;
/** The same events, one line each; what is no event stays as it is. */
const lines = (text: string, spell: (line: Line) => string): string =>
  text
    .split('\n')
    .map((line) => {
      const [, comm = '', pid = '', cpu = '', flags = '', time = '', body = ''] = LINE.exec(line) ?? [];
      return comm === '' ? line : spell({ comm, pid, cpu, flags, time, body });
    })
    .join('\n');

const events = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

/** `sys_enter_ioctl: fd: 0x00000008, ...`, as formats print it; the kernel's `trace` has its own words for calls. */
function plainCall(body: string): string {
  const enter = /^sys_ioctl\((.*)\)$/.exec(body)?.[1];
  if (enter !== undefined) return `sys_enter_ioctl: ${enter.replaceAll(/: (\d)(?=,|$)/g, ': 0x$1')}`;
  const exit = /^sys_(\w+) -> (.*)$/.exec(body);
  return exit === null ? body : `sys_exit_${exit[1]}: ${exit[2]}`;
}

/** Events whose order `trace-cmd report` prints too, and whose function it does not pad. */
const reported = (text: string, spell: (line: Line, name: string, rest: string) => string): string => {
  const cpus = 1 + Math.max(...[...text.matchAll(/\[(\d{3})\]/g)].map(([, cpu]) => Number(cpu)));
  const body = lines(events(text), (line) => {
    const plain = plainCall(line.body).replace(/^tracing_mark_write: /, 'print: tracing_mark_write: ');
    const [, name = '', rest = ''] = /^([\w]+): ?(.*)$/.exec(plain) ?? [];
    return spell(line, name, rest);
  });
  return `cpus=${cpus}\n${body.replaceAll(/\[LOST (\d+ )?EVENTS\]/g, '[$1EVENTS DROPPED]')}`;
};

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/^mm_filemap/, 'filemap'],
  [/^mm_lru/, 'pagemap'],
  [/^mm_page_free/, 'kmem'],
  [/^sys_/, 'syscalls'],
  [/^workqueue/, 'workqueue'],
  [/^page_ref/, 'page_ref'],
  [/^sched/, 'sched'],
];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (recorded: readonly KernelEvent[]): string =>
  [...traceText(recorded, 1 + Math.max(...recorded.map(({ cpu }) => cpu)))].join('');

/** What writes a recording, and how. A trace.dat here has no works; text of perf no markers. */
export const SPELLINGS: Readonly<Record<string, (recorded: readonly KernelEvent[]) => Uint8Array>> = {
  'tracefs trace': (recorded) => bytes(text(recorded)),
  'without irq-info': (recorded) =>
    bytes(
      lines(
        text(recorded),
        ({ comm, pid, cpu, time, body }) =>
          `${comm.padStart(16)}-${pid.padEnd(7)} [${cpu}] ${time.padStart(12)}: ${body}`,
      ),
    ),
  'record-tgid': (recorded) =>
    bytes(
      lines(
        text(recorded),
        ({ comm, pid, cpu, flags, time, body }) =>
          `${comm.padStart(16)}-${pid.padEnd(7)} (${pid.padStart(7)}) [${cpu}] ${flags} ${time.padStart(12)}: ${body}`,
      ),
    ),
  trimmed: (recorded) => bytes(events(text(recorded)).replaceAll(/^ +/gm, '')),
  'some lines trimmed': (recorded) =>
    bytes(
      text(recorded)
        .split('\n')
        .map((line, place) => (place % 3 === 0 && !line.includes('mark_write') ? line.trimStart() : line))
        .join('\n'),
    ),
  'quoted in a mail': (recorded) => bytes(events(text(recorded)).replaceAll(/^ */gm, '> ').replace(/> $/, '')),
  'newlines of Windows': (recorded) => bytes(text(recorded).replaceAll('\n', '\r\n')),
  'older kernel': (recorded) =>
    bytes(text(recorded).replaceAll(/ pfn=(0x\w+) ofs=(\d+) order=0/g, ' page=00000000d1fa36bb pfn=$1 ofs=$2')),
  'packed by gzip': (recorded) => gzipSync(text(recorded)),
  'packed by gzip, in two members': (recorded) => {
    const whole = text(recorded);
    const half = whole.indexOf('\n', whole.length / 2) + 1;
    return Buffer.concat([gzipSync(whole.slice(0, half)), gzipSync(whole.slice(half))]);
  },
  'trace-cmd report': (recorded) =>
    bytes(
      reported(
        text(recorded),
        ({ comm, pid, cpu, time }, name, rest) =>
          `${comm.padStart(16)}-${pid.padEnd(5)} [${cpu}] ${time.padStart(12)}: ${`${name}:`.padEnd(21)} ${rest}`,
      ),
    ),
  'trace-cmd report -t': (recorded) =>
    bytes(
      reported(
        text(recorded),
        ({ comm, pid, cpu, time }, name, rest) =>
          `${comm.padStart(16)}-${pid.padEnd(5)} [${cpu}] ${time.padStart(12)}000: ${`${name}:`.padEnd(21)} ${rest}`,
      ),
    ),
  'trace-cmd report --ts-diff': (recorded) =>
    bytes(
      reported(
        text(recorded),
        ({ comm, pid, cpu, time }, name, rest) =>
          `${comm.padStart(16)}-${pid.padEnd(5)} [${cpu}] ${time.padStart(12)}: (+12)    ${`${name}:`.padEnd(21)} ${rest}`,
      ),
    ),
  'perf script': (recorded) =>
    bytes(
      lines(events(text(recorded)), ({ comm, pid, cpu, time, body }) => {
        const plain = plainCall(body);
        const system = SYSTEMS.find(([pattern]) => pattern.test(plain))?.[1];
        return `${comm.padStart(16)} ${pid.padStart(5)} [${cpu}] ${time.padStart(12)}: ${`${system ?? 'ftrace'}:${plain.split(':')[0]}`.padStart(44)}:${plain.slice(plain.indexOf(':') + 1)}`;
      }),
    ),
  "dump in the kernel's log": (recorded) =>
    bytes(
      `[  411.000000] Dumping ftrace buffer:\n[  411.000000] ---------------------------------\n${lines(
        events(text(recorded)),
        ({ comm, pid, cpu, flags, time, body }) =>
          `[  411.000001] ${comm.slice(0, 8).padStart(8)}-${pid.padEnd(7)} ${String(Number(cpu)).padStart(3)}${flags} ${Math.round(Number(time) * 1e6)}us : ${body}`,
      )}[  411.000002] ---------------------------------\n`,
    ),
  'trace.dat v6': (recorded) => makeV6(contents(recorded)),
  'trace.dat v7': (recorded) => makeV7(contents(recorded)),
  'trace.dat v7, zstd': (recorded) => makeV7(contents(recorded), 'zstd'),
};

/** Of a page of 4096, and nanoseconds in 27 bits. */
const MOST_BYTES = 3000;
const LONGEST_DELTA = 100_000_000n;

/** Record by record; the kernel's ring has the time since the one before, at most 134 ms. */
function contents(recorded: readonly KernelEvent[]): Parameters<typeof makeV7>[0] {
  const cpus: Record<number, PageMaker[]> = {};
  const last = new Map<number, bigint>();
  const sizes = new Map<PageMaker, number>();
  const names = new Map<number, string>();
  const pending = new Set<number>();
  for (const event of recorded) {
    if (event.type === 'loss') {
      pending.add(event.cpu);
      continue;
    }
    const payload = record(event);
    if (payload === undefined) continue;
    if (event.comm !== undefined) names.set(event.pid, event.comm);
    const pages = (cpus[event.cpu] ??= []);
    const at = last.get(event.cpu);
    let page = pages.at(-1);
    const isLossy = pending.delete(event.cpu);
    const isFull = page !== undefined && (sizes.get(page) ?? 0) > MOST_BYTES;
    if (page === undefined || at === undefined || isLossy || isFull || event.at - at > LONGEST_DELTA) {
      page = new PageMaker(X86_64, event.at);
      if (isLossy) page.lost(7);
      pages.push(page);
      page.short(0, payload);
    } else page.short(Number(event.at - at), payload);
    sizes.set(page, (sizes.get(page) ?? 0) + payload.length + 4);
    last.set(event.cpu, event.at);
  }
  return {
    formats: callFormats(X86_64),
    taskNames: [...names].map(([pid, name]) => `${pid} ${name}\n`).join(''),
    buffers: {
      '': Object.fromEntries(Object.entries(cpus).map(([cpu, pages]) => [cpu, pages.map((page) => page.done())])),
    },
  };
}

function record(event: Exclude<KernelEvent, { readonly type: 'loss' }>): Uint8Array | undefined {
  const { pid } = event;
  switch (event.type) {
    case 'mm_filemap_add_to_page_cache':
    case 'mm_filemap_delete_from_page_cache': {
      const [major = 0, minor = 0] = event.dev.split(':').map(Number);
      const make = event.type === 'mm_filemap_add_to_page_cache' ? records.add : records.delete;
      return make(X86_64, pid, event.pfn, event.ino, event.index, major * 0x10_0000 + minor);
    }
    case 'mm_lru_insertion':
      return records.insertion(X86_64, pid, event.pfn, 0x11, event.lru);
    case 'marker':
      return records.print(X86_64, pid, `${event.text}\n`);
    case 'syscall-enter':
      return records.enter(X86_64, pid, event.args);
    case 'syscall-exit':
      return records.exit(X86_64, pid, event.returned);
    case 'page-reference':
    case 'mm_page_free':
    case 'workqueue_queue_work':
    case 'workqueue_activate_work':
    case 'workqueue_execute_start':
    case 'workqueue_execute_end':
    case 'sched_switch':
    case 'sched_wakeup':
      return undefined;
  }
}
