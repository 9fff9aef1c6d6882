// SPDX-License-Identifier: MIT
// The module folioscope/lang for a user's form of the check: the modules of this command line.
export * from '../lang/index.ts';
