// SPDX-License-Identifier: MIT
import type { FolioIndex } from '../ledger/index.ts';
import type { Call, MachineOptions, Result, Schedule } from '../machine/index.ts';
import type { Checking } from './checking.ts';

/** A scenario's expectation for a call; absent fields may have any value. A list allows any of its values. */
export interface Expected {
  readonly returns?: readonly Result[];
  readonly verdict?: readonly ('safe' | 'refused')[];
  readonly index?: FolioIndex;
  readonly spurious?: boolean;
  /** Number of calls of lru_add_drain_all() by the check. */
  readonly drainsOfAll?: number;
  /**
   * Number of calls of lru_add_drain() by the check, without those within lru_add_drain_all() and
   * folio_batch_release().
   */
  readonly localDrains?: number;
  /** Number of counts that the check read. */
  readonly countsRead?: number;
  /** The value that a reading access found in the page. */
  readonly loads?: readonly number[];
}

/** A call of a task, with its expected result. */
export interface ScenarioCall {
  /** Number of the task in the machine. */
  readonly task: number;
  readonly call: Call;
  /** The call in a few words, for reports. */
  readonly text: string;
  readonly expected: {
    /** For every other form. */
    readonly every: Expected | undefined;
    /** For the named forms (`PATCHES`) without an entry of their own. */
    readonly named: Expected | undefined;
    readonly byPatch: ReadonlyMap<string, Expected>;
  };
}

/** One task's calls, made one after the other. */
export interface Thread {
  readonly task: number;
  readonly calls: readonly ScenarioCall[];
}

/** A scenario on one machine: the calls that run first, and the threads that then run in any possible order. */
export interface Scenario {
  /** Path of the file, as the user named it. */
  readonly file: string;
  readonly name: string;
  readonly title: string;
  readonly about: string | undefined;
  readonly machine: Required<Omit<MachineOptions, 'patch' | 'folios' | 'outsideReferences'>>;
  /** Names of the machine's guest_memfds, by number; undefined for the only one of a scenario. */
  readonly guestMemfds: readonly (string | undefined)[];
  /** Names of the machine's pins, by number. */
  readonly pins: readonly string[];
  /** One after the other, each to its end. */
  readonly before: readonly ScenarioCall[];
  readonly threads: readonly Thread[];
  /** Features of other scenarios that its calls do not need, and that its machine therefore lacks. */
  readonly absent: readonly string[];
  /** Schedule of the threads, unless another order is requested. */
  readonly schedule: Schedule;
  readonly check: Checking;
}
