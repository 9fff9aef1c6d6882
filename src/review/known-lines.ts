// SPDX-License-Identifier: MIT
import type { FileDiff, Hunk, HunkLine } from './diff.ts';

/** A line of a file that some patch of a series has shown. */
interface KnownLine {
  readonly text: string;
  /** Text after the numbers of the hunk's header, for a hunk's first line. */
  readonly section: string | undefined;
}

const squeezed = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();

/**
 * The lines of files that the patches of a series have shown so far, by their numbers after the last of them: a later patch shows fewer
 * lines than all of them together.
 */
export class KnownLines {
  readonly #files: Map<string, ReadonlyMap<number, KnownLine>>;

  constructor(files: ReadonlyMap<string, ReadonlyMap<number, KnownLine>> = new Map()) {
    this.#files = new Map(files);
  }

  /** Whether a diff's lines before the change are those that are known, as far as both are. */
  agrees({ path, hunks }: FileDiff): boolean {
    const known = this.#files.get(path);
    return hunks.every(({ lines }) =>
      lines.every(({ before, text }) => {
        const its = before === undefined ? undefined : known?.get(before);
        return its === undefined || squeezed(its.text) === squeezed(text);
      }),
    );
  }

  /** Known lines and a patch together: each file in contiguous pieces, with the changes of the patch in them. */
  with(files: readonly FileDiff[]): readonly FileDiff[] {
    const touched = new Set(files.map(({ path }) => path));
    const others = [...this.#files.keys()].filter((path) => !touched.has(path));
    return [...files, ...others.map((path) => ({ path, hunks: [] }))].map((file) => this.#joined(file));
  }

  /** Takes over the lines after a patch. */
  apply(files: readonly FileDiff[]): void {
    for (const file of files) {
      const next = new Map<number, KnownLine>();
      for (const { lines, section } of this.#joined(file).hunks)
        for (const [i, { after, text }] of lines.entries())
          if (after !== undefined) next.set(after, { text, section: i === 0 ? section : undefined });
      this.#files.set(file.path, next);
    }
  }

  /** The same lines, for another way on from here. */
  fork(): KnownLines {
    return new KnownLines(this.#files);
  }

  #joined(file: FileDiff): FileDiff {
    const known = this.#files.get(file.path);
    // Where numbers do not fit, or lines are cut out, the patch stands alone.
    if (known === undefined || !this.agrees(file) || file.hunks.some(({ cut }) => cut !== undefined)) return file;
    const hunks = file.hunks.toSorted((a, b) => a.before - b.before);
    const shown = new Set(hunks.flatMap(({ lines }) => lines.flatMap(({ before }) => before ?? [])));
    const pieces: Piece[] = [];
    let moved = 0;
    const numbers = [...known.keys()].filter((line) => !shown.has(line)).toSorted((a, b) => a - b);
    let next = 0;
    const take = (until: number): void => {
      for (; next < numbers.length && (numbers[next] ?? 0) < until; next++) {
        const before = numbers[next] ?? 0;
        const { text, section } = known.get(before) ?? { text: '', section: undefined };
        const line: HunkLine = { kind: 'context', text, before, after: before + moved, at: 0 };
        pieces.push({ lines: [line], section, first: before, end: before + 1, hunk: undefined });
      }
    };
    for (const hunk of hunks) {
      // A hunk that only adds names the line in front of it.
      const first = hunk.counts.before === 0 ? hunk.before + 1 : hunk.before;
      take(first);
      pieces.push({ lines: hunk.lines, section: hunk.section, first, end: first + hunk.counts.before, hunk });
      moved += hunk.counts.after - hunk.counts.before;
    }
    take(Number.POSITIVE_INFINITY);
    return { path: file.path, hunks: joinedPieces(pieces) };
  }
}

interface Piece {
  readonly lines: readonly HunkLine[];
  readonly section: string | undefined;
  /** Lines before the change: the first, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  readonly hunk: Hunk | undefined;
}

function joinedPieces(pieces: readonly Piece[]): readonly Hunk[] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1)?.end === piece.first) run.push(piece);
    else runs.push([piece]);
  }
  return runs.map((run): Hunk => {
    const lines = run.flatMap((piece) => piece.lines);
    const count = (side: 'before' | 'after'): number => lines.filter((line) => line[side] !== undefined).length;
    const start = (side: 'before' | 'after'): number => lines.find((line) => line[side] !== undefined)?.[side] ?? 0;
    return {
      before: start('before'),
      after: start('after'),
      counts: { before: count('before'), after: count('after') },
      section: run[0]?.section ?? '',
      lines,
      at: run.find(({ hunk }) => hunk !== undefined)?.hunk?.at ?? 0,
      cut: undefined,
    };
  });
}
