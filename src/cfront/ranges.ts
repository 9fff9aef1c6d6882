// SPDX-License-Identifier: MIT
import {
  type Batch,
  binary,
  eachPart,
  type Expr,
  type Form,
  type Given,
  type Label,
  type Part,
  type Static,
  type Var,
} from './ir.ts';
import type { Interval } from './known.ts';
import type { K } from '../kernel/index.ts';
import { computed } from './compute.ts';
import { type Place, Refused } from './source.ts';

/** Knowledge of a variable: its range, and whether it may be uninitialised. */
interface Known extends Interval {
  readonly unset: boolean;
}

/** Knowledge of the variables at a reachable place. */
export type State = Map<Var, Known>;

/** Size of the kernel that the ranges are for. */
export type Kernel = Pick<K, 'sizes' | 'config'>;

/** Ranges of the caller's arguments, as far as they are known. */
export type GivenRanges = Readonly<Record<Given, Interval>>;

/** Ranges of a form's variables in a kernel. */
export interface Found {
  /** Before each reachable part. */
  readonly before: ReadonlyMap<Part, State>;
  /** Range of all values stored in a variable; an unbounded counter has no bound here either. */
  readonly stored: ReadonlyMap<Var, Interval>;
  readonly statics: ReadonlyMap<Static, Interval>;
  /** Assignments of unbounded values; these are limited to the range of a counter. */
  readonly held: ReadonlySet<Part>;
}

/** Range of an unbounded counter, beyond what the kernel's sizes need. */
export const COUNTER = 1023;
/** Beyond this a value has no bound. */
export const MOST = 2 ** 30;
/** Largest number that the language stores. */
export const LARGEST_INT = 2 ** 31 - 1;

/** Range of a variable whose values have no bound. */
export function counterRange({ sizes }: Kernel): Interval {
  const { references = 0, index = 0 } = sizes;
  return { low: -COUNTER - 1, high: Math.max(COUNTER, references, 2 * index) };
}

/** Parts for which more than their reachability is asked. */
const NOTED: ReadonlySet<Part['kind']> = new Set([
  'set',
  'set-element',
  'check',
  'unclaim',
  'call',
  'load',
  'store',
  'if',
  'orders',
] as const);

const LARGEST = Number.MAX_SAFE_INTEGER;
const UNKNOWN: Interval = { low: -LARGEST, high: LARGEST };
const BIT: Interval = { low: 0, high: 1 };

/** Rounds after which a still growing range counts as unbounded. */
const PATIENCE = 4;
/** Visits of parts above which a text counts as endless. */
const MOST_VISITS = 3_000_000;
/** Rounds of narrowing after the widening. */
const SECOND_LOOKS = 2;

const join = (a: Interval, b: Interval): Interval => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});
const single = (value: number): Interval => ({ low: value, high: value });
export const isWithin = (a: Interval, b: Interval): boolean => a.low >= b.low && a.high <= b.high;
const clip = ({ low, high }: Interval): Interval => ({ low: Math.max(low, -LARGEST), high: Math.min(high, LARGEST) });

/** Finds the range of every variable at every part. @throws Refused if a variable may be read before it is set. */
export function ranges(form: Form, kernel: Kernel, given: GivenRanges): Found {
  const held = new Set<Part>();
  let statics = new Map(form.statics.map((one) => [one, single(one.value.op === 'const' ? one.value.value : 0)]));
  for (let round = 0; ; round++) {
    const run = new Run(form, { kernel, given, statics, held });
    // If a value has no bound although all inputs are known, it is limited from here on, which bounds others.
    let isBounded = true;
    for (const part of run.unbounded) {
      held.add(part);
      isBounded = false;
    }
    if (!isBounded) continue;
    const next = new Map(statics);
    let isLarger = false;
    for (const [of, stored] of run.stores) {
      const was = statics.get(of);
      if (was === undefined || isWithin(stored, was)) continue;
      isLarger = true;
      const all = join(was, stored);
      next.set(
        of,
        round < PATIENCE
          ? all
          : { low: all.low < was.low ? -LARGEST : was.low, high: all.high > was.high ? LARGEST : was.high },
      );
    }
    if (!isLarger) return { before: run.before, stored: run.stored, statics, held };
    statics = next;
  }
}

