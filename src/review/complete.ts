// SPDX-License-Identifier: MIT
import type { CLine } from '../cfront/index.ts';
import { type Fragment, wordsOf } from './fragment.ts';
import type { Token } from '../source/index.ts';

/** A function assembled from the lines that a diff shows, and lines that complete it. */
export interface Completed {
  readonly lines: readonly CLine[];
  /** The lines that the diff does not show, in order. */
  readonly completed: readonly string[];
}

/** Thrown with the lines that a diff would have to show in addition. */
export class TooLittleShown extends Error {
  override readonly name = 'TooLittleShown';
}

/** The parameters that every form of this check has: if a hunk's header cuts some off, their positions identify them. */
const PARAMETERS = [
  { type: 'struct inode *', name: 'inode' },
  { type: 'pgoff_t ', name: 'start' },
  { type: 'size_t ', name: 'nr_pages' },
  { type: 'pgoff_t *', name: 'err_index' },
] as const;

const TYPES = new Set([
  'bool',
  'int',
  'long',
  'unsigned',
  'signed',
  'short',
  'char',
  'void',
  'size_t',
  'ssize_t',
  'pgoff_t',
  'loff_t',
  'u8',
  'u16',
  'u32',
  'u64',
  's8',
  's16',
  's32',
  's64',
  'gfp_t',
  'fgf_t',
  'auto',
]);
const WORDS = new Set([
  ...TYPES,
  'struct',
  'enum',
  'union',
  'const',
  'static',
  'volatile',
  'if',
  'else',
  'while',
  'for',
  'do',
  'switch',
  'case',
  'default',
  'break',
  'continue',
  'return',
  'goto',
  'sizeof',
  'true',
  'false',
  'NULL',
]);

/** A name that some tokens use but do not declare, with its uses. */
interface Use {
  readonly name: string;
  isDereferenced: boolean;
  /** Calls of which it is an argument, at these positions, with its address taken. */
  readonly arguments: {
    readonly of: string;
    readonly at: number;
    readonly last: boolean;
    readonly isAddress: boolean;
  }[];
  /** Whether it is by itself in the condition of the outermost loop. */
  isLoopFlag: boolean;
  /** Whether it counts up to a call's result. */
  isCounter: boolean;
}

/** The lines that end a walk of the page cache, in every form of this check. */
const endOfWalk = (batch: string): readonly string[] => [`folio_batch_release(&${batch});`, 'cond_resched();'];

/**
 * Completes the lines of a check that a diff shows.
 * @param name the function's name.
 * @throws TooLittleShown naming the missing lines.
 */
export function complete({ section, begin, lines }: Fragment, name: string): Completed {
  const words = wordsOf(lines);
  const shape = shapeOf(words);
  const declared = declaredIn(words);
  const shownParameters = parametersOf(section);
  for (const parameter of shownParameters) declared.add(parameter.name);
  const uses = usesOf(words, declared, shape);
  const batch = batchOf(words);
  if (shape.loop === undefined || batch === undefined)
    throw new TooLittleShown(
      `the diff shows no loop over folios in ${name}(), expected the lines from its declarations to the end of the loop: give --tree DIR, or a diff with more context (git format-patch -U40)`,
    );
  const parameters = completedParameters(shownParameters, uses);
  for (const parameter of parameters) declared.add(parameter.name);
  const [inode = 'inode', start = 'start', nr = 'nr_pages'] = parameters.map((parameter) => parameter.name);
  const head: string[] = [];
  const init: string[] = [];
  const left: string[] = [];
  for (const use of uses) {
    if (declared.has(use.name)) continue;
    const looked = use.arguments.find(({ of }) => of === 'filemap_get_folios');
    if (looked?.at === 0) head.push(`struct address_space *${use.name} = ${inode}->i_mapping;`);
    else if (looked?.at === 2) head.push(`pgoff_t ${use.name} = ${start} + ${nr} - 1;`);
    else if (use.name === batch) {
      head.push(`struct folio_batch ${batch};`);
      init.push(`folio_batch_init(&${batch});`);
    } else if (use.isLoopFlag) head.push(`bool ${use.name} = true;`);
    else if (use.isCounter) head.push(`int ${use.name};`);
    else left.push(use.name);
  }
  if (left.length > 0)
    throw new TooLittleShown(
      `the diff does not show where ${name}() declares ${left.map((word) => `'${word}'`).join(', ')}, expected its declarations: give --tree DIR, or a diff with more context (git format-patch -U40)`,
    );
  const signature = [
    `static bool ${name}(${parameters.map((parameter) => `${parameter.type}${parameter.name}`).join(', ')})`,
    '{',
  ];
  const tail = tailOf(lines, words, shape, batch, name);
  const added = (text: string): CLine => ({ text, from: 'completed' });
  const [first, completed] = begin.length > 0 ? [begin, []] : [signature.map(added), signature];
  return {
    lines: [...first, ...[...head, ...init].map(added), ...lines, ...tail.map(added)],
    completed: [...completed, ...head, ...init, ...tail],
  };
}

