// SPDX-License-Identifier: MIT
// Random scenarios of every call that a scenario file may have, and smaller ones that are like them.
import { stringify } from 'yaml';
import { callNamed, LRU_BATCHES } from '../../src/kernel/index.ts';
import { parseScenario, type Scenario } from '../../src/scenario/index.ts';
import { CALL_KEYS, callsOfKey, writtenIn, WRITTEN, type WrittenName } from '../../src/scenario/schema.ts';
import { Random } from '../fuzz/random.ts';

/** An entry of a list of calls, as the file has it. */
type Entry = Readonly<Record<string, unknown>>;

/** A scenario as the value of its file. */
export interface ScenarioData {
  readonly scenario: string;
  readonly title: string;
  readonly machine: Readonly<Record<string, unknown>> & { readonly cpus: number };
  readonly guest_memfd?: Entry;
  readonly guest_memfds?: Readonly<Record<string, Entry>>;
  readonly tasks: Readonly<Record<string, Entry>>;
  readonly before: readonly Readonly<Record<string, Entry>>[];
  readonly threads: Readonly<Record<string, readonly Entry[]>>;
}

/** The file's text. */
export const textOf = (data: ScenarioData): string => stringify(data, { aliasDuplicateObjects: false });

/** The scenario. @throws InputError where the data is none. */
export const scenarioOf = (data: ScenarioData): Scenario => parseScenario('random.yaml', textOf(data));

/** What the calls of one scenario may name. */
interface Around {
  readonly random: Random;
  readonly cpus: number;
  readonly pages: number;
  readonly memfds: readonly string[];
  readonly tasks: readonly string[];
  readonly processes: readonly string[];
  readonly largestOrder: number;
  /** Names of the pins that calls have taken so far. */
  readonly pins: string[];
  /** Tasks that have batches switched off by now. */
  readonly disabling: Set<string>;
}

const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

function range({ random, pages }: Around): string {
  const start = random.below(pages);
  return `${start}..${start + 1 + random.below(pages - start)}`;
}

function newPin(around: Around): string {
  const name = `P${around.pins.length}`;
  around.pins.push(name);
  return name;
}

const frame = ({ random, pages, memfds }: Around): number => random.below(pages * memfds.length + 1);
const page = ({ random, pages }: Around): number => random.below(pages);
const side = ({ random }: Around): string => random.one(['private', 'shared']);

/** What a few conversions have besides. */
const ODD_CONVERSIONS: Readonly<Record<number, Entry>> = {
  2: { struct: 'read-only' },
  3: { 'out-of-memory': true },
  4: { flags: 1 },
  5: { reserved: [0, 1] },
};

/** What a call names, as the file has it. */
const NAMED: Readonly<Record<WrittenName, (around: Around) => unknown>> = {
  start: range,
  index: page,
  sourceIndex: page,
  value: ({ random }) => 1 + random.below(3),
  private: side,
  pin: newPin,
  task: ({ random, tasks }) => tasks[random.below(tasks.length)],
  cpu: ({ random, cpus }) => random.below(cpus),
  process: ({ random, processes }) => (processes.length === 0 ? undefined : processes[random.below(processes.length)]),
  pfn: frame,
  batch: ({ random }) => random.one(LRU_BATCHES),
};

/** The value of a call whose value is what it names; undefined where the scenario has no occasion. */
function valueOf(key: string, around: Around): unknown {
  const [kind, ...more] = callsOfKey(key).map(callNamed);
  if (kind === undefined) throw new Error(`no call '${key}'`);
  if (more.length > 0) return around.random.one([kind, ...more]).written?.word;
  const named = writtenIn(kind);
  const values = named.map((name) => [WRITTEN[name].key, NAMED[name](around)] as const);
  if (values.length === 0) return true;
  return values.length === 1 ? values[0]?.[1] : Object.fromEntries(values);
}

