// SPDX-License-Identifier: MIT
import type { Move } from '../check/index.ts';

/** Number of context switches of a run. */
export const switchesIn = (moves: readonly Move[]): number =>
  moves.reduce((count, { task }, i) => (i > 0 && moves[i - 1]?.task !== task ? count + 1 : count), 0);
