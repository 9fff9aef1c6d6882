// SPDX-License-Identifier: MIT
import {
  type Call,
  DEFAULT_PROFILE,
  foliosOf,
  type GuestMemfdOptions,
  IN_ORDER,
  parseSchedule,
  partsFor,
  type Profile,
  type Schedule,
  syscallsFor,
  type TaskOptions,
} from '../machine/index.ts';
import { type Brought, callNamed, type KernelPart, mutantNamed } from '../kernel/index.ts';
import { pinNames, readCall, type Surroundings } from './calls.ts';
import type { Checking, ExpectedCheck, Wish } from './checking.ts';
import { firstMistake } from './issues.ts';
import { suggestion } from './nearest.ts';
import type { Scenario, ScenarioCall } from './scenario.ts';
import { namesModel } from './names-model.ts';
import { profileNamed } from './profile-named.ts';
import { type CallEntry, type CheckedEntry, SCENARIO, type ScenarioFile, type WishesEntry } from './schema.ts';
import type { Path, Source } from './source.ts';

/** How a scenario is read. */
export interface ParseOptions {
  /** Replaces the file's profile; the file's features still apply. */
  readonly profile?: Profile;
}

/**
 * The scenario in a document.
 * @param file its name, for messages.
 * @throws InputError `FILE:LINE:COLUMN: path: what is wrong, what was expected`
 * @example
 * import { parseSchedule, patchNamed } from 'folioscope/machine';
 * import {
 *   EVENTS,
 *   parseScenario,
 *   profileNamed,
 *   PROPERTY_IDS,
 *   scenarioJsonSchema,
 *   unknownPlace,
 * } from 'folioscope/scenario';
 * const text = `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `;
 * const scenario = parseScenario('t.yaml', text);
 * scenario.threads.map(({ calls }) => calls.length); // => [1]
 * profileNamed('linux-6.8').batchSize; // => 15
 * PROPERTY_IDS.slice(0, 2); // => ['I1', 'I2']
 * EVENTS[0]; // => 'checked'
 * Object.keys(scenarioJsonSchema()).includes('properties'); // => true
 * const forms = [patchNamed('v6')];
 * unknownPlace(scenario, parseSchedule('T9:all'), forms, (_, work) => work()); // => "no task 'T9', did you mean 'T0'?"
 */
export function scenarioIn(file: string, source: Source, options: ParseOptions = {}): Scenario {
  if (namesModel(source))
    throw source.error(['model'], 'another model than the kernel: only folioscope check explores it', 'key');
  const parsed = SCENARIO.safeParse(source.value);
  if (!parsed.success) throw firstMistake(source, parsed.error.issues);
  return elaborate(file, source, parsed.data, options);
}

function elaborate(file: string, source: Source, data: ScenarioFile, options: ParseOptions): Scenario {
  const { cpus, profile, largestOrder } = machineOf(source, data, options);
  const guestMemfds = guestMemfdsOf(source, data);
  const { tasks, processes, numberOf } = tasksOf(source, data, cpus);
  const beforeEntries = data.before ?? [];
  const pins = pinNames([...beforeEntries.flatMap(Object.values<CallEntry>), ...Object.values(data.threads).flat()]);
  const around: Surroundings = {
    source,
    cpus,
    largeFolio: largestOrder === 0 ? undefined : 2 ** largestOrder,
    guestMemfds,
    tasks: tasks.map(({ name }) => name),
    processes,
    frames: foliosOf(guestMemfds),
    pins,
    taken: new Set(),
  };
  const before = beforeEntries.map((entry, i) => {
    const [first, second] = Object.entries(entry);
    if (first === undefined) throw source.error(['before', i], 'no call, expected { TASK: { CALL } }');
    if (second !== undefined)
      throw source.error(['before', i, second[0]], 'a second task in one entry, expected an entry for each', 'key');
    const [name, call] = first;
    const path = ['before', i, name];
    return readCall(around, numberOf(name, path), call, path);
  });
  const threads = Object.entries(data.threads).map(([name, calls]) => {
    const path = ['threads', name];
    const task = numberOf(name, path);
    return { task, calls: calls.map((call, i) => readCall(around, task, call, [...path, i])) };
  });
  if (threads.length === 0) throw source.error(['threads'], 'no task, expected at least one with its calls');
  requirePairs(source, around.tasks, [
    ...before.map((call, i) => ({ call, path: ['before', i, around.tasks[call.task] ?? ''] })),
    ...threads.flatMap(({ task, calls: made }) =>
      made.map((call, i) => ({ call, path: ['threads', around.tasks[task] ?? '', i] })),
    ),
  ]);
  const calls = [...before, ...threads.flatMap((thread) => thread.calls)].map(({ call }) => call);
  const shape = { cpus, tasks, guestMemfds, pins: pins.length };
  const parts = partsFor(calls, shape);
  return {
    file,
    name: data.scenario,
    title: data.title,
    about: data.about?.trim(),
    machine: { ...shape, profile, largestOrder, parts, calls: syscallsFor(calls, shape) },
    guestMemfds: guestMemfds.map(({ name }) => name),
    pins,
    before,
    threads,
    absent: absentOf(calls, parts),
    schedule: scheduleOf(source, data.schedule, around.tasks),
    check: checkingOf(source, data, options, { profile, cpus, tasks: around.tasks }),
  };
}

