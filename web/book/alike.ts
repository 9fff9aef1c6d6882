// SPDX-License-Identifier: MIT

/** By element: it is compared with its successor at every step, and written out once. */
const texts = new WeakMap<object, string>();

function textOf(one: object): string {
  const known = texts.get(one) ?? JSON.stringify(one);
  texts.set(one, known);
  return known;
}

/** The new list, with the old one's elements where they are equal; the old list where all are. */
export function alike<T extends object>(old: readonly T[] | undefined, fresh: readonly T[]): readonly T[] {
  if (old === undefined) return fresh;
  const known = new Map(old.map((one) => [textOf(one), one]));
  const list = fresh.map((one) => known.get(textOf(one)) ?? one);
  return list.length === old.length && list.every((one, at) => one === old[at]) ? old : list;
}
