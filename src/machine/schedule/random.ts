// SPDX-License-Identifier: MIT
import { numbers } from './numbers.ts';
import type { Strategy } from './strategy.ts';

/** A ready task, chosen uniformly. @param seed a whole number from 0 to 2^32 - 1. */
export function random(seed: number): Strategy {
  const below = numbers(seed);
  return {
    choose: ({ tasks, ready }) => {
      const able = tasks.filter(ready);
      return able[below(able.length)];
    },
  };
}
