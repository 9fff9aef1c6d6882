// SPDX-License-Identifier: MIT
// The module folioscope/kernel for a user's form of the check: the modules of this command line.
export * from '../kernel/index.ts';
