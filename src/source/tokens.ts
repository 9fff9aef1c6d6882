// SPDX-License-Identifier: MIT

/** A word or sign of C. */
export interface Token {
  readonly text: string;
  readonly kind: 'name' | 'number' | 'string' | 'sign';
  /** Its line, from 0. */
  readonly line: number;
}

const PARTS =
  /\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|&&|\|\||<<|>>|[<>=!+\-*/%&|^]=|\n|\S/g;

const kindOf = (text: string): Token['kind'] =>
  /^[A-Za-z_]/.test(text) ? 'name' : /^\d/.test(text) ? 'number' : /^["']/.test(text) ? 'string' : 'sign';

/**
 * The tokens of a C text, without comments and blanks. Lines of the preprocessor are left out, with their continuation lines.
 */
export function tokensOf(lines: readonly string[]): readonly Token[] {
  let goesOn = false;
  const text = lines.map((line) => {
    const isPreprocessor = goesOn || /^\s*#/.test(line);
    goesOn = isPreprocessor && line.trimEnd().endsWith('\\');
    return isPreprocessor ? '' : line;
  });
  return wordsOf(text.join('\n'));
}

/**
 * The words and signs of a text, preprocessor lines included.
 * @example
 * import { wordsOf } from 'folioscope/source';
 * wordsOf('#define ONE 1').map(({ text }) => text).join(' '); // => '# define ONE 1'
 */
export function wordsOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 0;
  for (const [part] of text.matchAll(PARTS)) {
    if (part !== '\n' && !part.startsWith('/*') && !part.startsWith('//'))
      tokens.push({ text: part, kind: kindOf(part), line });
    line += part.split('\n').length - 1;
  }
  return tokens;
}
