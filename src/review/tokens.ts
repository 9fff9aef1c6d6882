// SPDX-License-Identifier: MIT

/** A word or sign of C. */
export interface Token {
  readonly text: string;
  readonly kind: 'name' | 'number' | 'string' | 'sign';
  /** Line that it stands in, from 0. */
  readonly line: number;
}

const PARTS =
  /\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|\n|\S/g;

/** The words and signs of a text of C, without comments and preprocessor lines. */
export function tokensOf(lines: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  let line = 0;
  const text = lines.map((one) => (/^\s*#/.test(one) ? '' : one)).join('\n');
  for (const [part] of text.matchAll(PARTS)) {
    if (part !== '\n' && !part.startsWith('/*') && !part.startsWith('//')) {
      const kind = /^[A-Za-z_]/.test(part) ? 'name' : /^\d/.test(part) ? 'number' : /^["']/.test(part) ? 'string' : 'sign';
      tokens.push({ text: part, kind, line });
    }
    line += part.split('\n').length - 1;
  }
  return tokens;
}
