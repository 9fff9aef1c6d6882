// SPDX-License-Identifier: MIT
// Circles in a graph of files.

/**
 * The strongly connected components of more than one file, or of one that imports itself (Tarjan).
 * @param {ReadonlyMap<string, readonly string[]>} graph by file, the files that it imports; others than its keys are no part of it
 * @returns {{ files: readonly string[], way: readonly string[] }[]} the files of each, sorted, and a shortest way from the
 *   first of them back to it
 */
export function circlesOf(graph) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} */
  const low = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const found = [];
  const next = (/** @type {string} */ file) => (graph.get(file) ?? []).filter((to) => graph.has(to));
  const lowOf = (/** @type {string} */ file) => low.get(file) ?? 0;

  const visit = (/** @type {string} */ file) => {
    order.set(file, order.size);
    low.set(file, order.get(file) ?? 0);
    stack.push(file);
    for (const to of next(file)) {
      if (!order.has(to)) {
        visit(to);
        low.set(file, Math.min(lowOf(file), lowOf(to)));
      } else if (stack.includes(to)) low.set(file, Math.min(lowOf(file), order.get(to) ?? 0));
    }
    if (lowOf(file) !== order.get(file)) return;
    const members = stack.splice(stack.lastIndexOf(file));
    if (members.length > 1 || next(file).includes(file)) found.push(members.toSorted());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found
    .map((files) => ({ files, way: wayBack(files, next) }))
    .toSorted((a, b) => (String(a.way) < String(b.way) ? -1 : 1));
}

/**
 * @param {readonly string[]} files
 * @param {(file: string) => readonly string[]} next
 * @returns {readonly string[]} breadth first, from the first file to itself
 */
function wayBack(files, next) {
  const [first = ''] = files;
  const ways = [[first]];
  const seen = new Set();
  for (let way = ways.shift(); way !== undefined; way = ways.shift())
    for (const to of next(way.at(-1) ?? '').filter((file) => files.includes(file))) {
      if (to === first) return [...way, first];
      if (!seen.has(to)) ways.push([...way, to]);
      seen.add(to);
    }
  return [first];
}
