// SPDX-License-Identifier: MIT
import type { Effect } from './body.ts';
import type { Value } from './expression.ts';

/** Effects that apply where a condition holds, for what is put into a text from outside. */
export const applyingWhere = (condition: Value<'bool'>, then: readonly Effect[]): Effect => ({
  kind: 'when',
  if: condition.expr,
  then,
  else: [],
});
