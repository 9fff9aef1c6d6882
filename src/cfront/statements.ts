// SPDX-License-Identifier: MIT
import { isBatch, isNumber, pointee, typeText } from './c-types.ts';
import { Calls } from './calls.ts';
import { type Batch, binary, constant, type Label, label, not, type Part, type Var } from './ir.ts';
import { Refused, type Place } from './source.ts';
import { BOOL, type CExpr, type CStatement, type Declarator, INT, UNSIGNED } from './syntax.ts';

/** Whether a statement has a goto to a label. */
function jumpsTo(statement: CStatement, name: string): boolean {
  const inner = (one: CStatement | undefined): boolean => one !== undefined && jumpsTo(one, name);
  switch (statement.kind) {
    case 'goto':
      return statement.label === name;
    case 'compound':
      return statement.body.some(inner);
    case 'if':
      return inner(statement.then) || inner(statement.else);
    case 'while':
    case 'do':
    case 'for':
      return inner(statement.body);
    case 'switch':
      return statement.cases.some(({ body }) => body.some(inner));
    case 'break':
    case 'continue':
    case 'declare':
    case 'empty':
    case 'expression':
    case 'label':
    case 'return':
      return false;
  }
}

/** Statements: blocks, loops, jumps and declarations. */
export abstract class Statements extends Calls {
  /** Statements with the labels among them. */
  protected list(statements: readonly CStatement[]): void {
    const segments: { readonly label: string | undefined; readonly at: Place; readonly body: CStatement[] }[] = [];
    segments.push({ label: undefined, at: this.statement, body: [] });
    for (const statement of statements)
      if (statement.kind === 'label') segments.push({ label: statement.label, at: statement.at, body: [] });
      else segments.at(-1)?.body.push(statement);
    const known = this.frames.at(-1)?.labels;
    for (const { label: name, at } of segments)
      if (name !== undefined && known?.has(name) === true)
        throw new Refused(`the label '${name}' appears twice, expected once`, at);
    this.segments(segments, 0);
  }

  protected segments(
    segments: readonly {
      readonly label: string | undefined;
      readonly at: Place;
      readonly body: readonly CStatement[];
    }[],
    from: number,
  ): void {
    const frame = this.frames.at(-1);
    if (frame === undefined) return;
    const back = segments.findIndex(
      ({ label: name }, at) =>
        at > from &&
        name !== undefined &&
        segments.slice(at).some(({ body }) => body.some((one) => jumpsTo(one, name))),
    );
    const end = back === -1 ? segments.length : back + 1;
    // The later label's stretch is the outer one, and each goes from here to its label.
    const own = segments.slice(from + 1, end).map(({ label: name = '' }) => ({ name, label: label(name) }));
    for (const { label: name, at } of segments.slice(end))
      if (
        name !== undefined &&
        segments.slice(from, end - 1).some(({ body }) => body.some((one) => jumpsTo(one, name)))
      )
        throw new Refused(
          `a goto to '${name}' crosses a label that another goto jumps back to, expected gotos that do not cross`,
          at,
        );
    for (const { name, label: to } of own) frame.labels.set(name, { label: to, back: false });
    let parts: readonly Part[] = this.nest(() => this.statements(segments[from]?.body ?? []));
    for (const [i, { name, label: to }] of own.entries()) {
      frame.labels.delete(name);
      const at = from + 1 + i;
      const before: Part = { kind: 'block', label: to, body: parts };
      const rest = this.nest(() => {
        if (at !== back) {
          this.statements(segments[at]?.body ?? []);
          return;
        }
        const turn = label(name);
        const body = this.nest(() => {
          frame.labels.set(name, { label: turn, back: true });
          this.segments(segments, back);
          frame.labels.delete(name);
          this.push({ kind: 'leave', label: turn });
        });
        this.push({ kind: 'loop', label: turn, body, at: segments[back]?.at ?? this.statement });
      });
      parts = [before, ...rest];
    }
    for (const part of parts) this.push(part);
  }

  protected statements(statements: readonly CStatement[]): void {
    for (const statement of statements) this.one(statement);
  }

  protected body(statement: CStatement): void {
    if (statement.kind === 'compound') this.one(statement);
    else this.scoped(() => this.list([statement]));
  }

