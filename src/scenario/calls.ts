// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, KVM_SET_MEMORY_ATTRIBUTES2, PAGE_SIZE } from '../abi/index.ts';
import { folioIndex, type InputError, pfn } from '../ledger/index.ts';
import type { Call } from '../machine/index.ts';
import { suggestion } from './nearest.ts';
import type { Expected, ScenarioCall } from './scenario.ts';
import { CALL_NAMES, type CallEntry, type ExpectedEntry } from './schema.ts';
import type { Path, Source } from './source.ts';

/** What the calls of a scenario may name. */
export interface Surroundings {
  readonly source: Source;
  readonly cpus: number;
  /** Pages of a large folio; undefined where the machine has none. */
  readonly largeFolio: number | undefined;
  readonly guestMemfds: readonly { readonly name: string | undefined; readonly pages: number }[];
  /** Names of the tasks, by number. */
  readonly tasks: readonly string[];
  /** Names of the processes, by number; that of the tasks that name none is empty. */
  readonly processes: readonly string[];
  /** Page frames of the machine. */
  readonly frames: number;
  /** Names of all pins that the scenario takes; their places are their numbers. */
  readonly pins: readonly string[];
  /** Those that the calls read so far take: each is taken by one call. */
  readonly taken: Set<string>;
}

interface PageRange {
  readonly inode: number;
  readonly start: number;
  readonly pages: number;
}

/** Turns an entry of a list of calls into a call of the machine. @throws InputError */
export function readCall(around: Surroundings, task: number, entry: CallEntry, path: Path): ScenarioCall {
  const call = new CallReader(around, entry, path).read();
  const byPatch = new Map<string, Expected>();
  for (const [patch, expected] of Object.entries(entry.expect ?? {}))
    if (expected !== undefined) {
      const where = [...path, 'expect', patch];
      byPatch.set(patch, readExpected(around.source, expected, entry, where));
    }
  const every = byPatch.get('every') ?? (entry.returns === undefined ? undefined : { returns: listOf(entry.returns) });
  byPatch.delete('every');
  return { task, call, expected: { every, byPatch } };
}

const RANGE_CALLS = [
  'write',
  'mmap',
  'munmap',
  'madvise-dontneed',
  'touch',
  'fallocate',
  'punch-hole',
  'mlock',
  'munlock',
  'mincore',
  'mbind',
  'numa-hint-fault',
  'madvise-pageout',
  'bind',
  'delete-memslot',
] as const;
const FRAME_CALLS = ['page-idle', 'damon', 'soft-offline', 'memory-failure'] as const;
/** The calls that are about one guest_memfd. */
const IN_GUEST_MEMFD: ReadonlySet<string> = new Set([
  ...RANGE_CALLS,
  'fallocate-large',
  'guest-touch',
  'convert',
  'vmsplice',
  'pin-user-pages',
  'pin-longterm',
  'populate',
  'load',
  'store',
  'guest-load',
  'guest-store',
  'release',
]);
/** The calls that say what was in a page. */
const LOADS = ['load', 'guest-load'] as const;

class CallReader {
  readonly #around: Surroundings;
  readonly #entry: CallEntry;
  readonly #path: Path;

  constructor(around: Surroundings, entry: CallEntry, path: Path) {
    this.#around = around;
    this.#entry = entry;
    this.#path = path;
  }

  read(): Call {
    const entry = this.#entry;
    const named = CALL_NAMES.filter((name) => Object.hasOwn(entry, name));
    const [name] = named;
    if (named.length > 1) throw this.#error([named[1] ?? ''], `a second call beside ${name}, expected one`, 'key');
    if (name === undefined) throw this.#error([], `no call, expected one of ${CALL_NAMES.join(', ')}`);
    if (entry.in !== undefined && !IN_GUEST_MEMFD.has(name))
      throw this.#error(['in'], `${name} is about no guest_memfd, expected no 'in'`);
    return this.#rangeCall() ?? this.#frameCall() ?? this.#contentsCall() ?? this.#otherCall();
  }

