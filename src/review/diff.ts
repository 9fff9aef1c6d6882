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

interface Counts {
  readonly before: number;
  readonly after: number;
}

/** A piece of a file's diff. */
export interface Hunk {
  /** First line of the file before the diff, and after it, from 1. */
  readonly before: number;
  readonly after: number;
  /** Numbers of lines before and after, by its header. */
  readonly counts: Counts;
  /** Text after the header's numbers: the beginning of the enclosing function. */
  readonly section: string;
  readonly lines: readonly HunkLine[];
  /** Line of its header in the mail, from 0. */
  readonly at: number;
  /** How the lines differ from what the header announces; undefined where they do not. */
  readonly cut: Cut | undefined;
}

/** A hunk with other lines than its header announces, as a quotation leaves it. */
export interface Cut {
  /** How many lines there are, before and after. */
  readonly shown: Counts;
  /** Place in the mail of a mark that stands for lines, such as `[...]`, from 0; undefined where there is none. */
  readonly mark: number | undefined;
  /** Only context lines at its end are missing. */
  readonly isTail: boolean;
}

/** The changes of a diff to one file. */
export interface FileDiff {
  /** Path after the change, without `a/` and `b/`. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

const GIT_HEADER = /^diff --git (\S+) (\S+)/;
const OLD_FILE = /^---\s+(\S+)/;
const NEW_FILE = /^\+\+\+\s+(\S+)/;
const HUNK_HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;
/** End of a diff in a mail: git's signature, or a list's footer. */
const FOOTER = /^-- ?$|^_{20,}$/;

/** A line that stands for lines left out: `[...]`, `[snip]`, `<snip>`, `...`. */
export const MARK =
  /^\s*(?:\[\s*(?:\.{2,}|\u2026|snip|cut|trimmed|skip|elided)[^\]]*\]|<\s*(?:\.{2,}|snip)[^>]*>|\(\s*(?:\.{2,}|snip)[^)]*\)|\.{3,}|\u2026|snip)\s*$/i;
/** What diff(1) says of a last line without an end. */
const NO_END = /^\\ /;

/** Largest number of ambiguous lines that are tried both ways. */
const MOST_UNDECIDED = 12;

/**
 * The diffs in a mail's lines, at whatever depth they are quoted, in groups: a file that comes again begins another diff. Archives
 * drop the blank before context lines; the numbers in the hunk's header then decide what a line is. Remarks between the lines of a
 * quoted diff are left out: they are quoted less.
 * @param bare path of hunks without a file's name; without it they are left out.
 */
export function diffGroupsIn(lines: readonly QuotedLine[], bare?: string): readonly (readonly FileDiff[])[] {
  const depths = [...new Set(lines.map(({ depth }) => depth))].toSorted((a, b) => a - b);
  for (const depth of depths) {
    const found = diffsAt(
      lines.filter((line) => line.depth === depth),
      lines.flatMap(({ text, line }) => (MARK.test(text) ? [line] : [])),
      bare,
    );
    if (found.length > 0) return found;
  }
  return [];
}

/** The files of the diffs in a mail's lines, whichever diff they are of. */
export const diffsIn = (lines: readonly QuotedLine[], bare?: string): readonly FileDiff[] =>
  diffGroupsIn(lines, bare).flat();

/** What a diff has about one file. */
interface Section {
  readonly path: string;
  readonly hunks: Hunk[];
  /** Words of the mail stand in front of it. */
  readonly isApart: boolean;
}

/** What stands in front of a file's first hunk besides its names. */
const EXTENDED = /^(?:index |old mode|new mode|new file|deleted file|similarity |rename |copy |diff |Index: |=+$|$)/;

/** @param marks places of the mail with a mark that stands for lines. */
function diffsAt(
  lines: readonly QuotedLine[],
  marks: readonly number[],
  bare?: string,
): readonly (readonly FileDiff[])[] {
  const sections: Section[] = [];
  let path = bare;
  let isNew = true;
  let isApart = true;
  for (let i = 0; i < lines.length; i++) {
    const { text } = lines[i] ?? { text: '' };
    const git = GIT_HEADER.exec(text);
    const [old, young] = [OLD_FILE.exec(lines[i - 1]?.text ?? ''), NEW_FILE.exec(text)];
    if (git !== null || (old !== null && young !== null)) {
      path = git === null ? pathOf(old?.[1] ?? '', young?.[1] ?? '') : pathOf(git[1] ?? '', git[2] ?? '');
      isNew = true;
      continue;
    }
    const header = HUNK_HEADER.exec(text);
    if (header === null || path === undefined) {
      if (!EXTENDED.test(text) && !OLD_FILE.test(text)) isApart = true;
      continue;
    }
    const end = endOfHunk(lines, i + 1);
    const at = lines[i]?.line ?? 0;
    const until = lines[end]?.line ?? Number.POSITIVE_INFINITY;
    const mark = marks.find((line) => line > at && line < until);
    const hunk = hunkOf(header, at, lines.slice(i + 1, end), mark);
    const last = sections.at(-1);
    if (!isNew && last !== undefined) last.hunks.push(hunk);
    else sections.push({ path, hunks: [hunk], isApart });
    [isNew, isApart] = [false, false];
    i = i + hunk.lines.length;
  }
  return grouped(sections);
}

