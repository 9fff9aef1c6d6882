// SPDX-License-Identifier: MIT
import { applyPatch, type StructuredPatch } from 'diff';
import { type CSource, wholeFile } from '../cfront/index.ts';
import { InputError } from '../ledger/index.ts';
import type { FileDiff, Hunk } from './diff.ts';

/** Reads a file of the kernel's sources by its path; undefined if there is none. */
export type ReadFile = (path: string) => Promise<string | undefined>;

/** A file before and after a change; a side is undefined if it has no file. */
export interface TreeSides {
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Hunks that do not apply, and are left out. */
  readonly skipped: readonly Hunk[];
}

/**
 * A kernel's sources to which the diffs of a series are applied, in memory, one after the other. If a diff is already applied,
 * it is reverted for the side before it.
 */
export class Tree {
  readonly #read: ReadFile;
  readonly #name: string;
  readonly #changed = new Map<string, string>();

  /** @param name the directory, for messages. */
  constructor(name: string, read: ReadFile) {
    this.#name = name;
    this.#read = read;
  }

  /**
   * A file before and after a diff.
   * @param isNeeded whether a hunk that does not apply matters, by the file's text.
   * @throws InputError naming a hunk that matters and does not apply.
   */
  async sides(file: FileDiff, isNeeded: (hunk: Hunk, text: string) => boolean): Promise<TreeSides> {
    const text = await this.#text(file.path);
    if (text === undefined) {
      if (file.hunks.every(({ before }) => before === 0))
        return { before: undefined, after: applied('', file), skipped: [] };
      throw new InputError(
        `${this.#name}: has no ${file.path}, expected the kernel's sources that the diff is against`,
      );
    }
    const sides = sidesOf(text, file);
    const hunk = sides.skipped.find((one) => isNeeded(one, text));
    if (hunk === undefined) return sides;
    if (hunk.cut !== undefined)
      throw new InputError(
        `${this.#name}: the hunk ${headerOf(hunk)} of ${file.path} is not shown whole, expected all of its lines`,
      );
    throw new InputError(
      `${this.#name}: hunk ${file.hunks.indexOf(hunk) + 1} of ${file.hunks.length}, ${headerOf(hunk)}, does not apply to ${file.path}, expected the sources that the diff is against`,
    );
  }

  /** A file before and after a diff, as far as the diff applies; undefined where there is no such file. */
  async partly(file: FileDiff): Promise<TreeSides | undefined> {
    const text = await this.#text(file.path);
    return text === undefined ? undefined : sidesOf(text, file);
  }

  /** The path in these sources of a file that a diff names, which may have directories in front; as it is where none fits. */
  async locate(path: string): Promise<string> {
    const parts = path.split('/');
    for (let i = 0; i < parts.length; i++) {
      const inside = parts.slice(i).join('/');
      if (inside !== '' && (await this.#text(inside)) !== undefined) return inside;
    }
    return path;
  }

  /** Applies a mail's diffs, for the mails after it. */
  async apply(files: readonly FileDiff[]): Promise<void> {
    for (const file of files) {
      const sides = /\.[ch]$/.test(file.path) ? await this.partly(file) : undefined;
      if (sides?.after !== undefined) this.#changed.set(file.path, sides.after);
    }
  }

  /** Leaves a file as it was before a diff. */
  async before(file: FileDiff): Promise<void> {
    const text = /\.[ch]$/.test(file.path) ? (await this.partly(file))?.before : undefined;
    if (text !== undefined) this.#changed.set(file.path, text);
  }

  /** The same sources, for another way on from here. */
  fork(): Tree {
    const other = new Tree(this.#name, this.#read);
    for (const [path, text] of this.#changed) other.#changed.set(path, text);
    return other;
  }

  async #text(path: string): Promise<string | undefined> {
    return this.#changed.get(path) ?? this.#read(path);
  }
}

/** A text before and after a diff, or as many of its hunks as apply, forwards or taken back. */
function sidesOf(text: string, file: FileDiff): TreeSides {
  const isWhole = file.hunks.every(({ cut }) => cut === undefined);
  const ways = [file, reversed(file)].map(({ hunks, path }) => {
    const other = (which: readonly Hunk[]) => applied(text, { path, hunks: which });
    const all = isWhole ? other(hunks) : undefined;
    if (all !== undefined) return { text: all, skipped: [] };
    const fit = hunks.map((hunk) =>
      hunk.cut === undefined ? spellings(hunk).find((one) => other([one]) !== undefined) : undefined,
    );
    const some = other(fit.flatMap((hunk) => hunk ?? []));
    return {
      text: some ?? text,
      skipped: hunks.flatMap((_, i) => (some === undefined || fit[i] === undefined ? [i] : [])),
    };
  });
  const [forth, back] = ways;
  const none = { text, skipped: [] };
  const isBack = (back?.skipped.length ?? 0) < (forth?.skipped.length ?? 0);
  const { text: other, skipped } = (isBack ? back : forth) ?? none;
  const left = skipped.flatMap((i) => file.hunks[i] ?? []);
  return isBack ? { before: other, after: text, skipped: left } : { before: text, after: other, skipped: left };
}

/** A hunk, and the same without one of its empty context lines: mail programs and archives add some. */
const spellings = (hunk: Hunk): readonly Hunk[] => [
  hunk,
  ...hunk.lines.flatMap((line, i) =>
    line.kind === 'context' && line.text.trim() === ''
      ? [
          {
            ...hunk,
            counts: { before: hunk.counts.before - 1, after: hunk.counts.after - 1 },
            lines: hunk.lines.toSpliced(i, 1),
          },
        ]
      : [],
  ),
];

/** A hunk's header. */
export const headerOf = ({ before, after, counts }: Hunk): string =>
  `@@ -${before},${counts.before} +${after},${counts.after} @@`;

/** A file of the sources, ready for translation. */
export const wholeOn = (path: string, text: string): CSource => wholeFile(path, text);

const reversed = ({ path, hunks }: FileDiff): FileDiff => ({
  path,
  hunks: hunks.map((hunk) => ({
    ...hunk,
    before: hunk.after,
    after: hunk.before,
    counts: { before: hunk.counts.after, after: hunk.counts.before },
    lines: hunk.lines.map((line) => ({
      ...line,
      kind: line.kind === 'added' ? 'removed' : line.kind === 'removed' ? 'added' : 'context',
      before: line.after,
      after: line.before,
    })),
  })),
});

const SIGNS = { context: ' ', removed: '-', added: '+' } as const;

/** A text with a diff applied; blanks that a mail has lost are ignored. Undefined if the diff does not apply. */
function applied(text: string, { path, hunks }: FileDiff): string | undefined {
  // A hunk is searched from the line that it names; a line beyond the end counts as the end.
  const most = text.split('\n').length + 1;
  const patch: StructuredPatch = {
    oldFileName: path,
    newFileName: path,
    oldHeader: undefined,
    newHeader: undefined,
    hunks: hunks.map(({ before, after, counts, lines }) => ({
      oldStart: Math.min(before, most),
      oldLines: counts.before,
      newStart: Math.min(after, most),
      newLines: counts.after,
      lines: lines.map((line) => `${SIGNS[line.kind]}${line.text}`),
    })),
  };
  const squeezed = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();
  const result = applyPatch(text, patch, {
    autoConvertLineEndings: true,
    // There is no line after the end of the file.
    compareLine: (_, line: string | undefined, __, content) =>
      line !== undefined && squeezed(line) === squeezed(content),
  });
  return result === false ? undefined : result;
}
