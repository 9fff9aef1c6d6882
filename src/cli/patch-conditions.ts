// SPDX-License-Identifier: MIT
// Puts watchers into the text of a user's form: around JavaScript's conditions, and into its loops. Runs in the thread of
// module.register(), so it imports no room.
//
// A Value of the kernel language is an object, and every object is true in JavaScript: `if (x.not())` always takes its branch,
// without any notice. So conditions are passed to a function first. This needs no parser: a condition is a bracket group after
// a keyword, or an operand between tokens of lower precedence.

/** A token of a text: brackets know their partners. */
interface Token {
  readonly kind: 'word' | 'property' | 'number' | 'string' | 'regex' | 'template' | 'mark';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether a line ends before it. */
  readonly afterLine: boolean;
}

/** A text to insert. */
interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Of several at one place, the lowest is first. */
  readonly rank: number;
}

/** Suffix of the address of a module that is loaded without watchers. */
export const UNWATCHED = '?unwatched';

/** The names of the watchers in the text; no user's name is like them. */
export const WATCHERS = { condition: '$folioscopeCondition', turn: '$folioscopeTurn' } as const;

const MARKS = [
  '>>>=',
  '...',
  '===',
  '!==',
  '**=',
  '<<=',
  '>>=',
  '>>>',
  '&&=',
  '||=',
  '??=',
  '=>',
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '??',
  '?.',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '<<',
  '>>',
  '**',
];
const OPENING: ReadonlySet<string> = new Set(['(', '[', '{', '${']);
const CLOSING: ReadonlySet<string> = new Set([')', ']', '}']);
/** Words before the beginning of an operand. */
const OPERATORS: ReadonlySet<string> = new Set(['typeof', 'void', 'delete', 'await', 'new', 'in', 'instanceof']);
/** Words that end the text before them. */
const LIMITS: ReadonlySet<string> = new Set(
  'return throw case default else do yield of extends const let var if for while switch break continue import export'.split(
    ' ',
  ),
);
const ASSIGNMENTS: ReadonlySet<string> = new Set('= += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??='.split(' '));

/** The text with watchers, at the same lines; `module` is the module of the watchers. */
export function withWatchers(source: string, module: string): string {
  const tokens = tokensOf(source);
  const insertions = new Watching(tokens).insertions();
  if (insertions.length === 0) return source;
  let text = '';
  let from = 0;
  for (const { at, text: inserted } of insertions) {
    text += source.slice(from, at) + inserted;
    from = at;
  }
  const names = Object.values(WATCHERS).join(', ');
  return `${text}${source.slice(from)}\nimport { ${names} } from '${module}';\n`;
}

