// SPDX-License-Identifier: MIT
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, KVM_SET_MEMORY_ATTRIBUTES2, PAGE_SIZE } from '../abi/index.ts';
import { type AnyCall, CALL_NAMES, type CallFields, type CallName, callNamed } from '../kernel/index.ts';
import { folioIndex, type InputError, type Pfn, pfn } from '../ledger/index.ts';
import type { Call, Conversion } from '../machine/index.ts';
import { callText } from './call-text.ts';
import { suggestion } from './nearest.ts';
import type { Expected, ScenarioCall } from './scenario.ts';
import {
  CALL_KEYS,
  checked,
  type CallEntry,
  callsOfKey,
  CONVERT,
  type ConvertEntry,
  type ExpectedEntry,
  writtenIn,
  WRITTEN,
  type WrittenName,
} from './schema.ts';
import type { Path, Source } from './source.ts';

/** The names and limits that the calls of a scenario may use. */
export interface Surroundings {
  readonly source: Source;
  readonly cpus: number;
  /** Number of pages of a large folio; undefined if the machine has no large folios. */
  readonly largeFolio: number | undefined;
  readonly guestMemfds: readonly { readonly name: string | undefined; readonly pages: number }[];
  /** Names of the tasks, by number. */
  readonly tasks: readonly string[];
  /** Names of the processes, by number; empty for the process of the tasks that name none. */
  readonly processes: readonly string[];
  /** Number of page frames of the machine. */
  readonly frames: number;
  /** Names of all pins that the scenario takes, by number. */
  readonly pins: readonly string[];
  /** Names of the pins that the calls read so far take: each pin is taken by one call. */
  readonly taken: Set<string>;
}

/** Turns an entry of a list of calls into a call of the machine. @throws InputError */
export function readCall(around: Surroundings, task: number, entry: CallEntry, path: Path): ScenarioCall {
  const call = new CallReader(around, entry, path).read();
  const byPatch = new Map<string, Expected>();
  for (const [patch, expected] of Object.entries(entry.expect ?? {}))
    if (expected !== undefined) {
      const where = [...path, 'expect', patch];
      byPatch.set(patch, readExpected(around.source, expected, { call, returns: entry.returns }, where));
    }
  const every = byPatch.get('every') ?? (entry.returns === undefined ? undefined : { returns: listOf(entry.returns) });
  const named = byPatch.get('named');
  for (const group of ['every', 'named']) byPatch.delete(group);
  const { tasks, pins, guestMemfds } = around;
  const text = callText(call, { tasks, pins, guestMemfds: guestMemfds.map(({ name }) => name) });
  return { task, call, text, expected: { every, named, byPatch } };
}

/** A call while it is read: some of its fields may be missing. */
type Partly = Partial<CallFields> & { readonly call: Exclude<CallName, Conversion['call']> };

