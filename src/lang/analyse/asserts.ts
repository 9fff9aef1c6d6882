// SPDX-License-Identifier: MIT
import type { Effect } from '../text/body.ts';
import type { Expr } from '../text/expr.ts';

/** The effects of a step without its asserts. An assert changes nothing; what it reads is kept apart. */
export const withoutAsserts = (effects: readonly Effect[]): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign':
        return [effect];
      case 'assert':
      case 'observe':
        return [];
      case 'when':
        return [{ ...effect, then: withoutAsserts(effect.then), else: withoutAsserts(effect.else) }];
      case 'each':
        return [{ ...effect, body: withoutAsserts(effect.body) }];
    }
  });

/** The conditions of all asserts in a step. */
export const conditionsOf = (effects: readonly Effect[]): readonly Expr[] =>
  effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'assign':
      case 'observe':
        return [];
      case 'assert':
        return [effect.condition];
      case 'when':
        return [...conditionsOf(effect.then), ...conditionsOf(effect.else)];
      case 'each':
        return conditionsOf(effect.body);
    }
  });
