// SPDX-License-Identifier: MIT
import type { CLine } from '../cfront/index.ts';
import type { FileDiff, Hunk } from './diff.ts';
import { type Token, tokensOf, wordsOf as partsOf } from '../source/index.ts';

/** The lines of one function that a diff shows, before or after the change. */
export interface Fragment {
  /** The beginning of the function in the hunk's header; undefined if the lines contain it. */
  readonly section: string | undefined;
  /** The function's first lines up to the brace of its body, where the diff shows them, and `lines` begin behind them. */
  readonly begin: readonly CLine[];
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

/** The function that each of a hunk's lines belongs to; undefined between functions. */
function functionsOf({ section, lines }: Hunk): readonly (string | undefined)[] {
  const found: (string | undefined)[] = lines.map(() => undefined);
  for (const side of ['before', 'after'] as const) {
    const places = [...lines.keys()].filter((i) => lines[i]?.[side] !== undefined);
    const texts = places.map((i) => lines[i]?.text ?? '');
    const braces = texts.map((text) =>
      tokensOf([text]).reduce((sum, word) => sum + (word.text === '{' ? 1 : word.text === '}' ? -1 : 0), 0),
    );
    // An archive that drops blanks leaves no line indented: no brace then tells that the function ends.
    const isEnd = (text: string): boolean => text.startsWith('}') && lines.some((line) => /^\s+\S/.test(line.text));
    const start = texts.findIndex(isBeginning);
    // Where a function begins before the header's function ends, that one has ended in front of the hunk.
    const isInside = start === -1 || texts.slice(0, start).some(isEnd) || !texts.some((text) => /^\s+\S/.test(text));
    let name = isInside ? nameBegun(section) : undefined;
    // How many blocks are open is known only of a function that begins here.
    let depth: number | undefined;
    for (const [i, text] of texts.entries()) {
      if (isBeginning(text)) [name, depth] = [nameBegun(text), 0];
      found[places[i] ?? 0] = name;
      const change = braces[i] ?? 0;
      if (depth !== undefined) depth += change;
      if (depth === undefined ? isEnd(text) : depth <= 0 && text.includes('}')) name = undefined;
    }
  }
  return found;
}

/** The functions of a file in which a diff changes something, with the hunks of each. */
export function changedFunctions({ path, hunks }: FileDiff): readonly ChangedFunction[] {
  const found = new Map<string, Hunk[]>();
  for (const hunk of hunks) {
    const functions = functionsOf(hunk);
    for (const [i, { kind }] of hunk.lines.entries()) {
      const name = functions[i];
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

/** The hunks that show something of a function, changed or not. */
export const hunksOf = (name: string, { hunks }: FileDiff): readonly Hunk[] =>
  hunks.filter((hunk) => functionsOf(hunk).includes(name));

/** Names of the functions and constants whose lines a diff changes. */
export const changedNames = (file: FileDiff): readonly string[] => [
  ...changedFunctions(file).flatMap(({ name, renamed }) => [name, renamed ?? name]),
  ...file.hunks.flatMap(({ lines }) =>
    lines.flatMap(({ kind, text }) => (kind === 'context' ? [] : (CONSTANT.exec(text)?.[1] ?? []))),
  ),
];

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

/** Characters after which diff(1) cuts a function's name in a hunk's header, less blanks that it takes off there. */
const CUT_NAME = 38;

/** Whether a hunk's header names no function, or only a piece of its name. */
const isCutName = (section: string): boolean =>
  section === '' || (section.length >= CUT_NAME && /^[A-Za-z_][\w\s*]*$/.test(section));

/** A diff with the enclosing function filled into hunk headers that lack it, or that cut its name. */
export const withSections = (file: FileDiff, before: readonly string[]): FileDiff => ({
  ...file,
  hunks: file.hunks.map((hunk) =>
    isCutName(hunk.section)
      ? { ...hunk, section: before.slice(0, firstLineIn(before, hunk)).findLast(isBeginning) ?? hunk.section }
      : hunk,
  ),
});

/** Place in a file, from 0, of a hunk's first line: where its lines stand nearest to where its header says. */
function firstLineIn(file: readonly string[], { before, lines }: Hunk): number {
  const squeezed = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();
  const wanted = lines.flatMap(({ text, kind }) => (kind === 'added' ? [] : [squeezed(text)]));
  const said = Math.min(before - 1, file.length);
  const isAt = (at: number): boolean => wanted.every((text, i) => text === squeezed(file[at + i] ?? ''));
  for (let off = 0; off <= file.length; off++)
    for (const at of off === 0 ? [said] : [said - off, said + off])
      if (at >= 0 && at + wanted.length <= file.length && isAt(at)) return at;
  return said;
}

/** A diff whose hunks name a function whole of which diff(1) cut the name. */
export const withWholeName = (file: FileDiff, name: string): FileDiff => ({
  ...file,
  hunks: file.hunks.map((hunk) => {
    const { section } = hunk;
    const piece = /\w+$/.exec(section)?.[0] ?? '';
    const isPiece = section !== '' && isCutName(section) && name.startsWith(piece) && 2 * piece.length > name.length;
    return isPiece ? { ...hunk, section: `${section.slice(0, -piece.length)}${name}(` } : hunk;
  }),
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

/** A function that several hunks show, the missing lines between two hunks, or no line at all. */
export type Shown =
  | { readonly kind: 'fragment'; readonly of: Fragment; readonly isWhole: boolean }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  | { readonly kind: 'none' };

/** A function on one side of a diff; undefined if that side has no such function. */
export function shownOn(side: Side, change: ChangedFunction): Shown | undefined {
  const { path, hunks } = change;
  const name = nameOn(side, change);
  // git's hunk header names the function before the change.
  const isOf = (section: string): boolean => {
    const begun = nameBegun(section);
    return begun !== undefined && (begun === change.name || begun === change.renamed);
  };
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
      return { kind: 'fragment', of: { section: undefined, begin: [], lines }, isWhole: true };
  }
  if (lines.length === 0) return hunks.some((hunk) => isOf(hunk.section)) ? { kind: 'none' } : undefined;
  const isWhole = section === undefined && isBalanced(lines);
  if (isWhole || section !== undefined) return { kind: 'fragment', of: { section, begin: [], lines }, isWhole };
  const brace = tokensOf(lines.map(({ text }) => text)).find(({ text }) => text === '{')?.line ?? lines.length;
  const begin = lines.slice(0, brace + 1);
  section = begin.map(({ text }) => text.trim()).join(' ');
  return { kind: 'fragment', of: { section, begin, lines: lines.slice(brace + 1) }, isWhole };
}

const beginsIn = (lines: readonly CLine[], name: string): boolean =>
  lines.some(({ text }) => isBeginning(text) && nameBegun(text) === name);

function isBalanced(lines: readonly CLine[]): boolean {
  let depth = 0;
  for (const { text } of tokensOf(lines.map((line) => line.text))) depth += text === '{' ? 1 : text === '}' ? -1 : 0;
  return depth === 0;
}

/** Functions and constants by name, each with its lines. */
export type Definitions = ReadonlyMap<string, readonly CLine[]>;

const CONSTANT = /^#\s*define\s+(\w+)/;
/** A declaration outside of functions that a check may rest on: an enumeration, or a variable of the file. */
const DECLARATION = /^(?:enum\b[^()]*(?:\{|$)|(?:static|const)\b[^()]*(?:[=;]|$))/;
/** Longest declaration, in lines. */
const MOST_LINES = 60;

/** Names that a declaration at some line introduces, and its number of lines; undefined where it does not end. */
function declared(lines: readonly CLine[]): { readonly names: readonly string[]; readonly lines: number } | undefined {
  const words = tokensOf(lines.slice(0, MOST_LINES).map(({ text }) => text));
  let depth = 0;
  const names: string[] = [];
  for (const [i, { text, kind, line }] of words.entries()) {
    if (text === '{') depth++;
    else if (text === '}') depth--;
    else if (text === ';' && depth === 0) return { names, lines: line + 1 };
    else if (kind === 'name') {
      const [last, next] = [words[i - 1]?.text ?? '', words[i + 1]?.text ?? ''];
      const isTag = depth === 0 && last === 'enum' && next === '{';
      const isEnumerator = depth === 1 && (last === '{' || last === ',');
      const isVariable = depth === 0 && ['=', ';', '[', ','].includes(next) && names.length === 0;
      if (isTag || isEnumerator || isVariable) names.push(text);
    }
  }
  return undefined;
}

/** Functions, constants, enumerations and variables that some lines of a file define whole. */
export function definitionsIn(all: readonly CLine[]): Definitions {
  const found = new Map<string, readonly CLine[]>();
  for (let i = 0; i < all.length; i++) {
    const text = all[i]?.text ?? '';
    const constant = CONSTANT.exec(text)?.[1];
    const first = i;
    if (constant !== undefined) {
      while (all[i]?.text.endsWith('\\') === true) i++;
      found.set(constant, all.slice(first, i + 1));
      continue;
    }
    const name = isBeginning(text) ? nameBegun(text) : undefined;
    const rest = all.slice(i, i + (name === undefined ? MOST_LINES : all.length));
    if (name === undefined) {
      const its = DECLARATION.test(text) ? declared(rest) : undefined;
      for (const one of its?.names ?? []) found.set(one, rest.slice(0, its?.lines));
      continue;
    }
    const extent = extentOf(
      rest.map((line) => line.text),
      name,
      false,
    );
    if (extent?.end === undefined || extent.start !== 0) continue;
    found.set(name, rest.slice(0, extent.end));
    i += extent.end - 1;
  }
  return found;
}

/** Functions and constants that a diff shows whole, on one side. */
export const definitionsOn = (side: Side, { path, hunks }: FileDiff): Definitions =>
  new Map(hunks.flatMap((hunk) => [...definitionsIn(linesOn(side, path, hunk))]));

/**
 * The definitions that some lines mention, and those that these mention in turn, in the order of the definitions.
 */
export function mentioned(lines: readonly CLine[], definitions: Definitions): Definitions {
  const needed = new Set<string>();
  const ask = (of: readonly CLine[]): void => {
    for (const { text } of allWordsOf(of)) {
      const its = needed.has(text) ? undefined : definitions.get(text);
      if (its === undefined) continue;
      needed.add(text);
      ask(its);
    }
  };
  ask(lines);
  return new Map([...definitions].filter(([name]) => needed.has(name)));
}

/**
 * Whether a hunk changes something that a function of these words rests on: another function, a constant, or a declaration that it
 * mentions.
 * @param words of the function, and of what it mentions.
 */
export function concerns(hunk: Hunk, words: ReadonlySet<string>): boolean {
  const functions = functionsOf(hunk);
  return hunk.lines.some(({ kind, text }, i) => {
    if (kind === 'context') return false;
    const constant = CONSTANT.exec(text)?.[1];
    if (constant !== undefined) return words.has(constant);
    const inside = functions[i];
    if (inside !== undefined) return words.has(inside);
    if (/^#\s*undef\b/.test(text)) return mentions([text], words);
    return !text.startsWith('#') && text.trim() !== '' && mentions(paragraphOf(hunk, i), words);
  });
}

/** Whether a hunk changes lines by which the preprocessor leaves others out. */
export const hasConditions = ({ lines }: Hunk): boolean =>
  lines.some(({ kind, text }) => kind !== 'context' && /^#\s*(?:if|el|endif|undef)/.test(text));

const mentions = (lines: readonly string[], words: ReadonlySet<string>): boolean =>
  tokensOf(lines).some((word) => word.kind === 'name' && words.has(word.text));

/** The lines around one of a hunk's, up to empty lines: a declaration goes over several. */
function paragraphOf({ lines }: Hunk, at: number): readonly string[] {
  const isEnd = (i: number): boolean => (lines[i]?.text.trim() ?? '') === '';
  let [first, last] = [at, at];
  while (!isEnd(first - 1)) first--;
  while (!isEnd(last + 1)) last++;
  return lines.slice(first, last + 1).map(({ text }) => text);
}

/** The same words in two texts. */
export const wordsOf = (lines: readonly CLine[]): readonly Token[] => tokensOf(lines.map(({ text }) => text));

/** The words of some lines, those of `#define` among them. */
export const allWordsOf = (lines: readonly CLine[]): readonly Token[] =>
  partsOf(lines.map(({ text }) => text).join('\n'));
