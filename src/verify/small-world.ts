// SPDX-License-Identifier: MIT
import {
  buildScripted,
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

/** A call that a task of a small world makes; `entry` is undefined where the kernel refuses the arguments at once. */
export interface WorldCall {
  readonly task: number;
  /** Its place among the thread's calls in the scenario. */
  readonly number: number;
  readonly call: Call;
  /** Where it enters the kernel. */
  readonly entry: ScriptedCall;
  /** Its place in the task's script. */
  readonly scripted: number;
}

/** A scenario's threads, ready to be interleaved: a program, who runs what, and the memory that `before` left. */
export interface SmallWorld {
  readonly scenario: Scenario;
  readonly patch: Patch;
  readonly profile: Profile;
  readonly sizes: KernelSizes;
  readonly program: Program;
  /** By task: the code that it runs; the CPUs' kworkers come after the scenario's own tasks. */
  readonly codeOf: readonly number[];
  readonly memory: Memory;
  readonly calls: readonly WorldCall[];
}

/** References that a task holds in passing: a lookup's, and one on its way. */
const IN_PASSING = 3;

/**
 * Makes a machine as small as the scenario: memory for the pages that there are, counts as high as those who can
 * hold a page make them, batches as long as there can be entries. None of that changes what can happen; a count that
 * did not fit would be an error and not a wrong answer.
 * @param mostFolios where there are fewer than could be held at a time, who finds none has to do without.
 */
export function buildWorld(given: Scenario, patch: Patch, mostFolios = Number.POSITIVE_INFINITY): SmallWorld {
  const scenario = withoutUntouchedPages(given);
  const { machine, before, threads } = scenario;
  // Which arguments the kernel refuses depends on the sizes that the scenario gives.
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
    references: referencesFor(scenario, profile, everyCall),
    order: machine.largestOrder,
    // One a task within a call, and one for each call that leaves them disabled.
    lruDisables: scripts.length + everyCall.filter(({ call }) => call === 'lru-cache-disable').length,
    parts,
  };
  const program = buildScripted({ profile, patch }, sizes, [...scripts, ...kworkers]);
  const memory = createMemory(program);
  copyColumns(memoryAfter(scenario, { patch, profile, folios }), memory);
  const interpreter = new Interpreter(program, memory);
  for (const task of program.codes.keys()) interpreter.start(task, task);
  // The kworkers go to sleep first, so that what they do later is work that somebody gave them.
  for (let task = scripts.length; task < sizes.tasks; task++) while (interpreter.step(task) !== undefined);
  return { scenario, patch, profile, sizes, program, codeOf: [...program.codes.keys()], memory, calls };
}

/** Pages that no call reaches might as well not be there. */
function withoutUntouchedPages(scenario: Scenario): Scenario {
  const { machine, before, threads } = scenario;
  const calls = [...before, ...threads.flatMap((thread) => thread.calls)];
  // The numbers of page frames depend on how many pages there are.
  if (machine.guestMemfds.length > 1 && calls.some(({ call }) => 'pfn' in call)) return scenario;
  const ends = calls.map(({ call }) => {
    const entry = entryOf(call, machine);
    if ('result' in entry) return 0;
    if (call.call === 'set-memory-attributes2') return (entry.args[1] ?? 0) + (entry.args[2] ?? 0);
    if ('pages' in call) return call.start + call.pages;
    if (call.call === 'populate') return Math.max(call.index, call.sourceIndex) + 1;
    return 'index' in call ? call.index + 1 : 0;
  });
  const pages = 2 ** machine.largestOrder * Math.ceil(Math.max(1, ...ends) / 2 ** machine.largestOrder);
  const guestMemfds = machine.guestMemfds.map((inode) => ({ ...inode, pages: Math.min(inode.pages, pages) }));
  return { ...scenario, machine: { ...machine, guestMemfds } };
}

const pagesOf = ({ machine }: Scenario): number => Math.max(1, ...machine.guestMemfds.map(({ pages }) => pages));
const processesOf = ({ machine }: Scenario): number =>
  1 + Math.max(0, ...machine.tasks.map(({ process }) => process ?? 0));
const pagesIn = (call: Call): number => ('pages' in call ? call.pages : 1);

