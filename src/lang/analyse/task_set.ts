// SPDX-License-Identifier: MIT

/** How many tasks or locks a set has: bit i is set where i is in it. */
export const count = (set: number): number => {
  let bits = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) bits++;
  return bits;
};
