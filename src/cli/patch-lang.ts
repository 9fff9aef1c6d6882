// SPDX-License-Identifier: MIT
// What a user's form of the check imports as folioscope/lang: the very modules that this command line runs.
export * from '../lang/index.ts';
