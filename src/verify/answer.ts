// SPDX-License-Identifier: MIT
import type { Reason } from '../check/index.ts';
import type { Origin } from '../lang/index.ts';
import type { Cpu, FolioLedger } from '../ledger/index.ts';
import type { Mismatch, PatchNotes, ScenarioCall } from '../scenario/index.ts';

/** One write of a step to shared memory; `none` if it names no element. */
export interface WriteInStep {
  readonly variable: string;
  readonly index: readonly number[];
  readonly before: number | 'none';
  readonly after: number | 'none';
}

/** A shared variable in a state of a counterexample. */
export interface ShownVariable {
  readonly name: string;
  /** Its values are 0 and 1 for false and true. */
  readonly isTruth: boolean;
  /** Number of elements, by dimension; empty for a single value. */
  readonly extents: readonly number[];
  /** In row-major order: the last dimension's elements are adjacent. */
  readonly values: readonly number[];
}

/** A step of a counterexample. */
export interface CounterexampleStep {
  /** Number of the task in the machine; kworkers follow the scenario's own tasks. */
  readonly task: number;
  readonly thread: string;
  readonly cpu: Cpu;
  /** Place of the task's call among those of its thread; undefined for kworkers and for models without calls. */
  readonly call: number | undefined;
  /** The chosen alternative, if the task has a choice. */
  readonly option: number;
  /** The routines that contain the step, outermost first. */
  readonly path: readonly string[];
  readonly name: string;
  readonly writes: readonly WriteInStep[];
  /** The author's text that it was translated from; absent if it was written in the kernel language. */
  readonly origin?: Origin;
  /** Folios whose count it read, with the count. Changes of the task's own memory are not shown. */
  readonly read: { readonly folio: number; readonly count: number } | undefined;
  /** All holders of each folio after the step. */
  readonly ledger: readonly FolioLedger[];
  /** For the kernel, the folios' counts and the pages' attributes after the step; for other models, all variables. */
  readonly state: readonly ShownVariable[];
}

/** The shortest run that violates a property. */
export interface Counterexample {
  readonly steps: readonly CounterexampleStep[];
  readonly contextSwitches: number;
  /** Whether no run against the property has fewer steps. */
  readonly isShortest: boolean;
  /**
   * Whether no run of the same length has fewer context switches; false if the search for one would have taken too
   * long.
   */
  readonly fewestSwitches: boolean;
  /**
   * For a run that never ends: number of its last steps that repeat for ever; 0 if no task can step any more. Undefined
   * if the violation is in the last step, or in the state after it.
   */
  readonly round: number | undefined;
  /** The ledger before the first step. */
  readonly ledgerBefore: readonly FolioLedger[];
  /** The shown part of the state before the first step. */
  readonly stateBefore: readonly ShownVariable[];
  /** Names of all tasks, by number, and the CPU of each before the first step. */
  readonly tasks: readonly { readonly name: string; readonly cpu: Cpu }[];
}

/** Random walks that replaced an exploration. */
export interface Walked {
  readonly walks: number;
  /** Number of the first walk: 1, or more on one of several machines. */
  readonly first?: number | undefined;
  readonly seed: number;
  /** Most steps of a walk. */
  readonly steps: number;
  /** Depth of the PCT schedule; undefined if every step has the same probability. */
  readonly pct: number | undefined;
}

/** Size of an exploration. */
export interface Explored {
  /**
   * For random walks, the number of distinct visited states; 0 if there were too many to count, or if `statesAtLeast` says
   * more.
   */
  readonly states: number;
  /**
   * For random walks of several machines, whose distinct states do not add up: the largest number of one machine's. Undefined
   * otherwise, and if one of them had too many to count.
   */
  readonly statesAtLeast?: number | undefined;
  /** As SPIN counts them: steps from state to state, plus the arrival at the initial state. */
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** Bytes of states and their table. */
  readonly bytes: number;
  /**
   * Bytes of spilled states, including those of the search for a nearest violation; undefined without a spill store.
   */
  readonly spilledBytes?: number | undefined;
}

/** The answer about one property. */
export interface PropertyAnswer {
  /** The name of a property: of a conversion, or of another program's own. */
  readonly id: string;
  readonly sentence: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** What exactly is violated, if the property has several parts. */
  readonly detail: string | undefined;
  /** Why the property holds vacuously: its premise happens on no run. Undefined if it does not. */
  readonly vacuous: string | undefined;
  readonly explored: Explored;
  readonly counterexample: Counterexample | undefined;
}

/** Size of the explored machine. */
export interface SmallMachine {
  readonly profile: string;
  readonly cpus: number;
  readonly tasks: number;
  readonly folios: number;
  readonly pages: number;
  /** Places of a batch in this machine: as many as can be filled, and one more. */
  readonly batchSize: number | undefined;
  /** Places of a batch in the profile's kernel. */
  readonly profileBatchSize: number | undefined;
  /** 32-bit words of a state. */
  readonly words: number;
}

/** A routine's steps that no run took, wherever it is called. */
export interface NeverTaken {
  readonly routine: string;
  readonly steps: readonly string[];
  /** Whether the routine was never entered. */
  readonly whole: boolean;
}

/** Steps that some run took; a step that stands at several places counts once. */
export interface Coverage {
  readonly steps: number;
  readonly taken: number;
  readonly never: readonly NeverTaken[];
}

/** Result of exploring under one form of the check. */
export interface CheckAnswer {
  readonly patch: string;
  readonly notes: PatchNotes;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly properties: readonly PropertyAnswer[];
  /** The largest exploration behind the answer. */
  readonly explored: Explored;
  readonly machine: SmallMachine;
  /** Kernel routines in the explored text, and steps with the name of one; sorted. */
  readonly routines: readonly string[];
  readonly reductions: readonly string[];
  /**
   * Probability that the exploration behind the answer omitted a state because of a hash collision; undefined if whole
   * states were compared.
   */
  readonly omission: number | undefined;
  /** The requested walks; undefined if everything was explored. */
  readonly walked: Walked | undefined;
  /** Parts of the form's and the kernel's text that no run reached; undefined if unknown. */
  readonly coverage: Coverage | undefined;
  /** The context forbids generated JavaScript, so the steps were interpreted: some tens of times slower, with equal results. */
  readonly interpreted: boolean;
  /** I5 was not checked on runs without end, because there are too many states. */
  readonly endsNotAsked: boolean;
  /** Why something is undecided. */
  readonly reason: Reason | undefined;
  /**
   * Unexpected results of calls that are not explored: those in `before`, and those that the kernel refuses at once.
   */
  readonly before: readonly { readonly call: ScenarioCall; readonly mismatches: readonly Mismatch[] }[];
  /** The result that the scenario file expects; undefined if it expects none. */
  readonly expected: { readonly violates: readonly string[] } | undefined;
  /** Whether the result is as the file expects; undefined if it expects none, or nothing is decided. */
  readonly asExpected: boolean | undefined;
}
