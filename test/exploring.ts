// SPDX-License-Identifier: MIT
import { explore, type Exploration, type Invariant } from '../src/check/index.ts';
import {
  buildScripted,
  DEFAULT_PROFILE,
  type KernelPart,
  type Patch,
  type Profile,
  gmemInode,
  holdersOf,
  imbalances,
  type KernelConfig,
  type KernelSizes,
  taskCpu,
  taskMm,
  type ScriptedCall,
} from '../src/kernel/index.ts';
import {
  columnOf,
  compilePacked,
  createMemory,
  IDLE,
  Interpreter,
  type Memory,
  type Packed,
  type Program,
} from '../src/lang/index.ts';

/** A small machine whose tasks have fixed scripts; a kworker for each CPU comes after them. */
export interface SmallWorld {
  readonly config: KernelConfig;
  readonly sizes: Omit<KernelSizes, 'tasks'>;
  readonly tasks: readonly {
    readonly cpu: number;
    /** Its address space; 0 where absent. */
    readonly mm?: number;
    readonly script: readonly ScriptedCall[];
  }[];
  /** Runs before everything else, one task after the other, each to its end: the scripts of these tasks. */
  readonly before?: readonly number[];
  /** Changes the kernel's text, to see that somebody notices. */
  readonly mutate?: (program: Program) => Program;
}

/** The world's program, and its memory once `before` is over. */
export function build(world: SmallWorld): { program: Program; memory: Memory } {
  const { cpus, pages } = world.sizes;
  const kworkers = Array.from({ length: cpus }, (): readonly ScriptedCall[] => [{ name: 'kworker', args: [] }]);
  const sizes = { ...world.sizes, tasks: world.tasks.length + cpus };
  const { mutate = (text: Program) => text } = world;
  const program = mutate(buildScripted(world.config, sizes, [...world.tasks.map(({ script }) => script), ...kworkers]));
  const memory = createMemory(program);
  columnOf(memory, taskCpu).set([...world.tasks.map(({ cpu }) => cpu), ...Array(cpus).keys()]);
  columnOf(memory, taskMm).set(world.tasks.map(({ mm }) => mm ?? 0));
  columnOf(memory, gmemInode.pages).fill(pages);
  const interpreter = new Interpreter(program, memory);
  for (const task of program.codes.keys()) interpreter.start(task, task);
  for (const task of world.before ?? [])
    while (memory.code[task] !== IDLE) if (interpreter.step(task) === undefined) throw new Error(`task ${task} waits`);
  return { program, memory };
}

/** Two CPUs and one page, which a test's tasks fight over. */
export const onePageWorld = (
  patch: Patch,
  tasks: SmallWorld['tasks'],
  before: readonly number[],
  more: { readonly parts?: readonly KernelPart[]; readonly profile?: Partial<Profile>; readonly folios?: number } = {},
): SmallWorld => ({
  config: { profile: { ...DEFAULT_PROFILE, batchSize: 3, ...more.profile }, patch },
  sizes: {
    cpus: 2,
    folios: more.folios ?? 1,
    inodes: 1,
    pages: 1,
    mms: 1,
    pins: 0,
    references: 15,
    order: 0,
    parts: more.parts ?? [],
  },
  tasks,
  before,
});

/** The world compiled for exploring, and its first state. */
export function pack(world: SmallWorld): {
  packed: Packed;
  initial: Int32Array;
  inspect: (state: Int32Array) => Interpreter;
} {
  const { program, memory } = build(world);
  const packed = compilePacked(program, [...program.codes.keys()]);
  return {
    packed,
    initial: packed.pack(memory),
    inspect: (state) => new Interpreter(program, packed.unpack(state)),
  };
}

/** Explores every interleaving of a world. */
export function exploreWorld(
  world: SmallWorld,
  invariants: readonly { readonly name: string; readonly holds: (interpreter: Interpreter) => boolean }[],
  mostStates = 2_000_000,
): Exploration {
  const { packed, initial, inspect } = pack(world);
  const onStates: Invariant[] = invariants.map(({ name, holds }) => ({
    name,
    holds: (state) => holds(inspect(state)),
  }));
  const mayEnd = (state: Int32Array): boolean => world.tasks.every((_, task) => packed.done(task, state));
  const model = { words: packed.words, tasks: packed.tasks, initial, step: packed.step };
  return explore(model, { invariants: onStates, mayEnd, mostStates });
}

/** I6: every folio's count is the sum of its holders. */
export const conservation = {
  name: 'I6 conservation',
  holds: (interpreter: Interpreter): boolean => imbalances(interpreter, holdersOf(interpreter, String)).length === 0,
};

/** A value of the memory at one place. */
export const at = (memory: Memory, array: Parameters<typeof columnOf>[1], i: number): number =>
  columnOf(memory, array)[i] ?? Number.NaN;
