// SPDX-License-Identifier: MIT
import {
  buildScripted,
  callNamed,
  KWORKER,
  type KernelSizes,
  LRU_BATCHES,
  type Patch,
  type Profile,
  type ScriptedCall,
  taskCpu,
} from '../kernel/index.ts';
import { columnOf, createMemory, Interpreter, type Memory, type Program } from '../lang/index.ts';
import { type Call, createMachine, entryOf, partsFor } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';

/** A call of a task in a small machine; `entry` is undefined if the kernel refuses the arguments at once. */
export interface WorldCall {
  readonly task: number;
  /** Its place among the thread's calls in the scenario. */
  readonly number: number;
  readonly call: Call;
  /** Its entry into the kernel. */
  readonly entry: ScriptedCall;
  /** Its place in the task's script. */
  readonly scripted: number;
}

/** A scenario's threads, ready to be interleaved: a program, the code of each task, and the memory after `before`. */
export interface SmallWorld {
  readonly scenario: Scenario;
  readonly patch: Patch;
  readonly profile: Profile;
  readonly sizes: KernelSizes;
  readonly program: Program;
  /** By task: its code; the CPUs' kworkers follow the scenario's own tasks. */
  readonly codeOf: readonly number[];
  readonly memory: Memory;
  readonly calls: readonly WorldCall[];
}

/** References that a task holds for a moment: a lookup's, and one on its way to another holder. */
const IN_PASSING = 3;

/**
 * Builds a machine as small as the scenario: memory for the reachable pages, counts as high as all possible holders
 * make them, batches as long as their possible entries. None of that changes the behaviour; a count that did not fit
 * would be an error, not a wrong answer.
 * @param mostFolios number of folios; if it is less than can be held at a time, an allocation may fail.
 */
export function buildWorld(given: Scenario, patch: Patch, mostFolios = Number.POSITIVE_INFINITY): SmallWorld {
  const scenario = withoutUntouchedPages(given);
  const { machine, before, threads } = scenario;
  // The arguments that the kernel refuses depend on the sizes in the scenario.
  const around = given.machine;
  const calls = threads.flatMap(({ task, calls: made }): readonly WorldCall[] => {
    let scripted = 0;
    return made.flatMap(({ call }, number) => {
      const entry = entryOf(call, around);
      return 'result' in entry ? [] : [{ task, number, call, entry, scripted: scripted++ }];
    });
  });
  const everyCall = [...before.map(({ call }) => call), ...calls.map(({ call }) => call)];
  const parts = partsFor(everyCall, around);
  const folios = Math.min(mostFolios, foliosFor(scenario, calls));
  const profile = profileFor(scenario, everyCall, folios);
  const kworkers = Array.from({ length: machine.cpus }, (): readonly ScriptedCall[] => [KWORKER]);
  const scripts = machine.tasks.map((_, task) => calls.filter((call) => call.task === task).map(({ entry }) => entry));
  const sizes: KernelSizes = {
    tasks: scripts.length + kworkers.length,
    cpus: machine.cpus,
    folios,
    inodes: machine.guestMemfds.length,
    pages: pagesOf(scenario),
    mms: processesOf(scenario),
    pins: machine.pins,
    references: referencesFor(scenario, profile, everyCall) + (patch.ownReferences ?? 0) * convertingTasks(calls),
    order: machine.largestOrder,
    // One for each task within a call, and one for each call that leaves them disabled.
    lruDisables: scripts.length + everyCall.filter(({ call }) => callNamed(call).staysDisabled === true).length,
    parts,
  };
  const program = buildScripted({ profile, patch }, sizes, [...scripts, ...kworkers]);
  const memory = createMemory(program);
  copyColumns(
    memoryAfter(scenario, { patch, profile, folios, hasRoom: mostFolios === Number.POSITIVE_INFINITY }),
    memory,
  );
  const interpreter = new Interpreter(program, memory);
  for (const task of program.codes.keys()) interpreter.start(task, task);
  // The kworkers go to sleep first, so that later they run only queued work.
  for (let task = scripts.length; task < sizes.tasks; task++) while (interpreter.step(task) !== undefined);
  return { scenario, patch, profile, sizes, program, codeOf: [...program.codes.keys()], memory, calls };
}

/** The scenario without pages that no call reaches. */
function withoutUntouchedPages(scenario: Scenario): Scenario {
  const { machine, before, threads } = scenario;
  const calls = [...before, ...threads.flatMap((thread) => thread.calls)];
  // The numbers of page frames depend on the number of pages.
  if (machine.guestMemfds.length > 1 && calls.some(({ call }) => 'pfn' in call)) return scenario;
  const ends = calls.map(({ call }) => {
    const entry = entryOf(call, machine);
    if ('result' in entry) return 0;
    if (callNamed(call.call).walksFile === true) return pagesOf(scenario);
    if (call.call === 'set-memory-attributes2') return (entry.args[1] ?? 0) + (entry.args[2] ?? 0);
    if ('pages' in call) return call.start + call.pages;
    return Math.max('index' in call ? call.index + 1 : 0, 'sourceIndex' in call ? call.sourceIndex + 1 : 0);
  });
  const pages = 2 ** machine.largestOrder * Math.ceil(Math.max(1, ...ends) / 2 ** machine.largestOrder);
  const guestMemfds = machine.guestMemfds.map((inode) => ({ ...inode, pages: Math.min(inode.pages, pages) }));
  return { ...scenario, machine: { ...machine, guestMemfds } };
}

