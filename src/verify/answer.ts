// SPDX-License-Identifier: MIT
import type { Reason } from '../check/index.ts';
import type { Cpu, FolioLedger } from '../ledger/index.ts';
import type { Mismatch, PatchNotes, ScenarioCall } from '../scenario/index.ts';

/** One write of a step to shared memory; `none` where no element is meant. */
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
  /** How many elements there are, by dimension; none for a single value. */
  readonly extents: readonly number[];
  /** The last dimension's elements beside each other. */
  readonly values: readonly number[];
}

/** A step of a counterexample. */
export interface CounterexampleStep {
  /** Number of the task in the machine, kworkers after the scenario's own. */
  readonly task: number;
  readonly thread: string;
  readonly cpu: Cpu;
  /** Place of the task's call among those of its thread; undefined for kworkers and where there are no calls. */
  readonly call: number | undefined;
  /** Which of several steps, where the task has a choice. */
  readonly option: number;
  /** The routines that the step stands in, outermost first. */
  readonly path: readonly string[];
  readonly name: string;
  readonly writes: readonly WriteInStep[];
  /** What it changed in the task's own memory is not shown; of folios whose count it read, the count. */
  readonly read: { readonly folio: number; readonly count: number } | undefined;
  /** Everybody who holds each folio after the step. */
  readonly ledger: readonly FolioLedger[];
  /** Of the kernel the folios' counts and the pages' attributes after the step, of other models all variables. */
  readonly state: readonly ShownVariable[];
}

/** The shortest run in which a property does not hold. */
export interface Counterexample {
  readonly steps: readonly CounterexampleStep[];
  readonly contextSwitches: number;
  /** Whether no run against the property has fewer steps. */
  readonly isShortest: boolean;
  /** Whether no run as short has fewer context switches; false where looking for one would have taken too long. */
  readonly fewestSwitches: boolean;
  /**
   * Of a run that never ends: how many of the steps, the last ones, it takes again and again; 0 where nobody who gets
   * a turn can step any more. Undefined where the last step, or the state after it, is what is wrong.
   */
  readonly round: number | undefined;
  /** The ledger before the first step. */
  readonly ledgerBefore: readonly FolioLedger[];
  /** What is shown of the state before the first step. */
  readonly stateBefore: readonly ShownVariable[];
  /** Names of all tasks, by number, and the CPU that each is on before the first step. */
  readonly tasks: readonly { readonly name: string; readonly cpu: Cpu }[];
}

/** Random walks that were taken instead of exploring everything. */
export interface Walked {
  readonly walks: number;
  readonly seed: number;
  /** Most steps of a walk. */
  readonly steps: number;
  /** Depth of the PCT schedule; undefined where every step is as likely as any other. */
  readonly pct: number | undefined;
}

/** How much was explored for an answer. */
export interface Explored {
  /** Of random walks the different ones among those that they came through; 0 where there were too many to tell them apart. */
  readonly states: number;
  /** As SPIN counts them: steps from a state to a state, and the arrival at the initial state. */
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** Bytes that states and their table took. */
  readonly bytes: number;
  /**
   * Bytes of states that were put aside because memory ended, those of the search for a nearest violation included; undefined
   * where there was no place for them.
   */
  readonly spilledBytes?: number | undefined;
}

/** The answer about one property. */
export interface PropertyAnswer {
  /** The name of a property, or the name that the peer protocol gives to its own. */
  readonly id: string;
  readonly sentence: string;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** What exactly is violated, where the property says several things. */
  readonly detail: string | undefined;
  /** Why it says nothing that the property holds: what it speaks of happens on no run. Undefined where it says something. */
  readonly vacuous: string | undefined;
  readonly explored: Explored;
  readonly counterexample: Counterexample | undefined;
}

/** How small the machine is that was explored. */
export interface SmallMachine {
  readonly profile: string;
  readonly cpus: number;
  readonly tasks: number;
  readonly folios: number;
  readonly pages: number;
  /** Places of a batch that are there: as many as can be filled, and one more. */
  readonly batchSize: number | undefined;
  /** Places of a batch in the profile's kernel. */
  readonly profileBatchSize: number | undefined;
  /** 32-bit words of a state. */
  readonly words: number;
}

/** A routine's steps that were taken on no run, wherever it is called. */
export interface NeverTaken {
  readonly routine: string;
  readonly steps: readonly string[];
  /** Whether the routine was never entered. */
  readonly whole: boolean;
}

/** Which steps were taken on any run; a step that stands at several places counts once. */
export interface Coverage {
  readonly steps: number;
  readonly taken: number;
  readonly never: readonly NeverTaken[];
}

/** What exploring came to under one form of the check. */
export interface CheckAnswer {
  readonly patch: string;
  readonly notes: PatchNotes;
  readonly verdict: 'holds' | 'violated' | 'undecided';
  readonly properties: readonly PropertyAnswer[];
  /** The largest exploration that the answer rests on. */
  readonly explored: Explored;
  readonly machine: SmallMachine;
  readonly reductions: readonly string[];
  /** What FOLL_PIN adds to a small folio's count in the machine that was explored, and in the kernel; undefined where nothing does. */
  readonly pinBias: { readonly explored: number; readonly kernel: number } | undefined;
  /**
   * Probability that a state was left out because its hash was taken for another's, of the exploration that the answer rests on;
   * undefined where whole states were compared.
   */
  readonly omission: number | undefined;
  /** The walks that were asked for; undefined where everything was explored. */
  readonly walked: Walked | undefined;
  /** What of the form's and the kernel's text was never come to; undefined where nobody knows. */
  readonly coverage: Coverage | undefined;
  /** The context forbids generated JavaScript, so that the steps were interpreted: some tens of times slower, with the same result. */
  readonly interpreted: boolean;
  /** I5 was asked about no runs without end, because there are too many states. */
  readonly endsNotAsked: boolean;
  /** Why something is undecided. */
  readonly reason: Reason | undefined;
  /** Results that are not as expected of calls that are not explored: those in `before`, and those that the kernel refuses at once. */
  readonly before: readonly { readonly call: ScenarioCall; readonly mismatches: readonly Mismatch[] }[];
  /** What the scenario file says that it comes to; undefined where it says nothing. */
  readonly expected: { readonly violates: readonly string[] } | undefined;
  /** Whether it came to what the file says; undefined where that says nothing, or nothing is decided. */
  readonly asExpected: boolean | undefined;
}
