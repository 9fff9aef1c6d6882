// SPDX-License-Identifier: MIT
import type { Origin } from '../lang/index.ts';
import type { Cpu, FolioIndex, FolioLedger, Holder, Ledger, Verdict } from '../ledger/index.ts';
import type { Outcome, Schedule } from '../machine/index.ts';
import type { PatchNotes } from './patch-notes.ts';
import type { Expected, Scenario, ScenarioCall } from './scenario.ts';

/** The last look of a check at a folio. */
export interface CountRead {
  /** The folio with all its holders at that moment. */
  readonly folio: FolioLedger;
  readonly count: number;
  /** The count that the check expects: the page cache's references and its own. */
  readonly expected: number;
  /** The holders that use the page: neither the page cache, nor a batch, nor the check itself. */
  readonly users: readonly Holder[];
}

/**
 * Verdict on a conversion. If a form refuses a page and does not show its look, the holders are unknown: `reason` says
 * why.
 */
export type ConversionVerdict =
  | Exclude<Verdict, { verdict: 'refused' }>
  | {
      readonly verdict: 'refused';
      /** Undefined if the form named no page. */
      readonly index: FolioIndex | undefined;
      readonly spurious: boolean;
    }
  | {
      readonly verdict: 'refused';
      readonly index: FolioIndex | undefined;
      readonly spurious?: undefined;
      readonly reason: string;
    };

/** Behaviour of a conversion, besides its return value. */
export interface ConversionAnswer {
  readonly verdict: ConversionVerdict;
  /** Whether the safety check ran at all: it does not run to shared, or if the whole range is already private. */
  readonly checked: boolean;
  /** Number of calls of lru_add_drain_all() by the check. */
  readonly drainsOfAll: number;
  /**
   * Number of calls of lru_add_drain() by the check, without those within lru_add_drain_all() and
   * folio_batch_release().
   */
  readonly localDrains: number;
  /** Number of counts that the check read. */
  readonly countsRead: number;
  /** The inode's folios when the call began. */
  readonly ledgerBefore: Ledger;
  /** The last look at the refused page; undefined unless refused after a look. */
  readonly refusal: CountRead | undefined;
}

/** A part of a result that is not as expected. */
export interface Mismatch {
  readonly what: keyof Expected;
  readonly expected: string | number | boolean;
  /** Undefined if the call has no such result. */
  readonly actual: string | number | boolean | undefined;
}

/** Result of one call of a scenario. */
export interface CallAnswer {
  readonly stage: 'before' | 'threads';
  readonly of: ScenarioCall;
  /** CPU of the task when it made the call. */
  readonly cpu: Cpu;
  /** Undefined if it never returned. */
  readonly outcome: Outcome | undefined;
  /** The value that a reading access found in the page; undefined for other calls, and if there was no page. */
  readonly loaded: number | undefined;
  /** Undefined for other calls, and if the arguments were refused. */
  readonly conversion: ConversionAnswer | undefined;
  /** Undefined if the scenario expects nothing. */
  readonly expected: Expected | undefined;
  readonly mismatches: readonly Mismatch[];
  /** The scenario expects a spurious or justified refusal, and the form does not show enough to decide it. */
  readonly isUndecided: boolean;
}

/** One write of a step to the kernel's memory; values are numbers, `none` if it names no element. */
export interface WriteAnswer {
  readonly variable: string;
  readonly index: readonly number[];
  readonly before: number | 'none';
  readonly after: number | 'none';
}

/** One step of a run. */
export interface StepAnswer {
  readonly stage: 'before' | 'threads';
  readonly task: number;
  readonly cpu: Cpu;
  /** Place of the task's call in {@link PatchAnswer.calls}; undefined for a CPU's kworker. */
  readonly call: number | undefined;
  /** The routines that contain the step, outermost first. */
  readonly path: readonly string[];
  readonly name: string;
  readonly writes: readonly WriteAnswer[];
  /** The call leaves the kernel: the step writes the call's return values. */
  readonly returns: boolean;
  /** The statement in another language, such as C, from which the step was translated; absent if there is none. */
  readonly origin?: Origin;
  /** The count that a safety check read in the step, and its folio number. */
  readonly read: { readonly folio: number; readonly count: number } | undefined;
}

/** Result of a scenario under one form of the check. */
export interface PatchAnswer {
  readonly patch: string;
  readonly notes: PatchNotes;
  /** In the order in which the calls were made. */
  readonly calls: readonly CallAnswer[];
  /** Number of steps; after each, except the one of `imbalance`, every folio's count was the sum of its holders. */
  readonly stepsTaken: number;
  /** In the order in which the steps were taken; empty if the run keeps none. */
  readonly steps: readonly StepAnswer[];
  readonly schedule: {
    /** The kind of schedule of the threads. */
    readonly kind: Schedule['kind'];
    /** The same as the string that parseSchedule() takes. */
    readonly text: string;
    /** Number of turns of the threads and the kworkers. */
    readonly turns: number;
    /** The turns taken, as such a string: it gives the same run again, and continues in order after it. */
    readonly list: string;
  };
  /** Why not all calls returned; undefined if they did. */
  readonly unended: string | undefined;
  /**
   * The place where a folio's count stopped being the sum of its holders (I6), which ended the run: a mistake of this
   * form. Undefined if it was the sum after every step.
   */
  readonly imbalance: string | undefined;
  /**
   * Whether every expected result occurred; undefined if nothing is expected, or if everything else occurred but a call is
   * undecided.
   */
  readonly asExpected: boolean | undefined;
}

/** Results of a scenario under several forms of the check. */
export interface ScenarioAnswer {
  readonly scenario: Scenario;
  readonly patches: readonly PatchAnswer[];
}

/**
 * Whether a result is good: every expected result occurred, or nothing is expected and no conversion was refused.
 * Undecided if not all calls returned, unless a count was wrong; also if nothing is expected and the refusal of a
 * conversion is unknown.
 */
export function isWell(answer: PatchAnswer): boolean | 'undecided' {
  if (answer.imbalance !== undefined) return false;
  if (answer.unended !== undefined) return 'undecided';
  if (answer.asExpected !== undefined) return answer.asExpected;
  if (answer.calls.some(({ isUndecided }) => isUndecided)) return 'undecided';
  const verdicts = new Set(answer.calls.map(({ conversion }) => conversion?.verdict.verdict));
  if (verdicts.has('refused')) return false;
  return verdicts.has('undecided') ? 'undecided' : true;
}