/** Files in the diffs that they belong to: a diff names each of its files once. */
function grouped(sections: readonly Section[]): readonly (readonly FileDiff[])[] {
  const groups: Section[][] = [];
  for (const section of sections) {
    const group = groups.at(-1);
    if (group === undefined) {
      groups.push([section]);
      continue;
    }
    const same = group.find(({ path }) => path === section.path);
    if (same === undefined) group.push(section);
    else if (goesOnBehind(same, section)) same.hunks.push(...section.hunks);
    else {
      // What stands behind the last words of the mail belongs to the new one.
      const apart = section.isApart ? group.length : group.findLastIndex((one) => one.isApart);
      groups.push([...(apart > group.indexOf(same) ? group.splice(apart) : []), section]);
    }
  }
  return groups.map((group) => group.map(({ path, hunks }) => ({ path, hunks })));
}

/** Whether a file's hunks are further ones of the same diff, whose header was repeated, as between remarks. */
function goesOnBehind({ hunks }: Section, section: Section): boolean {
  const [last, first] = [hunks.at(-1), section.hunks[0]];
  if (last === undefined || first === undefined) return true;
  const moved = hunks.reduce((sum, { counts }) => sum + counts.after - counts.before, 0);
  return first.before >= last.before + last.counts.before && first.after - first.before === moved;
}

const NO_FILE = '/dev/null';
/** What git puts before a path: a/ and b/, or by `diff.mnemonicPrefix` the commit, index, object or work tree. */
const PREFIX = /^[abciow]\//;

/** A file's path in the kernel's sources, by its two names in a diff: what stands before it differs, as a/ and b/, or linux.orig/. */
function pathOf(old: string, young: string): string {
  // A mail may have cut the path off behind its prefix.
  const isNone = (path: string): boolean => path === NO_FILE || path.replace(PREFIX, '') === '';
  const [name, other] = isNone(young) ? [old, old] : [young, isNone(old) ? young : old];
  if (PREFIX.test(name) && PREFIX.test(other)) return name.replace(PREFIX, '');
  const rest = name.slice(name.indexOf('/') + 1);
  return name !== other && rest !== name && rest === other.slice(other.indexOf('/') + 1) ? rest : name;
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

function hunkOf(header: RegExpExecArray, at: number, shown: readonly QuotedLine[], mark: number | undefined): Hunk {
  const [, before = '0', beforeCount = '1', after = '0', afterCount = '1', section = ''] = header;
  const counts = { before: Number(beforeCount), after: Number(afterCount) };
  const candidates = shown.filter(({ text }) => !NO_END.test(text) && !MARK.test(text));
  const { kinds, fits } = kindsOf(candidates, counts);
  let [old, young] = [Number(before), Number(after)];
  const lines = kinds.map((kind, i): HunkLine => {
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
  const last = lines.at(-1)?.at ?? at;
  // A mark among the lines of the diff itself stands for some of them, whatever their number.
  const isMarked = shown.some(({ text, line }) => line < last && MARK.test(text));
  const isWhole = fits && !isMarked && !goesOn(candidates, kinds.length);
  const cut = isWhole ? undefined : cutOf(lines, counts, mark);
  return { before: Number(before), after: Number(after), counts, section, lines, at, cut };
}

/** Whether behind the announced lines stands one more of a diff. */
const goesOn = (candidates: readonly QuotedLine[], from: number): boolean => {
  const [last, next] = [candidates[from - 1], candidates[from]];
  return next !== undefined && next.line === (last?.line ?? 0) + 1 && /^(?:[+-](?![+-])|[ \t]+\S)/.test(next.text);
};

/** What is missing of a hunk. */
function cutOf(lines: readonly HunkLine[], counts: Counts, mark: number | undefined): Cut {
  const before = lines.filter(({ kind }) => kind !== 'added').length;
  const after = lines.filter(({ kind }) => kind !== 'removed').length;
  const isContext = ({ kind }: HunkLine): boolean => kind === 'context';
  const leading = lines.findIndex((line) => !isContext(line));
  const trailing = lines.length - 1 - lines.findLastIndex((line) => !isContext(line));
  const missing = counts.before - before;
  return {
    shown: { before, after },
    mark,
    // A change among what is missing would have as much context behind it as there is in front of the first one.
    isTail:
      missing > 0 &&
      missing === counts.after - after &&
      trailing + missing <= leading &&
      (mark === undefined || mark > (lines.at(-1)?.at ?? 0)),
  };
}

/** Kinds of a hunk's lines that match the numbers in its header. */
function kindsOf(
  candidates: readonly QuotedLine[],
  counts: Counts,
): { readonly kinds: readonly HunkLineKind[]; readonly fits: boolean } {
  const plain = upTo(
    candidates.map(({ text }) => kindOf(text)),
    counts,
  );
  if (plain.fits) return plain;
  // A context line whose code begins with a sign looks like a changed one once its blank is gone.
  const signed = candidates.flatMap(({ text }, i) => (/^(?:\+\+|--|-\w|\+\w)/.test(text) ? [i] : []));
  for (let set = 1; set < 1 << Math.min(signed.length, MOST_UNDECIDED); set++) {
    const context = new Set(signed.filter((_, bit) => (set & (1 << bit)) !== 0));
    const tried = upTo(
      candidates.map(({ text }, i) => (context.has(i) ? 'context' : kindOf(text))),
      counts,
    );
    if (tried.fits) return tried;
  }
  return { kinds: trimmed(candidates, plain.kinds), fits: false };
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
