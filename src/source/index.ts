// SPDX-License-Identifier: MIT
export { compareSources, HELD_AGAINST, type RoutineState, type Sources } from './compare.ts';
export { RELEASES, ROUTINES } from './known.ts';
export { routinesIn } from './routines.ts';
export { type Token, tokensOf, wordsOf } from './tokens.ts';
