// SPDX-License-Identifier: MIT
export type { Selftest, SelftestOptions } from './program.ts';
export { writeSelftest } from './program.ts';