const isWordStart = (char: string): boolean => /[\p{ID_Start}$_#]/u.test(char);

/** Splits a text without types into tokens. The parts of a template outside its expressions belong to its marks. */
function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** Open brackets; a `${` returns to its template at its end. */
  const open: string[] = [];
  let at = 0;
  let afterLine = true;
  const add = (kind: Token['kind'], end: number, text = source.slice(at, end)): void => {
    tokens.push({ kind, text, start: at, end, afterLine });
    at = end;
    afterLine = false;
  };
  /** From after a backtick or a closing brace to after the next backtick or `${`. */
  const template = (from: number): void => {
    let end = from;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1;
    if (source[end] === '`') add('template', end + 1, '`');
    else {
      add('mark', end + 2, '${');
      open.push('${');
    }
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 2);
    const char = source[at] ?? '';
    const before = tokens.at(-1);
    if (/\s/.test(char)) {
      afterLine ||= char === '\n';
      at++;
    } else if (rest === '//' || (rest === '#!' && at === 0)) {
      while (at < source.length && source[at] !== '\n') at++;
    } else if (rest === '/*') {
      const end = source.indexOf('*/', at + 2);
      afterLine ||= source.slice(at, end).includes('\n');
      at = end === -1 ? source.length : end + 2;
    } else if (char === '"' || char === "'") {
      let end = at + 1;
      while (end < source.length && source[end] !== char) end += source[end] === '\\' ? 2 : 1;
      add('string', end + 1);
    } else if (char === '`') template(at + 1);
    else if (/\d/.test(char) || (char === '.' && /\d/.test(source[at + 1] ?? ''))) {
      const [number = char] = /^[\d.][\w.]*/.exec(source.slice(at, at + 80)) ?? [];
      add('number', at + number.length);
    } else if (isWordStart(char)) {
      let end = at + 1;
      while (end < source.length && /[\p{ID_Continue}$\u200c\u200d]/u.test(source[end] ?? '')) end++;
      add(before?.text === '.' || before?.text === '?.' ? 'property' : 'word', end);
    } else if (char === '/' && !endsOperand(before)) {
      let end = at + 1;
      for (let inClass = false; end < source.length && (inClass || source[end] !== '/'); end++) {
        if (source[end] === '\\') end++;
        else if (source[end] === '[') inClass = true;
        else if (source[end] === ']') inClass = false;
      }
      end++;
      while (/\w/.test(source[end] ?? '')) end++;
      add('regex', end);
    } else if (char === '}' && open.at(-1) === '${') {
      open.pop();
      tokens.push({ kind: 'mark', text: '}', start: at, end: at, afterLine });
      template(at + 1);
    } else {
      const mark = MARKS.find((one) => source.startsWith(one, at)) ?? char;
      // `?.5` is a choice before a number.
      const isChoice = mark === '?.' && /\d/.test(source[at + 2] ?? '');
      if (OPENING.has(mark)) open.push(mark);
      if (CLOSING.has(mark)) open.pop();
      add('mark', at + (isChoice ? 1 : mark.length));
    }
  }
  return tokens;
}

/** Whether an operand may end with a token, so that an operator follows. */
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'mark') return token.text === ')' || token.text === ']' || token.text === '}';
  return token.kind !== 'word' || !(OPERATORS.has(token.text) || LIMITS.has(token.text));
}

/** Whether an operand begins with a token that cannot continue a previous one. */
const beginsOperand = ({ kind, text }: Token): boolean =>
  kind === 'word' ? !OPERATORS.has(text) : kind !== 'mark' && kind !== 'template';

