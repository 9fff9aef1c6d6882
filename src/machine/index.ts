// SPDX-License-Identifier: MIT
export type { KernelPart, Patch, Profile, Result, ScriptedCall, SyscallName } from '../kernel/index.ts';
export { DEFAULT_PROFILE, PATCHES, PROFILES } from '../kernel/index.ts';
export type { Taken } from '../lang/index.ts';
export type { Call, Outcome, PageRange } from './calls.ts';
export type { CallSurroundings, Refused } from './entry.ts';
export { entryOf, partsFor, syscallsFor } from './entry.ts';
export type { GuestMemfdOptions, MachineOptions, TaskOptions } from './machine.ts';
export { createMachine, foliosOf, Machine, patchNamed } from './machine.ts';
export type { ConversionQuestion } from './restore.ts';
export { Judge } from './restore.ts';
export { inOrder } from './schedule/in-order.ts';
export type { ListedTurn } from './schedule/listed.ts';
export type { Schedule } from './schedule/schedule.ts';
export { formatSchedule, IN_ORDER, parseSchedule, strategyOf, turnsTaken } from './schedule/schedule.ts';
export type { Strategy } from './schedule/strategy.ts';
export { ScheduleMisfit } from './schedule/strategy.ts';
export type { TracepointOptions } from './events/tracepoints.ts';
export { Tracepoints } from './events/tracepoints.ts';
