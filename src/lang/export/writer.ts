// SPDX-License-Identifier: MIT
import type { Claim, Effect } from '../text/body.ts';
import { type Bound, type Expr, type Local, walk } from '../text/expr.ts';
import { claimsAt } from '../program/flow.ts';
import type { Code, Program } from '../program/program.ts';
import { sizeOf } from '../text/types.ts';
import type { Dialect, Lines } from './dialect.ts';
import type { Names } from './names.ts';

const CONDITIONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||']);

const isCondition = (expr: Expr): boolean =>
  expr.op === 'not' || expr.op === 'finished' || (expr.op === 'binary' && CONDITIONS.has(expr.operator));

/** Writes simplified expressions and effects of one task in another checker's language. */
export class Writer {
  readonly #dialect: Dialect;
  readonly #program: Program;
  readonly #codes: readonly Code[];
  readonly #names: Names;
  readonly #task: number;
  readonly #bounds = new Map<Bound, string>();
  /** Names of the scratch numbers in use. */
  readonly scratch = new Set<string>();
  #counters = 0;

  constructor(dialect: Dialect, program: Program, codes: readonly Code[], names: Names, task: number) {
    this.#dialect = dialect;
    this.#program = program;
    this.#codes = codes;
    this.#names = names;
    this.#task = task;
  }

  /** @throws Error if the condition searches in a range that is unknown at this time. */
  condition(expr: Expr): string {
    const { asCondition, binary, literal, not } = this.#dialect;
    if (expr.op === 'const') return literal(expr.value !== 0);
    if (expr.op === 'not') return not(this.condition(expr.of));
    if (expr.op === 'finished') return this.#rests(expr.task, [this.#codes[expr.task]?.flow.steps.length ?? 0]);
    if (expr.op !== 'binary' || !isCondition(expr)) return asCondition(this.number(expr));
    const logical = expr.operator === '&&' || expr.operator === '||';
    const write = (part: Expr): string => (logical ? this.condition(part) : this.number(part));
    return binary(expr.operator, write(expr.left), write(expr.right));
  }

