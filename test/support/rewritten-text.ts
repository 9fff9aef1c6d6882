// SPDX-License-Identifier: MIT
// The text of a check, said in other words while it is recorded: what it does stays, how it says it does not.
import type { CheckArguments, K, KernelConfig } from '../../src/kernel/index.ts';
import { type Expr, Place, type Routine, Value } from '../../src/lang/index.ts';
import { readsShared, walk } from '../../src/lang/text/expr.ts';
import { recording } from '../../src/lang/text/recorder.ts';
import { Random } from '../fuzz/random.ts';

/** How a text is said otherwise; each of these with a chance of its own at every place. */
export interface Wording {
  /** Locals, steps and routines have names of no meaning. */
  readonly renames: boolean;
  /** What a step reads is kept as it is; what follows from it is computed behind the step. */
  readonly hoists: boolean;
  /** Where a step reads several things, each has a step of its own. */
  readonly splits: boolean;
  /** A condition is not assigned: a constant is, under it. */
  readonly nests: boolean;
  /** Comparisons and branches the other way round. */
  readonly turns: boolean;
  /** Steps that do nothing stand between the others. */
  readonly idles: boolean;
  /** Short routines have no name: their steps stand where they are called. */
  readonly unfolds: boolean;
  /** Nothing says what it means: no look is observed. */
  readonly silences?: true;
}

/** All of it, none of it, or some. */
export const wordingOf = (random: Random): Wording => {
  const some = (): boolean => random.below(2) === 0;
  return {
    renames: random.below(4) !== 0,
    hoists: some(),
    splits: some(),
    nests: some(),
    turns: some(),
    idles: random.below(4) === 0,
    unfolds: some(),
  };
};

interface Assignment {
  readonly place: Expr;
  readonly value: Expr;
}

/** Routines without `return`, so that their text may stand anywhere. */
const UNFOLDABLE: ReadonlySet<string> = new Set([
  'folio_try_get',
  'folio_get',
  'folio_put',
  'lru_add_drain',
  'lru_add_drain_cpu',
  'local_unlock',
  'folio_isolate_lru',
  'folio_putback_lru',
  'lru_add_drain_all',
]);

/** A check whose text is said otherwise: for a seed always in the same words, in whatever kernel it is built. */
export const reworded = (
  original: Routine<KernelConfig, CheckArguments>,
  seed: number,
  wording: Wording,
): Routine<KernelConfig, CheckArguments> => {
  const nameOf = (): Rewording => new Rewording(new Random(seed), wording);
  return {
    name: nameOf().named(original.name),
    text: (k, args) => {
      const words = nameOf();
      words.named(original.name);
      original.text(words.over(k), args);
    },
  };
};

/** The builder as the text of a check sees it. */
class Rewording {
  readonly #random: Random;
  readonly #wording: Wording;
  readonly #names = new Map<string, string>();

  constructor(random: Random, wording: Wording) {
    this.#random = random;
    this.#wording = wording;
  }

