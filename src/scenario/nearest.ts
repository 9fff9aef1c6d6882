// SPDX-License-Identifier: MIT

/** Number of characters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, char] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries())
      next.push(Math.min((row[j] ?? 0) + Number(char !== other), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The valid spelling that was probably meant; undefined if none is near. */
export function nearest(word: string, valid: readonly string[]): string | undefined {
  const best = closest(word, valid);
  // A word without common letters was not mistyped.
  const most = Math.min(Math.max(1, Math.floor(word.length / 3)), word.length - 1);
  return best !== undefined && best.far <= most ? best.candidate : undefined;
}

/** The valid spelling with the fewest differences, however many; undefined if there is none. */
export function closest(
  word: string,
  valid: readonly string[],
): { readonly candidate: string; readonly far: number } | undefined {
  const known = valid.map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }));
  return known.toSorted((a, b) => a.far - b.far)[0];
}

/** Text for an unknown word: the word that was probably meant, or all valid ones. */
export function suggestion(word: string, valid: readonly string[]): string {
  const meant = nearest(word, valid);
  if (meant !== undefined) return `did you mean '${meant}'?`;
  return valid.length === 0 ? 'there are none' : `expected one of ${valid.join(', ')}`;
}