  number(expr: Expr): string {
    const { asNumber, binary, choose } = this.#dialect;
    if (isCondition(expr)) return asNumber(this.condition(expr));
    switch (expr.op) {
      case 'const':
        return String(expr.value);
      case 'self':
        return String(this.#task);
      case 'bound': {
        const name = this.#bounds.get(expr.bound);
        if (name === undefined) throw new Error('a bound number is used outside its search');
        return name;
      }
      case 'read':
      case 'local':
        return this.place(expr);
      case 'binary':
        return binary(expr.operator, this.number(expr.left), this.number(expr.right));
      case 'choose':
        return choose(this.condition(expr.if), this.number(expr.then), this.number(expr.else));
      case 'claimed':
        return this.#claimed(expr.label, this.number(expr.of));
      case 'first':
        return this.#first(expr);
      case 'size':
        throw new Error(`the size of '${expr.domain}' should have been simplified away`);
      case 'not':
      case 'finished':
        throw new Error('a condition is no number');
    }
  }

  place(expr: Expr): string {
    if (expr.op === 'local') return this.#local(expr.local, expr.index);
    if (expr.op !== 'read') throw new Error('only places can be written');
    const { variable, index } = expr;
    const { name, length } = this.#names.variable(variable);
    const [first, ...rest] = index.map((part, i) => ({
      js: this.number(part),
      known: part.op === 'const' ? part.value : undefined,
      extent: sizeOf(this.#program.sizes, variable.domains[i]?.name ?? ''),
    }));
    if (first === undefined || length === undefined) return this.#dialect.element(name, undefined);
    const flat = rest.reduce((row, next) => {
      if (row.known !== undefined && next.known !== undefined) {
        const known = row.known * next.extent + next.known;
        return { js: String(known), known, extent: next.extent };
      }
      return { js: `(${row.js} * ${next.extent} + ${next.js})`, known: undefined, extent: next.extent };
    }, first);
    return this.#dialect.element(name, flat.js);
  }

  effects(effects: readonly Effect[]): Lines {
    return effects.flatMap((effect) => this.#effect(effect));
  }

  /** Whether a task rests at one of these places. */
  #rests(task: number, pcs: readonly number[]): string {
    const pc = this.#names.pc(task);
    if (pc === undefined) return this.#dialect.literal(true);
    return pcs
      .map((place) => this.#dialect.binary('==', pc, String(place)))
      .reduce((either, next) => this.#dialect.binary('||', either, next));
  }

  #local(local: Local, index: Expr | undefined): string {
    if (local.length === undefined) {
      const known = this.#names.slot(this.#task, local.slot);
      if (known.scratch) this.scratch.add(known.name);
      return known.name;
    }
    if (index === undefined) throw new Error('an array is read without an index');
    const first = this.#names.arraySlot(local.slot);
    const at = index.op === 'const' ? String(first + index.value) : `(${first} + ${this.number(index)})`;
    return this.#dialect.element(this.#names.arrays(this.#task), at);
  }

  #effect(effect: Effect): Lines {
    switch (effect.kind) {
      case 'assign': {
        // A value that can only be 0 is not part of the model.
        if (effect.place.op === 'read' && this.#names.variable(effect.place.variable).max === 0) return [];
        const place = this.place(effect.place);
        return [this.#dialect.assign(place, this.number(effect.value))];
      }
      case 'observe':
        return [];
      case 'assert':
        return [this.#dialect.assert(effect.name, this.condition(effect.condition))];
      case 'when':
        return this.#dialect.if(
          [{ condition: this.condition(effect.if), then: this.effects(effect.then) }],
          this.effects(effect.else),
        );
      case 'each': {
        const i = this.#counter();
        const end = this.#counter();
        const from = this.number(effect.from);
        const to = this.number(effect.to);
        this.#bounds.set(effect.bound, i);
        const { assign, binary } = this.#dialect;
        return [
          assign(i, from),
          assign(end, to),
          ...this.#dialect.while(binary('<', i, end), [...this.effects(effect.body), assign(i, binary('+', i, '1'))]),
        ];
      }
    }
  }

  #counter(): string {
    const name = `i${this.#counters++}`;
    this.scratch.add(name);
    return name;
  }

  /** A search among known numbers, unrolled. */
  #first({ bound, from, to, where, otherwise }: Extract<Expr, { op: 'first' }>): string {
    const last = to.op === 'const' ? to.value : this.#extentIn(where, bound);
    const start = from.op === 'const' ? from.value : 0;
    if (last === undefined) throw new Error('a search without a known end cannot be written in another language');
    const { binary, choose } = this.#dialect;
    return Array.from({ length: Math.max(0, last - start) }, (_, i) => start + i).reduceRight((rest, i) => {
      this.#bounds.set(bound, String(i));
      const tests = [
        ...(from.op === 'const' ? [] : [binary('<=', this.number(from), String(i))]),
        ...(to.op === 'const' ? [] : [binary('<', String(i), this.number(to))]),
        this.condition(where),
      ];
      return choose(
        tests.reduce((both, next) => binary('&&', both, next)),
        String(i),
        rest,
      );
    }, this.number(otherwise));
  }

  /** Number of elements of an array that a search indexes with its number: it cannot go beyond. */
  #extentIn(where: Expr, bound: Bound): number | undefined {
    let extent: number | undefined;
    walk(where, (part) => {
      if (part.op !== 'read') return;
      const domain = part.variable.domains[part.index.findIndex((at) => at.op === 'bound' && at.bound === bound)];
      if (domain !== undefined) extent = sizeOf(this.#program.sizes, domain.name);
    });
    return extent;
  }

  /** Amount of an element that all tasks claim where they rest. */
  #claimed(label: string | undefined, of: string): string {
    const { binary, choose } = this.#dialect;
    const sums = this.#codes.flatMap((code, task) => {
      const writer = new Writer(this.#dialect, this.#program, this.#codes, this.#names, task);
      const restsBySum = new Map<string, number[]>();
      for (const pc of code.flow.steps.keys()) {
        const claims = claimsAt(code.flow, pc).filter((claim) => label === undefined || claim.label === label);
        if (claims.length === 0) continue;
        const sum = claims.flatMap((claim) => writer.#amounts(claim, of)).reduce((a, b) => binary('+', a, b));
        restsBySum.set(sum, [...(restsBySum.get(sum) ?? []), pc]);
      }
      return [...restsBySum].map(([sum, pcs]) => choose(this.#rests(task, pcs), sum, '0'));
    });
    return sums.length === 0 ? '0' : sums.reduce((a, b) => binary('+', a, b));
  }

  #amounts(claim: Claim, of: string): readonly string[] {
    const { binary, choose } = this.#dialect;
    const amount = this.number(claim.amount);
    if (!('list' in claim.of)) return [choose(binary('==', this.number(claim.of), of), amount, '0')];
    const { list, from, to } = claim.of;
    const first = this.#names.arraySlot(list.slot);
    return Array.from({ length: list.length ?? 0 }, (_, i) => {
      const element = this.#dialect.element(this.#names.arrays(this.#task), String(first + i));
      const inside = [
        binary('<=', this.number(from), String(i)),
        binary('<', String(i), this.number(to)),
        binary('==', element, of),
      ];
      return choose(
        inside.reduce((both, next) => binary('&&', both, next)),
        amount,
        '0',
      );
    });
  }
}
