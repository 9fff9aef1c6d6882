// SPDX-License-Identifier: MIT
import type { Origin } from '../lang/index.ts';
import type { Cpu, FolioIndex, FolioLedger, Holder, Ledger, Verdict } from '../ledger/index.ts';
import type { Outcome, Schedule } from '../machine/index.ts';
import type { PatchNotes } from './patch-notes.ts';
import type { Expected, Scenario, ScenarioCall } from './scenario.ts';

/** The last time that a check looked at a folio. */
export interface CountRead {
  /** The folio with everybody who held it at that moment. */
  readonly folio: FolioLedger;
  readonly count: number;
  /** What the check wants to read: the page cache's references and its own. */
  readonly expected: number;
  /** The holders that were a use of the page: neither the page cache, nor a batch, nor the check itself. */
  readonly users: readonly Holder[];
}

/** What a conversion came to. A form that refuses a page and does not say when it looked says nothing of its holders: `reason` stands for them. */
export type ConversionVerdict =
  | Exclude<Verdict, { verdict: 'refused' }>
  | {
      readonly verdict: 'refused';
      /** Undefined where the form named no page. */
      readonly index: FolioIndex | undefined;
      readonly spurious: boolean;
    }
  | {
      readonly verdict: 'refused';
      readonly index: FolioIndex | undefined;
      readonly spurious?: undefined;
      readonly reason: string;
    };

/** What a conversion did besides returning. */
export interface ConversionAnswer {
  readonly verdict: ConversionVerdict;
  /** Whether the safety check ran at all: not to shared, and not where the whole range is private already. */
  readonly checked: boolean;
  /** Calls of lru_add_drain_all() by the check. */
  readonly drainsOfAll: number;
  /** Calls of lru_add_drain() by the check, those within lru_add_drain_all() and folio_batch_release() aside. */
  readonly localDrains: number;
  /** How often the check read a folio's count. */
  readonly countsRead: number;
  /** The inode's folios when the call began. */
  readonly ledgerBefore: Ledger;
  /** The last look at the refused page; undefined unless refused after one. */
  readonly refusal: CountRead | undefined;
}

/** A part of a result that is not as expected. */
export interface Mismatch {
  readonly what: keyof Expected;
  readonly expected: string | number | boolean;
  /** Undefined where the call has no such result. */
  readonly actual: string | number | boolean | undefined;
}

/** What became of one call of a scenario. */
export interface CallAnswer {
  readonly stage: 'before' | 'threads';
  readonly of: ScenarioCall;
  /** Where the task ran when it made the call. */
  readonly cpu: Cpu;
  /** Undefined where it never returned. */
  readonly outcome: Outcome | undefined;
  /** What an access that reads found in the page; undefined for other calls, and where there was no page. */
  readonly loaded: number | undefined;
  /** Undefined for other calls, and where the arguments were refused. */
  readonly conversion: ConversionAnswer | undefined;
  /** Undefined where the scenario expects nothing of it. */
  readonly expected: Expected | undefined;
  readonly mismatches: readonly Mismatch[];
  /** It is expected of a refusal that it is spurious or justified, and the form does not show enough to tell. */
  readonly isUntold: boolean;
}

/** One write of a step to the kernel's memory; values are numbers, `none` where no element is meant. */
export interface WriteAnswer {
  readonly variable: string;
  readonly index: readonly number[];
  readonly before: number | 'none';
  readonly after: number | 'none';
}

/** One step that was taken. */
export interface StepAnswer {
  readonly stage: 'before' | 'threads';
  readonly task: number;
  readonly cpu: Cpu;
  /** Place of the task's call in {@link PatchAnswer.calls}; undefined for a CPU's kworker. */
  readonly call: number | undefined;
  /** The routines that the step stands in, outermost first. */
  readonly path: readonly string[];
  readonly name: string;
  readonly writes: readonly WriteAnswer[];
  /** The call leaves the kernel: what the step writes is what the call returned. */
  readonly returns: boolean;
  /** The author's text that it was translated from; absent where it was written in the kernel language. */
  readonly origin?: Origin;
  /** Count that a safety check read in it, and of which folio number. */
  readonly read: { readonly folio: number; readonly count: number } | undefined;
}

/** What became of a scenario under one form of the check. */
export interface PatchAnswer {
  readonly patch: string;
  readonly notes: PatchNotes;
  /** In the order in which they were made. */
  readonly calls: readonly CallAnswer[];
  /** How many steps were taken; after each, but the one of `imbalance`, every folio's count was the sum of its holders. */
  readonly stepsTaken: number;
  /** In the order in which they were taken; empty where the run was to keep none. */
  readonly steps: readonly StepAnswer[];
  readonly schedule: {
    /** What decided whose turn it was among the threads. */
    readonly kind: Schedule['kind'];
    /** The same as the string that parseSchedule() takes. */
    readonly text: string;
    /** How many turns the threads and the kworkers took. */
    readonly turns: number;
    /** Those turns as such a string: it gives the same run again, whatever chose them, and goes on where it was left. */
    readonly list: string;
  };
  /** Why not all calls returned; undefined where they did. */
  readonly unended: string | undefined;
  /**
   * Where a folio's count was not the sum of its holders any more (I6), which ended the run: a mistake of this form.
   * Undefined where it was after every step.
   */
  readonly imbalance: string | undefined;
  /** Whether every expected result came true; undefined where nothing is expected, or all else came true but a call is untold. */
  readonly asExpected: boolean | undefined;
}

/** What became of a scenario under several forms of the check. */
export interface ScenarioAnswer {
  readonly scenario: Scenario;
  readonly patches: readonly PatchAnswer[];
}

/**
 * Whether an answer is a good one: every expected result came true, or, where nothing is expected, no
 * conversion was refused. Undecided where not all calls returned, unless because a count came out wrong, and
 * where nothing is expected and nobody can say whether a conversion was refused.
 */
export function isWell(answer: PatchAnswer): boolean | 'undecided' {
  if (answer.imbalance !== undefined) return false;
  if (answer.unended !== undefined) return 'undecided';
  if (answer.asExpected !== undefined) return answer.asExpected;
  if (answer.calls.some(({ isUntold }) => isUntold)) return 'undecided';
  const verdicts = new Set(answer.calls.map(({ conversion }) => conversion?.verdict.verdict));
  if (verdicts.has('refused')) return false;
  return verdicts.has('undecided') ? 'undecided' : true;
}