/** Features that other scenarios need, but none of these calls. */
function absentOf(calls: readonly Call[], parts: readonly KernelPart[]): readonly string[] {
  const brought = new Set(calls.flatMap(({ call }) => callNamed(call).brings ?? []));
  const without = (part: KernelPart, what: string): readonly string[] => (parts.includes(part) ? [] : [what]);
  return [
    ...without('mlock', 'mlock batches'),
    ...without('guest', 'guest faults'),
    ...BROUGHT.filter((what) => !brought.has(what)),
    ...without('hotplug', 'CPU hotplug'),
  ];
}
const BROUGHT: readonly Brought[] = ['pfn walkers', 'migration of pages'];

/** Each lru_cache_enable() of a task must follow a lru_cache_disable() of the same task, as in the kernel. */
function requirePairs(
  source: Source,
  tasks: readonly string[],
  calls: readonly { readonly call: ScenarioCall; readonly path: Path }[],
): void {
  const disabling = new Set<number>();
  for (const { call, path } of calls) {
    const { task } = call;
    const at = [...path, 'lru-cache'];
    if (call.call.call === 'lru-cache-disable') {
      if (disabling.has(task))
        throw source.error(at, `${tasks[task]} has disabled it already, expected 'lru-cache: enable' before`);
      disabling.add(task);
    } else if (call.call.call === 'lru-cache-enable' && !disabling.delete(task))
      throw source.error(at, `${tasks[task]} has not disabled it, expected 'lru-cache: disable' before`);
  }
}

/** Parts of a scenario that its `check` may name. */
interface Checked {
  readonly profile: Profile;
  readonly cpus: number;
  readonly tasks: readonly string[];
}

function checkingOf(source: Source, data: ScenarioFile, options: ParseOptions, has: Checked): Checking {
  const { features, every, mutants = {}, unfair, sometimes, ...forms } = data.check ?? {};
  const { profile } = has;
  const machine = { ...data.machine, features: { ...data.machine.features, ...features } };
  const byPatch = new Map<string, ExpectedCheck>();
  for (const [name, entry] of Object.entries<CheckedEntry | undefined>(forms))
    if (entry !== undefined) byPatch.set(name, expectedCheck(entry));
  const made = Object.entries<CheckedEntry | undefined>(mutants).flatMap(([name, entry]) => {
    if (entry === undefined) return [];
    const { patch } = mutantNamed(name);
    byPatch.set(patch.name, expectedCheck(entry));
    return [patch];
  });
  return {
    profile: features === undefined ? profile : machineOf(source, { ...data, machine }, options).profile,
    every: every === undefined ? undefined : expectedCheck(every),
    byPatch,
    sometimes: wishesOf(source, sometimes, has),
    mutants: made,
    unfair: unfair?.map((name, i) => taskNamed(source, has, name, ['check', 'unfair', i])),
  };
}

/** Events that must happen on some run. */
function wishesOf(
  source: Source,
  sometimes: NonNullable<ScenarioFile['check']>['sometimes'],
  { tasks }: Checked,
): Checking['sometimes'] {
  const read = (list: WishesEntry | undefined, at: Path): readonly Wish[] =>
    (list ?? []).flatMap((wish, i): readonly Wish[] =>
      typeof wish === 'string'
        ? [{ event: wish }]
        : Object.entries(wish).map(([name, result]) => {
            const task = tasks.indexOf(name);
            if (task === -1)
              throw source.error([...at, i, name], `no task '${name}', ${suggestion(name, tasks)}`, 'key');
            return { task, result };
          }),
    );
  const path = ['check', 'sometimes'];
  if (sometimes === undefined || Array.isArray(sometimes)) return { every: read(sometimes, path), byPatch: new Map() };
  const { every, ...forms } = sometimes;
  return {
    every: read(every, [...path, 'every']),
    byPatch: new Map(Object.entries(forms).map(([name, list]) => [name, read(list, [...path, name])])),
  };
}

