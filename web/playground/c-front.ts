// SPDX-License-Identifier: MIT
// Loaded when the playground opens: the translator, the parser that it uses, and its grammar.
export { cFront, failureIn, wholeFile } from '../../src/cfront/index.ts';
