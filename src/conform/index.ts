// SPDX-License-Identifier: MIT
export type { Conformance, DivergenceAnswer, EventKind, KindCount, SilentKind } from './answer.ts';
export type { ConformQuestion } from './conform-trace.ts';
export { conformTrace } from './conform-trace.ts';