  protected one(statement: CStatement): void {
    this.statement = statement.at;
    switch (statement.kind) {
      case 'empty':
      case 'label':
        return;
      case 'compound':
        this.scoped(() => this.list(statement.body));
        return;
      case 'declare':
        for (const name of statement.names) this.declare(name);
        return;
      case 'expression':
        // The kernel's word for a case that goes on into the next one.
        if (
          statement.of.kind === 'name' &&
          statement.of.name === 'fallthrough' &&
          this.bound('fallthrough') === undefined
        )
          return;
        this.full(() => this.effect(statement.of));
        return;
      case 'if': {
        const [end, otherwise] = [label('fi'), label('else')];
        const body = this.nest(() => {
          const then = this.nest(() => {
            this.condition(statement.if, otherwise, false);
            this.body(statement.then);
            if (statement.else !== undefined) this.push({ kind: 'leave', label: end });
          });
          this.push({ kind: 'block', label: otherwise, body: then });
          if (statement.else !== undefined) this.body(statement.else);
        });
        this.push({ kind: 'block', label: end, body });
        return;
      }
      case 'while':
        this.loop(statement.at, (exit, next) => {
          this.condition(statement.if, exit, false);
          this.turn(exit, next, true, () => this.body(statement.body));
        });
        return;
      case 'do':
        this.loop(statement.at, (exit) => {
          this.turnBlock(exit, () => this.body(statement.body));
          this.statement = statement.at;
          this.condition(statement.if, exit, false);
        });
        return;
      case 'for':
        this.scoped(() => {
          if (statement.first !== undefined) this.one(statement.first);
          this.loop(statement.at, (exit) => {
            this.statement = statement.at;
            if (statement.if !== undefined) this.condition(statement.if, exit, false);
            this.turnBlock(exit, () => this.body(statement.body));
            this.statement = statement.at;
            const { after } = statement;
            if (after !== undefined) this.full(() => this.effect(after));
          });
        });
        return;
      case 'switch':
        this.switch(statement);
        return;
      case 'break': {
        const loop = this.loops.at(-1);
        if (loop === undefined)
          throw new Refused(`'break' is outside of a loop or switch, expected one around it`, statement.at);
        this.push({ kind: 'leave', label: loop.exit });
        return;
      }
      case 'continue': {
        const loop = this.loops.findLast(({ next }) => next !== undefined);
        if (loop?.next === undefined)
          throw new Refused(`'continue' is outside of a loop, expected one around it`, statement.at);
        this.push({ kind: loop.nextIsTurn ? 'again' : 'leave', label: loop.next });
        return;
      }
      case 'return':
        this.frames.at(-1)?.returns(statement.value, statement.at);
        return;
      case 'goto': {
        const to = this.frames.at(-1)?.labels.get(statement.label);
        if (to === undefined)
          throw new Refused(
            `no label '${statement.label}' can be reached from here, expected one in this block or an enclosing one`,
            statement.at,
          );
        this.push({ kind: to.back ? 'again' : 'leave', label: to.label });
      }
    }
  }

  protected loop(at: Place, text: (exit: Label, next: Label) => void): void {
    const turn = label('loop');
    const body = this.nest(() => text(turn, turn));
    this.push({ kind: 'loop', label: turn, body, at });
  }

  protected turn(exit: Label, next: Label, nextIsTurn: boolean, text: () => void): void {
    this.loops.push({ exit, next, nextIsTurn });
    text();
    this.loops.pop();
  }

  /** A turn behind which something else is done before the next. */
  protected turnBlock(exit: Label, text: () => void): void {
    const next = label('continue');
    const body = this.nest(() => this.turn(exit, next, false, text));
    this.push({ kind: 'block', label: next, body });
  }

