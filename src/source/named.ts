// SPDX-License-Identifier: MIT

/** A routine of the kernel that a text names. */
export interface NamedRoutine {
  /** Path in the kernel's sources. */
  readonly file: string;
  readonly routine: string;
}

const FILE = /\b((?:arch|fs|include|kernel|mm|virt)\/[\w/.-]+\.[ch]): /;

/** The routines that doc comments name, as `mm/folio.c: folio_add_lru() and its __folio_batch_add_and_move()`. */
export function routinesNamedIn(text: string): readonly NamedRoutine[] {
  const found = new Map<string, NamedRoutine>();
  for (const [, comment = ''] of text.matchAll(/\/\*\*([^]*?)\*\//g)) {
    const [, ...pieces] = comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').split(FILE);
    for (let i = 0; i + 1 < pieces.length; i += 2) {
      const [file = '', said = ''] = pieces.slice(i, i + 2);
      for (const [, routine = ''] of said.matchAll(/\b([A-Za-z_]\w*)\(/g))
        found.set(`${file} ${routine}`, { file, routine });
    }
  }
  return [...found.values()];
}
