// SPDX-License-Identifier: MIT
import type { Body, Claim, Effect, Step } from './body.ts';
import { TASK } from './builder.ts';
import { type BinaryOp, type Bound, type Expr, type Variable, walk } from './expr.ts';
import type { Domain } from './types.ts';

/** The new number of each swapped element, by domain; absent elements keep theirs. */
export type Renaming = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Error for a text that uses swapped elements as more than names: it calculates with them, or reads them. */
export class NotByName extends Error {}

/** An element that a text uses as an index. */
interface NamedElement {
  readonly domain: Domain;
  readonly element: number;
}

/** Operators whose operands may be swapped. */
const COMMUTE: ReadonlySet<BinaryOp> = new Set(['+', '&&', '||', '==', '!=']);
/** Operators whose chains may be reordered. */
const CHAIN: ReadonlySet<BinaryOp> = new Set(['+', '&&', '||']);

/**
 * Writes a text in a normal form: two texts with the same form mean the same. Elements are renamed by `renaming`,
 * commuting operands are in one order, repetitions are named by their depth.
 */
export class NormalText {
  readonly #renaming: Renaming;
  /** Whether the text's task is swapped, stays, or does not exist. */
  readonly #self: 'moves' | 'stays' | 'none';
  readonly #bounds: Bound[] = [];
  readonly #named: NamedElement[] = [];

  /** @param task owner of the text; undefined for a text of no task. */
  constructor(renaming: Renaming, task: number | undefined) {
    this.#renaming = renaming;
    if (task === undefined) this.#self = 'none';
    else this.#self = renaming.get(TASK.name)?.has(task) === true ? 'moves' : 'stays';
  }

  /** The elements written as indexes so far, besides tasks, in text order. */
  get named(): readonly NamedElement[] {
    return this.#named;
  }

  /** @throws NotByName */
  body(parts: readonly Body[]): string {
    return parts.map((part) => this.#part(part)).join(';');
  }

  #part(part: Body): string {
    switch (part.kind) {
      case 'step':
        return this.#step(part.step);
      case 'local':
        return `local{${this.#effects(part.effects)}}`;
      case 'if':
        return `if(${this.expr(part.if)}){${this.body(part.then)}}{${this.body(part.else)}}`;
      case 'either':
        return `either${this.#claims(part.claims)}${part.options.map((option) => `{${this.body(option)}}`).join('')}`;
      case 'loop':
      case 'block':
        return `${part.kind} ${part.label}{${this.body(part.body)}}`;
      case 'exit':
      case 'again':
        return `${part.kind} ${part.label}`;
    }
  }

