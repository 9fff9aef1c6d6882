// SPDX-License-Identifier: MIT

/** The number of members of a set of tasks or locks; bit i is set if i is in it. */
export const count = (set: number): number => {
  let bits = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) bits++;
  return bits;
};
