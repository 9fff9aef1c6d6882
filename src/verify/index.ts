// SPDX-License-Identifier: MIT
export type {
  CheckAnswer,
  Counterexample,
  CounterexampleStep,
  Explored,
  PropertyAnswer,
  SmallMachine,
} from './answer.ts';
export type { CheckOptions, CheckProgress } from './verify.ts';
export { checking } from './verify.ts';
export { questionAbout } from './question-about.ts';
