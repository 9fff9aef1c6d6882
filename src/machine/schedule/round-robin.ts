// SPDX-License-Identifier: MIT
import { firstReadyFrom, type Strategy } from './strategy.ts';

/** One step of each ready task, in turn. */
export const roundRobin = (): Strategy => ({
  choose: (turn) => firstReadyFrom(turn, turn.last === undefined ? 0 : turn.tasks.indexOf(turn.last) + 1),
  position: () => 0,
});
