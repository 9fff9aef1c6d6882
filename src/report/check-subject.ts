// SPDX-License-Identifier: MIT
import type { PeerQuestion, Scenario, ScenarioCall } from '../scenario/index.ts';

/** What was checked: a scenario of the kernel, or the peer protocol. */
export type Subject = Scenario | PeerQuestion;

/** A call of a scenario's thread; undefined where there is none. */
export const callIn = (subject: Subject, task: number, number: number | undefined): ScenarioCall | undefined =>
  'threads' in subject ? subject.threads.find((thread) => thread.task === task)?.calls[number ?? -1] : undefined;
