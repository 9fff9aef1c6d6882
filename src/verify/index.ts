// SPDX-License-Identifier: MIT
export type {
  CheckAnswer,
  Counterexample,
  CounterexampleStep,
  Explored,
  PropertyAnswer,
  ShownVariable,
  SmallMachine,
  Walked,
} from './answer.ts';
export { checkScenario } from './check-scenario.ts';
export { mergedWalks } from './merge-walks.ts';
export { coveredBy } from './covered.ts';
export { inRounds } from './rounds.ts';
export { shownIn } from './shown-state.ts';
export { switchesIn } from './switches.ts';
export type { CheckProgress, Explorer, SearchOptions } from './search-options.ts';
export type { CheckOptions } from './verify.ts';
export { asExpected, checking } from './verify.ts';
export { questionAbout } from './question-about.ts';
