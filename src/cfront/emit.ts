// SPDX-License-Identifier: MIT
import { type CheckArguments, FOLIO, type FolioBatch, folioBatch, type K, routine } from '../kernel/index.ts';
import {
  bool,
  choose,
  type Expr as Text,
  literal,
  type LocalArray,
  none,
  optional,
  Place as Stored,
  type SharedArray,
  Value,
  type Turn,
} from '../lang/index.ts';
import type { Arg, Batch, Call, Expr, Form, Label, Part, Static, Var } from './ir.ts';
import { Args, type Interval } from './known.ts';
import { isWrapping, pointee } from './c-types.ts';
import {
  counterRange,
  type Found,
  type GivenRanges,
  isWithin,
  MOST,
  LARGEST_INT,
  ranges,
  type State,
  valueOf,
} from './ranges.ts';
import { type CSource, inOneLine, lineName, type Place, placeName, Refused } from './source.ts';

/** Most characters of a statement that are shown beside a step. */
const MOST_SHOWN = 50;
/** Place of a C variable in the task's memory; the stored number is the value minus `low`. */
interface Home {
  readonly place: Stored<'int'>;
  readonly low: number;
  readonly allowed: Interval;
}

/** Memory of a form that outlives a request. */
export interface Lasting {
  readonly of: Static;
  readonly shared: SharedArray<'int', readonly []>;
  readonly low: number;
  readonly high: number;
}

const isConstant = (expr: Text): expr is Extract<Text, { op: 'const' }> => expr.op === 'const';

/** Range of a value that the caller gives. */
const rangeOfGiven = (value: Value<string>, otherwise: Interval): Interval =>
  isConstant(value.expr) ? { low: value.expr.value, high: value.expr.value } : otherwise;

/** Records a form in a kernel. */
export function record(form: Form, source: CSource, lasting: readonly Lasting[], k: K, args: CheckArguments): void {
  const pages = k.sizes['index'] ?? 1;
  const given: GivenRanges = {
    inode: rangeOfGiven(args.inode, { low: 0, high: (k.sizes['inode'] ?? 1) - 1 }),
    start: rangeOfGiven(args.start, { low: 0, high: Math.max(0, pages - 1) }),
    nr: rangeOfGiven(args.nr, { low: 1, high: pages }),
  };
  const known = ranges(form, k, given);
  const recording = new Recording({ form, source, lasting, k, args, given, known });
  try {
    recording.all();
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(error instanceof Error ? error.message : String(error), recording.at);
  }
}

interface Recorded {
  readonly form: Form;
  readonly source: CSource;
  readonly lasting: readonly Lasting[];
  readonly k: K;
  readonly args: CheckArguments;
  readonly given: GivenRanges;
  readonly known: Found;
}

class Recording {
  readonly #k: K;
  readonly #args: CheckArguments;
  readonly #form: Form;
  readonly #source: CSource;
  readonly #given: GivenRanges;
  readonly #known: Found;
  readonly #lasting: readonly Lasting[];
  readonly #homes = new Map<Var, Home>();
  readonly #batches = new Map<Batch, FolioBatch>();
  /** For batches whose folios may be put one by one: the folios that the check still has a reference to. */
  readonly #held = new Map<Batch, LocalArray<'folio'>>();
  readonly #turns = new Map<Label, Turn>();
  /** Ranges of the variables that hold at every place. */
  readonly #everywhere: State;
  /** The place of C that is being recorded, for messages. */
  at: Place | undefined;
  /** Whether claims already enclose the text that is being recorded. */
  #isClaimed = false;

  constructor({ form, source, lasting, k, args, given, known }: Recorded) {
    this.#k = k;
    this.#args = args;
    this.#form = form;
    this.#source = source;
    this.#lasting = lasting;
    this.#given = given;
    this.#known = known;
    this.at = undefined;
    this.#everywhere = new Map([...known.stored].map(([of, range]) => [of, { ...range, unset: false }]));
  }

