// SPDX-License-Identifier: MIT
import { isBatch, isNumber, pointee, typeText, valueIn } from './c-types.ts';
import { Calls } from './calls.ts';
import { type Batch, binary, type Label, label, not, type Part, type Var } from './ir.ts';
import { Refused, type Place } from './source.ts';
import { BOOL, type CExpr, type CStatement, type Declarator, UNSIGNED } from './syntax.ts';

/** The place of a goto to a label in a statement; undefined if it has none. */
function jumpTo(name: string, statement: CStatement | undefined): Place | undefined {
  if (statement === undefined) return undefined;
  switch (statement.kind) {
    case 'goto':
      return statement.label === name ? statement.at : undefined;
    case 'compound':
      return jumpIn(name, statement.body);
    case 'if':
      return jumpTo(name, statement.then) ?? jumpTo(name, statement.else);
    case 'while':
    case 'do':
    case 'for':
      return jumpTo(name, statement.body);
    case 'switch':
      return statement.cases.map(({ body }) => jumpIn(name, body)).find((at) => at !== undefined);
    case 'break':
    case 'continue':
    case 'declare':
    case 'empty':
    case 'expression':
    case 'label':
    case 'return':
      return undefined;
  }
}

function jumpIn(name: string, statements: readonly CStatement[]): Place | undefined {
  for (const statement of statements) {
    const at = jumpTo(name, statement);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** Whether nothing behind a statement runs after it. */
function leaves(statement: CStatement): boolean {
  switch (statement.kind) {
    case 'compound': {
      const last = statement.body.at(-1);
      return last !== undefined && leaves(last);
    }
    case 'return':
    case 'goto':
    case 'break':
    case 'continue':
      return true;
    case 'if':
    case 'while':
    case 'do':
    case 'for':
    case 'switch':
    case 'declare':
    case 'empty':
    case 'expression':
    case 'label':
      return false;
  }
}

/** The statements from one label to the next. */
interface Segment {
  readonly label: string | undefined;
  readonly at: Place;
  readonly body: readonly CStatement[];
}

/** Segments that belong together: one, or all from a label to the last goto that jumps back to it. */
interface Unit {
  readonly first: number;
  readonly last: number;
  readonly isLoop: boolean;
}

/** The segments `from` to `to` in units; `from` itself is one, whose label is its caller's. */
function unitsOf(segments: readonly Segment[], from: number, to: number): readonly Unit[] {
  const lastJump = (segment: number): number => {
    const name = segments[segment]?.label;
    if (name === undefined) return -1;
    for (let at = to; at >= segment; at--) if (jumpIn(name, segments[at]?.body ?? []) !== undefined) return at;
    return -1;
  };
  const units: Unit[] = [{ first: from, last: from, isLoop: false }];
  for (let first = from + 1; first <= to; ) {
    let last = lastJump(first);
    const isLoop = last !== -1;
    // A loop that begins in this one and ends behind it makes it longer.
    for (let inner = first + 1; inner <= last; inner++) last = Math.max(last, lastJump(inner));
    units.push({ first, last: isLoop ? last : first, isLoop });
    first = (isLoop ? last : first) + 1;
  }
  return units;
}

/** @throws Refused where a goto from before a loop, which gotos form, leads into its middle. */
function requireEntry(segments: readonly Segment[], from: number, { first, last }: Unit): void {
  for (const { label: name } of segments.slice(first + 1, last + 1)) {
    if (name === undefined) continue;
    for (const { body } of segments.slice(from, first)) {
      const at = jumpIn(name, body);
      if (at !== undefined)
        throw new Refused(
          `this goto leads to '${name}', into the loop that a goto back to '${segments[first]?.label ?? ''}' forms, expected a loop that is entered at its begin`,
          at,
        );
    }
  }
}

/** Statements: blocks, loops, jumps and declarations. */
export abstract class Statements extends Calls {
  /** Statements with the labels among them. */
  protected list(statements: readonly CStatement[]): void {
    const segments: (Segment & { readonly body: CStatement[] })[] = [];
    segments.push({ label: undefined, at: this.statement, body: [] });
    for (const statement of statements)
      if (statement.kind === 'label') segments.push({ label: statement.label, at: statement.at, body: [] });
      else segments.at(-1)?.body.push(statement);
    const known = this.frames.at(-1)?.labels;
    for (const { label: name, at } of segments)
      if (name !== undefined && known?.has(name) === true)
        throw new Refused(`the label '${name}' appears twice, expected once`, at);
    this.segments(segments, 0, segments.length - 1);
  }

  protected segments(segments: readonly Segment[], from: number, to: number): void {
    const frame = this.frames.at(-1);
    const [first, ...more] = unitsOf(segments, from, to);
    if (frame === undefined || first === undefined) return;
    for (const unit of more) requireEntry(segments, from, unit);
    // Each label's block reaches from here to the label, so the later label has the outer block.
    const labelled = more.map((unit) => {
      const { label: name = '' } = segments[unit.first] ?? {};
      return { unit, name, label: label(name) };
    });
    for (const { name, label: its } of labelled) frame.labels.set(name, { label: its, back: false });
    let parts: readonly Part[] = this.nest(() => this.stretch(segments, first));
    for (const { unit, name, label: its } of labelled) {
      frame.labels.delete(name);
      const before: Part = { kind: 'block', label: its, body: parts };
      parts = [before, ...this.nest(() => this.stretch(segments, unit))];
    }
    for (const part of parts) this.push(part);
  }

  protected stretch(segments: readonly Segment[], { first, last, isLoop }: Unit): void {
    const segment = segments[first];
    const frame = this.frames.at(-1);
    if (segment === undefined || frame === undefined) return;
    if (!isLoop) {
      this.statements(segment.body);
      return;
    }
    const { label: name = '', at } = segment;
    const turn = label(name);
    const body = this.nest(() => {
      frame.labels.set(name, { label: turn, back: true });
      this.segments(segments, first, last);
      frame.labels.delete(name);
      this.push({ kind: 'leave', label: turn });
    });
    this.push({ kind: 'loop', label: turn, body, at });
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
        // The kernel's keyword for a case that falls through to the next one.
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
            const { sections } = this;
            this.body(statement.then);
            // What leaves here ends its own sections, not those of what follows.
            if (leaves(statement.then)) this.sections = sections;
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

  /** A loop body that is followed by other work before the next turn. */
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
            const same = this.convert(value, type, one.at);
            if (same.expr.op !== 'const' || seen.has(same.expr.value))
              throw new Refused(
                `the case ${valueIn(value.expr.value, value.type)} appears twice, expected once`,
                one.at,
              );
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
      // In C the name is visible from here on, but it has its value only after the initialiser.
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

  /** Jumps to `to` if a condition has the value `when`; otherwise continues. */
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