  /** The calls that say a range of pages and nothing else. */
  #rangeCall(): Call | undefined {
    const entry = this.#entry;
    for (const call of RANGE_CALLS) {
      const range = entry[call];
      if (range !== undefined) return { call, ...this.#range([call], range) };
    }
    if (entry['fallocate-large'] !== undefined) return this.#fallocateLarge(entry['fallocate-large']);
    const guest = entry['guest-touch'];
    if (guest === undefined) return undefined;
    const range = this.#range(['guest-touch', 'range'], guest.range);
    return { call: 'guest-touch', ...range, private: guest.as === 'private' };
  }

  /** The calls by page frame. */
  #frameCall(): Call | undefined {
    for (const call of FRAME_CALLS) {
      const frame = this.#entry[call];
      if (frame === undefined) continue;
      const { frames } = this.#around;
      if (frame >= frames) throw this.#error([call], `no frame ${frame}, expected one from 0 to ${frames - 1}`);
      return { call, pfn: pfn(frame) };
    }
    return undefined;
  }

  /** The calls about what is in a page. */
  #contentsCall(): Call | undefined {
    const { load, store, 'guest-load': guestLoad, 'guest-store': guestStore } = this.#entry;
    const pageOf = (path: Path, page: number) => {
      const inode = this.#inode();
      return { inode, index: this.#page(path, inode, page) };
    };
    if (load !== undefined) return { call: 'load', ...pageOf(['load'], load) };
    if (store !== undefined) return { call: 'store', ...pageOf(['store', 'page'], store.page), value: store.value };
    if (guestLoad !== undefined) {
      const { page, as } = guestLoad;
      return { call: 'guest-load', ...pageOf(['guest-load', 'page'], page), private: as === 'private' };
    }
    if (guestStore === undefined) return undefined;
    const { page, value, as } = guestStore;
    return { call: 'guest-store', ...pageOf(['guest-store', 'page'], page), value, private: as === 'private' };
  }

  #otherCall(): Call {
    const entry = this.#entry;
    if (entry.convert !== undefined) return this.#convert(entry.convert);
    for (const call of ['vmsplice', 'pin-user-pages', 'pin-longterm'] as const) {
      const pin = entry[call];
      if (pin !== undefined) return { call, ...this.#pin(call, pin) };
    }
    if (entry.release !== undefined) return { call: 'release', inode: this.#inode() };
    if (entry['use-other-memory'] !== undefined) return { call: 'use-other-memory', batch: entry['use-other-memory'] };
    if (entry.populate !== undefined) {
      const { page, from, as } = entry.populate;
      const { inode, index: sourceIndex, pin } = this.#pin('populate', { page: from, as }, 'from');
      return {
        call: 'populate',
        pin,
        inode,
        index: this.#page(['populate', 'page'], inode, page),
        sourceInode: inode,
        sourceIndex,
      };
    }
    if (entry.unpin !== undefined) {
      const { pins } = this.#around;
      if (!pins.includes(entry.unpin))
        throw this.#error(['unpin'], `no pin '${entry.unpin}', ${suggestion(entry.unpin, pins)}`);
      return { call: 'unpin', pin: pins.indexOf(entry.unpin) };
    }
    if (entry['migrate-to'] !== undefined)
      return { call: 'migrate-to', cpu: this.#cpu(['migrate-to'], entry['migrate-to']) };
    if (entry.migrate !== undefined) {
      const { tasks } = this.#around;
      const { task, to } = entry.migrate;
      if (!tasks.includes(task))
        throw this.#error(['migrate', 'task'], `no task '${task}', ${suggestion(task, tasks)}`);
      return { call: 'migrate', task: tasks.indexOf(task), cpu: this.#cpu(['migrate', 'to'], to) };
    }
    if (entry.exit !== undefined) return { call: 'exit' };
    if (entry.fork !== undefined) {
      const { processes } = this.#around;
      if (!processes.includes(entry.fork))
        throw this.#error(
          ['fork'],
          `no process '${entry.fork}', ${suggestion(
            entry.fork,
            processes.filter((name) => name !== ''),
          )}`,
        );
      return { call: 'fork', process: processes.indexOf(entry.fork) };
    }
    for (const call of ['cpu-down', 'cpu-up'] as const) {
      const cpu = entry[call];
      if (cpu !== undefined) return { call, cpu: this.#cpu([call], cpu) };
    }
    if (entry['lru-cache'] !== undefined)
      return { call: entry['lru-cache'] === 'disable' ? 'lru-cache-disable' : 'lru-cache-enable' };
    if (entry.drain !== undefined) return { call: entry.drain === 'all' ? 'lru-add-drain-all' : 'lru-add-drain' };
    if (entry.ioctl !== undefined && BigInt(entry.ioctl) === KVM_SET_MEMORY_ATTRIBUTES2)
      throw this.#error(['ioctl'], "this is KVM_SET_MEMORY_ATTRIBUTES2, expected 'convert' for it or another number");
    return { call: 'unknown-ioctl' };
  }

  #cpu(path: Path, cpu: number): number {
    if (cpu < this.#around.cpus) return cpu;
    throw this.#error(path, `no CPU ${cpu}, expected one from 0 to ${this.#around.cpus - 1}`);
  }

  #error(path: Path, message: string, of: 'value' | 'key' = 'value'): InputError {
    return this.#around.source.error([...this.#path, ...path], message, of);
  }

  /** Number of the guest_memfd that the call is about. */
  #inode(): number {
    const { guestMemfds } = this.#around;
    const name = this.#entry.in;
    const known = guestMemfds.flatMap((one) => one.name ?? []);
    if (name === undefined) {
      if (guestMemfds.length === 1) return 0;
      throw this.#error([], `it does not say which guest_memfd, expected 'in', one of ${known.join(', ')}`);
    }
    const inode = guestMemfds.findIndex((one) => one.name === name);
    if (inode !== -1) return inode;
    if (known.length === 0) throw this.#error(['in'], "the only guest_memfd has no name, expected no 'in'");
    throw this.#error(['in'], `no guest_memfd '${name}', ${suggestion(name, known)}`);
  }

  #pagesOf(inode: number): number {
    return this.#around.guestMemfds[inode]?.pages ?? 0;
  }

  #range(path: Path, text: string): PageRange {
    const inode = this.#inode();
    const pages = this.#pagesOf(inode);
    const [start = 0, end = 0] = text.split('..').map(Number);
    if (end <= start) throw this.#error(path, `${text} has no pages, expected A..B with A below B`);
    if (end > pages) throw this.#error(path, `${text} is beyond the guest_memfd, expected at most 0..${pages}`);
    return { inode, start, pages: end - start };
  }

  #fallocateLarge(text: string): Call {
    const path = ['fallocate-large'];
    const range = this.#range(path, text);
    const size = this.#around.largeFolio;
    if (size === undefined) throw this.#error(path, "no large folios here, expected 'largest-order' in machine");
    if (range.start % size !== 0 || range.pages % size !== 0)
      throw this.#error(path, `${text} is not whole folios, expected multiples of ${size}`);
    return { call: 'fallocate', ...range, large: true };
  }

  #convert(convert: NonNullable<CallEntry['convert']>): Call {
    const { range: text, to, struct } = convert;
    const path = (key: string): Path => ['convert', key];
    if (struct === 'unreadable') {
      const extra = Object.keys(convert).find((key) => key !== 'struct');
      if (extra !== undefined)
        throw this.#error(path(extra), 'the kernel cannot read the struct, expected no fields', 'key');
      return { call: 'set-memory-attributes2', inode: this.#inode(), argument: undefined };
    }
    for (const [key, fields] of [
      ['range', ['offset', 'size']],
      ['to', ['attributes']],
    ] as const) {
      const raw = fields.filter((field) => convert[field] !== undefined);
      if (convert[key] === undefined && raw.length < fields.length)
        throw this.#error(['convert'], `it does not say '${key}', expected that or ${fields.join(' and ')}`);
      if (convert[key] !== undefined && raw[0] !== undefined)
        throw this.#error(path(raw[0]), `stands beside '${key}', expected one of the two`, 'key');
    }
    const range = text === undefined ? undefined : this.#range(path('range'), text);
    return {
      call: 'set-memory-attributes2',
      inode: range?.inode ?? this.#inode(),
      writable: struct !== 'read-only',
      ...(convert['out-of-memory'] === true ? { outOfMemory: true } : {}),
      argument: {
        offset: BigInt(convert.offset ?? 0) + BigInt(range?.start ?? 0) * PAGE_SIZE,
        size: BigInt(convert.size ?? 0) + BigInt(range?.pages ?? 0) * PAGE_SIZE,
        attributes: BigInt(convert.attributes ?? 0) | (to === 'private' ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0n),
        flags: BigInt(convert.flags ?? 0),
        reserved: (convert.reserved ?? []).map(BigInt),
      },
    };
  }

  #page(path: Path, inode: number, page: number): number {
    const pages = this.#pagesOf(inode);
    if (page >= pages) throw this.#error(path, `no page ${page}, expected one from 0 to ${pages - 1}`);
    return page;
  }

  #pin(key: string, { page, as }: { readonly page: number; readonly as: string }, field = 'page') {
    const inode = this.#inode();
    this.#page([key, field], inode, page);
    const { pins, taken } = this.#around;
    if (taken.has(as))
      throw this.#error([key, 'as'], `pin '${as}' is taken already, expected a name of its own for each`);
    taken.add(as);
    return { pin: pins.indexOf(as), inode, index: page };
  }
}

