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
export type { PeerOptions } from './peer.ts';
export { checkingPeer } from './peer.ts';
export type { CheckProgress, Explorer, SearchOptions } from './rounds.ts';
export type { CheckOptions } from './verify.ts';
export { checking } from './verify.ts';
export { questionAbout } from './question-about.ts';