  named(name: string): string {
    if (!this.#wording.renames) return name;
    const known = this.#names.get(name) ?? `r${this.#names.size}_${this.#random.below(1000)}`;
    this.#names.set(name, known);
    return known;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  /** A builder that takes down a text in other words. */
  over(k: K): K {
    /** The step's assignments so far, where it has nothing else. */
    let pending: Assignment[] | undefined;
    const write = ({ place, value }: Assignment): void => this.#assign(k, place, this.#said(value));
    const flush = (): void => {
      const list = pending ?? [];
      pending = undefined;
      for (const one of list) write(one);
    };
    const within = (text: () => void) => (): void =>
      recording({ assign: (place, value) => write({ place, value }) }, text);
    const step = (name: string, text: () => void): void => {
      if (this.#wording.idles && this.#chance(15)) k.step(this.named('idle'), () => {});
      let reads: readonly Assignment[] = [];
      let after: readonly Assignment[] = [];
      k.step(this.named(name), () => {
        pending = [];
        recording(
          {
            assign: (place, value) => {
              if (pending === undefined) write({ place, value });
              else pending.push({ place, value });
            },
          },
          text,
        );
        const [only, more] = pending ?? [];
        const isAlone = only !== undefined && more === undefined && this.#wording.hoists && this.#chance(70);
        const hoisted = isAlone ? this.#hoisted(k, { ...only, value: this.#said(only.value) }) : undefined;
        if (hoisted === undefined) {
          flush();
          return;
        }
        pending = undefined;
        const here = this.#wording.splits && this.#chance(60) ? 1 : hoisted.reads.length;
        for (const { place, value } of hoisted.reads.slice(0, here)) k.assign(place, value);
        reads = hoisted.reads.slice(here);
        after = hoisted.after;
      });
      for (const { place, value } of reads) k.step(this.named('read'), () => k.assign(place, value));
      for (const { place, value } of after) k.assign(place, value);
    };
    const words: Readonly<Record<string, unknown>> = {
      step,
      await: (name: string, guard: Value<'bool'>, text: () => void = () => {}) => {
        k.await(this.named(name), this.#turned(guard), within(text));
      },
      when: (condition: Value<'bool'>, then: () => void, otherwise: () => void = () => {}) => {
        flush();
        if (this.#wording.turns && this.#chance(40))
          k.when(this.#turned(condition.not()), within(otherwise), within(then));
        else k.when(this.#turned(condition), within(then), within(otherwise));
      },
      each: (...args: Parameters<K['each']>) => {
        flush();
        const [from, to, effects] = args;
        k.each(from, to, (i) => within(() => effects(i))());
      },
      observe: (...args: Parameters<K['observe']>) => {
        flush();
        if (this.#wording.silences !== true) k.observe(...args);
      },
      assert: (name: string, condition: Value<'bool'>) => {
        flush();
        k.assert(name, condition);
      },
      if: (condition: Value<'bool'>, then: () => void, otherwise: () => void = () => {}) => {
        if (this.#wording.turns && this.#chance(40)) k.if(this.#turned(condition.not()), otherwise, then);
        else k.if(this.#turned(condition), then, otherwise);
      },
      while: (condition: Value<'bool'>, text: () => void) => {
        if (!this.#wording.turns || this.#chance(50)) k.while(this.#turned(condition), text);
        else
          k.loop(() => {
            k.if(
              this.#turned(condition),
              () => {},
              () => k.break(),
            );
            text();
          });
      },
      local: (name: string, type: Parameters<K['local']>[1]) => k.local(this.named(name), type),
      let: (name: string, type: Parameters<K['let']>[1], value: Parameters<K['let']>[2]) => {
        const place = k.local(this.named(name), type);
        k.assign(place.expr, value instanceof Value ? value.expr : { op: 'const', value });
        return place;
      },
      localArray: (name: string, length: number, type: Parameters<K['localArray']>[2]) =>
        k.localArray(this.named(name), length, type),
      call: (
        routine: Routine<KernelConfig, Readonly<Record<string, unknown>>>,
        args: Readonly<Record<string, unknown>>,
      ) => {
        const text = (inner: K, given: Readonly<Record<string, unknown>>): void =>
          routine.text(this.over(inner), given);
        if (this.#wording.unfolds && UNFOLDABLE.has(routine.name) && this.#chance(60)) text(k, args);
        else k.call({ name: this.named(routine.name), text }, args);
      },
    };
    return new Proxy(k, {
      get: (target, property) => {
        if (typeof property === 'string' && Object.hasOwn(words, property)) return words[property];
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function'
          ? (...args: readonly unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
  }

  /** An assignment within a step, as the wording has it. */
  #assign(k: K, place: Expr, value: Expr): void {
    const isCondition =
      place.op === 'local' && place.local.type.kind === 'bool' && value.op !== 'const' && value.op !== 'local';
    if (isCondition && this.#wording.nests && this.#chance(60)) {
      const to = new Place<'bool'>(place);
      const condition = this.#turned(new Value<'bool'>(value));
      if (this.#chance(50)) {
        k.when(
          condition,
          () => to.set(true),
          () => to.set(false),
        );
        return;
      }
      // The place may be read by the condition.
      if (!mentions(value, place)) {
        k.assign(place, { op: 'const', value: 0 });
        k.when(condition, () => to.set(true));
        return;
      }
    }
    k.assign(place, isCondition ? this.#turned(new Value<'bool'>(value)).expr : value);
  }

  /** Reads of a step in locals of their own, and what then follows from them; undefined where that cannot be. */
  #hoisted(
    k: K,
    { place, value }: Assignment,
  ): { readonly reads: readonly Assignment[]; readonly after: readonly Assignment[] } | undefined {
    if (place.op !== 'local' || !readsShared(value) || value.op === 'read') return undefined;
    let isSimple = place.index === undefined;
    walk(value, (part) => {
      if (part.op === 'first' || part.op === 'claimed' || part.op === 'finished' || part.op === 'bound')
        isSimple = false;
      // Only one branch is read: with both hoisted the text would read a count that its original does not.
      if (part.op === 'choose' && (readsShared(part.then) || readsShared(part.else))) isSimple = false;
      if (part.op === 'read' && part.index.some(readsShared)) isSimple = false;
    });
    if (!isSimple) return undefined;
    const reads: Assignment[] = [];
    const known = new Map<string, Expr>();
    const local = (read: Extract<Expr, { op: 'read' }>): Expr => {
      const key = JSON.stringify([read.variable.name, read.index]);
      const before = known.get(key);
      if (before !== undefined) return before;
      const at = k.local(this.named(`value_${reads.length}`), read.variable.type).expr;
      known.set(key, at);
      reads.push({ place: at, value: read });
      return at;
    };
    return { reads, after: [{ place, value: replaced(value, local) }] };
  }

  /** What a text reads, with or without what that means. */
  #said(value: Expr): Expr {
    return this.#wording.silences === true
      ? replaced(value, ({ op, variable, index }) => ({ op, variable, index }))
      : value;
  }

  /** The same condition the other way round. */
  #turned(condition: Value<'bool'>): Value<'bool'> {
    const said = this.#said(condition.expr);
    return new Value<'bool'>(!this.#wording.turns || this.#chance(40) ? said : turned(said));
  }
}

const mentions = (value: Expr, place: Expr): boolean => {
  let found = false;
  walk(value, (part) => {
    if (part.op === 'local' && place.op === 'local' && part.local.slot === place.local.slot) found = true;
  });
  return found;
};

const OTHER_WAY: Readonly<Record<string, '<' | '<=' | '>' | '>=' | '==' | '!=' | '&&' | '||'>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
  '&&': '&&',
  '||': '||',
};
const CONTRARY: Readonly<Record<string, '<' | '<=' | '>' | '>=' | '==' | '!='>> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '==': '!=',
  '!=': '==',
};

function turned(expr: Expr): Expr {
  if (expr.op === 'not' && expr.of.op === 'binary') {
    const contrary = CONTRARY[expr.of.operator];
    return contrary === undefined ? expr : { ...expr.of, operator: contrary };
  }
  if (expr.op !== 'binary') return expr;
  const operator = OTHER_WAY[expr.operator];
  return operator === undefined ? expr : { op: 'binary', operator, left: expr.right, right: expr.left };
}

/** The expression with each read of shared memory replaced. */
function replaced(expr: Expr, by: (read: Extract<Expr, { op: 'read' }>) => Expr): Expr {
  const inner = (part: Expr): Expr => replaced(part, by);
  switch (expr.op) {
    case 'read':
      return by(expr);
    case 'binary':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    case 'not':
      return { ...expr, of: inner(expr.of) };
    case 'choose':
      // oxlint-disable-next-line unicorn/no-thenable -- an expression if/then/else has a `then`
      return { ...expr, if: inner(expr.if), then: inner(expr.then), else: inner(expr.else) };
    case 'local':
      return expr.index === undefined ? expr : { ...expr, index: inner(expr.index) };
    case 'first':
    case 'claimed':
    case 'const':
    case 'size':
    case 'self':
    case 'bound':
    case 'finished':
      return expr;
  }
}
