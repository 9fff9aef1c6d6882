// SPDX-License-Identifier: GPL-2.0-only
import {
  buildCode,
  type Code,
  type Effect,
  literal,
  type Program,
  program,
  rewriteSteps,
  type SharedArray,
  type Variable,
} from '../lang/index.ts';
import { iPages } from './filemap.ts';
import { cpuHotplugLock } from './cpu_hotplug.ts';
import { cpuFbatches } from './cpu_fbatches.ts';
import { contents } from './contents.ts';
import { drainAll } from './folio.ts';
import { gmemInode } from './guest_memfd.ts';
import { pins } from './gup.ts';
import { hwpoison } from './hwpoison.ts';
import { type KernelConfig, type KernelSizes, partsOf, sizesOf, staticLruDrained } from './kernel.ts';
import { kvm } from './kvm_mmu.ts';
import { lruDisableCount } from './lru_disable.ts';
import { mlockFbatch } from './mlock.ts';
import { mmapLock } from './mmap_lock.ts';
import { STORED } from './observations.ts';
import { folio } from './page_ref.ts';
import { invalidateLock } from './rwsem.ts';
import { cpuMasks, preemptCount, taskCpu, taskErrorIndex, taskMm, taskResult } from './sched.ts';
import { argumentTypes } from './syscall_arguments.ts';
import { callSyscall, type SyscallName, syscallsOf } from './syscalls.ts';
import { work } from './workqueue.ts';
import { pageTableLock, pte, pteDirty, tlb, vmaGone, vmLocked } from './zap.ts';

/** All of the kernel's memory. */
const VARIABLES: readonly (SharedArray<string, never> | { readonly variable: Variable })[] = [
  ...Object.values(folio),
  iPages,
  ...Object.values(gmemInode),
  ...Object.values(invalidateLock),
  pte,
  pageTableLock,
  ...Object.values(pins),
  cpuFbatches.lock,
  ...Object.values(cpuFbatches.lruAdd),
  cpuFbatches.lockIrq,
  ...Object.values(cpuFbatches.others),
  ...Object.values(mlockFbatch),
  vmLocked,
  pteDirty,
  tlb,
  vmaGone,
  ...Object.values(hwpoison),
  lruDisableCount,
  ...Object.values(mmapLock),
  ...Object.values(kvm.mmuLock),
  kvm.invalidateInProgress,
  kvm.sameSeq,
  kvm.spte,
  kvm.sptePrivate,
  kvm.unbound,
  ...Object.values(contents),
  ...Object.values(drainAll),
  work,
  cpuHotplugLock,
  ...Object.values(cpuMasks),
  taskCpu,
  preemptCount,
  taskMm,
  taskResult,
  taskErrorIndex,
  staticLruDrained,
];

/** The kernel's memory and the form's own. */
const memoryOf = ({ patch }: KernelConfig): typeof VARIABLES =>
  patch.statics === undefined ? VARIABLES : [...VARIABLES, ...patch.statics];

/** All variables of a kernel. */
export const memoryVariables = (config: KernelConfig): readonly Variable[] =>
  memoryOf(config).map(({ variable }) => variable);

/** Whether effects write a variable. */
const write = (effects: readonly Effect[], variable: Variable): boolean =>
  effects.some((effect) => {
    switch (effect.kind) {
      case 'assign':
        return effect.place.op === 'read' && effect.place.variable === variable;
      case 'when':
        return write(effect.then, variable) || write(effect.else, variable);
      case 'each':
        return write(effect.body, variable);
      case 'observe':
      case 'assert':
        return false;
    }
  });

/**
 * Attributes are judged where the kernel stores them, so no other step may write them: a check that did would be judged
 * as if it had not.
 * @throws TypeError if a form of the check does.
 */
function requireNoOtherStore({ codes }: Program): void {
  for (const { flow } of codes)
    for (const node of flow.nodes) {
      if (node.kind !== 'step') continue;
      const { name, effects } = node.step;
      const { variable } = gmemInode.private;
      const isKernels = effects.some((effect) => effect.kind === 'observe' && effect.mark === STORED);
      if (!isKernels && write(effects, variable))
        throw new TypeError(
          `step '${name}' writes '${variable.name}', expected a check that leaves the attributes to the conversion`,
        );
    }
}

/** The program with a mutant's steps, if the patch is one. */
function mutated({ patch }: KernelConfig, text: Program): Program {
  if (patch.mutant === undefined) requireNoOtherStore(text);
  const rewrite = patch.mutant?.rewrite;
  return rewrite === undefined ? text : rewriteSteps(text, rewrite);
}

/** A kernel with tasks that receive their calls while it runs: one code for each of `calls`, with the same name. */
export const buildKernel = (config: KernelConfig, kernelSizes: KernelSizes, calls?: readonly SyscallName[]): Program =>
  buildProgram(config, kernelSizes, calls, []);

/** The same with codes that are no calls, behind those. */
export function buildProgram(
  config: KernelConfig,
  kernelSizes: KernelSizes,
  calls: readonly SyscallName[] | undefined,
  extra: readonly Code[],
): Program {
  const sizes = sizesOf(kernelSizes, config);
  const known = syscallsOf(partsOf(kernelSizes, config.patch));
  const wanted = calls === undefined ? known : known.filter(({ name }) => calls.includes(name));
  const codes = wanted.map(({ name, args }) =>
    buildCode(
      name,
      config,
      sizes,
      args.length,
      (k) => {
        const values = argumentTypes(args).map((type, i) => k.local(`arg${i}`, type));
        callSyscall(k, name, values);
      },
      memoryVariables(config),
    ),
  );
  return mutated(config, program(sizes, memoryOf(config), [...codes, ...extra]));
}

/** One call of a script: literal values. */
export interface ScriptedCall {
  readonly name: SyscallName;
  readonly args: readonly number[];
}

/** The code of a CPU's own task, for ever. */
export const KWORKER: ScriptedCall = { name: 'kworker', args: [] };

/**
 * A kernel with tasks of fixed calls: one code for each task, with constant values. An explored kernel must be small,
 * and this is smaller.
 * @example
 * import { buildKernel, buildScripted, DEFAULT_PROFILE, KWORKER, PATCHES } from 'folioscope/kernel';
 * const config = { profile: DEFAULT_PROFILE, patch: PATCHES[0]! };
 * const sizes = { tasks: 2, cpus: 1, folios: 1, inodes: 1, pages: 1, mms: 1, pins: 0, references: 9, order: 0 };
 * // Task 0 touches page 0 of file 0; the last tasks are the CPUs' kworkers.
 * const scripted = buildScripted(config, sizes, [[{ name: 'touch', args: [0, 0, 1] }], [KWORKER]]);
 * scripted.codes.length; // => 2
 * buildKernel(config, sizes, ['touch']).codes.map(({ name }) => name); // => ['touch']
 */
export function buildScripted(
  config: KernelConfig,
  kernelSizes: KernelSizes,
  scripts: readonly (readonly ScriptedCall[])[],
): Program {
  const sizes = sizesOf(kernelSizes, config);
  const codes: readonly Code[] = scripts.map((script, task) =>
    buildCode(
      `task ${task}`,
      config,
      sizes,
      0,
      (k) => {
        for (const [number, { name, args }] of script.entries()) {
          const values = args.map((arg) => literal(arg));
          k.script(number, () => callSyscall(k, name, values));
        }
      },
      memoryVariables(config),
    ),
  );
  return mutated(config, program(sizes, memoryOf(config), codes));
}
