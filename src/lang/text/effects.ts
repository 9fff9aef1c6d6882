// SPDX-License-Identifier: MIT
import type { Effect } from './body.ts';
import type { Value } from './expression.ts';

/** Effects under a condition, for texts that are added from outside. */
export const applyingWhere = (condition: Value<'bool'>, then: readonly Effect[]): Effect => ({
  kind: 'when',
  if: condition.expr,
  then,
  else: [],
});
