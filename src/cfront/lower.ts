// SPDX-License-Identifier: MIT
import {
  type Arg,
  type Batch,
  binary,
  type Call,
  constant,
  eachPart,
  type Expr,
  type Form,
  type Label,
  not,
  type Part,
  readsOf,
  type Static,
  usesOf,
  type Var,
  variable,
} from './ir.ts';
import { type Known, type Param, type Table, UNMODELLED, type Word } from './known.ts';
import { nearest } from './nearest.ts';
import { orderings } from './orders.ts';
import { type Place, Refused } from './source.ts';
import {
  type BinaryOperator,
  BOOL,
  type CExpr,
  type CFunction,
  type CStatement,
  type CType,
  type CUnit,
  type Declarator,
  INT,
  LONG,
  pointerTo,
  UNSIGNED,
} from './syntax.ts';

/** What a function's answer says: `safe` where true or 0 stands for a page that may be converted, else the opposite. */
export type Answers = 'true-is-safe' | 'true-is-used' | 'zero-is-safe';

/** Something that a name or an expression stands for and that can be written. */
type Target =
  | { readonly kind: 'var'; readonly of: Var }
  | { readonly kind: 'static'; readonly of: Static }
  | { readonly kind: 'batch'; readonly of: Batch }
  | { readonly kind: 'element'; readonly of: Batch; readonly index: Expr };

/** What an expression comes to: a value, or a pointer whose target is known here. */
type Operand =
  | { readonly kind: 'value'; readonly expr: Expr; readonly type: CType }
  | { readonly kind: 'pointer'; readonly to: Target };
type Valued = Extract<Operand, { kind: 'value' }>;

type Binding = Target | { readonly kind: 'pointer'; readonly to: Target };

/** A function that is being written out. */
interface Frame {
  readonly fn: CFunction;
  readonly returns: (value: CExpr | undefined, at: Place) => void;
  readonly labels: Map<string, { readonly label: Label; readonly back: boolean }>;
}

interface LoopFrame {
  readonly exit: Label;
  /** Undefined in a switch, of which there is no next turn. */
  readonly next: Label | undefined;
  readonly nextIsTurn: boolean;
}

/** More orders of one expression than any check needs. */
const MOST_ORDERS = 24;
/** More parts than a function of the kernel's comes to with its helpers. */
const MOST_PARTS = 8_000;
/** How many references a check may hold besides those of its batches. */
const HELD = 3;

const ENOENT = 2;

/** The struct that a pointer which is a value points to: the folio, or the inode with its mapping. */
export function pointee(type: CType): 'folio' | 'inode' | undefined {
  if (type.kind !== 'pointer' || type.to.kind !== 'struct') return undefined;
  switch (type.to.name) {
    case 'folio':
      return 'folio';
    case 'inode':
    case 'address_space':
    case 'file':
      return 'inode';
    default:
      return undefined;
  }
}

const isBatch = (type: CType): boolean => type.kind === 'struct' && type.name === 'folio_batch';
const isNumber = (type: CType): boolean => type.kind === 'bool' || type.kind === 'int';

/** Smallest and largest number of a type. */
function limits(type: CType): { readonly low: number; readonly high: number } {
  if (type.kind === 'bool') return { low: 0, high: 1 };
  if (type.kind !== 'int') return { low: 0, high: 2 ** 31 - 1 };
  return type.signed
    ? { low: -(2 ** (type.bits - 1)), high: 2 ** (type.bits - 1) - 1 }
    : { low: 0, high: 2 ** type.bits - 1 };
}

/** The integer promotions. */
const promoted = (type: CType): CType => (type.kind === 'bool' || (type.kind === 'int' && type.bits < 32) ? INT : type);

/** The usual arithmetic conversions. */
function common(a: CType, b: CType): CType {
  const [left, right] = [promoted(a), promoted(b)];
  if (left.kind !== 'int' || right.kind !== 'int') return left;
  if (left.bits !== right.bits) return left.bits > right.bits ? left : right;
  return left.signed ? right : left;
}

const typeText = (type: CType): string => {
  switch (type.kind) {
    case 'void':
    case 'bool':
      return type.kind;
    case 'int':
      return `${type.signed ? '' : 'unsigned '}${type.bits === 64 ? 'long' : type.bits === 32 ? 'int' : type.bits === 16 ? 'short' : 'char'}`;
    case 'struct':
      return `struct ${type.name}`;
    case 'pointer':
      return `${typeText(type.to)} *`;
  }
};

const label = (name: string): Label => ({ name });

/** A value as a type has it that it does not fit in. */
function wrapped(value: number, type: CType): number {
  if (type.kind !== 'int') return value;
  const whole = BigInt(value);
  return Number(type.signed ? BigInt.asIntN(type.bits, whole) : BigInt.asUintN(type.bits, whole));
}

/** Whether an expression is 0 or 1. */
function isTruth(expr: Expr): boolean {
  switch (expr.op) {
    case 'const':
      return expr.value === 0 || expr.value === 1;
    case 'var':
      return expr.of.type.kind === 'bool';
    case 'not':
      return true;
    case 'choose':
      return isTruth(expr.then) && isTruth(expr.else);
    case 'binary':
      return ['==', '!=', '<', '<=', '>', '>=', '&&', '||'].includes(expr.operator);
    case 'capacity':
    case 'element':
    case 'given':
    case 'no-entry':
    case 'null':
      return false;
  }
}

/** An operation; of constants its result. */
function folded(operator: BinaryOperator | '&&' | '||', left: Expr, right: Expr): Expr {
  if (left.op !== 'const' || right.op !== 'const') return binary(operator, left, right);
  return constant(computed(operator, left.value, right.value));
}

/** What an operation of whole numbers comes to. */
export function computed(operator: BinaryOperator | '&&' | '||', left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return Math.trunc(left / right);
    case '%':
      return (left % right) + 0;
    case '<<':
      return left * 2 ** right;
    case '>>':
      return Math.floor(left / 2 ** right);
    case '&':
      return Number(BigInt(left) & BigInt(right));
    case '|':
      return Number(BigInt(left) | BigInt(right));
    case '^':
      return Number(BigInt(left) ^ BigInt(right));
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
    case '&&':
      return Number(left !== 0 && right !== 0);
    case '||':
      return Number(left !== 0 || right !== 0);
  }
}

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

const isStable = (part: Part): part is Call => part.kind === 'call' && part.known.read?.stable !== undefined;

/** Whether parts have an access whose place among others matters. */
function takesSteps(parts: readonly Part[]): boolean {
  let found = false;
  eachPart(parts, (part) => {
    found ||= part.kind === 'load' || part.kind === 'store' || (part.kind === 'call' && !isStable(part));
  });
  return found;
}

/** Puts reads of what cannot change meanwhile into the step of a read beside them. */
function merged(parts: readonly Part[]): readonly Part[] {
  const inner = parts.map(
    (part): Part => (part.kind === 'if' ? { ...part, then: merged(part.then), else: merged(part.else) } : part),
  );
  // What is declared is there before the step that it is part of.
  const all = [...inner.filter(({ kind }) => kind === 'declare'), ...inner.filter(({ kind }) => kind !== 'declare')];
  const isOwn = ({ kind }: Part): boolean => kind === 'declare' || kind === 'set' || kind === 'check';
  for (let at = 0; at < all.length; at++) {
    const part = all[at];
    if (part === undefined || !isStable(part)) continue;
    let to = at - 1;
    const given = new Set<Var>();
    usesOf([part], given, new Set());
    while (to >= 0 && isBefore(all[to], given)) to--;
    let host = all[to];
    if (!isRead(host)) {
      to = at + 1;
      while (all[to]?.kind === 'declare') to++;
      host = all[to];
    }
    if (!isRead(host)) continue;
    all[to] = { ...host, also: [...host.also, part] };
    all.splice(at, 1);
    at--;
  }
  return all;

  function isBefore(part: Part | undefined, given: ReadonlySet<Var>): boolean {
    if (part === undefined || !isOwn(part)) return false;
    return part.kind !== 'set' || !given.has(part.to);
  }
}

