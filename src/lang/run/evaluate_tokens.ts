// SPDX-License-Identifier: MIT

/** Binding strength of the binary operators; all except `**` group to the left. */
export const STRENGTH: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '===': 6,
  '!==': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '>>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
  '**': 11,
};

export const ASSIGNMENTS: ReadonlySet<string> = new Set(['=', '+=', '-=', '^=', '|=', '&=']);

const TOKEN =
  /\s+|(\d+(?:\.\d+)?)|([\p{ID_Start}$_][\p{ID_Continue}$]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(>>>|\*\*|===|!==|=>|<<|>>|<=|>=|&&|\|\||\+\+|--|\+=|-=|\^=|\|=|&=|[-+*/%&|^~!<>=?:;,.()[\]{}])/uy;

type TokenKind = 'number' | 'word' | 'string' | 'mark' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const END: Token = { kind: 'end', text: 'the end' };

function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(source);
    if (found === null) throw new SyntaxError(`generated text that is not understood: ${source.slice(at, at + 40)}`);
    const [text, number, word, string] = found;
    if (number !== undefined) tokens.push({ kind: 'number', text });
    else if (word !== undefined) tokens.push({ kind: 'word', text });
    else if (string !== undefined) tokens.push({ kind: 'string', text });
    else if (found[4] !== undefined) tokens.push({ kind: 'mark', text });
  }
  return tokens;
}

/** The value of a string literal: JSON, or single quotes without escapes. */
export function stringIn(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1);
  const value: unknown = JSON.parse(text);
  return String(value);
}

/** Position in a list of tokens. */
export class Cursor {
  readonly #tokens: readonly Token[];
  /** Closing parenthesis of each opening one. */
  readonly #closing = new Map<number, number>();
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
    const open: number[] = [];
    for (const [at, { kind, text }] of this.#tokens.entries()) {
      if (kind !== 'mark') continue;
      if (text === '(') open.push(at);
      if (text === ')') this.#closing.set(open.pop() ?? -1, at);
    }
  }

  get token(): Token {
    return this.ahead(0);
  }

  /** The token `by` places further on. */
  ahead(by: number): Token {
    return this.#tokens[this.#at + by] ?? END;
  }

  skip(tokens = 1): void {
    this.#at += tokens;
  }

  is(text: string): boolean {
    const { kind, text: found } = this.token;
    return found === text && kind !== 'string';
  }

  /** Skips a token if it is the next one. */
  take(text: string): boolean {
    const isThere = this.is(text);
    if (isThere) this.#at++;
    return isThere;
  }

  /** Skips the next token, which must be this one. @throws SyntaxError otherwise. */
  expect(text: string): void {
    if (!this.take(text))
      throw new SyntaxError(`expected '${text}' in generated text, not '${this.token.text}' (token ${this.#at})`);
  }

  /** The next token, a name. @throws SyntaxError if it is not a name. */
  word(): string {
    const { kind, text } = this.token;
    if (kind !== 'word') throw new SyntaxError(`expected a name in generated text, not '${text}'`);
    this.#at++;
    return text;
  }

  /** The given statement, after its end has been skipped. */
  ended<T>(made: T): T {
    if (!this.is('}') && this.token.kind !== 'end') this.expect(';');
    return made;
  }

  /** Whether the parenthesis that opens here encloses a function's parameters. */
  isArrow(): boolean {
    const behind = this.#tokens[(this.#closing.get(this.#at) ?? -2) + 1];
    return behind?.kind === 'mark' && behind.text === '=>';
  }
}
