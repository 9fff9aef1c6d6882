// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import type { Patch } from '../machine/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { questionOf } from './question.ts';
import { buildWorld } from './small-world.ts';

/**
 * What `checking` asks the engine first about a scenario under a form of the check, for other engines to be asked too.
 * @param mostFolios as many as tasks can hold at a time where absent.
 */
export const questionAbout = (scenario: Scenario, patch: Patch, mostFolios?: number): Question =>
  questionOf(
    buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch, mostFolios),
  );
