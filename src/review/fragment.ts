// SPDX-License-Identifier: MIT
import type { CLine } from '../cfront/index.ts';
import type { FileDiff, Hunk } from './diff.ts';
import { type Token, tokensOf } from '../source/index.ts';

/** The lines of one function that a diff shows, before or after the change. */
export interface Fragment {
  /** The beginning of the function in the hunk's header; undefined if the lines contain it. */
  readonly section: string | undefined;
  readonly lines: readonly CLine[];
}

/** A function that a diff changes. */
export interface ChangedFunction {
  readonly path: string;
  /** Its name before the change. */
  readonly name: string;
  /** Its name after the change, if it differs. */
  readonly renamed?: string;
  readonly hunks: readonly Hunk[];
}

/** The name of the function that a line of C begins: the last word before the first parenthesis. */
const nameBegun = (line: string): string | undefined => /^[A-Za-z_][\w\s*]*?\b(\w+)\s*\(/.exec(line)?.[1];

/** A line that begins a function's definition, or its declaration. */
const isBeginning = (line: string): boolean =>
  /^(?:static|inline|bool|int|long|unsigned|void|struct|enum|u\d+|s\d+|pgoff_t|size_t|ssize_t)\b[^;={}]*\b\w+\s*\([^;]*$/.test(
    line,
  ) && !/^(?:if|while|for|switch|return|else)\b/.test(line);

/** The functions of a file in which a diff changes something, with the hunks of each. */
export function changedFunctions({ path, hunks }: FileDiff): readonly ChangedFunction[] {
  const found = new Map<string, Hunk[]>();
  for (const hunk of hunks) {
    let name = nameBegun(hunk.section);
    for (const { kind, text } of hunk.lines) {
      if (isBeginning(text)) name = nameBegun(text);
      if (kind === 'context' || name === undefined) continue;
      const known = found.get(name) ?? [];
      if (known.at(-1) !== hunk) found.set(name, [...known, hunk]);
    }
  }
  const renamed = renamesIn(hunks);
  const others = new Set(renamed.values());
  return [...found].flatMap(([name, of]) => {
    const now = renamed.get(name);
    if (now === undefined) return others.has(name) ? [] : [{ path, name, hunks: of }];
    const all = new Set([...of, ...(found.get(now) ?? [])]);
    return [{ path, name, renamed: now, hunks: hunks.filter((hunk) => all.has(hunk)) }];
  });
}

/** New names by old ones: a hunk removes a function's first line, and adds this line with another name. */
function renamesIn(hunks: readonly Hunk[]): ReadonlyMap<string, string> {
  const renames = new Map<string, string>();
  for (const { lines } of hunks) {
    const begun = (sign: 'removed' | 'added') =>
      lines.flatMap(({ kind, text }) => {
        const name = kind === sign && isBeginning(text) ? nameBegun(text) : undefined;
        return name === undefined ? [] : [{ name, rest: text.replace(name, '') }];
      });
    const added = begun('added');
    for (const { name, rest } of begun('removed')) {
      const now = added.find((other) => other.rest === rest);
      if (now !== undefined && now.name !== name) renames.set(name, now.name);
    }
  }
  return renames;
}

/** A changed function's name on one side. */
export const nameOn = (side: Side, { name, renamed }: ChangedFunction): string =>
  side === 'after' ? (renamed ?? name) : name;

/** A diff with the enclosing function filled into hunk headers that lack it. */
export const withSections = (file: FileDiff, before: readonly string[]): FileDiff => ({
  ...file,
  hunks: file.hunks.map((hunk) =>
    hunk.section === '' ? { ...hunk, section: before.slice(0, hunk.before - 1).findLast(isBeginning) ?? '' } : hunk,
  ),
});

export type Side = 'before' | 'after';

/** A hunk's lines as the file has them on one side. */
function linesOn(side: Side, path: string, { lines }: Hunk): readonly CLine[] {
  return lines.flatMap(({ text, before, after }) => {
    const line = side === 'before' ? before : after;
    return line === undefined ? [] : [{ text, from: { file: path, line } }];
  });
}

/** Begin and end of a function's text in some lines; `end` is undefined if the lines end before it. */
interface Extent {
  readonly start: number;
  readonly end: number | undefined;
}

/**
 * The lines of a function in a piece of a file.
 * @param isInside the piece begins inside the function.
 */
function extentOf(lines: readonly string[], name: string, isInside: boolean): Extent | undefined {
  const start = isInside ? 0 : lines.findIndex((line) => isBeginning(line) && nameBegun(line) === name);
  if (start === -1) return undefined;
  // Inside its body one brace is already open.
  let depth = isInside ? 1 : 0;
  for (const { text, line } of tokensOf(lines.slice(start))) {
    if (text === '{') depth++;
    else if (text === '}' && --depth <= 0) return { start, end: start + line + 1 };
  }
  return { start, end: undefined };
}

/** A function that several hunks show in full, or the missing lines between two hunks. */
export type Shown =
  | { readonly kind: 'fragment'; readonly of: Fragment; readonly isWhole: boolean }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number };

/** A function on one side of a diff; undefined if the diff has no line of it. */
export function shownOn(side: Side, change: ChangedFunction): Shown | undefined {
  const { path, hunks } = change;
  const name = nameOn(side, change);
  // git's hunk header names the function before the change.
  const isOf = (section: string): boolean => [change.name, change.renamed].includes(nameBegun(section));
  const lines: CLine[] = [];
  let section: string | undefined;
  for (const hunk of hunks) {
    const all = linesOn(side, path, hunk);
    const isInside = isOf(hunk.section) && (lines.length > 0 || !beginsIn(all, name));
    const extent = extentOf(
      all.map(({ text }) => text),
      name,
      isInside,
    );
    if (extent === undefined) continue;
    const piece = all.slice(extent.start, extent.end);
    const [last, next] = [lines.at(-1)?.from, piece[0]?.from];
    if (last !== undefined && last !== 'completed' && next !== undefined && next !== 'completed') {
      if (next.line > last.line + 1) return { kind: 'gap', from: last.line + 1, to: next.line - 1 };
    } else if (isInside) section = hunk.section;
    lines.push(...piece);
    if (extent.end !== undefined && !isInside && hunks.length === 1)
      return { kind: 'fragment', of: { section: undefined, lines }, isWhole: true };
  }
  if (lines.length === 0) return undefined;
  const isWhole = section === undefined && isBalanced(lines);
  return { kind: 'fragment', of: { section, lines }, isWhole };
}

const beginsIn = (lines: readonly CLine[], name: string): boolean =>
  lines.some(({ text }) => isBeginning(text) && nameBegun(text) === name);

function isBalanced(lines: readonly CLine[]): boolean {
  let depth = 0;
  for (const { text } of tokensOf(lines.map((line) => line.text))) depth += text === '{' ? 1 : text === '}' ? -1 : 0;
  return depth === 0;
}

/**
 * Functions and constants that a diff shows whole, beside the function that it changes.
 * @param known names whose text is the kernel's own: the diff's changes of them go into `taken` instead.
 */
export function helpersOn(
  side: Side,
  diff: FileDiff,
  except: string,
  known: ReadonlySet<string>,
  taken: Set<string>,
): readonly CLine[] {
  return diff.hunks.flatMap((hunk) => {
    const all = linesOn(side, diff.path, hunk);
    const found: CLine[] = [];
    for (let i = 0; i < all.length; i++) {
      const line = all[i];
      if (line === undefined) continue;
      if (/^#\s*define\s/.test(line.text)) {
        do found.push(all[i] ?? line);
        while (all[i++]?.text.endsWith('\\') === true);
        i--;
        continue;
      }
      const name = isBeginning(line.text) ? nameBegun(line.text) : undefined;
      if (name === undefined || name === except) continue;
      const rest = all.slice(i);
      const extent = extentOf(
        rest.map(({ text }) => text),
        name,
        false,
      );
      if (extent?.end === undefined || extent.start !== 0) continue;
      if (known.has(name)) taken.add(name);
      else found.push(...rest.slice(0, extent.end));
      i += extent.end - 1;
    }
    return found;
  });
}

/** The same words in two texts. */
export const wordsOf = (lines: readonly CLine[]): readonly Token[] => tokensOf(lines.map(({ text }) => text));
