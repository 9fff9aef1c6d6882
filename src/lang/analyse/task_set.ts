// SPDX-License-Identifier: MIT

/** Number of tasks or locks in a set: bit i is set if i is in it. */
export const count = (set: number): number => {
  let bits = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) bits++;
  return bits;
};
