// SPDX-License-Identifier: MIT
import { tokensOf, wordsOf, type Token } from './tokens.ts';

/** Words before a parenthesis that do not begin a function. */
const NO_FUNCTION = new Set(['if', 'while', 'for', 'switch', 'return', 'sizeof', 'do', 'else']);

/**
 * The routines that a file of C defines, each with the words of its text: functions, and macros with parameters. A routine that is
 * defined several times, as under two options of the kernel's configuration, has the words of all of them.
 */
export function routinesIn(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n');
  const found = new Map<string, string[]>();
  const add = (name: string, words: readonly Token[]): void => {
    found.set(name, [...(found.get(name) ?? []), ...words.map((word) => word.text)]);
  };
  for (const { name, words } of functionsOf(tokensOf(lines))) add(name, words);
  for (const { name, words } of macrosOf(lines)) add(name, words);
  return found;
}

interface Routine {
  readonly name: string;
  readonly words: readonly Token[];
}

function functionsOf(tokens: readonly Token[]): readonly Routine[] {
  const found: Routine[] = [];
  let start = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { text } = tokens[i] ?? { text: '' };
    if (text === ';') start = i + 1;
    else if (text === '(') {
      const end = closing(tokens, i, '(', ')');
      const name = tokens[i - 1];
      const open = bodyBehind(tokens, end + 1);
      if (name?.kind === 'name' && !NO_FUNCTION.has(name.text) && open !== undefined) {
        const last = closing(tokens, open, '{', '}');
        found.push({ name: name.text, words: tokens.slice(start, last + 1) });
        start = last + 1;
        i = last;
      } else i = end;
    } else if (text === '{') {
      i = closing(tokens, i, '{', '}');
      start = i + 1;
    }
  }
  return found;
}

/** Position of the brace that opens a function's body, after its parameters and annotations such as `__releases(lock)`. */
function bodyBehind(tokens: readonly Token[], from: number): number | undefined {
  for (let i = from; ; ) {
    const token = tokens[i];
    if (token?.text === '{') return i;
    if (token?.kind !== 'name') return undefined;
    i = tokens[i + 1]?.text === '(' ? closing(tokens, i + 1, '(', ')') + 1 : i + 1;
  }
}

/** Position of the token that closes the one at `from`; the last token if there is none. */
function closing(tokens: readonly Token[], from: number, open: string, close: string): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    if (tokens[i]?.text === open) depth++;
    else if (tokens[i]?.text === close && --depth === 0) return i;
  }
  return tokens.length - 1;
}

function* macrosOf(lines: readonly string[]): Generator<Routine> {
  for (let i = 0; i < lines.length; i++) {
    const name = /^\s*#\s*define\s+(\w+)\(/.exec(lines[i] ?? '')?.[1];
    if (name === undefined) continue;
    const first = i;
    while (lines[i]?.trimEnd().endsWith('\\') === true) i++;
    const text = lines.slice(first, i + 1).map((line) => line.trimEnd().replace(/\\$/, ''));
    yield { name, words: wordsOf(text.join('\n')) };
  }
}

/** A hash of a routine's words: 64 bits of SHA-256, in hexadecimal. */
export async function hashOf(words: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(words.join(' ')));
  return [...new Uint8Array(digest).subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