/** The calls that need more than a value for each thing that they name. */
const OTHERWISE: Readonly<Record<string, (around: Around, task: string) => unknown>> = {
  'fallocate-large': ({ random, largestOrder, pages }) => {
    const size = 2 ** largestOrder;
    const folios = Math.floor(pages / size);
    if (largestOrder === 0 || folios === 0) return undefined;
    const start = random.below(folios);
    return `${start * size}..${(start + 1) * size}`;
  },
  convert: (around) => {
    const { random } = around;
    const to = chance(random, 80) ? 'private' : 'shared';
    const odd = random.below(40);
    if (odd === 0) return { struct: 'unreadable' };
    if (odd === 1)
      return { offset: 4096 * random.below(3), size: 4096 * random.below(3), attributes: random.below(10) };
    return { range: range(around), to, ...ODD_CONVERSIONS[odd] };
  },
  unpin: ({ random, pins }) => (pins.length === 0 ? undefined : pins[random.below(pins.length)]),
  'lru-cache': ({ disabling }, task) => {
    if (disabling.delete(task)) return 'enable';
    disabling.add(task);
    return 'disable';
  },
  ioctl: () => 1,
};

/** The names of all calls that random scenarios are made of. */
export const RANDOM_CALLS: readonly string[] = CALL_KEYS;

/** The calls that most stories are about. */
const COMMON = ['touch', 'touch', 'convert', 'vmsplice', 'mlock', 'punch-hole', 'guest-touch', 'munmap', 'fallocate'];

function callOf(around: Around, task: string, given?: string): Entry {
  const { random, memfds } = around;
  for (;;) {
    const names = chance(random, 35) ? COMMON : RANDOM_CALLS;
    const name = given ?? names[random.below(names.length)] ?? 'touch';
    const otherwise = OTHERWISE[name];
    const value = otherwise === undefined ? valueOf(name, around) : otherwise(around, task);
    if (value === undefined) continue;
    const isOfMemfd = callsOfKey(name).some((call) => callNamed(call).args.includes('inode'));
    const within = memfds.length > 1 && isOfMemfd ? { in: memfds[random.below(memfds.length)] } : {};
    const entry = { [name]: value, ...within };
    return name === 'convert' && chance(random, 25) ? { ...entry, expect: { every: expectation(random) } } : entry;
  }
}

/** What a conversion is expected to come to, whether it does or not. */
function expectation(random: Random): Entry {
  switch (random.below(5)) {
    case 0:
      return { returns: [random.one(['ok', 'EAGAIN']), 'EINVAL', 'EFAULT'] };
    case 1:
      return { verdict: ['safe', 'refused'], spurious: chance(random, 50) };
    case 2:
      return { verdict: ['safe', 'refused'], index: random.below(2) };
    case 3:
      return { 'drains-of-all': random.below(2), 'local-drains': random.below(2) };
    default:
      return { 'counts-read': random.below(4) };
  }
}

const FEATURES: Readonly<Record<string, (random: Random) => unknown>> = {
  'batch-size': (random) => 1 + random.below(3),
  'drain-all-local-first': (random) => chance(random, 50),
  'flush-frees-last-reference': (random) => chance(random, 50),
  'unmap-drains-local': (random) => chance(random, 50),
  'mlock-batch-holds-reference': (random) => chance(random, 50),
};

function machineOf(random: Random, cpus: number, largestOrder: number): ScenarioData['machine'] {
  const profile =
    largestOrder > 0 && chance(random, 70)
      ? 'large-folios'
      : cpus === 1 && chance(random, 30)
        ? 'uniprocessor'
        : chance(random, 30)
          ? random.one(['linux-6.18', 'linux-6.8'])
          : undefined;
  const names = Object.keys(FEATURES).filter(() => chance(random, 12));
  return {
    cpus,
    ...(profile === undefined ? {} : { profile }),
    ...(names.length === 0
      ? {}
      : { features: Object.fromEntries(names.map((name) => [name, FEATURES[name]?.(random)])) }),
    ...(largestOrder === 0 ? {} : { 'largest-order': largestOrder }),
  };
}