const ALLOCATING: ReadonlySet<Call['call']> = new Set([
  'touch',
  'write',
  'load',
  'store',
  'fallocate',
  'vmsplice',
  'pin-user-pages',
  'pin-longterm',
  'mlock',
  'guest-touch',
  'guest-load',
  'guest-store',
  'populate',
]);
/** FOLL_PIN. */
export const PINNING: ReadonlySet<Call['call']> = new Set(['pin-user-pages', 'pin-longterm']);

/** A folio for each page, one for each task that may lose the race to add one, and one for each that leaves the page cache. */
function foliosFor(scenario: Scenario, calls: readonly WorldCall[]): number {
  const { machine, before } = scenario;
  const pages = pagesOf(scenario) * machine.guestMemfds.length;
  const racing = new Set(calls.filter(({ call }) => ALLOCATING.has(call.call)).map(({ task }) => task)).size;
  const everyCall = [...before.map(({ call }) => call), ...calls.map(({ call }) => call)];
  const holes = everyCall.filter((call) => call.call === 'punch-hole').reduce((sum, call) => sum + pagesIn(call), 0);
  const others = everyCall.filter((call) => call.call === 'use-other-memory').length;
  // What it removes stays out of the allocator.
  const offlined = everyCall.filter((call) => call.call === 'soft-offline').length;
  const frames = everyCall.map((call) => ('pfn' in call ? call.pfn + 1 : 0));
  return Math.max(pages + Math.max(0, racing - 1) + holes + offlined + others, ...frames);
}

/**
 * The scenario's profile with batches no longer than there can be entries, one more so that none is ever full by
 * it, and a bias of FOLL_PIN just above what a count can be without.
 */
function profileFor(scenario: Scenario, calls: readonly Call[], folios: number): Profile {
  const { profile } = scenario.machine;
  const parts = partsFor(calls, scenario.machine);
  const mlocks = parts.includes('mlock');
  const entries = mlocks
    ? 2 * processesOf(scenario) * calls.reduce((sum, call) => sum + pagesIn(call), 0)
    : Math.max(folios, pagesOf(scenario));
  const pinBias = 2 ** Math.ceil(Math.log2(1 + unpinnedReferences(scenario, calls)));
  return {
    ...profile,
    batchSize: parts.includes('lru_batches') ? profile.batchSize : Math.min(profile.batchSize, entries + 1),
    pinBias: Math.min(profile.pinBias, pinBias),
  };
}

/** The highest count without pins. */
function unpinnedReferences(scenario: Scenario, calls: readonly Call[]): number {
  const { machine } = scenario;
  const pages = 2 ** machine.largestOrder;
  const others = partsFor(calls, machine).includes('lru_batches') ? LRU_BATCHES.length : 0;
  const batches = (1 + others) * machine.cpus;
  const mlocked = calls.reduce(
    (sum, call) => sum + (call.call === 'mlock' || call.call === 'munlock' ? 2 * pages : 0),
    0,
  );
  const spliced = calls.filter(({ call }) => call === 'vmsplice' || call === 'populate').length;
  const poisoned = Number(calls.some(({ call }) => call === 'memory-failure'));
  const inPassing = IN_PASSING * (machine.tasks.length + machine.cpus);
  return pages * (1 + processesOf(scenario)) + batches + mlocked + spliced + poisoned + inPassing;
}

const referencesFor = (scenario: Scenario, { pinBias }: Profile, calls: readonly Call[]): number =>
  unpinnedReferences(scenario, calls) + pinBias * calls.filter(({ call }) => PINNING.has(call)).length;

/** What `before` leaves: its calls, one after the other, each to its end. */
function memoryAfter(
  { machine, before }: Scenario,
  { patch, profile, folios }: { patch: Patch; profile: Profile; folios: number },
): Memory {
  const full = createMachine({ ...machine, patch, profile, folios });
  for (const { task, call } of before) full.call(task, call);
  return full.memory;
}

function copyColumns(from: Memory, to: Memory): void {
  for (const [variable, column] of to.columns) column.set(columnOf(from, { variable }));
}

/** The CPU that a task is on. */
export const cpuIn = (memory: Memory, task: number): number => columnOf(memory, taskCpu)[task] ?? 0;
