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
   * @throws InputError naming the hunk that does not apply.
   */
  async sides(file: FileDiff): Promise<TreeSides> {
    const text = this.#changed.get(file.path) ?? (await this.#read(file.path));
    const cut = file.hunks.find(({ isCut }) => isCut);
    if (cut !== undefined)
      throw new InputError(
        `${this.#name}: the hunk ${headerOf(cut)} of ${file.path} is not shown whole, expected all of its lines`,
      );
    if (text === undefined) {
      if (file.hunks.every(({ before }) => before === 0)) return { before: undefined, after: applied('', file) };
      throw new InputError(
        `${this.#name}: has no ${file.path}, expected the kernel's sources that the diff is against`,
      );
    }
    const after = applied(text, file);
    if (after !== undefined) return { before: text, after };
    const before = applied(text, reversed(file));
    if (before !== undefined) return { before, after: text };
    const hunk = file.hunks.find((one) => applied(text, { ...file, hunks: [one] }) === undefined) ?? file.hunks[0];
    throw new InputError(
      `${this.#name}: hunk ${file.hunks.findIndex((one) => one === hunk) + 1} of ${file.hunks.length}, ${hunk === undefined ? '' : headerOf(hunk)}, does not apply to ${file.path}, expected the sources that the diff is against`,
    );
  }

  /** A file before a diff; undefined if the diff does not fit. */
  async before(file: FileDiff): Promise<string | undefined> {
    const text = this.#changed.get(file.path) ?? (await this.#read(file.path));
    if (text === undefined || file.hunks.some(({ isCut }) => isCut)) return undefined;
    return applied(text, file) === undefined ? applied(text, reversed(file)) : text;
  }

  /** Applies a mail's diffs, for the mails after it. */
  async apply(files: readonly FileDiff[]): Promise<void> {
    for (const file of files) {
      if (!/\.[ch]$/.test(file.path)) continue;
      const text = this.#changed.get(file.path) ?? (await this.#read(file.path));
      const after = text === undefined ? undefined : applied(text, file);
      if (after !== undefined) this.#changed.set(file.path, after);
    }
  }
}

const headerOf = ({ before, after, counts }: Hunk): string =>
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