const isWhole = (call: Partly): call is Exclude<Call, Conversion> =>
  callNamed(call.call).args.every((name) => call[name] !== undefined);

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
    const [key, second] = CALL_KEYS.filter((name) => Object.hasOwn(entry, name));
    if (second !== undefined) throw this.#error([second], `a second call beside ${key}, expected one`, 'key');
    if (key === undefined) throw this.#error([], `no call, expected one of ${CALL_KEYS.join(', ')}`);
    const value = valuesIn(entry).get(key);
    const names = callsOfKey(key);
    const call = names.find((name) => callNamed(name).written?.word === value) ?? names[0];
    if (call === undefined) throw new Error(`no call '${key}'`);
    const kind = callNamed(call);
    if (entry.in !== undefined && !kind.args.includes('inode'))
      throw this.#error(['in'], `${key} uses no guest_memfd, expected no 'in'`);
    if (call === 'set-memory-attributes2') return this.#convert(checked(CONVERT, value));
    if (call === 'unknown-ioctl') this.#requireUnknown(value);
    const made: Partly = { call, ...this.#fields(key, kind, value) };
    if (!isWhole(made)) throw new Error(`${call} is read without all that it names`);
    if (made.call === 'fallocate-large') this.#requireWholeFolios(made);
    return made;
  }

  /** The fields of a call, checked against the names and limits of the scenario. */
  #fields(key: string, kind: AnyCall, value: unknown): Partial<CallFields> {
    const written = writtenIn(kind);
    const parts = valuesIn(value);
    const fields: Partial<CallFields> = kind.args.includes('inode') ? { inode: this.#inode() } : {};
    for (const name of written) {
      const { key: inner } = WRITTEN[name];
      const [path, part] = written.length > 1 ? [[key, inner], parts.get(inner)] : [[key], value];
      Object.assign(fields, this.#field(name, kind, part, path));
    }
    return fields;
  }

  #field(name: WrittenName, kind: AnyCall, value: unknown, path: Path): Partial<CallFields> {
    const { tasks, processes, pins } = this.#around;
    switch (name) {
      case 'start':
        return this.#range(path, checked(WRITTEN.start.schema, value));
      case 'index':
        return { index: this.#page(path, checked(WRITTEN.index.schema, value)) };
      case 'sourceIndex':
        return {
          sourceInode: this.#inode(),
          sourceIndex: this.#page(path, checked(WRITTEN.sourceIndex.schema, value)),
        };
      case 'value':
        return { value: checked(WRITTEN.value.schema, value) };
      case 'private':
        return { private: checked(WRITTEN.private.schema, value) === 'private' };
      case 'pin': {
        const pin = checked(WRITTEN.pin.schema, value);
        if (kind.pin !== undefined) this.#take(path, pin);
        return { pin: this.#named('pin', pin, pins, path) };
      }
      case 'task':
        return { task: this.#named('task', checked(WRITTEN.task.schema, value), tasks, path) };
      case 'cpu':
        return { cpu: this.#cpu(path, checked(WRITTEN.cpu.schema, value)) };
      case 'process':
        return { process: this.#named('process', checked(WRITTEN.process.schema, value), processes, path) };
      case 'pfn':
        return { pfn: this.#frame(path, checked(WRITTEN.pfn.schema, value)) };
      case 'batch':
        return { batch: checked(WRITTEN.batch.schema, value) };
    }
  }

  /** Number of a named thing. */
  #named(what: string, name: string, names: readonly string[], path: Path): number {
    const number = names.indexOf(name);
    if (number !== -1) return number;
    const known = names.filter((other) => other !== '');
    throw this.#error(path, `no ${what} '${name}', ${suggestion(name, known)}`);
  }

  #take(path: Path, pin: string): void {
    const { taken } = this.#around;
    if (taken.has(pin))
      throw this.#error(path, `the name '${pin}' is used by another pin, expected a different name for each`);
    taken.add(pin);
  }

  #frame(path: Path, frame: number): Pfn {
    const { frames } = this.#around;
    if (frame >= frames) throw this.#error(path, `no frame ${frame}, expected one from 0 to ${frames - 1}`);
    return pfn(frame);
  }

  #requireUnknown(number: unknown): void {
    if (typeof number === 'number' && BigInt(number) === KVM_SET_MEMORY_ATTRIBUTES2)
      throw this.#error(
        ['ioctl'],
        "this number is KVM_SET_MEMORY_ATTRIBUTES2, expected the call 'convert', or another number",
      );
  }

  #cpu(path: Path, cpu: number): number {
    if (cpu < this.#around.cpus) return cpu;
    throw this.#error(path, `no CPU ${cpu}, expected one from 0 to ${this.#around.cpus - 1}`);
  }

  #error(path: Path, message: string, of: 'value' | 'key' = 'value'): InputError {
    return this.#around.source.error([...this.#path, ...path], message, of);
  }

  /** Number of the call's guest_memfd. */
  #inode(): number {
    const { guestMemfds } = this.#around;
    const name = this.#entry.in;
    const known = guestMemfds.flatMap((one) => one.name ?? []);
    if (name === undefined) {
      if (guestMemfds.length === 1) return 0;
      throw this.#error([], `no guest_memfd named, expected 'in' with one of ${known.join(', ')}`);
    }
    const inode = guestMemfds.findIndex((one) => one.name === name);
    if (inode !== -1) return inode;
    if (known.length === 0) throw this.#error(['in'], "the only guest_memfd has no name, expected no 'in'");
    throw this.#error(['in'], `no guest_memfd '${name}', ${suggestion(name, known)}`);
  }

  #pagesOf(inode: number): number {
    return this.#around.guestMemfds[inode]?.pages ?? 0;
  }

  #range(path: Path, text: string): Pick<CallFields, 'start' | 'pages'> {
    const pages = this.#pagesOf(this.#inode());
    const [start = 0, end = 0] = text.split('..').map(Number);
    if (end <= start) throw this.#error(path, `${text} has no pages, expected A..B with A below B`);
    if (end > pages) throw this.#error(path, `${text} is beyond the guest_memfd, expected at most 0..${pages}`);
    return { start, pages: end - start };
  }

  #requireWholeFolios({ start, pages }: Pick<CallFields, 'start' | 'pages'>): void {
    const path = ['fallocate-large'];
    const size = this.#around.largeFolio;
    if (size === undefined)
      throw this.#error(path, "this machine has no large folios, expected 'largest-order' in machine");
    if (start % size !== 0 || pages % size !== 0)
      throw this.#error(path, `${start}..${start + pages} is not whole folios, expected multiples of ${size}`);
  }

  #convert(convert: ConvertEntry): Conversion {
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
        throw this.#error(['convert'], `no '${key}', expected it, or ${fields.join(' and ')}`);
      if (convert[key] !== undefined && raw[0] !== undefined)
        throw this.#error(path(raw[0]), `cannot stand beside '${key}', expected one of the two`, 'key');
    }
    const range = text === undefined ? undefined : this.#range(path('range'), text);
    return {
      call: 'set-memory-attributes2',
      inode: this.#inode(),
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

  #page(path: Path, page: number): number {
    const pages = this.#pagesOf(this.#inode());
    if (page >= pages) throw this.#error(path, `no page ${page}, expected one from 0 to ${pages - 1}`);
    return page;
  }
}

