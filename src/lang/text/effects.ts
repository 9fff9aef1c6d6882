// SPDX-License-Identifier: MIT
import type { Effect } from './body.ts';
import type { Value } from './expression.ts';

/** Effects under a condition, for a text that is composed outside a builder. */
export const applyingWhere = (condition: Value<'bool'>, then: readonly Effect[]): Effect => ({
  kind: 'when',
  if: condition.expr,
  then,
  else: [],
});
