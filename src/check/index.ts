// SPDX-License-Identifier: MIT
export type { Question } from './explore.ts';
export { explore, exploreProgram } from './explore.ts';
export type { Exploration, Invariant, Limits, Model, Move, Reach } from './model.ts';
