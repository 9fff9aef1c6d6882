// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { questionOf } from './question.ts';
import { buildWorld } from './small-world.ts';

/**
 * The first question of `checking` to the engine about a scenario under a form of the check, for other engines.
 * @param mostFolios number of folios; if absent, as many as tasks can hold at a time.
 */
export const questionAbout = (scenario: Scenario, patch: Patch, mostFolios?: number): Question =>
  questionOf(
    buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch, mostFolios),
  );