class Run {
  readonly before = new Map<Part, State>();
  readonly stored = new Map<Var, Interval>();
  readonly stores = new Map<Static, Interval>();
  /** Assignments of values without a bound. */
  readonly unbounded: Part[] = [];
  readonly #kernel: Kernel;
  readonly #given: GivenRanges;
  readonly #statics: ReadonlyMap<Static, Interval>;
  readonly #leaves = new Map<Label, State>();
  readonly #agains = new Map<Label, State>();
  #joining = false;
  #visits = 0;
  /** A loop's ranges still grow; results recorded meanwhile will be recorded again. */
  #isGrowing = false;
  /** Ranges at the start of each loop's turns. */
  readonly #entries = new Map<Label, State>();
  #at: Place;

  readonly #held: ReadonlySet<Part>;

  constructor(
    form: Form,
    {
      kernel,
      given,
      statics,
      held,
    }: {
      readonly kernel: Kernel;
      readonly given: GivenRanges;
      readonly statics: ReadonlyMap<Static, Interval>;
      readonly held: ReadonlySet<Part>;
    },
  ) {
    this.#held = held;
    this.#kernel = kernel;
    this.#given = given;
    this.#statics = statics;
    this.#at = { line: 0, column: 0, text: '' };
    this.#run(form.body, new Map());
    for (const [part, state] of this.before) this.#collect(part, state);
  }