/** Open braces at the end of some tokens, and the outermost loop. */
interface Shape {
  /** For each open brace: the position of the token before it, and whether it opens a loop. */
  readonly open: readonly { readonly isLoop: boolean; readonly at: number }[];
  /** Place of the first loop outside all braces, and of the end of its condition. */
  readonly loop: { readonly at: number; readonly end: number } | undefined;
  /** Whether the function's own brace is closed. */
  readonly isClosed: boolean;
  readonly depthAtReturn: number | undefined;
}

function shapeOf(words: readonly Token[]): Shape {
  const open: { isLoop: boolean; at: number }[] = [];
  let loop: { at: number; end: number } | undefined;
  let head: number | undefined;
  let depthAtReturn: number | undefined;
  let isClosed = false;
  for (let i = 0; i < words.length && !isClosed; i++) {
    const { text } = words[i] ?? { text: '' };
    if (text === 'while' || text === 'for' || text === 'do') {
      const end = text === 'do' ? i : closing(words, i + 1);
      if (open.length === 0 && loop === undefined) loop = { at: i, end };
      head = i;
      i = end;
      if (words[i + 1]?.text !== '{') head = undefined;
    } else if (text === 'return') depthAtReturn = open.length;
    else if (text === '{') {
      open.push({ isLoop: head !== undefined, at: head ?? i });
      head = undefined;
    } else if (text === '}') {
      if (open.length === 0) isClosed = true;
      else open.pop();
      depthAtReturn = depthAtReturn !== undefined && depthAtReturn > open.length ? undefined : depthAtReturn;
    }
  }
  return { open, loop, isClosed, depthAtReturn };
}

/** Position of the parenthesis that closes the one at `from`; the last token if there is none. */
function closing(words: readonly Token[], from: number): number {
  let depth = 0;
  for (let i = from; i < words.length; i++) {
    if (words[i]?.text === '(') depth++;
    else if (words[i]?.text === ')' && --depth === 0) return i;
  }
  return words.length - 1;
}

/** Names that these tokens declare. */
function declaredIn(words: readonly Token[]): Set<string> {
  const declared = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const before = words[i - 1]?.text;
    if (before !== undefined && !['{', '}', ';', '(', ')', ':'].includes(before)) continue;
    let at = i;
    while (['const', 'static', 'volatile'].includes(words[at]?.text ?? '')) at++;
    if (words[at]?.text === 'struct' || words[at]?.text === 'enum') at += 2;
    else if (TYPES.has(words[at]?.text ?? '')) while (TYPES.has(words[at]?.text ?? '')) at++;
    else continue;
    for (;;) {
      while (['*', 'const'].includes(words[at]?.text ?? '')) at++;
      const name = words[at];
      if (name?.kind !== 'name' || words[at + 1]?.text === '(') break;
      declared.add(name.text);
      let depth = 0;
      for (at++; at < words.length; at++) {
        const { text } = words[at] ?? { text: '' };
        if (text === '(' || text === '{' || text === '[') depth++;
        else if (text === ')' || text === '}' || text === ']') depth--;
        if (depth < 0 || (depth === 0 && (text === ';' || text === ','))) break;
      }
      if (words[at]?.text !== ',') break;
      at++;
    }
  }
  return declared;
}

interface Parameter {
  readonly type: string;
  readonly name: string;
}

/** The parameters that a hunk's header shows in full. */
function parametersOf(section: string | undefined): readonly Parameter[] {
  const list = /\(([^)]*)(\)?)/.exec(section ?? '');
  if (list === null) return [];
  const [, text = '', end] = list;
  const pieces = text.split(',');
  // git cuts the header: after the last comma there is part of a parameter, or nothing.
  if (end === '') pieces.pop();
  return pieces.flatMap((piece) => {
    const found = /^\s*(.*?[\s*])(\w+)\s*$/.exec(piece);
    return found === null ? [] : [{ type: found[1] ?? '', name: found[2] ?? '' }];
  });
}

function completedParameters(shown: readonly Parameter[], uses: readonly Use[]): readonly Parameter[] {
  const rest = PARAMETERS.slice(shown.length).map((parameter, i) => {
    const place = shown.length + i;
    const own = uses.find((use) =>
      place === 3
        ? use.isDereferenced
        : place === 2 && !use.isDereferenced && use.arguments.length === 0 && !use.isLoopFlag && !use.isCounter,
    );
    return own === undefined ? parameter : { type: parameter.type, name: own.name };
  });
  return [...shown, ...rest];
}