  protected switch(statement: Extract<CStatement, { kind: 'switch' }>): void {
    const exit = label('switch');
    const cases = statement.cases.map((one) => ({ one, label: label('case') }));
    const body = this.nest(() => {
      let parts = this.nest(() => {
        this.full(() => {
          const on = this.value(statement.on);
          const [of, type] = this.settled(on, statement.on.at);
          const seen = new Set<number>();
          for (const { one, label: to } of cases) {
            if (one.value === undefined) continue;
            const value = this.constant(one.value);
            const same = this.convert({ kind: 'value', expr: constant(value), type: INT }, type, one.at);
            if (same.expr.op !== 'const' || seen.has(same.expr.value))
              throw new Refused(`the case ${value} appears twice, expected once`, one.at);
            seen.add(same.expr.value);
            const leave: Part = { kind: 'leave', label: to };
            this.push({ kind: 'if', if: binary('==', of, same.expr), then: [leave], else: [] });
          }
        });
        const defaults = cases.filter(({ one }) => one.value === undefined);
        const [first, more] = defaults;
        if (more !== undefined) throw new Refused(`'default' appears twice, expected once`, more.one.at);
        this.push({ kind: 'leave', label: first?.label ?? exit });
      });
      this.names.push(new Map());
      for (const { one, label: to } of cases) {
        const before: Part = { kind: 'block', label: to, body: parts };
        const own = this.nest(() => {
          this.loops.push({ exit, next: undefined, nextIsTurn: false });
          this.list(one.body);
          this.loops.pop();
        });
        parts = [before, ...own];
      }
      this.names.pop();
      for (const part of parts) this.push(part);
    });
    this.push({ kind: 'scope', body: [{ kind: 'block', label: exit, body }] });
  }

  protected declare({ name, type, value, isStatic, at }: Declarator): void {
    if (isStatic) {
      this.bind(name, {
        kind: 'static',
        of: this.static(`${this.frames.at(-1)?.fn.name ?? ''}.${name}`, name, type, value, at),
      });
      return;
    }
    if (isBatch(type)) {
      const of: Batch = {
        name,
        count: { name: `${name}.nr`, type: UNSIGNED, place: 'batch' },
        drained: { name: `${name}.percpu_pvec_drained`, type: BOOL, place: 'batch' },
        holds: { name: `${name} holds`, type: BOOL, place: 'batch' },
      };
      this.push({ kind: 'declare', of });
      this.bind(name, { kind: 'batch', of });
      if (value !== undefined) {
        if (value.kind !== 'empty-list')
          throw new Refused('a batch must begin empty, expected {} or folio_batch_init()', value.at);
        this.initialise(of, at);
      }
      return;
    }
    if (isNumber(type) || pointee(type) !== undefined) {
      const of: Var = { name, type, place: 'own' };
      this.push({ kind: 'declare', of });
      // C has the name from here on, but its value only behind the initialiser.
      this.bind(name, { kind: 'var', of });
      if (value !== undefined)
        this.full(() => {
          if (value.kind === 'empty-list')
            throw new Refused('this variable takes one value, expected no list', value.at);
          const given = this.convert(this.value(value), type, value.at);
          this.push({ kind: 'set', to: of, value: given.expr, at });
        });
      return;
    }
    if (type.kind === 'pointer' && value !== undefined) {
      const pointer = this.operand(value);
      if (pointer.kind !== 'pointer')
        throw new Refused(`'${name}' does not point to a known variable, expected the address of one`, at);
      this.bind(name, pointer);
      return;
    }
    throw new Refused(
      `'${name}' is a ${typeText(type)}, expected bool, an integer, struct folio_batch, or a pointer to a folio, an inode or a mapping`,
      at,
    );
  }

  /** Goes to `to` where a condition is (not) so, and on where it is otherwise. */
  protected condition(expr: CExpr, to: Label, when: boolean): void {
    if (expr.kind === 'unary' && expr.operator === '!') {
      this.condition(expr.of, to, !when);
      return;
    }
    const word = expr.kind === 'call' ? this.unshadowed(expr.name) : undefined;
    if (expr.kind === 'call' && word?.word === 'truth' && expr.args.length === word.params.length) {
      const [inner] = expr.args;
      if (inner !== undefined) this.condition(inner, to, when);
      return;
    }
    if (expr.kind === 'logical') {
      const both = (expr.operator === '&&') !== when;
      if (both) {
        this.condition(expr.left, to, when);
        this.condition(expr.right, to, when);
        return;
      }
      const over = label(expr.operator);
      const body = this.nest(() => {
        this.condition(expr.left, over, !when);
        this.condition(expr.right, to, when);
      });
      this.push({ kind: 'block', label: over, body });
      return;
    }
    this.full(() => {
      const truth = this.truthOf(expr);
      const leave: Part = { kind: 'leave', label: to };
      this.push({ kind: 'if', if: when ? truth : not(truth), then: [leave], else: [] });
    });
  }
}
