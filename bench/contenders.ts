// SPDX-License-Identifier: MIT
// The contenders, and one round of each. Every contender runs in a process of its own, so that none sees what the optimiser has
// learnt from another.
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../src/abi/index.ts';
import { spaceOfProgram } from '../src/check/explore.ts';
import { search } from '../src/check/search.ts';
import { DEFAULT_PROFILE, type MemoryAttributes2 } from '../src/kernel/index.ts';
import { finished } from '../src/lang/index.ts';
import { createMachine, type Machine, patchNamed } from '../src/machine/index.ts';
import { pack, type SmallWorld } from '../test/exploring.ts';
import { kernelByHand } from './kernel-by-hand.ts';

/** What one round came to. */
export interface Round {
  /** Milliseconds of CPU time by what was done in them. */
  readonly ms: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  /** The result that all contenders of one task must have in common. */
  readonly answer: string;
}

/** 31 * 33825 + 1: touched in order, the last page is left in a batch; with page 0 touched last, that one. */
export const PAGES = 1 << 20;

/** Milliseconds of CPU time: on a busy machine wall-clock time depends more on other processes. */
function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

/** A short text for much memory. */
function digest(arrays: Iterable<ArrayLike<number>>): string {
  let hash = 0;
  for (const array of arrays)
    for (let i = 0; i < array.length; i++) hash = Math.imul(hash ^ array[i]!, 0x5bd1e995) ^ (hash >>> 13);
  return String(hash);
}

/** A conversion by form v6 on CPU 0 while a task on CPU 1 touches the pages; with a pinner beside it on request. */
const conversionWorld = (pages: number, pinner: boolean): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch: patchNamed('v6') },
  sizes: { cpus: 2, folios: pages, inodes: 1, pages, mms: 1, pins: 1, references: 8, order: 0 },
  tasks: [
    { cpu: 0, script: [{ name: 'convert', args: [0, 0, pages, 1, 1] }] },
    { cpu: 1, script: [{ name: 'touch', args: [0, 0, pages] }] },
    ...(pinner ? [{ cpu: 1, script: [{ name: 'vmsplice', args: [0, 0, 0] } as const] }] : []),
  ],
});

/** A world of the kernel, compiled; it explores on every call. */
function kernelExplorer(pages: number, pinner: boolean, mostStates: number) {
  const world = conversionWorld(pages, pinner);
  const { packed, initial, inspect } = pack(world);
  const codeOf = Array.from({ length: packed.tasks }, (_, task) => task);
  const mayEnd = [...world.tasks.keys()].map(finished).reduce((all, one) => all.and(one));
  const { program } = inspect(initial);
  const { space } = spaceOfProgram({ program, codeOf, initial: packed.unpack(initial), properties: [], mayEnd });
  const run = () => {
    const { verdict, states, transitions, depth } = search(space, { mostStates });
    if (verdict !== 'holds') throw new Error(`exploring: ${verdict}`);
    return { states, transitions, depth };
  };
  return { words: packed.words, run };
}

const exploringKernel = (pages: number, pinner: boolean, mostStates: number) => (): (() => Round) => {
  const { ms: compile, result } = timed(() => kernelExplorer(pages, pinner, mostStates));
  const { ms: first } = timed(result.run);
  return () => {
    const { ms, result: counts } = timed(result.run);
    const { states, transitions, depth } = counts;
    const answer = `${states} ${transitions} ${depth}`;
    return { ms: { explore: ms, compile, first }, counts: { ...counts, words: result.words }, answer };
  };
};

const largeMachine = (): Machine =>
  createMachine({
    cpus: 2,
    tasks: [
      { name: 'converter', cpu: 0 },
      { name: 'toucher', cpu: 1 },
    ],
    guestMemfds: [{ pages: PAGES }],
    folios: PAGES,
    patch: patchNamed('v6'),
    calls: ['touch', 'convert'],
  });

/** Touching and converting all pages; page 0 is touched last or in its turn. */
const conversions = (
  touch: (machine: Machine, start: number, pages: number) => void,
  convert: (machine: Machine) => boolean,
  machine: Machine,
): Round => {
  const ms: Record<string, number> = {};
  const answers: string[] = [];
  for (const [late, order] of [
    ['drain late', [[0, PAGES]]],
    [
      'drain early',
      [
        [1, PAGES - 1],
        [0, 1],
      ],
    ],
  ] as const) {
    machine.boot();
    ms[`touch, ${late}`] = timed(() => order.forEach(([start, pages]) => touch(machine, start, pages))).ms;
    const converting = timed(() => convert(machine));
    ms[`convert, ${late}`] = converting.ms;
    answers.push(`${converting.result} ${digest(machine.memory.columns.values())}`);
  }
  const bytes = [...machine.memory.columns.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { ms, counts: { pages: PAGES, 'bytes a page': bytes / PAGES }, answer: answers.join('; ') };
};

const wholeToPrivate = (pages: number): MemoryAttributes2 => ({
  offset: 0n,
  size: BigInt(pages) * PAGE_SIZE,
  flags: 0n,
  reserved: [],
  attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
});

function kernelRun(): () => Round {
  const machine = largeMachine();
  const argument = wholeToPrivate(PAGES);
  return () =>
    conversions(
      (on, start, pages) => {
        on.call(1, { call: 'touch', inode: 0, start, pages });
      },
      (on) => on.call(0, { call: 'set-memory-attributes2', inode: 0, argument }).result === 'ok',
      machine,
    );
}

function kernelHand(): () => Round {
  const machine = largeMachine();
  const { touch, convert } = kernelByHand(machine);
  return () =>
    conversions(
      (_, start, pages) => touch(1, 1, start, pages),
      () => convert(0, 0, PAGES),
      machine,
    );
}

/** Source text that was compiled while `work` ran: the language makes functions only with the Function constructor. */
function generatedBytes(work: () => void): number {
  const { Function: original } = globalThis;
  let bytes = 0;
  globalThis.Function = new Proxy(original, {
    construct: (target, args: readonly string[], newTarget) => {
      bytes += args.at(-1)?.length ?? 0;
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  try {
    work();
  } finally {
    globalThis.Function = original;
  }
  return bytes;
}

/** Building the whole kernel for one small machine, and its first calls at full size; in a fresh process, cold. */
function building(): () => Round {
  return () => {
    const options = { cpus: 2, tasks: [{ name: 'task', cpu: 0 }], guestMemfds: [{ pages: 4 }] };
    const built = timed(() => createMachine(options));
    let compile = 0;
    const columns = generatedBytes(() => {
      compile = timed(() => {
        built.result.call(0, { call: 'touch', inode: 0, start: 0, pages: 4 });
        built.result.call(0, { call: 'set-memory-attributes2', inode: 0, argument: wholeToPrivate(4) });
      }).ms;
    });
    const packed = generatedBytes(() => kernelExplorer(2, false, 1));
    const steps = built.result.program.codes.reduce((sum, { flow }) => sum + flow.steps.length, 0);
    return {
      ms: { build: built.ms, compile },
      counts: { columns, packed, steps },
      answer: '',
    };
  };
}

/** Prepares a contender and returns what a round of it is. */
export const CONTENDERS: Readonly<Record<string, () => () => Round>> = {
  'explore kernel, 2 pages': exploringKernel(2, false, 10_000),
  'explore kernel, 3 pages and a pinner': exploringKernel(3, true, 1_000_000),
  'kernel, Machine.call': kernelRun,
  'kernel, by hand': kernelHand,
  build: building,
};