/** Names of the pins that calls take, each once. */
export const pinNames = (calls: readonly CallEntry[]): readonly string[] => [
  ...new Set(
    calls.flatMap((call) =>
      [call.vmsplice, call['pin-user-pages'], call['pin-longterm'], call.populate].flatMap((pin) => pin?.as ?? []),
    ),
  ),
];

function readExpected(source: Source, expected: ExpectedEntry, call: CallEntry, path: Path): Expected {
  const { returns, verdict, index, spurious } = expected;
  if (returns !== undefined && call.returns !== undefined)
    throw source.error([...path, 'returns'], "the call has a 'returns' of its own, expected one of the two", 'key');
  for (const key of ['verdict', 'drains-of-all', 'local-drains', 'counts-read'] as const)
    if (expected[key] !== undefined && call.convert === undefined)
      throw source.error([...path, key], 'only a conversion has that, expected returns', 'key');
  for (const key of ['index', 'spurious'] as const)
    if (expected[key] !== undefined && !listOf(verdict).includes('refused'))
      throw source.error([...path, key], "only a refusal has that, expected 'verdict: refused' beside it", 'key');
  if (expected.loads !== undefined && !LOADS.some((name) => call[name] !== undefined))
    throw source.error([...path, 'loads'], `only ${LOADS.join(' and ')} have that, expected returns`, 'key');
  const all = returns ?? call.returns;
  return {
    ...(all === undefined ? {} : { returns: listOf(all) }),
    ...(verdict === undefined ? {} : { verdict: listOf(verdict) }),
    ...(index === undefined ? {} : { index: folioIndex(index) }),
    ...(spurious === undefined ? {} : { spurious }),
    ...(expected['drains-of-all'] === undefined ? {} : { drainsOfAll: expected['drains-of-all'] }),
    ...(expected['local-drains'] === undefined ? {} : { localDrains: expected['local-drains'] }),
    ...(expected['counts-read'] === undefined ? {} : { countsRead: expected['counts-read'] }),
    ...(expected.loads === undefined ? {} : { loads: [expected.loads].flat() }),
  };
}

/** A value that may be given alone or as a list. */
function listOf<T extends string>(given: T | readonly T[] | undefined): readonly T[] {
  if (given === undefined) return [];
  return typeof given === 'string' ? [given] : given;
}
