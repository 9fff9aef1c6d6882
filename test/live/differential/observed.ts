// SPDX-License-Identifier: MIT
// What was seen of one step, on the real kernel or on a machine that stands in for it.
import type { Step } from './steps.ts';

/** A page as /proc/kpageflags and /proc/kpagecount show it. */
export interface SeenPage {
  readonly pfn: number;
  readonly lru: boolean;
  readonly unevictable: boolean;
  readonly mapped: number;
}

/** An event of the recording that ran alongside; `ours`: of the guest_memfd. */
export type Event =
  | { readonly type: 'add'; readonly cpu: number; readonly pid: number; readonly index: number; readonly pfn: number }
  | {
      readonly type: 'insertion';
      readonly cpu: number;
      readonly pid: number;
      readonly pfn: number;
      /** By a kworker: the work of a drain of all CPUs. */
      readonly isWork: boolean;
    };

export interface Observed {
  readonly step: Step;
  /** 0, or the error's number, negative. */
  readonly returned: number;
  /** By page: undefined if it is not in the page cache. */
  readonly pages: readonly (SeenPage | undefined)[];
  /** By pin: the page that the pipe holds. */
  readonly pins: readonly (SeenPage | undefined)[];
  /** Pages in the page cache, by cachestat(2). */
  readonly cached: number;
  /** Since the last look, before the call; within the call; while the pages were looked at. */
  readonly before: readonly Event[];
  readonly during: readonly Event[];
  readonly looking: readonly Event[];
  /** Page frames that were inserted while the pages were looked at: seen before or after. */
  readonly moving: ReadonlySet<number>;
}

/** Makes the calls of a sequence on a fresh guest_memfd, and tells what was seen. */
export interface Executor {
  /** The task that makes the calls. */
  readonly pid: number;
  /** @returns undefined if the recording lost events: the sequence says nothing. */
  run(steps: readonly Step[]): Promise<readonly Observed[] | undefined>;
}
