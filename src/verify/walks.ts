// SPDX-License-Identifier: MIT
import { type Strategy, walkingProgram } from '../check/index.ts';
import type { Walked } from './answer.ts';
import type { Explorer } from './search-options.ts';

const strategyOf = ({ pct }: Walked): Strategy =>
  pct === undefined ? { kind: 'uniform' } : { kind: 'pct', depth: pct };

/** Random walks in place of an exploration. A property that is not violated is undecided: the walks are finished. */
export const exploringByWalks = (walked: Walked): Explorer =>
  function* (question, { interrupted, mostStates, mostBytes }) {
    const { walks, first, seed, steps } = walked;
    const mostSearched = Math.min(mostStates, MOST_SEARCHED);
    const pieces = walkingProgram(question, {
      walks,
      first,
      seed,
      steps,
      strategy: strategyOf(walked),
      mostStates: mostSearched,
      mostBytes,
      interrupted,
    });
    for (;;) {
      const piece = pieces.next();
      if (piece.done !== true) {
        const { distinctStates: states = mostSearched, steps: transitions } = piece.value;
        yield { states, transitions, depth: 0, queue: 0, bytes: 0, walks: piece.value.walks };
        continue;
      }
      const { distinctStates = 0, steps: taken, longest, ...found } = piece.value;
      return {
        ...found,
        states: distinctStates,
        transitions: taken,
        depth: longest,
        bytes: 0,
        bytesPerState: 0,
        omission: undefined,
        reductions: [],
      };
    }
  };

/** Most distinct states to count, and most that a search for a nearer violation visits: a second or two. */
const MOST_SEARCHED = 1_000_000;