function usesOf(words: readonly Token[], declared: ReadonlySet<string>, { loop }: Shape): readonly Use[] {
  const uses = new Map<string, Use>();
  for (const [i, { text, kind }] of words.entries()) {
    const [before, after] = [words[i - 1]?.text ?? '', words[i + 1]?.text ?? ''];
    if (kind !== 'name' || WORDS.has(text) || declared.has(text)) continue;
    if (after === '(' || before === '->' || before === '.' || before === 'struct' || before === 'goto') continue;
    // A name in capitals is a constant of a header, or an error number.
    if (/^[A-Z][A-Z0-9_]*$/.test(text)) continue;
    if (after === ':' && [';', '}', '{'].includes(before)) continue;
    const use = uses.get(text) ?? {
      name: text,
      isDereferenced: false,
      arguments: [],
      isLoopFlag: false,
      isCounter: false,
    };
    uses.set(text, use);
    use.isDereferenced ||= before === '*' && !isOperand(words[i - 2]);
    use.isCounter ||= after === '<' && words[i + 2]?.kind === 'name' && words[i + 3]?.text === '(';
    if (loop !== undefined && i > loop.at && i < loop.end && (after === '&&' || before === '&&')) use.isLoopFlag = true;
    const call = callAround(words, i);
    if (call !== undefined) use.arguments.push(call);
  }
  return [...uses.values()];
}

const isOperand = (token: Token | undefined): boolean =>
  token !== undefined && (token.kind === 'name' || token.kind === 'number' || token.text === ')' || token.text === ']');

/** The call that has the token at `i` as a whole argument, perhaps with its address taken. */
function callAround(words: readonly Token[], i: number): Use['arguments'][number] | undefined {
  const isAddress = words[i - 1]?.text === '&';
  const before = words[isAddress ? i - 2 : i - 1]?.text;
  const after = words[i + 1]?.text;
  if ((before !== '(' && before !== ',') || (after !== ',' && after !== ')')) return undefined;
  let [depth, at] = [0, 0];
  for (let j = isAddress ? i - 2 : i - 1; j >= 0; j--) {
    const { text } = words[j] ?? { text: '' };
    if (text === ')') depth++;
    else if (text === '(' && depth-- === 0) {
      const of = words[j - 1];
      return of?.kind === 'name' && !WORDS.has(of.text)
        ? { of: of.text, at, last: after === ')', isAddress }
        : undefined;
    } else if (text === ',' && depth === 0) at++;
    else if (text === ';' || text === '{') return undefined;
  }
  return undefined;
}

/** The batch that a lookup of folios fills: its last argument, whose address is taken. */
function batchOf(words: readonly Token[]): string | undefined {
  for (const [i, { text }] of words.entries()) {
    if (text !== 'filemap_get_folios') continue;
    const end = closing(words, i + 1);
    const [name, sign] = [words[end - 1], words[end - 2]];
    if (name?.kind === 'name') return sign?.text === '&' || sign?.text === ',' ? name.text : undefined;
  }
  return undefined;
}

/** The lines after the shown ones. */
function tailOf(
  lines: readonly CLine[],
  words: readonly Token[],
  shape: Shape,
  batch: string,
  name: string,
): readonly string[] {
  if (shape.isClosed) return [];
  const inner = shape.open.at(-1);
  // All forms end a loop alike; what else stands in another block only its author knows.
  if (inner?.isLoop === false) {
    const from = lines[words[inner.at]?.line ?? 0]?.from;
    const at = from === undefined || from === 'completed' ? '' : ` in line ${from.line}`;
    throw new TooLittleShown(
      `the diff ends inside the block that ${name}() opens${at}, expected the lines to the end of that block: give --tree DIR, or a diff with more context (git format-patch -U40)`,
    );
  }
  const tail: string[] = [];
  const { loop } = shape;
  const isReleased = words.some(({ text }, i) => text === 'folio_batch_release' && i > (loop?.at ?? 0));
  for (let i = shape.open.length - 1; i >= 0; i--) {
    if (i === 0 && shape.open[0]?.at === loop?.at && !isReleased) tail.push(...endOfWalk(batch));
    tail.push('}');
  }
  if (shape.depthAtReturn !== 0) tail.push(`return ${flagOf(words, shape, name)};`);
  return [...tail, '}'];
}

/** The variable that keeps the walk going, which is also the function's return value. */
function flagOf(words: readonly Token[], { loop }: Shape, name: string): string {
  const condition = loop === undefined ? [] : words.slice(loop.at + 2, loop.end);
  const flags = condition.filter(
    ({ kind, text }, i) =>
      kind === 'name' &&
      !WORDS.has(text) &&
      condition[i + 1]?.text !== '(' &&
      (i === 0 || condition[i - 1]?.text === '&&') &&
      (condition[i + 1] === undefined || condition[i + 1]?.text === '&&'),
  );
  const [flag] = flags;
  if (flag === undefined || flags.length > 1)
    throw new TooLittleShown(
      `the diff does not show what ${name}() returns, expected its end: give --tree DIR, or a diff with more context (git format-patch -U40)`,
    );
  return flag.text;
}
