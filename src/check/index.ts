// SPDX-License-Identifier: MIT
export { explore } from './explore.ts';
export type { Exploration, Invariant, Limits, Model } from './model.ts';