/** Number of a task, or of a CPU's kworker. */
function taskNamed(source: Source, { tasks, cpus }: Checked, name: string, path: Path): number {
  const known = [...tasks, ...Array.from({ length: cpus }, (_, cpu) => `kworker/${cpu}`)];
  const number = known.indexOf(name);
  if (number === -1) throw source.error(path, `no task '${name}', ${suggestion(name, known)}`);
  return number;
}

function expectedCheck(entry: CheckedEntry): ExpectedCheck {
  if (entry === 'holds') return { violates: [] };
  const { violates } = entry;
  return { violates: typeof violates === 'string' ? [violates] : violates };
}

function scheduleOf(source: Source, text: string | undefined, tasks: readonly string[]): Schedule {
  if (text === undefined) return IN_ORDER;
  try {
    const schedule = parseSchedule(text);
    const turns = schedule.kind === 'list' ? schedule.turns : [];
    for (const { task } of turns)
      if (!tasks.includes(task) && !task.startsWith('kworker/'))
        throw source.error(['schedule'], `no task '${task}', ${suggestion(task, tasks)}`);
    return schedule;
  } catch (error) {
    if (error instanceof RangeError) throw source.error(['schedule'], error.message);
    throw error;
  }
}

function machineOf(source: Source, { machine }: ScenarioFile, options: ParseOptions) {
  const { cpus, features = {} } = machine;
  const base = options.profile ?? (machine.profile === undefined ? DEFAULT_PROFILE : profileNamed(machine.profile));
  const differing = Object.entries(features).map(([feature, value]) => `${feature} ${value}`);
  const profile: Profile = {
    ...base,
    name: differing.length === 0 ? base.name : `${base.name} with ${differing.join(', ')}`,
    batchSize: features['batch-size'] ?? base.batchSize,
    smp: features.smp ?? base.smp,
    drainAllLocalFirst: features['drain-all-local-first'] ?? base.drainAllLocalFirst,
    flushFreesLastReference: features['flush-frees-last-reference'] ?? base.flushFreesLastReference,
    unmapDrainsLocal: features['unmap-drains-local'] ?? base.unmapDrainsLocal,
    mlockBatchHoldsReference: features['mlock-batch-holds-reference'] ?? base.mlockBatchHoldsReference,
  };
  if (!profile.smp && cpus > 1)
    throw source.error(['machine', 'cpus'], `${cpus} CPUs on a kernel without SMP (${profile.name}), expected 1`);
  return { cpus, profile, largestOrder: machine['largest-order'] ?? 0 };
}

function guestMemfdsOf(source: Source, { guest_memfd: one, guest_memfds: several }: ScenarioFile) {
  if (one !== undefined && several !== undefined)
    throw source.error(['guest_memfds'], "cannot stand beside 'guest_memfd', expected one of the two", 'key');
  if (one !== undefined) return [{ name: undefined, ...optionsOf(one) }];
  if (several === undefined) throw source.error([], "no guest_memfd, expected 'guest_memfd: { pages: N }'");
  const named = Object.entries(several).map(([name, entry]) => ({ name, ...optionsOf(entry) }));
  if (named.length === 0) throw source.error(['guest_memfds'], 'none, expected at least one { NAME: { pages: N } }');
  return named;
}

const optionsOf = (entry: NonNullable<ScenarioFile['guest_memfd']>): Required<GuestMemfdOptions> => ({
  pages: entry.pages,
  initShared: entry['init-shared'] ?? true,
  vmHasPrivateMemory: entry['vm-type'] !== 'default',
});

/** The tasks and their processes, each numbered in the order of the file. */
function tasksOf(source: Source, data: ScenarioFile, cpus: number) {
  const processes: string[] = [];
  const tasks = Object.entries(data.tasks).map(([name, { cpu, process = '' }]): TaskOptions => {
    if (cpu >= cpus) throw source.error(['tasks', name, 'cpu'], `no CPU ${cpu}, expected one from 0 to ${cpus - 1}`);
    if (!processes.includes(process)) processes.push(process);
    return { name, cpu, process: processes.indexOf(process) };
  });
  const known = tasks.map(({ name }) => name);
  const numberOf = (name: string, path: Path): number => {
    if (!known.includes(name)) throw source.error(path, `no such task, ${suggestion(name, known)}`, 'key');
    return known.indexOf(name);
  };
  return { tasks, processes, numberOf };
}
