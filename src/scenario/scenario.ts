// SPDX-License-Identifier: MIT
import type { FolioIndex } from '../ledger/index.ts';
import type { Call, MachineOptions, Result, Schedule } from '../machine/index.ts';
import type { Checking } from './checking.ts';

/** What a scenario says that a call comes to; what it leaves out may be anything. Of a list, any. */
export interface Expected {
  readonly returns?: readonly Result[];
  readonly verdict?: readonly ('safe' | 'refused')[];
  readonly index?: FolioIndex;
  readonly spurious?: boolean;
  /** Calls of lru_add_drain_all() by the check. */
  readonly drainsOfAll?: number;
  /** Calls of lru_add_drain() by the check, those within lru_add_drain_all() and folio_batch_release() aside. */
  readonly localDrains?: number;
  /** How often the check read a folio's count. */
  readonly countsRead?: number;
  /** What an access that reads found in the page. */
  readonly loads?: readonly number[];
}

/** A call of a task, with what it is expected to come to. */
export interface ScenarioCall {
  /** Number of the task in the machine. */
  readonly task: number;
  readonly call: Call;
  /** It in a few words, for reports. */
  readonly text: string;
  readonly expected: {
    /** For every form of the check that has no entry of its own. */
    readonly every: Expected | undefined;
    readonly byPatch: ReadonlyMap<string, Expected>;
  };
}

/** One task's calls, made one after the other. */
export interface Thread {
  readonly task: number;
  readonly calls: readonly ScenarioCall[];
}

/** A story about one machine: what happens first, and what then happens in any order that the threads allow. */
export interface Scenario {
  /** Where it stands, as the user named it. */
  readonly file: string;
  readonly name: string;
  readonly title: string;
  readonly about: string | undefined;
  readonly machine: Required<Omit<MachineOptions, 'patch' | 'folios' | 'outsideReferences'>>;
  /** Names of the machine's guest_memfds, by number; undefined for the only one of a scenario with one. */
  readonly guestMemfds: readonly (string | undefined)[];
  /** Names of the machine's pins, by number. */
  readonly pins: readonly string[];
  /** One after the other, each to its end. */
  readonly before: readonly ScenarioCall[];
  readonly threads: readonly Thread[];
  /** What none of its calls brings into a run, and its machine is therefore without. */
  readonly absent: readonly string[];
  /** Whose turn it is among the threads, unless somebody asks for another order. */
  readonly schedule: Schedule;
  readonly check: Checking;
}
