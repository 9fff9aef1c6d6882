// SPDX-License-Identifier: MIT
import type { Move } from '../check/index.ts';

/** How often a run goes on with another task. */
export const switchesIn = (moves: readonly Move[]): number =>
  moves.reduce((count, { task }, i) => (i > 0 && moves[i - 1]?.task !== task ? count + 1 : count), 0);