  /** Records the writes of a part, once the ranges are stable. */
  #collect(part: Part, state: State): void {
    const note = (of: Var, value: Interval): void => {
      const was = this.stored.get(of);
      this.stored.set(of, was === undefined ? value : join(was, value));
    };
    switch (part.kind) {
      case 'set':
        if (part.to.place === 'own' && !isWithin(this.#assigned(part, state), { low: -MOST, high: LARGEST_INT }))
          this.unbounded.push(part);
        note(part.to, this.#assigned(part, state));
        break;
      case 'load':
        note(part.to, this.#lasting(part.from));
        break;
      case 'store': {
        const value = this.of(part.value, state, part.at);
        const was = this.stores.get(part.to);
        this.stores.set(part.to, was === undefined ? value : join(was, value));
        break;
      }
      case 'call':
        for (const call of [part, ...part.also]) {
          if (call.result !== undefined) note(call.result, call.known.range?.(this.#kernel) ?? UNKNOWN);
          for (const [i, arg] of call.args.entries()) {
            const param = call.known.params[i];
            if (arg.kind === 'place' && param?.kind === 'place') note(arg.of, param.range(this.#kernel));
            if (arg.kind === 'batch' && call.known.claims !== undefined) {
              note(arg.of.count, this.#capacity());
              note(arg.of.drained, BIT);
            }
          }
        }
        break;
      case 'again':
      case 'block':
      case 'check':
      case 'declare':
      case 'if':
      case 'leave':
      case 'loop':
      case 'orders':
      case 'routine':
      case 'scope':
      case 'unclaim':
      case 'set-element':
    }
  }

  #run(parts: readonly Part[], from: State | undefined): State | undefined {
    let state = from;
    for (const part of parts) {
      if (state === undefined) return undefined;
      if (++this.#visits > MOST_VISITS)
        throw new Refused('nests loops too deeply for the ranges of its variables, expected fewer', this.#at);
      const known = this.#joining ? this.before.get(part) : undefined;
      if (!NOTED.has(part.kind)) this.before.set(part, state);
      else this.before.set(part, known === undefined ? new Map(state) : joined(known, state));
      if ('at' in part && part.at !== undefined) this.#at = part.at;
      state = this.#part(part, state);
    }
    return state;
  }

  #part(part: Part, state: State): State | undefined {
    switch (part.kind) {
      case 'declare':
        if ('count' in part.of) {
          state.set(part.of.count, { ...single(0), unset: true });
          state.set(part.of.drained, { ...single(0), unset: false });
          state.set(part.of.holds, { ...single(0), unset: false });
        } else state.set(part.of, { ...single(0), unset: true });
        return state;
      case 'set':
        this.#set(state, part.to, this.#assigned(part, state));
        return state;
      case 'set-element':
        this.of(part.index, state, part.at);
        this.of(part.value, state, part.at);
        return state;
      case 'unclaim':
        this.of(part.folio, state, part.at);
        return state;
      case 'check': {
        const value = this.of(part.value, state, part.at);
        if (value.high < part.low || value.low > part.high) return undefined;
        return part.value.op === 'var' ? meet(state, part.value.of, part) : state;
      }
      case 'call':
        for (const call of [part, ...part.also]) {
          const kernel = this.#kernel;
          for (const [i, arg] of call.args.entries()) {
            const param = call.known.params[i];
            if (arg.kind === 'value') this.of(arg.of, state, part.at);
            else if (arg.kind === 'batch') this.#requireSet(state, arg.of, part.at);
            if (arg.kind === 'place' && param?.kind === 'place') {
              this.of({ op: 'var', of: arg.of }, state, part.at);
              this.#set(state, arg.of, join(param.range(kernel), this.of({ op: 'var', of: arg.of }, state, part.at)));
              this.#set(state, arg.of, param.range(kernel));
            }
            if (arg.kind === 'batch' && call.known.claims !== undefined) {
              const fills = call.known.claims === 'fills';
              this.#set(state, arg.of.count, fills ? this.#capacity() : single(0));
              this.#set(state, arg.of.holds, fills ? BIT : single(0));
            }
          }
          if (call.result !== undefined) this.#set(state, call.result, call.known.range?.(kernel) ?? UNKNOWN);
        }
        return state;
      case 'load':
        this.#set(state, part.to, this.#lasting(part.from));
        return state;
      case 'store':
        this.of(part.value, state, part.at);
        return state;
      case 'if': {
        this.of(part.if, state, this.#at);
        const then = this.#run(part.then, this.#assuming(part.if, true, new Map(state)));
        const otherwise = this.#run(part.else, this.#assuming(part.if, false, new Map(state)));
        return either(then, otherwise);
      }
      case 'block':
        this.#leaves.delete(part.label);
        return either(this.#run(part.body, state), this.#leaves.get(part.label));
      case 'loop':
        return this.#loop(part, state);
      case 'leave':
        this.#jump(this.#leaves, part.label, state);
        return undefined;
      case 'again':
        this.#jump(this.#agains, part.label, state);
        return undefined;
      case 'scope':
      case 'routine':
        return this.#run(part.body, state);
      case 'orders': {
        for (const thread of part.threads) eachPart(thread, (one) => this.before.delete(one));
        const outer = this.#joining;
        this.#joining = true;
        let after: State | undefined;
        for (const order of part.orders) after = either(after, this.#run(order, new Map(state)));
        this.#joining = outer;
        return after;
      }
    }
  }

  /** Range of a static variable: at most the range of its memory (translate.ts). */
  #lasting(of: Static): Interval {
    const { low, high } = this.#statics.get(of) ?? UNKNOWN;
    return { low: Math.max(low, -COUNTER - 1), high: Math.min(high, COUNTER) };
  }

  /** Range that an assignment gives its variable. An unbounded value is limited to a counter's range. */
  #assigned(part: Extract<Part, { kind: 'set' }>, state: State): Interval {
    const value = this.of(part.value, state, part.at);
    if (!this.#held.has(part)) return value;
    const allowed = counterRange(this.#kernel);
    return {
      low: Math.min(Math.max(value.low, allowed.low), allowed.high),
      high: Math.max(Math.min(value.high, allowed.high), allowed.low),
    };
  }

  #jump(jumps: Map<Label, State>, label: Label, state: State): void {
    const known = jumps.get(label);
    jumps.set(label, known === undefined ? new Map(state) : joined(known, state));
  }

  #loop({ label, body }: Extract<Part, { kind: 'loop' }>, from: State): State | undefined {
    const turn = (entry: State): State | undefined => {
      this.#leaves.delete(label);
      this.#agains.delete(label);
      const end = this.#run(body, new Map(entry));
      return either(end, this.#agains.get(label));
    };
    // While an outer loop's ranges grow, this loop's ranges start where they ended in the last round.
    const known = this.#isGrowing ? this.#entries.get(label) : undefined;
    let entry = known === undefined ? from : joined(from, known);
    const outer = this.#isGrowing;
    this.#isGrowing = true;
    for (let round = 0; ; round++) {
      const back = turn(entry);
      const next = back === undefined ? from : joined(from, back);
      if (isCovered(next, entry)) break;
      entry = round < PATIENCE ? joined(entry, next) : widened(entry, next);
    }
    this.#isGrowing = outer;
    this.#entries.set(label, entry);
    if (outer) return this.#leaves.get(label);
    for (let look = 0; look < SECOND_LOOKS; look++) {
      const back = turn(entry);
      const next = back === undefined ? from : joined(from, back);
      if (isCovered(entry, next)) break;
      entry = next;
    }
    turn(entry);
    return this.#leaves.get(label);
  }

  #set(state: State, of: Var, { low, high }: Interval): void {
    state.set(of, { ...clip({ low, high }), unset: false });
  }

  #capacity(): Interval {
    return { low: 0, high: this.#kernel.config.profile.batchSize };
  }

  #requireSet(state: State, batch: Batch, at: Place): void {
    if (state.get(batch.count)?.unset !== false)
      throw new Refused(`'${batch.name}' may be used here before it is initialized, expected folio_batch_init()`, at);
  }

  // Conditions.

  /** State under the assumption that a condition is true (or false); undefined if that is impossible. */
  #assuming(expr: Expr, holds: boolean, state: State): State | undefined {
    const now = this.of(expr, state, this.#at);
    if (holds ? now.low === 0 && now.high === 0 : now.low > 0 || now.high < 0) return undefined;
    switch (expr.op) {
      case 'not':
        return this.#assuming(expr.of, !holds, state);
      case 'var':
        if (!holds) return meet(state, expr.of, single(0));
        return now.low === 0 ? meet(state, expr.of, { low: 1, high: LARGEST }) : state;
      case 'binary':
        return this.#assumingBinary(expr, holds, state);
      case 'capacity':
      case 'choose':
      case 'const':
      case 'element':
      case 'given':
      case 'no-entry':
      case 'null':
        return state;
    }
  }

  #assumingBinary(expr: Extract<Expr, { op: 'binary' }>, holds: boolean, state: State): State | undefined {
    const { operator, left, right } = expr;
    if (expr.unsigned === true) return this.#assumingUnsigned(expr, holds, state);
    switch (operator) {
      case '&&':
      case '||': {
        const all = (operator === '&&') === holds;
        const first = this.#assuming(left, holds, new Map(state));
        if (all) return first === undefined ? undefined : this.#assuming(right, holds, first);
        const other = this.#assuming(left, !holds, new Map(state));
        return either(first, other === undefined ? undefined : this.#assuming(right, holds, other));
      }
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const relation = holds ? operator : OPPOSITE[operator];
        const now = this.#limited(left, relation, this.of(right, state, this.#at), state);
        return now === undefined
          ? undefined
          : this.#limited(right, MIRRORED[relation], this.of(left, now, this.#at), now);
      }
      case '%':
      case '&':
      case '*':
      case '+':
      case '-':
      case '/':
      case '<<':
      case '>>':
      case '^':
      case '|':
        return state;
    }
  }

  /** An unsigned comparison restricts a variable only if the larger side is known to be in the lower half of its type. */
  #assumingUnsigned(expr: Extract<Expr, { op: 'binary' }>, holds: boolean, state: State): State | undefined {
    const { operator, left, right } = expr;
    if (operator !== '<' && operator !== '<=' && operator !== '>' && operator !== '>=') return state;
    const relation = holds ? operator : OPPOSITE[operator];
    const [less, more] = relation === '<' || relation === '<=' ? [left, right] : [right, left];
    if (this.of(more, state, this.#at).low < 0) return state;
    const positive = this.#limited(less, '>=', single(0), state);
    if (positive === undefined || this.of(less, positive, this.#at).low < 0) return positive;
    return this.#assumingBinary(binary(operator, left, right), holds, positive);
  }

  /** State under the assumption `expr relation other`. */
  #limited(expr: Expr, relation: Relation, other: Interval, state: State): State | undefined {
    if (expr.op !== 'var') return state;
    const now = this.of(expr, state, this.#at);
    switch (relation) {
      case '==':
        return meet(state, expr.of, other);
      case '!=':
        if (other.low !== other.high) return state;
        if (now.low === other.low) return meet(state, expr.of, { low: other.low + 1, high: LARGEST });
        if (now.high === other.low) return meet(state, expr.of, { low: -LARGEST, high: other.low - 1 });
        return state;
      case '<':
        return meet(state, expr.of, { low: -LARGEST, high: other.high - 1 });
      case '<=':
        return meet(state, expr.of, { low: -LARGEST, high: other.high });
      case '>':
        return meet(state, expr.of, { low: other.low + 1, high: LARGEST });
      case '>=':
        return meet(state, expr.of, { low: other.low, high: LARGEST });
    }
  }

  // Values.

  of(expr: Expr, state: State, at: Place): Interval {
    return valueOf(expr, state, { kernel: this.#kernel, given: this.#given }, (of) => {
      throw new Refused(
        of.place === 'batch'
          ? `'${of.name}' may be read here before folio_batch_init(), expected the call first`
          : `'${of.name}' may be read here before it is set, expected a value where it is declared`,
        at,
      );
    });
  }
}

type Relation = '==' | '!=' | '<' | '<=' | '>' | '>=';
const OPPOSITE: Readonly<Record<Relation, Relation>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};
const MIRRORED: Readonly<Record<Relation, Relation>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Range of an expression. @param unset called for a variable that may be uninitialised. */
export function valueOf(
  expr: Expr,
  state: State,
  around: { readonly kernel: Kernel; readonly given: GivenRanges },
  unset: (of: Var) => void = () => {},
): Interval {
  const of = (inner: Expr): Interval => valueOf(inner, state, around, unset);
  const { sizes, config } = around.kernel;
  switch (expr.op) {
    case 'const':
      return single(expr.value);
    case 'given':
      return around.given[expr.of];
    case 'null':
      return single(sizes[expr.of] ?? 0);
    case 'no-entry':
      return single((sizes['folio'] ?? 0) + 1);
    case 'capacity':
      return single(config.profile.batchSize);
    case 'element': {
      of(expr.index);
      return { low: 0, high: (sizes['folio'] ?? 0) + 1 };
    }
    case 'var': {
      if (expr.of.place === 'err_index') return { low: 0, high: sizes['index'] ?? 0 };
      const known = state.get(expr.of);
      if (known === undefined || known.unset) unset(expr.of);
      return known ?? UNKNOWN;
    }
    case 'not': {
      const inner = of(expr.of);
      if (inner.low > 0 || inner.high < 0) return single(0);
      return inner.low === 0 && inner.high === 0 ? single(1) : BIT;
    }
    case 'choose': {
      const condition = of(expr.if);
      const [then, otherwise] = [of(expr.then), of(expr.else)];
      if (condition.low > 0) return then;
      return condition.high === 0 && condition.low === 0 ? otherwise : join(then, otherwise);
    }
    case 'binary':
      if (expr.unsigned === true)
        return clip(operation(expr.operator, asUnsigned(of(expr.left)), asUnsigned(of(expr.right))));
      return clip(operation(expr.operator, of(expr.left), of(expr.right)));
  }
}

/** Range of unsigned values, for comparisons: a negative number stands for a value above all others. */
function asUnsigned({ low, high }: Interval): Interval {
  if (low >= 0) return { low, high };
  const above = 2 ** 52;
  return high < 0 && low > -above
    ? { low: low + 2 * above - 1, high: high + 2 * above - 1 }
    : { low: 0, high: LARGEST };
}

/** Range of an operation's result. */
function operation(operator: Extract<Expr, { op: 'binary' }>['operator'], a: Interval, b: Interval): Interval {
  if (a.low === a.high && b.low === b.high && Math.abs(a.low) <= LARGEST && Math.abs(b.low) <= LARGEST)
    if (operator !== '/' && operator !== '%') return single(computed(operator, a.low, b.low));
  switch (operator) {
    case '+':
      return { low: a.low + b.low, high: a.high + b.high };
    case '-':
      return { low: a.low - b.high, high: a.high - b.low };
    case '*': {
      const all = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
      return { low: Math.min(...all), high: Math.max(...all) };
    }
    case '/':
      return { low: Math.trunc(a.low / b.low), high: Math.trunc(a.high / b.low) };
    case '%': {
      const most = b.high - 1;
      if (a.low >= 0 && a.high <= most) return a;
      return { low: a.low >= 0 ? 0 : Math.max(a.low, -most), high: a.high <= 0 ? 0 : Math.min(a.high, most) };
    }
    case '<<':
      return {
        low: Math.min(a.low * 2 ** Math.max(0, b.low), a.low * 2 ** Math.min(31, Math.max(0, b.high))),
        high: Math.max(a.high * 2 ** Math.min(31, Math.max(0, b.high)), a.high * 2 ** Math.max(0, b.low)),
      };
    case '>>': {
      const all = [a.low, a.high].flatMap((x) =>
        [b.low, b.high].map((by) => Math.floor(x / 2 ** Math.min(63, Math.max(0, by)))),
      );
      return { low: Math.min(...all), high: Math.max(...all) };
    }
    case '&': {
      const above = [a, b].filter(({ low }) => low >= 0).map(({ high }) => high);
      return above.length === 0 ? UNKNOWN : { low: 0, high: Math.min(...above) };
    }
    case '|':
    case '^':
      if (a.low < 0 || b.low < 0) return UNKNOWN;
      return { low: 0, high: 2 ** Math.ceil(Math.log2(Math.max(a.high, b.high, 0) + 1)) - 1 };
    case '==':
      return a.high < b.low || b.high < a.low ? single(0) : BIT;
    case '!=':
      return a.high < b.low || b.high < a.low ? single(1) : BIT;
    case '<':
      return decided(a.high < b.low, a.low >= b.high);
    case '<=':
      return decided(a.high <= b.low, a.low > b.high);
    case '>':
      return decided(a.low > b.high, a.high <= b.low);
    case '>=':
      return decided(a.low >= b.high, a.high < b.low);
    case '&&':
      return decided(a.low > 0 && b.low > 0, isZero(a) || isZero(b));
    case '||':
      return decided(a.low > 0 || b.low > 0, isZero(a) && isZero(b));
  }
}

const isZero = ({ low, high }: Interval): boolean => low === 0 && high === 0;
const decided = (always: boolean, never: boolean): Interval => (always ? single(1) : never ? single(0) : BIT);

function meet(state: State, of: Var, { low, high }: Interval): State | undefined {
  const now = state.get(of);
  if (now === undefined) return state;
  const both = { low: Math.max(low, now.low), high: Math.min(high, now.high) };
  if (both.low > both.high) return undefined;
  state.set(of, { ...both, unset: now.unset });
  return state;
}

/** State at a place that two paths reach. A variable of only one path is out of scope. */
function joined(a: State, b: State): State {
  const all: State = new Map();
  for (const [of, known] of a) {
    const other = b.get(of);
    if (other !== undefined) all.set(of, { ...joinKnown(known, other), unset: known.unset || other.unset });
  }
  return all;
}

/** Union of two ranges; an uninitialised variable adds none. */
function joinKnown(a: Known, b: Known): Interval {
  if (a.unset && !b.unset && isZero(a)) return b;
  if (b.unset && !a.unset && isZero(b)) return a;
  return join(a, b);
}

const either = (a: State | undefined, b: State | undefined): State | undefined =>
  a === undefined ? b : b === undefined ? a : joined(a, b);

const isCovered = (a: State, b: State): boolean =>
  [...a].every(([of, known]) => {
    const other = b.get(of);
    return other === undefined || (isWithin(known, other) && (other.unset || !known.unset));
  });

function widened(was: State, now: State): State {
  const all: State = new Map();
  for (const [of, before] of was) {
    const after = now.get(of);
    if (after === undefined) continue;
    all.set(of, {
      low: after.low < before.low ? lower(after.low) : before.low,
      high: after.high > before.high ? higher(after.high) : before.high,
      unset: before.unset || after.unset,
    });
  }
  return all;
}

/** Bounds to try for a growing range before it counts as unbounded. */
const STAGES = [1, 7, 31, 255, 1023];
const higher = (value: number): number => STAGES.find((stage) => stage >= value) ?? LARGEST;
const lower = (value: number): number => -(STAGES.find((stage) => stage >= -value) ?? LARGEST);
