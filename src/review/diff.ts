// SPDX-License-Identifier: MIT
import type { QuotedLine } from './quoted.ts';

type HunkLineKind = 'context' | 'removed' | 'added';

export interface HunkLine {
  readonly kind: HunkLineKind;
  /** Without the sign. */
  readonly text: string;
  /** Line of the file before the diff, from 1; undefined for an added line. */
  readonly before: number | undefined;
  /** Line of the file after the diff, from 1; undefined for a removed line. */
  readonly after: number | undefined;
  /** Line in the mail, from 0. */
  readonly at: number;
}

/** A piece of a file's diff. */
export interface Hunk {
  /** First line of the file before the diff, and after it, from 1. */
  readonly before: number;
  readonly after: number;
  /** Numbers of lines before and after, by its header. */
  readonly counts: { readonly before: number; readonly after: number };
  /** Text after the header's numbers: the beginning of the enclosing function. */
  readonly section: string;
  readonly lines: readonly HunkLine[];
  /** Line of its header in the mail, from 0. */
  readonly at: number;
  /** Whether the mail shows fewer or other lines than the header says. */
  readonly isCut: boolean;
}

/** The changes of a diff to one file. */
export interface FileDiff {
  /** Path after the change, without `a/` and `b/`. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

const GIT_HEADER = /^diff --git a\/(\S+) b\/(\S+)/;
const OLD_FILE = /^---\s+(?:a\/)?(\S+)/;
const NEW_FILE = /^\+\+\+\s+(?:b\/)?(\S+)/;
const HUNK_HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;
/** End of a diff in a mail: git's signature, or a list's footer. */
const FOOTER = /^-- ?$|^_{20,}$/;

/** Largest number of ambiguous lines that are tried both ways. */
const MOST_UNDECIDED = 12;

/**
 * The diffs in a mail's lines, at whatever depth they are quoted. Archives drop the blank before context lines; the numbers in
 * the hunk's header then decide what a line is. Remarks between the lines of a quoted diff are left out: they are quoted less.
 */
export function diffsIn(lines: readonly QuotedLine[]): readonly FileDiff[] {
  const depths = [...new Set(lines.map(({ depth }) => depth))].toSorted((a, b) => a - b);
  for (const depth of depths) {
    const found = diffsAt(lines.filter((line) => line.depth === depth));
    if (found.length > 0) return found;
  }
  return [];
}

function diffsAt(lines: readonly QuotedLine[]): readonly FileDiff[] {
  const files = new Map<string, Hunk[]>();
  let path: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const { text } = lines[i] ?? { text: '' };
    const git = GIT_HEADER.exec(text);
    if (git !== null) {
      path = git[2];
      continue;
    }
    const renamed = NEW_FILE.exec(text);
    if (renamed !== null && OLD_FILE.test(lines[i - 1]?.text ?? '')) {
      if (renamed[1] !== '/dev/null') path = renamed[1];
      continue;
    }
    const header = HUNK_HEADER.exec(text);
    if (header === null || path === undefined) continue;
    const end = endOfHunk(lines, i + 1);
    const hunk = hunkOf(header, lines[i]?.line ?? 0, lines.slice(i + 1, end));
    files.set(path, [...(files.get(path) ?? []), hunk]);
    i = i + hunk.lines.length;
  }
  return [...files].map(([file, hunks]) => ({ path: file, hunks }));
}

/** Line at which the next hunk or file begins, or other text of the mail. */
function endOfHunk(lines: readonly QuotedLine[], from: number): number {
  for (let i = from; i < lines.length; i++) {
    const { text } = lines[i] ?? { text: '' };
    if (HUNK_HEADER.test(text) || GIT_HEADER.test(text) || FOOTER.test(text)) return i;
    if (OLD_FILE.test(text) && NEW_FILE.test(lines[i + 1]?.text ?? '')) return i;
  }
  return lines.length;
}

const kindOf = (text: string): HunkLineKind =>
  text.startsWith('+') ? 'added' : text.startsWith('-') ? 'removed' : 'context';

function hunkOf(header: RegExpExecArray, at: number, candidates: readonly QuotedLine[]): Hunk {
  const [, before = '0', beforeCount = '1', after = '0', afterCount = '1', section = ''] = header;
  const counts = { before: Number(beforeCount), after: Number(afterCount) };
  const taken = kindsOf(candidates, counts);
  let [old, young] = [Number(before), Number(after)];
  const lines = taken.kinds.map((kind, i): HunkLine => {
    const { text, line } = candidates[i] ?? { text: '', line: at };
    const bare = kind === 'context' ? text.replace(/^ /, '') : text.slice(1);
    return {
      kind,
      text: bare,
      before: kind === 'added' ? undefined : old++,
      after: kind === 'removed' ? undefined : young++,
      at: line,
    };
  });
  return { before: Number(before), after: Number(after), counts, section, lines, at, isCut: taken.isCut };
}

interface Counts {
  readonly before: number;
  readonly after: number;
}

/** Kinds of a hunk's lines that match the numbers in its header. */
function kindsOf(
  candidates: readonly QuotedLine[],
  counts: Counts,
): { readonly kinds: readonly HunkLineKind[]; readonly isCut: boolean } {
  const plain = upTo(
    candidates.map(({ text }) => kindOf(text)),
    counts,
  );
  if (plain.fits) return { kinds: plain.kinds, isCut: false };
  // A context line whose code begins with a sign looks like a changed one once its blank is gone.
  const signed = candidates.flatMap(({ text }, i) => (/^(?:\+\+|--|-\w|\+\w)/.test(text) ? [i] : []));
  for (let set = 1; set < 1 << Math.min(signed.length, MOST_UNDECIDED); set++) {
    const context = new Set(signed.filter((_, bit) => (set & (1 << bit)) !== 0));
    const tried = upTo(
      candidates.map(({ text }, i) => (context.has(i) ? 'context' : kindOf(text))),
      counts,
    );
    if (tried.fits) return { kinds: tried.kinds, isCut: false };
  }
  return { kinds: trimmed(candidates, plain.kinds), isCut: true };
}

/** The lines until both numbers are reached. */
function upTo(
  kinds: readonly HunkLineKind[],
  counts: Counts,
): { readonly kinds: readonly HunkLineKind[]; readonly fits: boolean } {
  let [before, after, taken] = [0, 0, 0];
  for (const kind of kinds) {
    if (before >= counts.before && after >= counts.after) break;
    if (kind !== 'added') before++;
    if (kind !== 'removed') after++;
    taken++;
  }
  return { kinds: kinds.slice(0, taken), fits: before === counts.before && after === counts.after };
}

/** The lines without empty ones at the end, which belong to the mail. */
function trimmed(candidates: readonly QuotedLine[], kinds: readonly HunkLineKind[]): readonly HunkLineKind[] {
  let end = kinds.length;
  while (end > 0 && candidates[end - 1]?.text.trim() === '') end--;
  return kinds.slice(0, end);
}