  all(): void {
    this.#parts(this.#form.body);
  }

  #parts(parts: readonly Part[]): void {
    for (const part of parts) {
      const state = this.#known.before.get(part);
      // Unreachable parts are not recorded.
      if (state === undefined) continue;
      if ('at' in part) this.at = part.at;
      this.#part(part, state);
    }
  }

  #part(part: Part, state: State): void {
    const k = this.#k;
    switch (part.kind) {
      case 'declare':
        if ('count' in part.of) this.#declareBatch(part.of);
        else this.#declare(part.of);
        return;
      case 'set':
        k.scope(() => this.#set(part, state));
        return;
      case 'set-element': {
        const batch = this.#batch(part.to);
        batch.folios
          .at(this.#value(part.index, state))
          .set(new Value<'folio'>(this.#value(part.value, state).expr, 'folio'));
        return;
      }
      case 'unclaim':
        this.#unclaim(new Value<'folio'>(this.#value(part.folio, state).expr, 'folio'));
        return;
      case 'check':
        this.#check(part.value, part, state, part.at);
        return;
      case 'call':
        this.#claiming(part, state, () => this.#at(part, () => this.#call(part, state)));
        return;
      case 'load':
        this.#claiming(part, state, () =>
          this.#at(part, () => {
            const { shared, low } = this.#lastingOf(part.from);
            const { place, low: base } = this.#home(part.to);
            k.step(part.from.name, () => place.set(shifted(shared.at(), low - base)));
          }),
        );
        return;
      case 'store':
        this.#claiming(part, state, () =>
          this.#at(part, () => {
            const { shared, low, high } = this.#lastingOf(part.to);
            this.#check(part.value, { low, high }, state, part.at);
            const value = this.#value(part.value, state);
            k.step(`set ${part.to.name}`, () => shared.at().set(shifted(value, -low)));
          }),
        );
        return;
      case 'if':
        k.scope(() =>
          k.if(
            new Value<'bool'>(this.#value(part.if, state).expr, 'bool'),
            () => this.#parts(part.then),
            () => this.#parts(part.else),
          ),
        );
        return;
      case 'block':
        k.block((turn) => {
          this.#turns.set(part.label, turn);
          this.#parts(part.body);
        });
        return;
      case 'loop':
        k.loop((turn) => {
          this.#turns.set(part.label, turn);
          this.#parts(part.body);
        });
        return;
      case 'leave':
        this.#turns.get(part.label)?.leave();
        return;
      case 'again':
        this.#turns.get(part.label)?.again();
        return;
      case 'scope':
        k.scope(() => this.#parts(part.body));
        for (const inner of part.body)
          if (inner.kind === 'declare' && 'count' in inner.of) this.#batches.delete(inner.of);
        return;
      case 'routine':
        k.call(
          routine(part.name, () => this.#parts(part.body)),
          {},
        );
        return;
      case 'orders':
        this.#claiming(part, state, () => {
          this.#isClaimed = true;
          k.either(
            part.orders.map((order) => () => {
              if (!beginsWithStep(order)) k.step('order', () => {});
              this.#parts(order);
            }),
          );
          this.#isClaimed = false;
        });
    }
  }

  /** Records `text`; its steps belong to the part's place in C. */
  #at({ at, statement }: { readonly at: Place; readonly statement: Place }, text: () => void): void {
    const place = lineName(this.#source, at.line).replace(/^.*[/\\]/, '');
    this.#k.from({ place, text: inOneLine(statement.text, MOST_SHOWN).replace(/;$/, '') }, text);
  }

  // Memory.

  #declare(of: Var): void {
    const stored = this.#known.stored.get(of) ?? { low: 0, high: 0 };
    const low = Math.max(Math.min(0, stored.low), -MOST);
    const high = Math.min(stored.high, LARGEST_INT + low);
    // Marks take the kind of an argument from its variable.
    const kind = pointee(of.type) ?? (of.type.kind === 'bool' ? 'bool' : 'int');
    const own = this.#k.local<string>(of.name, { kind, max: Math.max(1, high - low), initial: 0 });
    const place = new Stored<'int'>(own.expr, 'int');
    this.#homes.set(of, { place, low, allowed: { low, high } });
  }

  #declareBatch(of: Batch): void {
    const batch = folioBatch(this.#k);
    this.#batches.set(of, batch);
    const { batchSize } = this.#k.config.profile;
    if (this.#form.calls.some(({ puts }) => puts?.holder === 'safety-check')) {
      const held = this.#k.localArray('fbatch.held', batchSize, optional(FOLIO));
      this.#held.set(of, held);
      for (let i = 0; i < batchSize; i++) held.at(i).set(none(FOLIO));
    }
    this.#homes.set(of.count, { place: batch.count, low: 0, allowed: { low: 0, high: batchSize } });
    this.#homes.set(of.drained, {
      place: new Stored<'int'>(batch.drained.expr, 'int'),
      low: 0,
      allowed: { low: 0, high: 1 },
    });
  }

  #home(of: Var): Home {
    const home = this.#homes.get(of);
    if (home !== undefined) return home;
    if (of.place !== 'err_index') throw new Error(`'${of.name}' is not declared`);
    const place = new Stored<'int'>(this.#args.err_index.expr, 'int');
    return { place, low: 0, allowed: { low: 0, high: this.#k.sizes['index'] ?? 0 } };
  }

  #batch(of: Batch): FolioBatch {
    const batch = this.#batches.get(of);
    if (batch === undefined) throw new Error(`'${of.name}' is not declared`);
    return batch;
  }

  #lastingOf(of: Static): Lasting {
    const found = this.#lasting.find((one) => one.of === of);
    if (found === undefined) throw new Error(`'${of.name}' is not declared`);
    return found;
  }

  #set(part: Extract<Part, { kind: 'set' }>, state: State): void {
    const { to, value, at } = part;
    if (to.place === 'safe') {
      this.#args.safe.set(new Value<'bool'>(this.#value(value, state).expr, 'bool'));
      return;
    }
    const { place, low, allowed } = this.#home(to);
    this.#check(value, this.#known.held.has(part) ? counterRange(this.#k) : allowed, state, at);
    place.set(shifted(this.#value(value, state), -low));
  }

  /** Adds a check that fails if a value is outside a range, unless the value is known to be inside. */
  #check(value: Expr, { low, high }: Interval, state: State, at: Place): void {
    const now = this.#range(value, state);
    if (isWithin(now, { low, high })) return;
    const from = Math.max(low, -MOST);
    const most = Math.min(high - from, LARGEST_INT);
    this.#k.scope(() => {
      // Through a variable: a constant that does not fit would fail while the text is recorded, even if the place is never
      // reached.
      const given = this.#k.local(at.text, { kind: 'int', max: 2 ** 31 - 1, initial: 0 });
      const name = `${placeName(this.#source, at)}: ${at.text}${from === 0 ? '' : ` [from ${from}]`}`;
      const checked = this.#k.local(name, { kind: 'int', max: most, initial: 0 });
      const shiftedValue = shifted(this.#value(value, state), -from);
      if (isConstant(shiftedValue.expr)) {
        given.set(Math.abs(shiftedValue.expr.value));
        checked.set(shiftedValue.expr.value < 0 ? literal<'int'>(0).minus(given) : given);
      } else checked.set(shiftedValue);
    });
  }

  // Values.

  #range(expr: Expr, state: State): Interval {
    return valueOf(expr, state, { kernel: this.#k, given: this.#given });
  }

  #value(expr: Expr, state: State): Value<'int'> {
    // Only values that are the same at every read. A value known at one place only would make other locals dead there, and the
    // graph would differ from that of the same text in the kernel language.
    const always = this.#range(expr, this.#everywhere);
    if (always.low === always.high) return literal(always.low);
    const of = (inner: Expr): Value<'int'> => this.#value(inner, state);
    switch (expr.op) {
      case 'given':
        return new Value<'int'>(this.#args[expr.of].expr, 'int');
      case 'var': {
        const { place, low } = this.#home(expr.of);
        return shifted(place, low);
      }
      case 'element':
        return new Value<'int'>(this.#batch(expr.of).folios.at(of(expr.index)).expr, 'int');
      case 'not':
        return number(this.#isTrue(expr.of, state).not());
      case 'choose':
        return choose(this.#isTrue(expr.if, state), of(expr.then), of(expr.else));
      case 'binary':
        switch (expr.operator) {
          case '&&':
            return number(this.#isTrue(expr.left, state).and(this.#isTrue(expr.right, state)));
          case '||':
            return number(this.#isTrue(expr.left, state).or(this.#isTrue(expr.right, state)));
          case '!=':
          case '%':
          case '&':
          case '*':
          case '+':
          case '-':
          case '/':
          case '<':
          case '<<':
          case '<=':
          case '==':
          case '>':
          case '>=':
          case '>>':
          case '^':
          case '|':
            return this.#operation(expr, state);
        }
      case 'const':
      case 'null':
      case 'no-entry':
      case 'capacity':
        throw new Error('a constant has more than one value');
    }
  }

  #isTrue(expr: Expr, state: State): Value<'bool'> {
    const range = this.#range(expr, state);
    const value = this.#value(expr, state);
    return isWithin(range, { low: 0, high: 1 }) ? new Value<'bool'>(value.expr, 'bool') : value.ne(0);
  }

  #operation(expr: Extract<Expr, { op: 'binary' }>, state: State): Value<'int'> {
    const { operator, left, right } = expr;
    const [a, b] = [this.#value(left, state), this.#value(right, state)];
    const [x, y] = [this.#range(left, state), this.#range(right, state)];
    if (expr.unsigned === true && (x.low < 0 || y.low < 0)) return unsignedly(operator, a, b);
    switch (operator) {
      case '+':
        return a.plus(b);
      case '-':
        return a.minus(b);
      case '==':
        return number(a.eq(b));
      case '!=':
        return number(a.ne(b));
      case '<':
        return number(a.lt(b));
      case '<=':
        return number(a.le(b));
      case '>':
        return number(a.gt(b));
      case '>=':
        return number(a.ge(b));
      case '*':
        if (y.low === y.high) return times(this.#once(a, x), y.low);
        return x.low === x.high ? times(this.#once(b, y), x.low) : product(this.#once(a, x), this.#once(b, y), y);
      case '%':
        return a.mod(b);
      case '/':
        return this.#divided(a, x, y.low);
      case '<<':
        return y.low === y.high
          ? times(a, 2 ** y.low)
          : byCases(this.#once(b, y), y, (by) => times(this.#once(a, x), 2 ** by));
      case '>>':
        return byCases(this.#once(b, y), y, (by) => this.#floored(a, x, 2 ** by));
      case '&':
      case '|':
      case '^':
        return bitwise(operator, { of: this.#once(a, x), range: x }, { of: this.#once(b, y), range: y });
      case '&&':
      case '||':
        throw new Error('conditions are no numbers');
    }
  }

  /** A value that is used more than once: it is computed once, into a variable. */
  #once(value: Value<'int'>, { low, high }: Interval): Value<'int'> {
    if (value.expr.op === 'const' || value.expr.op === 'local' || high - low > MOST) return value;
    const of = this.#k.local('value', { kind: 'int', max: Math.max(1, high - low), initial: 0 });
    of.set(shifted(value, -low));
    return shifted(of, low);
  }

  /** A quotient towards 0. */
  #divided(of: Value<'int'>, range: Interval, by: number): Value<'int'> {
    if (by === 1) return of;
    const value = this.#once(of, range);
    const size = Math.max(Math.abs(range.low), Math.abs(range.high));
    if (range.low >= 0) return this.#quotient(value, size, by);
    const quotient = this.#quotient(choose<'int'>(value.lt(0), literal<'int'>(0).minus(value), value), size, by);
    return choose<'int'>(value.lt(0), literal<'int'>(0).minus(quotient), quotient);
  }

  /** A quotient downwards, as a shift to the right of two's complement. */
  #floored(of: Value<'int'>, { low, high }: Interval, by: number): Value<'int'> {
    if (by === 1) return of;
    const more = low < 0 ? Math.ceil(-low / by) : 0;
    return shifted(this.#quotient(shifted(of, more * by), high + more * by, by), -more);
  }

  /** A quotient of a non-negative value, bit by bit: the language only subtracts. */
  #quotient(of: Value<'int'>, size: number, by: number): Value<'int'> {
    if (size > MOST)
      throw new RangeError(`a quotient of up to ${size} by ${by} is not supported, expected smaller numbers`);
    const k = this.#k;
    const rest = k.let('rest', { kind: 'int', max: Math.max(1, size), initial: 0 }, of);
    const quotient = k.let('quotient', { kind: 'int', max: Math.max(1, Math.floor(size / by)), initial: 0 }, 0);
    let bit = 0;
    while (by * 2 ** (bit + 1) <= size) bit++;
    for (; bit >= 0; bit--) {
      const part = by * 2 ** bit;
      k.if(rest.ge(part), () => {
        rest.sub(part);
        quotient.add(2 ** bit);
      });
    }
    return quotient;
  }

  // Steps.

  /** Records a part inside the claims of the references that the check holds there. */
  #claiming(part: Part, state: State, text: () => void): void {
    if (this.#isClaimed) {
      text();
      return;
    }
    const own = part.kind === 'call' && part.known.claims !== undefined ? part.args : [];
    let around = text;
    for (const [of, batch] of this.#batches) {
      if (own.some((arg) => arg.kind === 'batch' && arg.of === of)) continue;
      const held = this.#held.get(of);
      const holds = state.get(held === undefined ? of.count : of.holds);
      if (holds === undefined || holds.high === 0) continue;
      const inner = around;
      if (held === undefined)
        around = () => this.#k.claimingList(batch.holder, batch.folios, 0, batch.count, {}, inner);
      else around = () => this.#k.claimingList(batch.holder, held, 0, held.length, {}, inner);
    }
    for (const [holder, places] of this.#form.held)
      for (const of of places) {
        const range = this.#range({ op: 'var', of }, state);
        const noFolio = this.#k.sizes['folio'] ?? 0;
        if (
          range.low === noFolio ||
          (part.kind === 'call' && part.known.puts?.holder === 'isolated' && holder === 'isolated')
        )
          continue;
        const inner = around;
        around = () => this.#k.claiming(holder, this.#home(of).place, {}, inner);
      }
    around();
  }

  #call(part: Call, state: State): void {
    const k = this.#k;
    const { known } = part;
    k.scope(() => {
      const after: (() => void)[] = [];
      const args = (call: Call): Args =>
        new Args(call.args.map((arg, i) => this.#argument(call, arg, i, state, after)));
      const own = args(part);
      const result = part.result === undefined ? undefined : this.#home(part.result).place;
      const stable = known.read?.stable?.(k) === true;
      if (known.read !== undefined && (part.also.length > 0 || stable)) {
        const { of } = known.read;
        const also = part.also.map((call) => ({ call, args: args(call) }));
        const effects = (): void => {
          result?.set(of(k, own));
          for (const { call, args: its } of also)
            if (call.result !== undefined && call.known.read !== undefined)
              this.#home(call.result).place.set(call.known.read.of(k, its));
        };
        if (!stable) k.step(known.name, effects);
        else if (result !== undefined) result.set(this.#known.stored.get(part.result ?? nothing)?.low ?? 0);
      } else known.text(k, own, result);
      for (const effect of after) effect();
      this.#noteHeld(part);
    });
  }

  /** Records the folios that a batch holds after a call has filled or emptied it, if they may be put one by one. */
  #noteHeld({ known, args }: Call): void {
    if (known.claims === undefined) return;
    for (const arg of args) {
      const held = arg.kind === 'batch' ? this.#held.get(arg.of) : undefined;
      if (held === undefined || arg.kind !== 'batch') continue;
      const { folios, count } = this.#batch(arg.of);
      for (let i = 0; i < held.length; i++)
        held
          .at(i)
          .set(known.claims === 'fills' ? choose<'folio'>(count.gt(i), folios.at(i), none(FOLIO)) : none(FOLIO));
    }
  }

  /** Clears the first place of a batch that holds the folio. */
  #unclaim(folio: Value<'folio'>): void {
    const k = this.#k;
    k.scope(() => {
      const given = k.let('put', optional(FOLIO), folio);
      const done = k.let('done', bool, false);
      for (const held of this.#held.values())
        for (let i = 0; i < held.length; i++)
          k.if(
            held
              .at(i)
              .eq(given)
              .and(done.not())
              .and(given.ne(none(FOLIO))),
            () => {
              held.at(i).set(none(FOLIO));
              done.set(true);
            },
          );
    });
  }

  #argument(call: Call, arg: Arg, at: number, state: State, after: (() => void)[]): Value<'int'> | FolioBatch {
    switch (arg.kind) {
      case 'batch':
        return this.#batch(arg.of);
      case 'value': {
        const value = this.#value(arg.of, state);
        const param = call.known.params[at];
        if (param?.kind !== 'value' || !isWrapping(param.type) || this.#range(arg.of, state).low >= 0) return value;
        return isConstant(value.expr) ? literal(MOST) : choose<'int'>(value.lt(0), MOST, value);
      }
      case 'place': {
        const home = this.#home(arg.of);
        const param = call.known.params[at];
        const range = param?.kind === 'place' ? param.range(this.#k) : { low: 0, high: 0 };
        const now = this.#range({ op: 'var', of: arg.of }, state);
        if (home.low === 0 && isWithin(now, range) && isWithin(range, home.allowed)) return home.place;
        // The kernel's routine writes to a place of its own, with a fitting range.
        this.#check({ op: 'var', of: arg.of }, range, state, call.at);
        const own = this.#k.local(arg.of.name, { kind: 'int', max: range.high, initial: 0 });
        own.set(this.#value({ op: 'var', of: arg.of }, state));
        after.push(() => home.place.set(shifted(own, -home.low)));
        return own;
      }
    }
  }
}

const nothing: Var = { name: '', type: { kind: 'void' }, place: 'own' };

const number = (value: Value<'bool'>): Value<'int'> => new Value<'int'>(value.expr, 'int');

const shifted = (value: Value<'int'>, by: number): Value<'int'> =>
  by === 0
    ? value
    : isConstant(value.expr)
      ? literal(value.expr.value + by)
      : by > 0
        ? value.plus(by)
        : value.minus(-by);

/** Whether parts begin with a single step, as the texts of a choice have to. */
function beginsWithStep([first]: readonly Part[]): boolean {
  if (first?.kind === 'load') return true;
  return first?.kind === 'call' && first.known.read !== undefined && first.known.read.stable === undefined;
}

/** A comparison of unsigned values, of which negative numbers stand for the largest. */
function unsignedly(operator: string, a: Value<'int'>, b: Value<'int'>): Value<'int'> {
  const [less, more] = operator === '<' || operator === '>=' ? [a, b] : [b, a];
  const [lessIsLarge, moreIsLarge] = [less.lt(0), more.lt(0)];
  const isLess = lessIsLarge
    .ne(moreIsLarge)
    .and(moreIsLarge)
    .or(lessIsLarge.ne(moreIsLarge).not().and(less.lt(more)));
  return number(operator === '<' || operator === '>' ? isLess : isLess.not());
}

/** A multiple, by doubling: the language only adds. */
function times(of: Value<'int'>, by: number): Value<'int'> {
  if (by < 0) return literal<'int'>(0).minus(times(of, -by));
  let sum: Value<'int'> | undefined;
  for (let bit = 0; 2 ** bit <= by; bit++) {
    if (Math.floor(by / 2 ** bit) % 2 === 0) continue;
    const part = bit === 0 ? of : of.shiftedLeft(bit);
    sum = sum === undefined ? part : sum.plus(part);
  }
  return sum ?? literal(0);
}

/** A product, one summand for each bit of the second. */
function product(a: Value<'int'>, b: Value<'int'>, { low, high }: Interval): Value<'int'> {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const sign = low < 0;
  const amount = sign ? choose<'int'>(b.lt(0), literal<'int'>(0).minus(b), b) : b;
  let sum: Value<'int'> = literal(0);
  for (let bit = 0; 2 ** bit <= size; bit++)
    sum = sum.plus(choose<'int'>(isSet(amount, bit), bit === 0 ? a : a.shiftedLeft(bit), 0));
  return sign ? choose<'int'>(b.lt(0), literal<'int'>(0).minus(sum), sum) : sum;
}

/** Whether a bit of a number from 0 on is set. */
const isSet = (of: Value<'int'>, bit: number): Value<'bool'> => of.mod(2 ** (bit + 1)).ge(2 ** bit);

/** One text for each of few numbers. */
function byCases(of: Value<'int'>, { low, high }: Interval, text: (value: number) => Value<'int'>): Value<'int'> {
  const [from, to] = [Math.max(0, low), Math.min(high, 31)];
  let all = text(to);
  for (let value = to - 1; value >= from; value--) all = choose<'int'>(of.eq(value), text(value), all);
  return all;
}

/** Two's complement of so many bits is enough for both. */
function bitwise(
  operator: '&' | '|' | '^',
  left: { readonly of: Value<'int'>; readonly range: Interval },
  right: { readonly of: Value<'int'>; readonly range: Interval },
): Value<'int'> {
  const size = Math.max(...[left.range, right.range].map(({ low, high }) => Math.max(high, -low - 1)));
  const bothPositive = left.range.low >= 0 && right.range.low >= 0;
  const least = bothPositive && operator === '&' ? Math.min(left.range.high, right.range.high) : size;
  let bits = 0;
  while (2 ** bits <= least) bits++;
  if (bits > 30)
    throw new RangeError('bitwise operations on numbers this large are not supported, expected smaller ones');
  const wide = 2 ** (bits + 1);
  const unsigned = ({ of, range }: { readonly of: Value<'int'>; readonly range: Interval }): Value<'int'> =>
    range.low >= 0 ? of : choose<'int'>(of.lt(0), of.plus(wide), of);
  const [a, b] = [unsigned(left), unsigned(right)];
  let sum: Value<'int'> = literal(0);
  for (let bit = 0; bit < bits + Number(!bothPositive); bit++) {
    const [x, y] = [isSet(a, bit), isSet(b, bit)];
    const both = operator === '&' ? x.and(y) : operator === '|' ? x.or(y) : x.ne(y);
    sum = sum.plus(choose<'int'>(both, 2 ** bit, 0));
  }
  if (bothPositive) return sum;
  const [x, y] = [isSet(a, bits), isSet(b, bits)];
  const sign = operator === '&' ? x.and(y) : operator === '|' ? x.or(y) : x.ne(y);
  // The sign stands for all higher bits.
  return choose<'int'>(sign, sum.minus(wide), sum);
}
