// SPDX-License-Identifier: MIT
import { firstReadyFrom, type Strategy } from './strategy.ts';

/** Each task until it is done or waits, then the next: the order without interference. */
export const inOrder = (): Strategy => ({
  choose: (turn) => firstReadyFrom(turn, turn.last === undefined ? 0 : turn.tasks.indexOf(turn.last)),
  position: () => 0,
});