/** Names of the pins that calls take, without duplicates. */
export const pinNames = (calls: readonly CallEntry[]): readonly string[] => [
  ...new Set(calls.flatMap((entry) => PINNING_KEYS.flatMap((key) => pinTaken(valuesIn(entry).get(key))))),
];

const PINNING_KEYS: readonly string[] = CALL_KEYS.filter((key) =>
  callsOfKey(key).some((name) => callNamed(name).pin !== undefined),
);

const pinTaken = (value: unknown): readonly string[] => {
  const name = valuesIn(value).get(WRITTEN.pin.key);
  return name === undefined ? [] : [checked(WRITTEN.pin.schema, name)];
};

/** Values of a YAML mapping, by key. */
const valuesIn = (mapping: unknown): ReadonlyMap<string, unknown> =>
  new Map(isRecord(mapping) ? Object.entries(mapping) : []);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function readExpected(
  source: Source,
  expected: ExpectedEntry,
  { call: { call: name }, returns: own }: { readonly call: Call; readonly returns: CallEntry['returns'] },
  path: Path,
): Expected {
  const { returns, verdict, index, spurious } = expected;
  if (returns !== undefined && own !== undefined)
    throw source.error([...path, 'returns'], "the call has its own 'returns', expected only one of the two", 'key');
  for (const key of ['verdict', 'drains-of-all', 'local-drains', 'counts-read'] as const)
    if (expected[key] !== undefined && name !== 'set-memory-attributes2')
      throw source.error([...path, key], 'only a conversion can have it, expected returns', 'key');
  for (const key of ['index', 'spurious'] as const)
    if (expected[key] !== undefined && !listOf(verdict).includes('refused'))
      throw source.error([...path, key], "only a refusal can have it, expected 'verdict: refused' beside it", 'key');
  if (expected.loads !== undefined && callNamed(name).loads !== true)
    throw source.error([...path, 'loads'], `only ${LOADING.join(' and ')} can have it, expected returns`, 'key');
  const all = returns ?? own;
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

/** Names of the calls that return the value that they found in a page. */
const LOADING: readonly string[] = CALL_NAMES.filter((name) => callNamed(name).loads === true);

/** The list of the given values: a file may give one value without a list. */
function listOf<T extends string>(given: T | readonly T[] | undefined): readonly T[] {
  if (given === undefined) return [];
  return typeof given === 'string' ? [given] : given;
}