const isRead = (part: Part | undefined): part is Call =>
  part?.kind === 'call' && part.known.read !== undefined && part.known.read.stable === undefined;

/** Writes a check's function out in parts, its helpers inlined. @throws Refused where it has what is not taken. */
export function lower(unit: CUnit, fn: CFunction, table: Table, answers: Answers): Form {
  return new Lowering(unit, table).form(fn, answers);
}

class Lowering {
  readonly #unit: CUnit;
  readonly #table: Table;
  #out: Part[] = [];
  #count = 0;
  #names: Map<string, Binding>[] = [new Map<string, Binding>()];
  readonly #statics = new Map<string, Static>();
  readonly #calls = new Set<Known>();
  readonly #frames: Frame[] = [];
  readonly #loops: LoopFrame[] = [];
  readonly #held = new Map<string, readonly Var[]>();
  #statement: Place;
  readonly #constants = new Map<string, Valued>();
  readonly #constantsInHand = new Set<string>();

  constructor(unit: CUnit, table: Table) {
    this.#unit = unit;
    this.#table = table;
    this.#statement = { line: 0, column: 0, text: '' };
  }

  form(fn: CFunction, answers: Answers): Form {
    this.#statement = fn.at;
    const exit = label('return');
    const inner = this.#nest(() => {
      this.#parameters(fn);
      const safe: Var = { name: 'safe', type: BOOL, place: 'safe' };
      const returns = (value: CExpr | undefined, at: Place): void => {
        if (value === undefined) throw new Refused('returns nothing, expected whether the pages may be converted', at);
        this.#full(() => {
          const truth = this.#truth(this.#value(value), value.at);
          this.#push({ kind: 'set', to: safe, value: answers === 'true-is-safe' ? truth : not(truth), at });
        });
        this.#push({ kind: 'leave', label: exit });
      };
      this.#frames.push({ fn, returns, labels: new Map() });
      const body = this.#nest(() => this.#list(fn.body));
      this.#frames.pop();
      this.#push({ kind: 'block', label: exit, body });
    });
    const held = [...this.#held.values()].flat();
    const body: Part[] = [
      ...held.flatMap((one): readonly Part[] => [
        { kind: 'declare', of: one },
        { kind: 'set', to: one, value: { op: 'null', of: 'folio' }, at: fn.at },
      ]),
      ...inner,
    ];
    return { name: fn.name, body, statics: [...this.#statics.values()], calls: [...this.#calls], held: this.#held };
  }

  // What the caller gives.

  #parameters(fn: CFunction): void {
    let numbers = 0;
    let hasInode = false;
    let hasIndex = false;
    for (const { name, type, at } of fn.params) {
      if (pointee(type) === 'inode' && !hasInode) {
        hasInode = true;
        this.#define(name, type, { op: 'given', of: 'inode' }, at);
      } else if (type.kind === 'int' && numbers === 0) {
        numbers = 1;
        this.#define(name, type, { op: 'given', of: 'start' }, at);
      } else if (type.kind === 'int' && numbers === 1) {
        numbers = 2;
        const end = binary('+', { op: 'given', of: 'start' }, { op: 'given', of: 'nr' });
        if (name === 'end') this.#define(name, type, end, at);
        else if (name === 'last') this.#define(name, type, binary('-', end, constant(1)), at);
        else this.#define(name, type, { op: 'given', of: 'nr' }, at);
      } else if (type.kind === 'pointer' && type.to.kind === 'int' && !hasIndex) {
        hasIndex = true;
        const target: Target = { kind: 'var', of: { name: `*${name}`, type: type.to, place: 'err_index' } };
        this.#bind(name, { kind: 'pointer', to: target });
      } else
        throw new Refused(
          `the parameter '${name}' is not known, expected an inode or mapping, the first page, the number of pages (or 'end', 'last'), and a pointer for the page that is refused`,
          at,
        );
    }
    if (!hasInode || numbers < 2)
      throw new Refused(
        `'${fn.name}' is given no range of pages, expected the parameters of a safety check: (struct inode *inode, pgoff_t start, size_t nr_pages, pgoff_t *err_index)`,
        fn.at,
      );
  }

  #define(name: string, type: CType, value: Expr, at: Place): void {
    const of: Var = { name, type, place: 'own' };
    this.#push({ kind: 'declare', of });
    this.#push({ kind: 'set', to: of, value, at });
    this.#bind(name, { kind: 'var', of });
  }

  // Parts.

  #push(part: Part): void {
    if (++this.#count > MOST_PARTS)
      throw new Refused(
        `is too long with its helpers written out, expected at most ${MOST_PARTS} parts`,
        this.#statement,
      );
    this.#out.push(part);
  }

  #nest(text: () => void): readonly Part[] {
    const outer = this.#out;
    const inner: Part[] = [];
    this.#out = inner;
    try {
      text();
    } finally {
      this.#out = outer;
    }
    return inner;
  }

  /** What a text comes to, and the parts that it needs. */
  #capture<T>(text: () => T): { readonly parts: readonly Part[]; readonly value: T } {
    const outer = this.#out;
    const parts: Part[] = [];
    this.#out = parts;
    try {
      return { value: text(), parts };
    } finally {
      this.#out = outer;
    }
  }

  /** A full expression: what it needs besides is gone behind it. */
  #full(text: () => void): void {
    const parts = merged(this.#nest(text));
    if (parts.some(({ kind }) => kind === 'declare')) this.#push({ kind: 'scope', body: parts });
    else for (const part of parts) this.#push(part);
  }

  #temporary(type: CType, name: string): Var {
    const of: Var = { name, type, place: 'own' };
    this.#push({ kind: 'declare', of });
    return of;
  }

  // Names.

  #bind(name: string, binding: Binding): void {
    this.#names.at(-1)?.set(name, binding);
  }

  #bound(name: string): Binding | undefined {
    for (const names of this.#names.toReversed()) {
      const found = names.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #scoped(text: () => void): void {
    this.#names.push(new Map());
    const parts = this.#nest(text);
    this.#names.pop();
    if (parts.some(({ kind }) => kind === 'declare')) this.#push({ kind: 'scope', body: parts });
    else for (const part of parts) this.#push(part);
  }

  // Statements.

  /** Statements with the labels among them. */
  #list(statements: readonly CStatement[]): void {
    const segments: { readonly label: string | undefined; readonly at: Place; readonly body: CStatement[] }[] = [];
    segments.push({ label: undefined, at: this.#statement, body: [] });
    for (const statement of statements)
      if (statement.kind === 'label') segments.push({ label: statement.label, at: statement.at, body: [] });
      else segments.at(-1)?.body.push(statement);
    const known = this.#frames.at(-1)?.labels;
    for (const { label: name, at } of segments)
      if (name !== undefined && known?.has(name) === true)
        throw new Refused(`the label '${name}' stands twice, expected it once`, at);
    this.#segments(segments, 0);
  }

  #segments(
    segments: readonly {
      readonly label: string | undefined;
      readonly at: Place;
      readonly body: readonly CStatement[];
    }[],
    from: number,
  ): void {
    const frame = this.#frames.at(-1);
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
          `a goto to '${name}' passes a label that is jumped back to, expected one way or the other`,
          at,
        );
    for (const { name, label: to } of own) frame.labels.set(name, { label: to, back: false });
    let parts: readonly Part[] = this.#nest(() => this.#statements(segments[from]?.body ?? []));
    for (const [i, { name, label: to }] of own.entries()) {
      frame.labels.delete(name);
      const at = from + 1 + i;
      const before: Part = { kind: 'block', label: to, body: parts };
      const rest = this.#nest(() => {
        if (at !== back) {
          this.#statements(segments[at]?.body ?? []);
          return;
        }
        const turn = label(name);
        const body = this.#nest(() => {
          frame.labels.set(name, { label: turn, back: true });
          this.#segments(segments, back);
          frame.labels.delete(name);
          this.#push({ kind: 'leave', label: turn });
        });
        this.#push({ kind: 'loop', label: turn, body, at: segments[back]?.at ?? this.#statement });
      });
      parts = [before, ...rest];
    }
    for (const part of parts) this.#push(part);
  }

  #statements(statements: readonly CStatement[]): void {
    for (const statement of statements) this.#one(statement);
  }

  #body(statement: CStatement): void {
    if (statement.kind === 'compound') this.#one(statement);
    else this.#scoped(() => this.#list([statement]));
  }

  #one(statement: CStatement): void {
    this.#statement = statement.at;
    switch (statement.kind) {
      case 'empty':
      case 'label':
        return;
      case 'compound':
        this.#scoped(() => this.#list(statement.body));
        return;
      case 'declare':
        for (const name of statement.names) this.#declare(name);
        return;
      case 'expression':
        this.#full(() => this.#effect(statement.of));
        return;
      case 'if': {
        const [end, otherwise] = [label('fi'), label('else')];
        const body = this.#nest(() => {
          const then = this.#nest(() => {
            this.#condition(statement.if, otherwise, false);
            this.#body(statement.then);
            if (statement.else !== undefined) this.#push({ kind: 'leave', label: end });
          });
          this.#push({ kind: 'block', label: otherwise, body: then });
          if (statement.else !== undefined) this.#body(statement.else);
        });
        this.#push({ kind: 'block', label: end, body });
        return;
      }
      case 'while':
        this.#loop(statement.at, (exit, next) => {
          this.#condition(statement.if, exit, false);
          this.#turn(exit, next, true, () => this.#body(statement.body));
        });
        return;
      case 'do':
        this.#loop(statement.at, (exit) => {
          this.#turnBlock(exit, () => this.#body(statement.body));
          this.#statement = statement.at;
          this.#condition(statement.if, exit, false);
        });
        return;
      case 'for':
        this.#scoped(() => {
          if (statement.first !== undefined) this.#one(statement.first);
          this.#loop(statement.at, (exit) => {
            this.#statement = statement.at;
            if (statement.if !== undefined) this.#condition(statement.if, exit, false);
            this.#turnBlock(exit, () => this.#body(statement.body));
            this.#statement = statement.at;
            const { after } = statement;
            if (after !== undefined) this.#full(() => this.#effect(after));
          });
        });
        return;
      case 'switch':
        this.#switch(statement);
        return;
      case 'break': {
        const loop = this.#loops.at(-1);
        if (loop === undefined)
          throw new Refused(`'break' stands outside of a loop, expected one around it`, statement.at);
        this.#push({ kind: 'leave', label: loop.exit });
        return;
      }
      case 'continue': {
        const loop = this.#loops.findLast(({ next }) => next !== undefined);
        if (loop?.next === undefined)
          throw new Refused(`'continue' stands outside of a loop, expected one around it`, statement.at);
        this.#push({ kind: loop.nextIsTurn ? 'again' : 'leave', label: loop.next });
        return;
      }
      case 'return':
        this.#frames.at(-1)?.returns(statement.value, statement.at);
        return;
      case 'goto': {
        const to = this.#frames.at(-1)?.labels.get(statement.label);
        if (to === undefined)
          throw new Refused(
            `no label '${statement.label}' that can be gone to from here, expected one in this block or around it`,
            statement.at,
          );
        this.#push({ kind: to.back ? 'again' : 'leave', label: to.label });
      }
    }
  }

  #loop(at: Place, text: (exit: Label, next: Label) => void): void {
    const turn = label('loop');
    const body = this.#nest(() => text(turn, turn));
    this.#push({ kind: 'loop', label: turn, body, at });
  }

  #turn(exit: Label, next: Label, nextIsTurn: boolean, text: () => void): void {
    this.#loops.push({ exit, next, nextIsTurn });
    text();
    this.#loops.pop();
  }

  /** A turn behind which something else is done before the next. */
  #turnBlock(exit: Label, text: () => void): void {
    const next = label('continue');
    const body = this.#nest(() => this.#turn(exit, next, false, text));
    this.#push({ kind: 'block', label: next, body });
  }

  #switch(statement: Extract<CStatement, { kind: 'switch' }>): void {
    const exit = label('switch');
    const cases = statement.cases.map((one) => ({ one, label: label('case') }));
    const body = this.#nest(() => {
      let parts = this.#nest(() => {
        this.#full(() => {
          const on = this.#value(statement.on);
          const [of, type] = this.#settled(on, statement.on.at);
          const seen = new Set<number>();
          for (const { one, label: to } of cases) {
            if (one.value === undefined) continue;
            const value = this.#constant(one.value);
            const same = this.#convert({ kind: 'value', expr: constant(value), type: INT }, type, one.at);
            if (same.expr.op !== 'const' || seen.has(same.expr.value))
              throw new Refused(`the case ${value} stands twice, expected it once`, one.at);
            seen.add(same.expr.value);
            const leave: Part = { kind: 'leave', label: to };
            this.#push({ kind: 'if', if: binary('==', of, same.expr), then: [leave], else: [] });
          }
        });
        const defaults = cases.filter(({ one }) => one.value === undefined);
        const [first, more] = defaults;
        if (more !== undefined) throw new Refused(`'default' stands twice, expected it once`, more.one.at);
        this.#push({ kind: 'leave', label: first?.label ?? exit });
      });
      this.#names.push(new Map());
      for (const { one, label: to } of cases) {
        const before: Part = { kind: 'block', label: to, body: parts };
        const own = this.#nest(() => {
          this.#loops.push({ exit, next: undefined, nextIsTurn: false });
          this.#list(one.body);
          this.#loops.pop();
        });
        parts = [before, ...own];
      }
      this.#names.pop();
      for (const part of parts) this.#push(part);
    });
    this.#push({ kind: 'scope', body: [{ kind: 'block', label: exit, body }] });
  }

  #declare({ name, type, value, isStatic, at }: Declarator): void {
    if (isStatic) {
      this.#bind(name, {
        kind: 'static',
        of: this.#static(`${this.#frames.at(-1)?.fn.name ?? ''}.${name}`, name, type, value, at),
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
      this.#push({ kind: 'declare', of });
      this.#bind(name, { kind: 'batch', of });
      if (value !== undefined) {
        if (value.kind !== 'empty-list')
          throw new Refused('a batch begins empty, expected {} or folio_batch_init()', value.at);
        this.#initialise(of, at);
      }
      return;
    }
    if (isNumber(type) || pointee(type) !== undefined) {
      const of: Var = { name, type, place: 'own' };
      this.#push({ kind: 'declare', of });
      // C has the name from here on, but its value only behind the initialiser.
      this.#bind(name, { kind: 'var', of });
      if (value !== undefined)
        this.#full(() => {
          if (value.kind === 'empty-list')
            throw new Refused('a single variable has a single value, expected one', value.at);
          const given = this.#convert(this.#value(value), type, value.at);
          this.#push({ kind: 'set', to: of, value: given.expr, at });
        });
      return;
    }
    if (type.kind === 'pointer' && value !== undefined) {
      const pointer = this.#operand(value);
      if (pointer.kind !== 'pointer')
        throw new Refused(`'${name}' points to nothing that is known, expected the address of a variable`, at);
      this.#bind(name, pointer);
      return;
    }
    throw new Refused(
      `'${name}' is a ${typeText(type)}, expected bool, an integer, struct folio_batch, or a pointer to a folio, an inode or a mapping`,
      at,
    );
  }

  /** Memory that outlives a request: one for each place where C declares it. */
  #static(key: string, name: string, type: CType, value: CExpr | undefined, at: Place): Static {
    const known = this.#statics.get(key);
    if (known !== undefined) return known;
    if (!isNumber(type)) throw new Refused(`a static ${typeText(type)} is not taken, expected bool or an integer`, at);
    const first = value === undefined ? 0 : this.#constant(value);
    const given = this.#convert({ kind: 'value', expr: constant(first), type: LONG }, type, at);
    const made: Static = { name, type, value: given.expr };
    this.#statics.set(key, made);
    return made;
  }

  #initialise(batch: Batch, at: Place): void {
    this.#push({ kind: 'set', to: batch.count, value: constant(0), at });
  }

  /** A read and a value of which C does not say which comes first. */
  #readBeside(target: Target, value: CExpr, at: Place): readonly [Operand, Operand] {
    const [a, b] = this.#unorderedTexts([() => this.#read(target, at), () => this.#operand(value)], at);
    if (a === undefined || b === undefined) throw new Error('two operands are two');
    return [a, b];
  }

  // Conditions.

  /** Goes to `to` where a condition is (not) so, and on where it is otherwise. */
  #condition(expr: CExpr, to: Label, when: boolean): void {
    if (expr.kind === 'unary' && expr.operator === '!') {
      this.#condition(expr.of, to, !when);
      return;
    }
    if (expr.kind === 'call' && this.#unshadowed(expr.name)?.word === 'truth' && expr.args.length === 1) {
      const [inner] = expr.args;
      if (inner !== undefined) this.#condition(inner, to, when);
      return;
    }
    if (expr.kind === 'logical') {
      const both = (expr.operator === '&&') !== when;
      if (both) {
        this.#condition(expr.left, to, when);
        this.#condition(expr.right, to, when);
        return;
      }
      const over = label(expr.operator);
      const body = this.#nest(() => {
        this.#condition(expr.left, over, !when);
        this.#condition(expr.right, to, when);
      });
      this.#push({ kind: 'block', label: over, body });
      return;
    }
    this.#full(() => {
      const truth = this.#truth(this.#value(expr), expr.at);
      const leave: Part = { kind: 'leave', label: to };
      this.#push({ kind: 'if', if: when ? truth : not(truth), then: [leave], else: [] });
    });
  }

  /** A word of the table, unless the text has a function of that name. */
  #unshadowed(name: string): Word | undefined {
    return this.#unit.functions.has(name) ? undefined : this.#table.words.get(name);
  }

  // Values.

  #truth({ expr, type }: Valued, at: Place): Expr {
    if (type.kind === 'void') throw new Refused('has no value, expected one', at);
    const kind = pointee(type);
    if (kind !== undefined) return binary('!=', expr, { op: 'null', of: kind });
    if (isTruth(expr)) return expr;
    if (expr.op === 'const') return constant(Number(expr.value !== 0));
    return binary('!=', expr, constant(0));
  }

  #value(expr: CExpr): Valued {
    const operand = this.#operand(expr);
    if (operand.kind === 'value') return operand;
    throw new Refused('this pointer is no value here, expected what it points to', expr.at);
  }

  /** A value that nothing changes any more: a constant, or a variable of its own. */
  #settled({ expr, type }: Valued, at: Place): readonly [Expr, CType] {
    const now = promoted(type);
    if (expr.op === 'const') return [expr, now];
    const of = this.#temporary(now, at.text);
    this.#push({ kind: 'set', to: of, value: expr, at });
    return [variable(of), now];
  }

  #constant(expr: CExpr): number {
    const { parts, value } = this.#capture(() => this.#value(expr));
    if (parts.length === 0 && value.expr.op === 'const') return value.expr.value;
    throw new Refused('is no constant, expected one', expr.at);
  }

  /** A value as one of another type. */
  #convert({ expr, type }: Valued, to: CType, at: Place): Valued {
    if (to.kind === 'bool') return { kind: 'value', expr: this.#truth({ kind: 'value', expr, type }, at), type: to };
    if (to.kind === 'void') return { kind: 'value', expr, type: to };
    const [from, into] = [pointee(type), pointee(to)];
    if (into !== undefined) {
      if (expr.op === 'const' && expr.value === 0) return { kind: 'value', expr: { op: 'null', of: into }, type: to };
      if (from === into) return { kind: 'value', expr, type: to };
    }
    if (into !== undefined || from !== undefined || !isNumber(to) || !isNumber(type))
      throw new Refused(`is a ${typeText(type)}, expected a ${typeText(to)}`, at);
    const [was, is] = [limits(type), limits(to)];
    if (expr.op === 'const') {
      if (expr.value >= is.low && expr.value <= is.high) return { kind: 'value', expr, type: to };
      return { kind: 'value', expr: constant(wrapped(expr.value, to)), type: to };
    }
    if (was.low < is.low || was.high > is.high) this.#check(expr, to, at);
    return { kind: 'value', expr, type: to };
  }

  #check(value: Expr, type: CType, at: Place): void {
    const { low, high } = limits(type);
    this.#push({ kind: 'check', value, low, high, at });
  }

  #effect(expr: CExpr): void {
    if (expr.kind === 'comma') {
      this.#effect(expr.first);
      this.#effect(expr.then);
      return;
    }
    if (expr.kind === 'cast' && expr.type.kind === 'void') {
      this.#effect(expr.of);
      return;
    }
    if (expr.kind === 'update') {
      this.#update({ ...expr, prefix: true });
      return;
    }
    this.#operand(expr);
  }

  #operand(expr: CExpr): Operand {
    switch (expr.kind) {
      case 'number':
        return { kind: 'value', expr: constant(expr.value), type: expr.type };
      case 'string':
        throw new Refused('text is no value here, expected a number', expr.at);
      case 'empty-list':
        throw new Refused('a list is no value here, expected a number', expr.at);
      case 'name':
        return this.#name(expr);
      case 'unary':
        return this.#unary(expr);
      case 'binary':
        return this.#binary(expr.operator, expr.left, expr.right, expr.at);
      case 'logical':
        return this.#logical(expr);
      case 'assign':
        return this.#assign(expr);
      case 'update':
        return this.#update(expr);
      case 'conditional':
        return this.#conditional(expr);
      case 'call':
        return this.#call(expr);
      case 'field':
        return this.#field(expr);
      case 'index':
        return this.#read(this.#target(expr), expr.at);
      case 'comma':
        this.#effect(expr.first);
        return this.#operand(expr.then);
      case 'cast': {
        const of = this.#operand(expr.of);
        if (of.kind === 'pointer') {
          if (expr.type.kind === 'pointer') return of;
          throw new Refused('a pointer is no number, expected no cast', expr.at);
        }
        return this.#convert(of, expr.type, expr.at);
      }
    }
  }

  #name(expr: Extract<CExpr, { kind: 'name' }>): Operand {
    const { name, at } = expr;
    const bound = this.#bound(name);
    if (bound?.kind === 'pointer') return bound;
    if (bound !== undefined) return this.#read(bound, at);
    if (name === 'NULL') return { kind: 'value', expr: constant(0), type: INT };
    const known = this.#named(name, at);
    if (known !== undefined) return known;
    return this.#read(this.#target(expr), at);
  }

  /** A constant of the file or of the kernel's headers. */
  #named(name: string, at: Place): Valued | undefined {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const text = this.#unit.constants.get(name);
    if (text === undefined) return undefined;
    if (this.#constantsInHand.has(name)) throw new Refused(`'${name}' stands for itself, expected a constant`, at);
    this.#constantsInHand.add(name);
    const names = this.#names;
    // A macro's names are looked up where it is used in C; of constants there are only constants.
    this.#names = [new Map<string, Binding>()];
    const { parts, value } = this.#capture(() => this.#value(text()));
    this.#names = names;
    this.#constantsInHand.delete(name);
    if (parts.length > 0 || (value.expr.op !== 'const' && value.expr.op !== 'null'))
      throw new Refused(`'${name}' is no constant, expected one`, at);
    this.#constants.set(name, value);
    return value;
  }

  #target(expr: CExpr): Target {
    switch (expr.kind) {
      case 'name': {
        const bound = this.#bound(expr.name);
        if (bound !== undefined && bound.kind !== 'pointer') return bound;
        if (bound !== undefined)
          throw new Refused(
            `'${expr.name}' always points to the same variable here, expected no assignment to it`,
            expr.at,
          );
        const global = this.#unit.variables.get(expr.name);
        if (global !== undefined) {
          const { type, value, at } = global();
          const names = this.#names;
          this.#names = [new Map<string, Binding>()];
          const of = this.#static(expr.name, expr.name, type, value, at);
          this.#names = names;
          return { kind: 'static', of };
        }
        throw new Refused(`'${expr.name}' is not known, expected a variable of this text`, expr.at);
      }
      case 'unary': {
        if (expr.operator !== '*') break;
        const pointer = this.#operand(expr.of);
        if (pointer.kind === 'pointer') return pointer.to;
        throw new Refused('only pointers to variables can be followed, expected a field of it', expr.at);
      }
      case 'index': {
        if (expr.of.kind === 'field' && expr.of.name === 'folios') {
          const batch = this.#batchOf(expr.of.of, expr.of.arrow);
          const index = this.#value(expr.index);
          if (!isNumber(index.type)) throw new Refused('is no number, expected an index', expr.index.at);
          return { kind: 'element', of: batch, index: index.expr };
        }
        break;
      }
      case 'field':
        if (expr.name === 'nr') return { kind: 'var', of: this.#batchOf(expr.of, expr.arrow).count };
        break;
      case 'assign':
      case 'binary':
      case 'call':
      case 'cast':
      case 'comma':
      case 'conditional':
      case 'empty-list':
      case 'logical':
      case 'number':
      case 'string':
      case 'update':
    }
    throw new Refused('cannot be written, expected a variable', expr.at);
  }

  #batchOf(expr: CExpr, arrow: boolean): Batch {
    if (arrow) {
      const pointer = this.#operand(expr);
      if (pointer.kind === 'pointer' && pointer.to.kind === 'batch') return pointer.to.of;
    } else {
      const target = this.#target(expr);
      if (target.kind === 'batch') return target.of;
    }
    throw new Refused('is no struct folio_batch, expected one', expr.at);
  }

  #read(target: Target, at: Place): Operand {
    switch (target.kind) {
      case 'var':
        return { kind: 'value', expr: variable(target.of), type: target.of.type };
      case 'element':
        return { kind: 'value', expr: { op: 'element', of: target.of, index: target.index }, type: pointerTo('folio') };
      case 'static': {
        const to = this.#temporary(target.of.type, target.of.name);
        this.#push({ kind: 'load', from: target.of, to, at, statement: this.#statement });
        return { kind: 'value', expr: variable(to), type: target.of.type };
      }
      case 'batch':
        throw new Refused('a batch is no value, expected its address', at);
    }
  }

  #typeOf(target: Target): CType {
    switch (target.kind) {
      case 'var':
      case 'static':
        return target.of.type;
      case 'element':
        return pointerTo('folio');
      case 'batch':
        return { kind: 'struct', name: 'folio_batch' };
    }
  }

  #write(target: Target, value: Expr, at: Place): void {
    switch (target.kind) {
      case 'var':
        this.#push({ kind: 'set', to: target.of, value, at });
        return;
      case 'element':
        this.#push({ kind: 'set-element', to: target.of, index: target.index, value, at });
        return;
      case 'static':
        this.#push({ kind: 'store', to: target.of, value, at, statement: this.#statement });
        return;
      case 'batch':
        throw new Refused('a batch cannot be assigned, expected single variables', at);
    }
  }

  #unary(expr: Extract<CExpr, { kind: 'unary' }>): Operand {
    const { operator, of, at } = expr;
    switch (operator) {
      case '*':
        return this.#read(this.#target(expr), at);
      case '&':
        return { kind: 'pointer', to: this.#target(of) };
      case '!': {
        const truth = this.#truth(this.#value(of), of.at);
        return {
          kind: 'value',
          expr: truth.op === 'const' ? constant(Number(truth.value === 0)) : not(truth),
          type: INT,
        };
      }
      case '+':
      case '-':
      case '~': {
        const value = this.#value(of);
        if (!isNumber(value.type)) throw new Refused('is no number, expected one', of.at);
        const type = promoted(value.type);
        if (operator === '+') return { ...value, type };
        const from = operator === '-' ? constant(0) : constant(-1);
        const known = value.expr.op === 'const' ? constant((operator === '-' ? 0 : -1) - value.expr.value) : undefined;
        if (known !== undefined) return this.#fitting(known, type, at);
        if (operator === '~' && type.kind === 'int' && !type.signed)
          return { kind: 'value', expr: binary('-', constant(limits(type).high), value.expr), type };
        return this.#fitting(binary('-', from, value.expr), type, at);
      }
    }
  }

  /** A result of arithmetic: C wraps what is unsigned, and of what is signed it says nothing. */
  #fitting(expr: Expr, type: CType, at: Place): Valued {
    if (expr.op === 'const') {
      const { low, high } = limits(type);
      if (expr.value >= low && expr.value <= high) return { kind: 'value', expr, type };
      return { kind: 'value', expr: constant(wrapped(expr.value, type)), type };
    }
    // What is signed is held to far smaller ranges wherever it is kept, so that it cannot get out of its own.
    if (type.kind === 'int' && !type.signed) this.#check(expr, type, at);
    return { kind: 'value', expr, type };
  }

  /** Two operands whose order C leaves open. */
  #both(left: CExpr, right: CExpr, at: Place): readonly [Operand, Operand] {
    const [a, b] = this.#unordered([left, right], at);
    if (a === undefined || b === undefined) throw new Error('two operands are two');
    return [a, b];
  }

  /** Operands whose order C leaves open: where several take steps, every order is a text of its own. */
  #unordered(exprs: readonly CExpr[], at: Place): readonly Operand[] {
    return this.#unorderedTexts(
      exprs.map((expr) => () => this.#operand(expr)),
      at,
    );
  }

  #unorderedTexts(texts: readonly (() => Operand)[], at: Place): readonly Operand[] {
    const operands: Operand[] = [];
    // What cannot change is read in the step of another access of the same operand.
    const threads = texts.map((text) =>
      merged(
        this.#nest(() => {
          operands.push(text());
        }),
      ),
    );
    this.#requireApart(threads, operands, at);
    const stepping = threads.filter((parts) => takesSteps(parts));
    if (stepping.length < 2) {
      for (const part of threads.flat()) this.#push(part);
      return operands;
    }
    const flat = stepping.flatMap((parts) => {
      const [only, more] = parts.filter(({ kind }) => kind !== 'declare');
      return only?.kind === 'orders' && more === undefined
        ? only.threads
        : [parts.filter(({ kind }) => kind !== 'declare')];
    });
    const declared: Part[] = [];
    for (const parts of threads) for (const part of parts) if (part.kind === 'declare') declared.push(part);
    for (const part of declared) this.#push(part);
    for (const part of threads.filter((parts) => !takesSteps(parts)).flat())
      if (part.kind !== 'declare') this.#push(part);
    const orders = orderings(flat, MOST_ORDERS);
    if (orders === undefined)
      throw new Refused('has too many accesses whose order C leaves open, expected statements of their own', at);
    eachPart(flat.flat(), (part) => {
      if (part.kind === 'call' && (part.known.takes ?? part.known.puts ?? part.known.claims) !== undefined)
        throw new Refused(
          `C leaves open whether ${part.known.name}() comes before the other access, expected statements of their own`,
          part.at,
        );
    });
    this.#push({ kind: 'orders', threads: flat, orders });
    return operands;
  }

  /** @throws Refused where one operand changes what another reads or changes: of that C says nothing. */
  #requireApart(threads: readonly (readonly Part[])[], operands: readonly Operand[], at: Place): void {
    const [reads, writes] = [threads.map(() => new Set<Var>()), threads.map(() => new Set<Var>())];
    for (const [i, parts] of threads.entries()) {
      const operand = operands[i];
      const [own, changed] = [reads[i], writes[i]];
      if (own === undefined || changed === undefined) continue;
      if (operand?.kind === 'value') readsOf(operand.expr, own);
      if (operand?.kind === 'pointer' && operand.to.kind === 'element') readsOf(operand.to.index, own);
      usesOf(parts, own, changed);
    }
    for (const [i, changed] of writes.entries())
      for (const [j, others] of reads.entries())
        for (const of of changed)
          if (i !== j && (others.has(of) || writes[j]?.has(of) === true))
            throw new Refused(`C leaves open when '${of.name}' is changed here, expected statements of their own`, at);
  }

  #binary(operator: BinaryOperator, left: CExpr, right: CExpr, at: Place): Valued {
    const [a, b] = this.#both(left, right, at);
    if (a.kind === 'pointer' || b.kind === 'pointer')
      throw new Refused('pointers to variables are not compared, expected values', at);
    return this.#computed(operator, a, b, at);
  }

  #computed(operator: BinaryOperator, a: Valued, b: Valued, at: Place): Valued {
    const [from, into] = [pointee(a.type), pointee(b.type)];
    if (from !== undefined || into !== undefined) {
      if (operator !== '==' && operator !== '!=')
        throw new Refused('pointers are only compared, expected == or !=', at);
      const type = from === undefined ? b.type : a.type;
      return {
        kind: 'value',
        expr: binary(operator, this.#convert(a, type, at).expr, this.#convert(b, type, at).expr),
        type: INT,
      };
    }
    if (!isNumber(a.type) || !isNumber(b.type)) throw new Refused('is no number, expected one', at);
    if (operator === '<<' || operator === '>>') {
      const type = promoted(a.type);
      if (b.expr.op === 'const' && !(b.expr.value >= 0 && b.expr.value < 31))
        throw new Refused('is shifted too far, expected 0 to 30 places', at);
      return this.#fitting(folded(operator, a.expr, b.expr), type, at);
    }
    const type = common(a.type, b.type);
    const [x, y] = [this.#convert(a, type, at).expr, this.#convert(b, type, at).expr];
    switch (operator) {
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return { kind: 'value', expr: folded(operator, x, y), type: INT };
      case '/':
      case '%':
        if (y.op !== 'const')
          throw new Refused(`only constants are divided by here, expected one behind '${operator}'`, at);
        if (y.value === 0) throw new Refused('is divided by 0, expected another number', at);
        if (y.value < 0) throw new Refused('is divided by a negative number, expected a positive one', at);
        return { kind: 'value', expr: folded(operator, x, y), type };
      case '+':
      case '-':
      case '*':
      case '&':
      case '|':
      case '^':
        return this.#fitting(folded(operator, x, y), type, at);
    }
  }

  #logical(expr: Extract<CExpr, { kind: 'logical' }>): Valued {
    const left = this.#truth(this.#value(expr.left), expr.left.at);
    const { parts, value: right } = this.#capture(() => this.#truth(this.#value(expr.right), expr.right.at));
    if (parts.length === 0) return { kind: 'value', expr: folded(expr.operator, left, right), type: INT };
    const of = this.#temporary(BOOL, expr.at.text);
    this.#push({ kind: 'set', to: of, value: left, at: expr.at });
    const body: readonly Part[] = [...parts, { kind: 'set', to: of, value: right, at: expr.at }];
    const condition = variable(of);
    this.#push({ kind: 'if', if: expr.operator === '&&' ? condition : not(condition), then: body, else: [] });
    return { kind: 'value', expr: condition, type: INT };
  }

  #conditional(expr: Extract<CExpr, { kind: 'conditional' }>): Valued {
    const condition = this.#truth(this.#value(expr.if), expr.if.at);
    const then = this.#capture(() => this.#value(expr.then));
    const otherwise = this.#capture(() => this.#value(expr.else));
    const type = this.#meeting(then.value, otherwise.value, expr.at);
    const [first, second] = [
      this.#capture(() => this.#convert(then.value, type, expr.then.at).expr),
      this.#capture(() => this.#convert(otherwise.value, type, expr.else.at).expr),
    ];
    const thenParts = [...then.parts, ...first.parts];
    const elseParts = [...otherwise.parts, ...second.parts];
    const [x, y] = [first.value, second.value];
    if (thenParts.length === 0 && elseParts.length === 0)
      return { kind: 'value', expr: { op: 'choose', if: condition, then: x, else: y }, type };
    const of = this.#temporary(type, expr.at.text);
    this.#push({
      kind: 'if',
      if: condition,
      then: [...thenParts, { kind: 'set', to: of, value: x, at: expr.at }],
      else: [...elseParts, { kind: 'set', to: of, value: y, at: expr.at }],
    });
    return { kind: 'value', expr: variable(of), type };
  }

  #meeting(a: Valued, b: Valued, at: Place): CType {
    if (pointee(a.type) !== undefined) return a.type;
    if (pointee(b.type) !== undefined) return b.type;
    if (!isNumber(a.type) || !isNumber(b.type)) throw new Refused('has no value, expected one', at);
    return common(a.type, b.type);
  }

  #assign(expr: Extract<CExpr, { kind: 'assign' }>): Valued {
    const { to, value, operator, at } = expr;
    // Of the places that can be written only an index is computed, which the table's calls may not change.
    const target = this.#target(to);
    const type = this.#typeOf(target);
    let result: Valued;
    if (operator === undefined) result = this.#convert(this.#value(value), type, value.at);
    else {
      const [old, more] = this.#readBeside(target, value, to.at);
      if (old.kind !== 'value' || more.kind !== 'value')
        throw new Refused('cannot be computed with, expected a number', at);
      result = this.#convert(this.#computed(operator, old, more, at), type, at);
    }
    this.#write(target, result.expr, at);
    if (target.kind === 'static') return result;
    const read = this.#read(target, at);
    return read.kind === 'value' ? read : result;
  }

  #update({ of, by, prefix, at }: Extract<CExpr, { kind: 'update' }>): Valued {
    const target = this.#target(of);
    const old = this.#read(target, of.at);
    if (old.kind !== 'value' || !isNumber(old.type)) throw new Refused('cannot be counted, expected a number', at);
    const one: Valued = { kind: 'value', expr: constant(1), type: INT };
    let before = old;
    if (!prefix) {
      const kept = this.#temporary(old.type, of.at.text);
      this.#push({ kind: 'set', to: kept, value: old.expr, at });
      before = { kind: 'value', expr: variable(kept), type: old.type };
    }
    const now = this.#convert(this.#computed(by === 1 ? '+' : '-', old, one, at), old.type, at);
    this.#write(target, now.expr, at);
    if (!prefix) return before;
    return target.kind === 'static' ? now : { kind: 'value', expr: old.expr, type: old.type };
  }

  #field(expr: Extract<CExpr, { kind: 'field' }>): Operand {
    const { name, of, at } = expr;
    if (name === 'nr') return this.#read(this.#target(expr), at);
    if (!expr.arrow) throw new Refused(`no field '${name}' is known, expected one of a folio, an inode or a batch`, at);
    const owner = this.#value(of);
    const kind = pointee(owner.type);
    if (kind === 'inode' && ['i_mapping', 'host', 'f_mapping', 'f_inode'].includes(name))
      return { ...owner, type: pointerTo(name.endsWith('mapping') ? 'address_space' : 'inode') };
    const known = kind === 'folio' ? this.#table.steps.get(`folio->${name}`) : undefined;
    if (known === undefined) {
      const fields = [...this.#table.steps.keys()].filter((one) => one.startsWith('folio->'));
      const expected = kind === 'inode' ? 'i_mapping or host' : fields.join(' or ');
      throw new Refused(`the field '${name}' is not known, expected ${expected}`, at);
    }
    return this.#access(known, [{ kind: 'value', of: owner.expr }], at);
  }

  // Calls.

  #call(expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const { name, at } = expr;
    const fn = this.#unit.functions.get(name);
    if (fn !== undefined) return this.#inline(fn(), expr);
    const wordKnown = this.#table.words.get(name);
    if (wordKnown !== undefined) return this.#word(wordKnown, expr);
    const known = this.#table.steps.get(name);
    if (known !== undefined) return this.#known(known, expr);
    if (this.#unit.macros.has(name))
      throw new Refused(`the macro '${name}()' is not taken, expected a function, or its text here`, at);
    const why = UNMODELLED.get(name);
    if (why !== undefined)
      throw new Refused(
        `'${name}()' cannot be called: ${why}${why.includes('expected') ? '' : ', expected a check without it'}`,
        at,
      );
    const near = nearest(name, [...this.#table.steps.keys(), ...this.#table.words.keys()]);
    throw new Refused(
      `'${name}()' is not known, expected the text of it in this file, or a call of ${near} or another of docs/c-subset.md`,
      at,
    );
  }

  #requireArguments(name: string, count: number, expr: Extract<CExpr, { kind: 'call' }>): void {
    if (expr.args.length !== count)
      throw new Refused(`${name}() has ${expr.args.length} arguments, expected ${count}`, expr.at);
  }

  #inline(fn: CFunction, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const { name } = fn;
    if (this.#frames.some((frame) => frame.fn.name === name))
      throw new Refused(`'${name}()' calls itself, expected no recursion`, expr.at);
    this.#requireArguments(name, fn.params.length, expr);
    const given = this.#unordered(expr.args, expr.at);
    const bindings: (readonly [string, Binding])[] = [];
    const sets: Part[] = [];
    for (const [i, { name: param, type, at }] of fn.params.entries()) {
      const operand = given[i];
      if (operand === undefined) continue;
      if (operand.kind === 'pointer') {
        if (type.kind !== 'pointer' || pointee(type) !== undefined)
          throw new Refused(`is a pointer to a variable, expected a ${typeText(type)}`, expr.args[i]?.at ?? expr.at);
        bindings.push([param, operand]);
        continue;
      }
      if (!isNumber(type) && pointee(type) === undefined)
        throw new Refused(`the parameter '${param}' is a ${typeText(type)}, expected a number or a pointer`, at);
      const value = this.#convert(operand, type, expr.args[i]?.at ?? expr.at);
      const of: Var = { name: param, type, place: 'own' };
      sets.push({ kind: 'declare', of }, { kind: 'set', to: of, value: value.expr, at });
      bindings.push([param, { kind: 'var', of }]);
    }
    const result = fn.returns.kind === 'void' ? undefined : this.#temporary(fn.returns, `${name}()`);
    const exit = label(name);
    const [names, loops, statement] = [this.#names, this.#loops.splice(0), this.#statement];
    this.#names = [new Map(bindings)];
    const body = this.#nest(() => {
      for (const part of sets) this.#push(part);
      this.#frames.push({
        fn,
        labels: new Map(),
        returns: (value, at) => {
          if (value !== undefined)
            this.#full(() => {
              const returned = this.#value(value);
              if (result !== undefined)
                this.#push({ kind: 'set', to: result, value: this.#convert(returned, fn.returns, value.at).expr, at });
            });
          else if (result !== undefined) throw new Refused(`returns nothing, expected a ${typeText(fn.returns)}`, at);
          this.#push({ kind: 'leave', label: exit });
        },
      });
      const inner = this.#nest(() => this.#list(fn.body));
      this.#frames.pop();
      this.#push({ kind: 'block', label: exit, body: inner });
    });
    this.#names = names;
    this.#loops.push(...loops);
    this.#statement = statement;
    this.#push({ kind: 'routine', name, body });
    if (result === undefined) return { kind: 'value', expr: constant(0), type: { kind: 'void' } };
    return { kind: 'value', expr: variable(result), type: fn.returns };
  }

  #known(known: Known, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    this.#requireArguments(known.name, known.params.length, expr);
    const meant = known.params.map((param) => param.kind !== 'ignored');
    const operands = this.#unordered(
      expr.args.filter((_, i) => meant[i] === true),
      expr.at,
    );
    let at = 0;
    const args = known.params.map((param, i): Arg => {
      if (param.kind === 'ignored') return { kind: 'value', of: constant(0) };
      const operand = operands[at++];
      const place = expr.args[i]?.at ?? expr.at;
      if (operand === undefined) throw new Error('an argument is missing');
      return this.#argument(param, operand, place);
    });
    return this.#access(known, args, expr.at);
  }

  #argument(param: Param, operand: Operand, at: Place): Arg {
    switch (param.kind) {
      case 'folio':
      case 'mapping': {
        const type = pointerTo(param.kind === 'folio' ? 'folio' : 'address_space');
        if (operand.kind === 'pointer') throw new Refused(`is no ${typeText(type)}, expected one`, at);
        return { kind: 'value', of: this.#convert(operand, type, at).expr };
      }
      case 'value':
        if (operand.kind === 'pointer') throw new Refused('is an address, expected a number', at);
        return { kind: 'value', of: this.#convert(operand, param.type, at).expr };
      case 'batch':
        if (operand.kind === 'pointer' && operand.to.kind === 'batch') return { kind: 'batch', of: operand.to.of };
        throw new Refused('is no address of a struct folio_batch, expected one', at);
      case 'place':
        if (operand.kind === 'pointer' && operand.to.kind === 'var' && isNumber(operand.to.of.type))
          return { kind: 'place', of: operand.to.of };
        throw new Refused('is no address of a variable of the task, expected one', at);
      case 'ignored':
        return { kind: 'value', of: constant(0) };
    }
  }

  #access(known: Known, args: readonly Arg[], at: Place): Operand {
    this.#calls.add(known);
    const isVoid = known.returns.kind === 'void';
    // How many a batch has is its count, which conditions say more of than of a copy.
    const filled = known.claims === 'fills' ? args.find((arg) => arg.kind === 'batch') : undefined;
    const result = isVoid || filled !== undefined ? undefined : this.#temporary(known.returns, at.text);
    const call: Call = { kind: 'call', known, args, result, also: [], at, statement: this.#statement };
    this.#push(call);
    const answer: Expr =
      filled?.kind === 'batch' ? variable(filled.of.count) : result === undefined ? constant(0) : variable(result);
    if (known.takes !== undefined) this.#taken(known.takes, args, answer, at);
    if (known.puts !== undefined) this.#put(known.puts, args, at);
    return { kind: 'value', expr: answer, type: known.returns };
  }

  // References that the check holds besides those of its batches.

  #holding(holder: string): readonly Var[] {
    const known = this.#held.get(holder);
    if (known !== undefined) return known;
    const made = Array.from(
      { length: HELD },
      (_, i): Var => ({ name: `held ${i}`, type: pointerTo('folio'), place: 'own' }),
    );
    this.#held.set(holder, made);
    return made;
  }

  #taken({ of, holder, ifTrue }: NonNullable<Known['takes']>, args: readonly Arg[], answer: Expr, at: Place): void {
    const folio = of === 'result' ? answer : args[of]?.kind === 'value' ? args[of].of : constant(0);
    const free: Expr = { op: 'null', of: 'folio' };
    let parts: readonly Part[] = [
      {
        kind: 'check',
        value: constant(1),
        low: 0,
        high: 0,
        at: { ...at, text: `references that the check holds besides its batches, above ${HELD}` },
      },
    ];
    for (const one of this.#holding(holder).toReversed())
      parts = [
        {
          kind: 'if',
          if: binary('==', variable(one), free),
          then: [{ kind: 'set', to: one, value: folio, at }],
          else: parts,
        },
      ];
    const condition = ifTrue === true ? answer : of === 'result' ? binary('<', answer, free) : undefined;
    if (condition === undefined) for (const part of parts) this.#push(part);
    else this.#push({ kind: 'if', if: condition, then: parts, else: [] });
  }

  #put({ of, holder }: NonNullable<Known['puts']>, args: readonly Arg[], at: Place): void {
    const arg = of === 'result' ? undefined : args[of];
    if (arg?.kind !== 'value') return;
    let parts: readonly Part[] = holder === 'safety-check' ? [{ kind: 'unclaim', folio: arg.of, at }] : [];
    for (const one of this.#holding(holder).toReversed())
      parts = [
        {
          kind: 'if',
          if: binary('==', variable(one), arg.of),
          then: [{ kind: 'set', to: one, value: { op: 'null', of: 'folio' }, at }],
          else: parts,
        },
      ];
    for (const part of parts) this.#push(part);
  }

  // Words that only compute.

  #word(known: Word, expr: Extract<CExpr, { kind: 'call' }>): Operand {
    const nothing: Valued = { kind: 'value', expr: constant(0), type: { kind: 'void' } };
    const { args, at } = expr;
    if (known.word === 'print') {
      for (const arg of args) if (arg.kind !== 'string') this.#effect(arg);
      return nothing;
    }
    this.#requireArguments(known.name, known.params.length, expr);
    const [first, second, third] = args;
    if (first === undefined) return nothing;
    switch (known.word) {
      case 'nothing':
        return nothing;
      case 'same':
      case 'mapping-of':
        return this.#value(first);
      case 'truth':
        return { kind: 'value', expr: this.#truth(this.#value(first), first.at), type: INT };
      case 'write':
        if (second === undefined) return nothing;
        return this.#assign({ kind: 'assign', operator: undefined, to: first, value: second, at });
      case 'least':
      case 'most': {
        if (second === undefined) return nothing;
        const [a, b] = this.#both(first, second, at);
        return this.#chosen(known.word, a, b, at);
      }
      case 'between': {
        if (second === undefined || third === undefined) return nothing;
        const [of, low, high] = this.#unordered([first, second, third], at);
        if (of === undefined || low === undefined || high === undefined) return nothing;
        return this.#chosen('least', this.#chosen('most', of, low, at), high, at);
      }
      case 'batch-init':
      case 'batch-reinit': {
        const batch = this.#batchOf(first, true);
        this.#initialise(batch, at);
        if (known.word === 'batch-init') this.#push({ kind: 'set', to: batch.drained, value: constant(0), at });
        return nothing;
      }
      case 'batch-count':
        return { kind: 'value', expr: variable(this.#batchOf(first, true).count), type: UNSIGNED };
      case 'batch-space': {
        const { count } = this.#batchOf(first, true);
        return { kind: 'value', expr: binary('-', { op: 'capacity' }, variable(count)), type: UNSIGNED };
      }
      case 'is-error': {
        const { expr: of } = this.#folioOf(first);
        return { kind: 'value', expr: binary('==', of, { op: 'no-entry' }), type: BOOL };
      }
      case 'is-error-or-null': {
        const { expr: of } = this.#folioOf(first);
        return { kind: 'value', expr: binary('>=', of, { op: 'null', of: 'folio' }), type: BOOL };
      }
      case 'error-of':
        this.#folioOf(first);
        return { kind: 'value', expr: constant(-ENOENT), type: LONG };
    }
  }

  #folioOf(expr: CExpr): Valued {
    const value = this.#value(expr);
    if (pointee(value.type) !== 'folio') throw new Refused('is no folio, expected one', expr.at);
    return value;
  }

  #chosen(word: 'least' | 'most', a: Operand, b: Operand, at: Place): Valued {
    if (a.kind === 'pointer' || b.kind === 'pointer' || !isNumber(a.type) || !isNumber(b.type))
      throw new Refused('is no number, expected one', at);
    const type = common(a.type, b.type);
    const [x, y] = [this.#convert(a, type, at).expr, this.#convert(b, type, at).expr];
    const condition = folded(word === 'least' ? '<' : '>', x, y);
    return { kind: 'value', expr: { op: 'choose', if: condition, then: x, else: y }, type };
  }
}