class Watching {
  readonly #tokens: readonly Token[];
  /** By token that opens or closes a bracket: its partner. */
  readonly #partner = new Map<number, number>();
  readonly #insertions: Insertion[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    const open: number[] = [];
    for (const [i, { kind, text }] of tokens.entries()) {
      if (kind !== 'mark') continue;
      if (OPENING.has(text)) open.push(i);
      if (!CLOSING.has(text)) continue;
      const from = open.pop();
      if (from === undefined) continue;
      this.#partner.set(from, i);
      this.#partner.set(i, from);
    }
  }

  insertions(): readonly Insertion[] {
    for (const [i, token] of this.#tokens.entries()) {
      if (token.kind === 'word') this.#keyword(i, token);
      if (token.kind !== 'mark') continue;
      if (token.text === '!') this.#wrap(i + 1, this.#operandEnd(i + 1), '!');
      if (token.text === '&&' || token.text === '||' || token.text === '?') {
        const start = this.#operandStart(i, token.text);
        if (start < i) this.#wrap(start, i - 1, token.text === '?' ? '?:' : token.text);
      }
    }
    return this.#insertions.toSorted((a, b) => a.at - b.at || a.rank - b.rank);
  }

  #keyword(i: number, { text }: Token): void {
    const opening = this.#tokens[i + 1];
    const end = this.#partner.get(i + 1);
    if (opening?.text !== '(' || end === undefined) return;
    if (text === 'if' || text === 'switch' || text === 'while') this.#wrap(i + 2, end - 1, text);
    if (text === 'while') this.#turn(i, opening.end, this.#tokens[end]?.start);
    if (text === 'for') this.#for(i, end);
  }

  /** `for (;;)`: its condition is between two semicolons. The other forms have none. */
  #for(i: number, end: number): void {
    const semicolons: number[] = [];
    for (let at = i + 2; at < end; at++) {
      const { text = '' } = this.#tokens[at] ?? {};
      if (OPENING.has(text)) at = this.#partner.get(at) ?? at;
      else if (text === ';') semicolons.push(at);
    }
    const [first, second] = semicolons;
    if (first === undefined || second === undefined) return;
    this.#wrap(first + 1, second - 1, 'for');
    this.#turn(i, this.#tokens[first]?.end, second === first + 1 ? undefined : this.#tokens[second]?.start);
  }

  /** Counts the turns of a loop at its condition, from one place to another. */
  #turn(loop: number, from: number | undefined, to: number | undefined): void {
    if (from === undefined) return;
    const counted = `${WATCHERS.turn}(${loop})`;
    this.#insertions.push({ at: from, text: to === undefined ? counted : `${counted}&&(`, rank: 2 });
    if (to !== undefined) this.#insertions.push({ at: to, text: ')', rank: 1 });
  }

  /** The first token of the operand on the left of an operator. */
  #operandStart(operator: number, text: string): number {
    let start = operator;
    for (let i = operator - 1; i >= 0; i--) {
      const token = this.#tokens[i];
      if (token === undefined || this.#limits(token, text)) break;
      const next = this.#tokens[i + 1];
      // Two operands without an operator between them are two statements, or a statement after its condition.
      if (start < operator && next !== undefined && endsOperand(token) && beginsOperand(next) && token.text !== '...') {
        if (!(token.kind === 'word' && (token.text === 'async' || token.text === 'function' || token.text === 'class')))
          break;
      }
      if (token.kind === 'mark' && CLOSING.has(token.text)) {
        const partner = this.#partner.get(i);
        if (partner === undefined) break;
        // A block that ends a line before the operand is a statement of its own.
        if (token.text === '}' && start < operator && next?.afterLine === true) break;
        i = partner;
      }
      start = i;
    }
    return start;
  }

  #limits({ kind, text }: Token, operator: string): boolean {
    if (kind === 'word') return LIMITS.has(text);
    if (kind !== 'mark') return false;
    if (OPENING.has(text) || ASSIGNMENTS.has(text)) return true;
    if ([',', ';', ':', '?', '=>', '...'].includes(text)) return true;
    if (operator === '&&') return text === '&&' || text === '||' || text === '??';
    return operator === '||' && (text === '||' || text === '??');
  }

  /** The last token of the operand of a `!`. */
  #operandEnd(from: number): number {
    let at = from;
    while (this.#isPrefix(at)) at++;
    const first = this.#tokens[at];
    if (first === undefined) return at;
    if (first.text === 'function' || first.text === 'class') {
      while (at < this.#tokens.length && this.#tokens[at]?.text !== '{') at = (this.#partner.get(at) ?? at) + 1;
    }
    at = this.#closed(at);
    for (;;) {
      const next = this.#tokens[at + 1];
      if (next?.text === '.' || next?.text === '?.') {
        const after = this.#tokens[at + 2];
        at = after?.kind === 'mark' ? this.#closed(at + 2) : at + 2;
      } else if (next?.kind === 'mark' && (next.text === '(' || next.text === '[')) at = this.#closed(at + 1);
      else return at;
    }
  }

  #isPrefix(at: number): boolean {
    const token = this.#tokens[at];
    if (token?.kind === 'word') return OPERATORS.has(token.text);
    return token?.kind === 'mark' && ['!', '-', '+', '~', '++', '--'].includes(token.text);
  }

  /** The token that closes the bracket at `at`, or that token. */
  #closed(at: number): number {
    const token = this.#tokens[at];
    return token !== undefined && OPENING.has(token.text) ? (this.#partner.get(at) ?? at) : at;
  }

  /** Passes the tokens from `first` to `last` to the watcher of conditions. */
  #wrap(first: number, last: number, what: string): void {
    const [from, to] = [this.#tokens[first], this.#tokens[last]];
    if (from === undefined || to === undefined || last < first) return;
    // If several begin at one place, the widest comes first.
    this.#insertions.push({
      at: from.start,
      text: `${WATCHERS.condition}(${JSON.stringify(what)},(`,
      rank: 3 + 1 / (last - first + 2),
    });
    this.#insertions.push({ at: to.end, text: '))', rank: 0 });
  }
}