  #step({ name, path, guard, effects, claims }: Step): string {
    const waits = guard === undefined ? '' : `await(${this.expr(guard)})`;
    return `step ${JSON.stringify([...path, name])}${this.#claims(claims)}${waits}{${this.#effects(effects)}}`;
  }

  #claims(claims: readonly Claim[]): string {
    const texts = claims.map(({ label, of, amount, on }) => {
      const what =
        'list' in of ? `L${of.list.slot}/${of.list.length}[${this.expr(of.from)},${this.expr(of.to)}]` : this.expr(of);
      return `${label}:${what}*${this.expr(amount)}${on === undefined ? '' : `@${this.expr(on)}`}`;
    });
    return `<${texts.join(',')}>`;
  }

  #effects(effects: readonly Effect[]): string {
    return independentRuns(effects)
      .map((run) => {
        const texts = run.map((effect) => this.#effect(effect));
        return (run.length > 1 ? texts.toSorted() : texts).join(';');
      })
      .join(';');
  }

  #effect(effect: Effect): string {
    switch (effect.kind) {
      case 'assign':
        return `${this.expr(effect.place)}:=${this.expr(effect.value)}`;
      case 'observe': {
        const args = Object.entries(effect.args).map(([name, arg]) => `${name}=${this.expr(arg)}`);
        return `observe ${JSON.stringify(effect.mark.name)}(${args.join()})`;
      }
      case 'assert':
        return `assert ${JSON.stringify(effect.name)}(${this.expr(effect.condition)})`;
      case 'when':
        return `when(${this.expr(effect.if)}){${this.#effects(effect.then)}}{${this.#effects(effect.else)}}`;
      case 'each': {
        const range = `${this.expr(effect.from)},${this.expr(effect.to)}`;
        return `each(${range}){${this.#within(effect.bound, () => this.#effects(effect.body))}}`;
      }
    }
  }

  /** @throws NotByName */
  expr(expr: Expr): string {
    switch (expr.op) {
      case 'const':
        return String(expr.value);
      case 'size':
        return `size ${expr.domain}`;
      case 'self':
        if (this.#self !== 'stays') throw new NotByName('a task that is exchanged uses its own number');
        return 'self';
      case 'read':
        return `${expr.variable.name}[${expr.index.map((index, i) => this.#index(expr.variable, i, index)).join()}]`;
      case 'local':
        return `L${expr.local.slot}${expr.index === undefined ? '' : `/${expr.local.length}[${this.expr(expr.index)}]`}`;
      case 'bound':
        return `i${this.#bounds.lastIndexOf(expr.bound)}`;
      case 'binary':
        return this.#binary(expr);
      case 'not':
        return `!(${this.expr(expr.of)})`;
      case 'choose':
        return `(${this.expr(expr.if)}?${this.expr(expr.then)}:${this.expr(expr.else)})`;
      case 'claimed':
        return `claimed ${expr.label === undefined ? '' : JSON.stringify(expr.label)}(${this.expr(expr.of)})`;
      case 'finished':
        return `finished ${this.#renamed(TASK.name, expr.task)}`;
      case 'first': {
        const range = `${this.expr(expr.from)},${this.expr(expr.to)}`;
        const where = this.#within(expr.bound, () => this.expr(expr.where));
        return `first(${range},${where},${this.expr(expr.otherwise)})`;
      }
    }
  }

  #index(variable: Variable, place: number, index: Expr): string {
    const domain = variable.domains[place];
    if (domain === undefined) throw new Error(`'${variable.name}' has no index ${place}`);
    if (index.op === 'const') {
      if (domain.name !== TASK.name) this.#named.push({ domain, element: index.value });
      return String(this.#renamed(domain.name, index.value));
    }
    if (domain.name === TASK.name && index.op === 'self' && this.#self !== 'none') return 'self';
    if (this.#renaming.has(domain.name))
      throw new NotByName(`'${variable.name}' is asked for more than named elements`);
    return this.expr(index);
  }

  #renamed(domain: string, element: number): number {
    return this.#renaming.get(domain)?.get(element) ?? element;
  }

  #binary(expr: Extract<Expr, { op: 'binary' }>): string {
    const { operator } = expr;
    const operands = COMMUTE.has(operator)
      ? this.#operands(expr, operator).toSorted()
      : [this.expr(expr.left), this.expr(expr.right)];
    return `(${operands.join(operator)})`;
  }

  #operands(expr: Extract<Expr, { op: 'binary' }>, operator: BinaryOp): readonly string[] {
    return [expr.left, expr.right].flatMap((side) =>
      CHAIN.has(operator) && side.op === 'binary' && side.operator === operator
        ? this.#operands(side, operator)
        : [this.expr(side)],
    );
  }

  #within(bound: Bound, text: () => string): string {
    this.#bounds.push(bound);
    const written = text();
    this.#bounds.pop();
    return written;
  }
}

/** An assignment to shared memory. */
interface Store {
  readonly kind: 'assign';
  readonly place: Extract<Expr, { op: 'read' }>;
  readonly value: Expr;
}
const isStore = (effect: Effect): effect is Store => effect.kind === 'assign' && effect.place.op === 'read';

/**
 * Neighbouring effects with the same result in any order: assignments to different elements of a variable that none of
 * them reads.
 */
function independentRuns(effects: readonly Effect[]): readonly (readonly Effect[])[] {
  const runs: Effect[][] = [];
  for (const effect of effects) {
    const run = runs.at(-1);
    const joins =
      run !== undefined && isStore(effect) && run.every((before) => isStore(before) && areApart(before, effect));
    if (joins) run.push(effect);
    else runs.push([effect]);
  }
  return runs;
}

function areApart(a: Store, b: Store): boolean {
  const { variable } = a.place;
  if (b.place.variable !== variable) return false;
  const differ = a.place.index.some((index, i) => {
    const other = b.place.index[i];
    return index.op === 'const' && other?.op === 'const' && index.value !== other.value;
  });
  const reads = [a, b].some(({ place, value }) =>
    [...place.index, value].some((expr) => {
      let found = false;
      walk(expr, (part) => {
        found ||= part.op === 'claimed' || (part.op === 'read' && part.variable === variable);
      });
      return found;
    }),
  );
  return differ && !reads;
}
