// SPDX-License-Identifier: MIT
import type { Scenario, ScenarioCall } from '../scenario/index.ts';

/** Description, for reports, of a program other than the kernel. */
interface OtherProgram {
  readonly file: string;
  readonly name: string;
  readonly title: string;
}

/** What was checked. */
export type Subject = Scenario | OtherProgram;

/** A call of a scenario's thread; undefined if there is none. */
export const callIn = (subject: Subject, task: number, number: number | undefined): ScenarioCall | undefined =>
  'threads' in subject ? subject.threads.find((thread) => thread.task === task)?.calls[number ?? -1] : undefined;
