// SPDX-License-Identifier: MIT
import type { Move } from '../check/index.ts';

/**
 * Number of context switches of a run.
 * @example
 * import { asExpected, coveredBy, shownIn, switchesIn } from 'folioscope/verify';
 * import { buildCode, createMemory, int, program, sharedScalar } from 'folioscope/lang';
 * switchesIn([0, 0, 1].map((task) => ({ task, option: 0 }))); // => 1
 * asExpected({ violates: [] }, []); // => true
 * coveredBy({ steps: 0, taken: 0, never: [], ever: [], observed: [] }); // => { steps: 0, taken: 0, never: [] }
 * const total = sharedScalar('total', int(9));
 * const built = program({ task: 1 }, [total], [buildCode('nothing', null, { task: 1 }, 0, () => {})]);
 * const shown = shownIn({ program: built, memory: createMemory(built) }, [total.variable]);
 * shown.map(({ name, values }) => [name, values]); // => [['total', [0]]]
 */
export const switchesIn = (moves: readonly Move[]): number =>
  moves.reduce((count, { task }, i) => (i > 0 && moves[i - 1]?.task !== task ? count + 1 : count), 0);
