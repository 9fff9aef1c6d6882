// SPDX-License-Identifier: MIT
export type { Question } from './explore.ts';
export { explore, exploreProgram, exploringProgram } from './explore.ts';
export type { Exploration, Invariant, Limits, Model, Move, Progress, Reach, Reason } from './model.ts';
