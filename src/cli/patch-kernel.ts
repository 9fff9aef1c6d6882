// SPDX-License-Identifier: MIT
// What a user's form of the check imports as folioscope/kernel: the very modules that this command line runs.
export * from '../kernel/index.ts';
