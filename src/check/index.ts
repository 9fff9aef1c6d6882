// SPDX-License-Identifier: MIT
export type { Store } from './checkpoint.ts';
export { CheckpointError, StoreFullError, UnwrittenError } from './checkpoint.ts';
export type { Coverage, StepOfTask } from './coverage.ts';
export { exploringDepthFirst } from './depth_first.ts';
export type { ProgramExploration, Question, Reduction } from './explore.ts';
export { explore, exploreProgram, exploringProgram } from './explore.ts';
export type { Exploration, Invariant, Limits, Model, Move, Progress, Reach, Reason } from './model.ts';
export type { Lossy } from './lossy_memory.ts';
export type { Promised, PromiseKept, PromiseReach } from './liveness.ts';
export { checkingPromise, checkPromise } from './liveness.ts';
export type { Strategy } from './schedule.ts';
export type { WalkExploration, WalkProgress, Walks } from './walk.ts';
export { walkingProgram, walkProgram } from './walk.ts';
export type { FromWorker, ToWorker, WorkerHost, WorkerPort } from './workers.ts';
export { exploreProgramWith, serve } from './workers.ts';
