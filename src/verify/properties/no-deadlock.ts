// SPDX-License-Identifier: MIT
import type { PropertyText } from './property.ts';

/** I7: the search itself detects a state in which no task can step. */
export const noDeadlock: PropertyText = {
  id: 'I7',
  sentence: 'no deadlock: until every call has returned, some task can take a step',
};
