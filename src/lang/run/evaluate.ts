// SPDX-License-Identifier: MIT
import { Scopes } from './evaluate_scopes.ts';
import { ASSIGNMENTS, Cursor, STRENGTH, stringIn } from './evaluate_tokens.ts';
import {
  added,
  assigning,
  BINARY,
  binary,
  calling,
  element,
  evaluating,
  type Expression,
  Frame,
  isTrue,
  member,
  NEXT,
  numberIn,
  RETURN,
  sequence,
  type Statement,
  stepping,
  storing,
  type Term,
  unary,
} from './evaluate_values.ts';

/** Translates the text into closures in one pass; there are no names at run time. */
class Reader {
  readonly #text: Cursor;
  readonly #scopes: Scopes;

  constructor(source: string, names: readonly string[]) {
    this.#text = new Cursor(source);
    this.#scopes = new Scopes(names);
  }

  program(): Statement {
    return this.#statementsUntil('end');
  }

  #statementsUntil(end: string): Statement {
    return this.#scopes.inBlock(() => {
      const statements: Statement[] = [];
      while (end === 'end' ? this.#text.token.kind !== 'end' : !this.#text.is(end)) statements.push(this.#statement());
      if (end !== 'end') this.#text.expect(end);
      return sequence(statements);
    });
  }

  #statement(label?: string): Statement {
    const { kind, text } = this.#text.token;
    if (kind === 'mark' && text === '{') return this.#block(label);
    if (kind === 'mark' && text === ';') {
      this.#text.skip();
      return () => NEXT;
    }
    if (kind === 'word') {
      const next = this.#text.ahead(1);
      if (next.kind === 'mark' && next.text === ':') {
        this.#text.skip(2);
        return this.#statement(text);
      }
      switch (text) {
        case 'const':
        case 'let':
          return this.#declaration();
        case 'if':
          return this.#if();
        case 'for':
          return this.#scopes.inBlock(() => this.#for(label));
        case 'while':
          return this.#while(label);
        case 'switch':
          return this.#switch(label);
        case 'break':
        case 'continue':
          return this.#jump(text);
        case 'return':
          return this.#return();
        case 'throw':
          return this.#throw();
      }
    }
    return this.#text.ended(evaluating(this.#expressions()));
  }

  #block(label: string | undefined): Statement {
    this.#text.expect('{');
    if (label === undefined) return this.#statementsUntil('}');
    const target = this.#scopes.target(label, 'block');
    const body = this.#scopes.within(target, () => this.#statementsUntil('}'));
    return (frame) => {
      const signal = body(frame);
      return signal === target.leave ? NEXT : signal;
    };
  }

  #declaration(): Statement {
    this.#text.skip();
    const statements: Statement[] = [];
    do {
      const slot = this.#scopes.declare(this.#text.word());
      const value = this.#text.take('=') ? this.#expression().value : undefined;
      statements.push((frame) => {
        frame.slots[slot] = value?.(frame);
        return NEXT;
      });
    } while (this.#text.take(','));
    return this.#text.ended(sequence(statements));
  }

  #condition(): Expression {
    this.#text.expect('(');
    const { value } = this.#expression();
    this.#text.expect(')');
    return value;
  }

  #if(): Statement {
    this.#text.skip();
    const condition = this.#condition();
    const then = this.#statement();
    const otherwise = this.#text.take('else') ? this.#statement() : undefined;
    return (frame) => {
      if (isTrue(condition(frame))) return then(frame);
      return otherwise?.(frame) ?? NEXT;
    };
  }

  #for(label: string | undefined): Statement {
    this.#text.skip();
    this.#text.expect('(');
    if (this.#text.ahead(2).text === 'of') return this.#forOf(label);
    const first = this.#text.is(';') ? this.#statement() : this.#firstOfFor();
    const test = this.#text.is(';') ? () => true : this.#expression().value;
    this.#text.expect(';');
    const next = this.#text.is(')') ? undefined : this.#expressions();
    this.#text.expect(')');
    const target = this.#scopes.target(label, 'loop');
    const body = this.#scopes.within(target, () => this.#statement());
    return (frame) => {
      first(frame);
      for (; isTrue(test(frame)); next?.(frame)) {
        const signal = body(frame);
        if (signal === NEXT || signal === target.again) continue;
        return signal === target.leave ? NEXT : signal;
      }
      return NEXT;
    };
  }

  #firstOfFor(): Statement {
    return this.#text.is('let') || this.#text.is('const')
      ? this.#declaration()
      : this.#text.ended(evaluating(this.#expressions()));
  }

  #forOf(label: string | undefined): Statement {
    this.#text.skip();
    const slot = this.#scopes.declare(this.#text.word());
    this.#text.expect('of');
    const { value: list } = this.#expression();
    this.#text.expect(')');
    const target = this.#scopes.target(label, 'loop');
    const body = this.#scopes.within(target, () => this.#statement());
    return (frame) => {
      const values = list(frame);
      if (!Array.isArray(values)) throw new TypeError('expected a list in generated text');
      for (const value of values as readonly unknown[]) {
        frame.slots[slot] = value;
        const signal = body(frame);
        if (signal === NEXT || signal === target.again) continue;
        return signal === target.leave ? NEXT : signal;
      }
      return NEXT;
    };
  }

  #while(label: string | undefined): Statement {
    this.#text.skip();
    const test = this.#condition();
    const target = this.#scopes.target(label, 'loop');
    const body = this.#scopes.within(target, () => this.#statement());
    return (frame) => {
      while (isTrue(test(frame))) {
        const signal = body(frame);
        if (signal === NEXT || signal === target.again) continue;
        return signal === target.leave ? NEXT : signal;
      }
      return NEXT;
    };
  }

  #switch(label: string | undefined): Statement {
    this.#text.skip();
    const of = this.#condition();
    this.#text.expect('{');
    const target = this.#scopes.target(label, 'switch');
    const starts = new Map<unknown, number>();
    const statements: Statement[] = [];
    let otherwise = Number.POSITIVE_INFINITY;
    this.#scopes.within(target, () =>
      this.#scopes.inBlock(() => {
        while (!this.#text.take('}')) {
          if (this.#text.take('default')) {
            otherwise = statements.length;
            this.#text.expect(':');
          } else if (this.#text.take('case')) {
            const sign = this.#text.take('-') ? -1 : 1;
            starts.set(sign * Number(this.#text.token.text), statements.length);
            this.#text.skip();
            this.#text.expect(':');
          } else statements.push(this.#statement());
        }
      }),
    );
    return (frame) => {
      for (let at = starts.get(of(frame)) ?? otherwise; at < statements.length; at++) {
        const signal = statements[at]?.(frame) ?? NEXT;
        if (signal !== NEXT) return signal === target.leave ? NEXT : signal;
      }
      return NEXT;
    };
  }

  #jump(text: 'break' | 'continue'): Statement {
    this.#text.skip();
    const label = this.#text.token.kind === 'word' ? this.#text.word() : undefined;
    const signal = this.#scopes.jump(text, label);
    return this.#text.ended(() => signal);
  }

  #return(): Statement {
    this.#text.skip();
    const value = this.#text.is(';') || this.#text.is('}') ? undefined : this.#expression().value;
    return this.#text.ended((frame) => {
      frame.result = value?.(frame);
      return RETURN;
    });
  }

  #throw(): Statement {
    this.#text.skip();
    const { value } = this.#expression();
    return this.#text.ended((frame) => {
      throw value(frame);
    });
  }

  /** Expressions separated by commas: the value of the last one. */
  #expressions(): Expression {
    const first = this.#expression().value;
    if (!this.#text.take(',')) return first;
    const rest = this.#expressions();
    return (frame) => {
      first(frame);
      return rest(frame);
    };
  }

  /** An expression without a comma operator. */
  #expression(): Term {
    if (this.#text.is('(') && this.#text.isArrow()) return this.#arrow();
    const left = this.#conditional();
    const { kind, text } = this.#text.token;
    if (kind !== 'mark' || !ASSIGNMENTS.has(text)) return left;
    this.#text.skip();
    const { value } = this.#expression();
    if (text === '=') return { value: assigning(left.reference, value) };
    const operator = text.slice(0, -1);
    const apply = operator === '+' ? undefined : BINARY[operator];
    return {
      value: storing(left.reference, (before, frame) =>
        apply === undefined ? added(before(), value(frame)) : apply(numberIn(before()), numberIn(value(frame))),
      ),
    };
  }

  #conditional(): Term {
    const condition = this.#binary(0);
    if (!this.#text.take('?')) return condition;
    const then = this.#expression().value;
    this.#text.expect(':');
    const otherwise = this.#expression().value;
    const { value } = condition;
    return { value: (frame) => (isTrue(value(frame)) ? then(frame) : otherwise(frame)) };
  }

  #binary(least: number): Term {
    let left = this.#unary();
    for (;;) {
      const { kind, text } = this.#text.token;
      const strength = kind === 'mark' ? (STRENGTH[text] ?? 0) : 0;
      if (strength === 0 || strength < least) return left;
      this.#text.skip();
      const right = this.#binary(text === '**' ? strength : strength + 1);
      left = { value: binary(text, left.value, right.value) };
    }
  }

  #unary(): Term {
    const { kind, text } = this.#text.token;
    if (kind === 'mark') {
      if (text === '++' || text === '--') {
        this.#text.skip();
        return { value: stepping(this.#unary().reference, text, false) };
      }
      if (text === '!' || text === '-' || text === '+' || text === '~') {
        this.#text.skip();
        return { value: unary(text, this.#unary().value) };
      }
    }
    const operand = this.#operand();
    for (const mark of ['++', '--'] as const)
      if (this.#text.take(mark)) return { value: stepping(operand.reference, mark, true) };
    return operand;
  }

  #operand(): Term {
    let term = this.#text.take('new') ? this.#new() : this.#primary();
    for (;;) {
      if (this.#text.take('.')) term = member(term.value, this.#text.word());
      else if (this.#text.take('[')) {
        const key = this.#expression().value;
        this.#text.expect(']');
        term = element(term.value, key);
      } else if (this.#text.is('(')) term = calling(term, this.#arguments());
      else return term;
    }
  }

  #new(): Term {
    const name = this.#text.word();
    const args = this.#arguments();
    switch (name) {
      case 'Int32Array':
        return { value: (frame) => new Int32Array(numberIn(args[0]?.(frame))) };
      case 'Error':
        return { value: (frame) => new Error(String(args[0]?.(frame))) };
      default:
        throw new SyntaxError(`no 'new ${name}' in generated text`);
    }
  }

  #arguments(): readonly Expression[] {
    this.#text.expect('(');
    return this.#listUntil(')');
  }

  #listUntil(end: string): readonly Expression[] {
    const values: Expression[] = [];
    while (!this.#text.take(end)) {
      values.push(this.#expression().value);
      if (!this.#text.is(end)) this.#text.expect(',');
    }
    return values;
  }

  #primary(): Term {
    const { kind, text } = this.#text.token;
    if (kind === 'word') {
      this.#text.skip();
      return this.#scopes.named(text);
    }
    if (kind === 'number' || kind === 'string') {
      this.#text.skip();
      const value: unknown = kind === 'number' ? Number(text) : stringIn(text);
      return { value: () => value };
    }
    if (this.#text.take('(')) {
      const { value } = this.#expression();
      this.#text.expect(')');
      return { value };
    }
    if (this.#text.take('[')) {
      const values = this.#listUntil(']');
      return { value: (frame) => values.map((value) => value(frame)) };
    }
    if (this.#text.take('{')) return this.#object();
    throw new SyntaxError(`'${text}' is not understood in generated text`);
  }

  #object(): Term {
    const fields: (readonly [string, Expression])[] = [];
    while (!this.#text.take('}')) {
      const { kind, text } = this.#text.token;
      this.#text.skip();
      const name = kind === 'string' ? stringIn(text) : text;
      fields.push([name, this.#text.take(':') ? this.#expression().value : this.#scopes.named(name).value]);
      if (!this.#text.is('}')) this.#text.expect(',');
    }
    return { value: (frame) => Object.fromEntries(fields.map(([name, value]) => [name, value(frame)])) };
  }

  #arrow(): Term {
    const value = this.#scopes.inFunction(() => {
      this.#text.expect('(');
      while (!this.#text.take(')')) {
        this.#scopes.declare(this.#text.word());
        if (!this.#text.is(')')) this.#text.expect(',');
      }
      this.#text.expect('=>');
      return this.#text.take('{') ? this.#function() : this.#shortFunction();
    });
    return { value };
  }

  #function(): Expression {
    const body = this.#statementsUntil('}');
    return (outer) =>
      (...args: unknown[]): unknown => {
        const frame = new Frame(args, outer);
        body(frame);
        return frame.result;
      };
  }

  #shortFunction(): Expression {
    const { value } = this.#expression();
    return (outer) =>
      (...args: unknown[]): unknown =>
        value(new Frame(args, outer));
  }
}

/**
 * The value that the text of a function's body returns, without `new Function`: the text becomes closures. Only the part
 * of JavaScript that generated text uses is supported; the rest is a `SyntaxError`. The results are those of compiled
 * code, some tens of times slower.
 * @param given values, by the names that the text uses.
 */
export function evaluate(source: string, given: Readonly<Record<string, unknown>>): unknown {
  const body = new Reader(source, Object.keys(given)).program();
  const frame = new Frame(Object.values(given), undefined);
  body(frame);
  return frame.result;
}
