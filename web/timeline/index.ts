// SPDX-License-Identifier: MIT
export type { Timeline } from './data/model.ts';
