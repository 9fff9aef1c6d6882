// SPDX-License-Identifier: MIT
export type { Call, Outcome, PageRange } from './calls.ts';
export type { GuestMemfdOptions, MachineOptions, TaskOptions } from './machine.ts';
export { createMachine, Machine, patchNamed } from './machine.ts';
export type { ConversionQuestion } from './restore.ts';
export { Judge } from './restore.ts';