/** The scenario of a seed: the same on every machine. */
export function randomScenario(seed: number): ScenarioData {
  const random = new Random(seed);
  // Neighbouring seeds have little to do with each other from here on.
  for (let i = 0; i < 8; i++) random.next();
  const cpus = 1 + random.below(3);
  const largestOrder = chance(random, 6) ? 1 : 0;
  const pages = largestOrder > 0 ? 2 : random.one([1, 1, 1, 2, 2, 3]);
  const memfds = chance(random, 8) ? ['a', 'b'] : ['a'];
  const tasks = Array.from({ length: chance(random, 15) ? 3 : 2 }, (_, i) => `T${i}`);
  const processOf = chance(random, 25) ? tasks.map(() => random.one(['p', 'q'])) : [];
  const processes = [...new Set(processOf)];
  const around: Around = {
    random,
    cpus,
    pages,
    memfds,
    tasks,
    processes,
    largestOrder,
    pins: [],
    disabling: new Set(),
  };
  const memfd = (): Entry => ({
    pages,
    ...(chance(random, 10) ? { 'init-shared': false } : {}),
    ...(chance(random, 4) ? { 'vm-type': 'default' } : {}),
  });
  const task = (number: number): Entry => ({
    cpu: random.below(cpus),
    ...(processes.length === 0 ? {} : { process: processOf[number] }),
  });
  const before = Array.from({ length: random.below(5) }, () => {
    const of = tasks[random.below(tasks.length)] ?? 'T0';
    return { [of]: chance(random, 40) ? callOf(around, of, 'touch') : callOf(around, of) };
  });
  const threads = tasks.map((name, i): [string, readonly Entry[]] => {
    const calls = Array.from({ length: chance(random, 30) ? 2 : 1 }, (_, at) =>
      callOf(around, name, i === 0 && at === 0 && chance(random, 85) ? 'convert' : undefined),
    );
    return [name, calls];
  });
  return {
    scenario: `seed-${seed}`,
    title: 'A random scenario',
    machine: machineOf(random, cpus, largestOrder),
    ...(memfds.length === 1
      ? { guest_memfd: memfd() }
      : { guest_memfds: Object.fromEntries(memfds.map((name) => [name, memfd()])) }),
    tasks: Object.fromEntries(tasks.map((name, number) => [name, task(number)])),
    before,
    threads: Object.fromEntries(threads),
  };
}

/** The list without each of its elements in turn. */
const withoutOne = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  list.map((_, left) => list.filter((__, i) => i !== left));

/** Scenarios that are a little smaller: without a call, a thread, a feature or an expectation. */
function smaller(data: ScenarioData): readonly ScenarioData[] {
  const { machine, before, threads, tasks } = data;
  const { features, profile, 'largest-order': order, ...bare } = machine;
  const given = typeof features === 'object' && features !== null ? Object.entries(features) : [];
  const threadNames = Object.keys(threads);
  return [
    ...threadNames.flatMap((name) => {
      const rest = Object.fromEntries(Object.entries(threads).filter(([other]) => other !== name));
      return threadNames.length > 1 ? [{ ...data, threads: rest }] : [];
    }),
    ...withoutOne(before).map((fewer) => ({ ...data, before: fewer })),
    ...Object.entries(threads).flatMap(([name, calls]) =>
      calls.length > 1 ? withoutOne(calls).map((fewer) => ({ ...data, threads: { ...threads, [name]: fewer } })) : [],
    ),
    ...Object.entries(threads).flatMap(([name, calls]) =>
      calls.flatMap((call, at) => {
        if (!('expect' in call)) return [];
        const { expect: _, ...plain } = call;
        return [{ ...data, threads: { ...threads, [name]: calls.map((other, i) => (i === at ? plain : other)) } }];
      }),
    ),
    ...Object.keys(tasks).flatMap((name) =>
      name in threads || before.some((entry) => name in entry)
        ? []
        : [{ ...data, tasks: Object.fromEntries(Object.entries(tasks).filter(([other]) => other !== name)) }],
    ),
    ...withoutOne(given).map((fewer) => ({
      ...data,
      machine: { ...machine, features: fewer.length === 0 ? undefined : Object.fromEntries(fewer) },
    })),
    ...(profile === undefined ? [] : [{ ...data, machine: { ...machine, profile: undefined } }]),
    ...(order === undefined ? [] : [{ ...data, machine: { ...bare, features, profile } }]),
    ...(machine.cpus > 1 ? [{ ...data, machine: { ...machine, cpus: machine.cpus - 1 } }] : []),
    ...(data.guest_memfd === undefined || data.guest_memfd['pages'] === 1
      ? []
      : [{ ...data, guest_memfd: { ...data.guest_memfd, pages: Number(data.guest_memfd['pages']) - 1 } }]),
  ];
}

/**
 * The smallest scenario that was found to be as wrong as the given one.
 * @param most trials of smaller ones.
 */
export async function shrunk(
  data: ScenarioData,
  isWrong: (candidate: ScenarioData) => Promise<boolean>,
  most: number,
): Promise<ScenarioData> {
  let best = data;
  let trials = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smaller(best)) {
      if (trials >= most) return best;
      trials++;
      if (!(await isWrong(candidate))) continue;
      best = candidate;
      isSmaller = true;
      break;
    }
  }
  return best;
}