const pagesOf = ({ machine }: Scenario): number => Math.max(1, ...machine.guestMemfds.map(({ pages }) => pages));
const processesOf = ({ machine }: Scenario): number =>
  1 + Math.max(0, ...machine.tasks.map(({ process }) => process ?? 0));
const pagesIn = (call: Call): number => ('pages' in call ? call.pages : 1);

/**
 * One folio for each page, for each task that may lose the race to add one, and for each folio that leaves the page
 * cache.
 */
function foliosFor(scenario: Scenario, calls: readonly WorldCall[]): number {
  const { machine, before } = scenario;
  const pages = pagesOf(scenario) * machine.guestMemfds.length;
  const racing = new Set(calls.filter(({ call }) => callNamed(call.call).allocates === true).map(({ task }) => task))
    .size;
  const everyCall = [...before.map(({ call }) => call), ...calls.map(({ call }) => call)];
  const taken = everyCall.reduce(
    (sum, call) => sum + (callNamed(call.call).takes?.(pagesIn(call), pagesOf(scenario)) ?? 0),
    0,
  );
  const frames = everyCall.map((call) => ('pfn' in call ? call.pfn + 1 : 0));
  return Math.max(pages + Math.max(0, racing - 1) + taken, ...frames);
}

/**
 * The scenario's profile, with batches one place longer than their possible entries, so that this never fills one.
 * FOLL_PIN adds as many references as in the kernel: a form may compare a count with that number.
 */
function profileFor(scenario: Scenario, calls: readonly Call[], folios: number): Profile {
  const { profile } = scenario.machine;
  const parts = partsFor(calls, scenario.machine);
  const mlocks = parts.includes('mlock');
  const entries = mlocks
    ? 2 * processesOf(scenario) * calls.reduce((sum, call) => sum + pagesIn(call), 0)
    : Math.max(folios, pagesOf(scenario));
  return {
    ...profile,
    batchSize: parts.includes('lru_batches') ? profile.batchSize : Math.min(profile.batchSize, entries + 1),
  };
}

/** Number of tasks that convert, each of which may hold what its check holds. */
const convertingTasks = (calls: readonly WorldCall[]): number =>
  new Set(calls.filter(({ call }) => call.call === 'set-memory-attributes2').map(({ task }) => task)).size;

/** The highest count without pins. */
function unpinnedReferences(scenario: Scenario, calls: readonly Call[]): number {
  const { machine } = scenario;
  const pages = 2 ** machine.largestOrder;
  const others = partsFor(calls, machine).includes('lru_batches') ? LRU_BATCHES.length : 0;
  const batches = (1 + others) * machine.cpus;
  const left = calls.reduce((sum, { call }) => sum + (callNamed(call).leaves?.(pages) ?? 0), 0);
  const pinned = calls.filter(({ call }) => callNamed(call).pin === 'one').length;
  const inPassing = IN_PASSING * (machine.tasks.length + machine.cpus);
  return pages * (1 + processesOf(scenario)) + batches + left + pinned + inPassing;
}

const referencesFor = (scenario: Scenario, { pinBias }: Profile, calls: readonly Call[]): number =>
  unpinnedReferences(scenario, calls) + pinBias * calls.filter(({ call }) => callNamed(call).pin === 'bias').length;

/** The memory after `before`: its calls, one after the other, each to its end. */
function memoryAfter(
  { machine, before }: Scenario,
  { patch, profile, folios, hasRoom }: { patch: Patch; profile: Profile; folios: number; hasRoom: boolean },
): Memory {
  const full = createMachine({ ...machine, patch, profile, folios });
  for (const { task, call } of before) {
    const { result } = full.call(task, call);
    // The machine of a run has enough folios; with too few folios here, the search would start from another state than the
    // scenario's.
    if (result === 'ENOMEM' && hasRoom && callNamed(call.call).allocates === true)
      throw new Error(`${call.call} in 'before' finds no folio among ${folios}: the explored machine is too small`);
  }
  return full.memory;
}

function copyColumns(from: Memory, to: Memory): void {
  for (const [variable, column] of to.columns) column.set(columnOf(from, { variable }));
}

/** The CPU of a task. */
export const cpuIn = (memory: Memory, task: number): number => columnOf(memory, taskCpu)[task] ?? 0;
