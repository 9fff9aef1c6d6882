// SPDX-License-Identifier: MIT
import { explore } from '../../src/check/index.ts';
import { runnerByHand } from './by-hand-columns.ts';
import { allDone, endOf, exploreByHand, initialOf, stepOf, WORDS } from './by-hand-packed.ts';
import { MOST_STATES, type Prototype, TASKS, type World } from './protocol.ts';

/** Two texts of the small protocol, a use each. */
export const byHand: Prototype = {
  explorer: (world) => () => exploreByHand(world),
  runner: runnerByHand,
};

/** The packed text by hand under the project's engine: what is left of a difference is the engine's. */
export const byHandInEngine = ({ folios }: World) => {
  const step = stepOf(folios);
  return () => {
    const ends = new Set<string>();
    const mayEnd = (state: Int32Array): boolean => {
      ends.add(endOf(state, folios));
      return allDone(state);
    };
    const model = { words: WORDS, tasks: TASKS, initial: initialOf(folios), step };
    const { verdict, states, transitions } = explore(model, { invariants: [], mayEnd, mostStates: MOST_STATES });
    if (verdict !== 'holds') throw new Error(`by hand: ${verdict}`);
    return { states, transitions, ends };
  };
};
