// SPDX-License-Identifier: MIT

/** The new list, with the old one's elements where they are equal; the old list where all are. */
export function alike<T>(old: readonly T[] | undefined, fresh: readonly T[]): readonly T[] {
  if (old === undefined) return fresh;
  const texts = new Map(old.map((one) => [JSON.stringify(one), one]));
  const list = fresh.map((one) => texts.get(JSON.stringify(one)) ?? one);
  return list.length === old.length && list.every((one, at) => one === old[at]) ? old : list;
}
