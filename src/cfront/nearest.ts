// SPDX-License-Identifier: MIT

/** The name nearest to a word by edit distance, the first of equals; undefined if more than a third of the word would change. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = word.length / 3;
  for (const name of names) {
    const far = distance(word, name);
    if (far < least) {
      best = name;
      least = far;
    }
  }
  return best;
}

/** Edit distance: letters to change, add or leave out. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length] ?? 0;
}
