// SPDX-License-Identifier: MIT
import type { Effect, Observe, Step } from '../text/body.ts';
import type { Value } from '../text/expression.ts';
import { type Bound, type Expr, type Variable, walk } from '../text/expr.ts';
import { claimsAt, nodeAt, optionsAt } from '../program/flow.ts';
import { type Column, columnOf, IDLE, type Memory } from '../program/memory.ts';
import { type Code, type Program, rangeOf, requireArguments } from '../program/program.ts';
import { behind, outOfRange, placeOf, type Spot } from '../text/out_of_range.ts';
import { apply } from '../text/simplify.ts';
import { resolve, sizeOf } from '../text/types.ts';

/** One write of a step to shared memory. */
export interface Write {
  readonly variable: Variable;
  /** Indexes, one for each domain. */
  readonly index: readonly number[];
  readonly before: number;
  readonly after: number;
}

/** An observation of a step, with the values that its arguments had. */
export interface Observed extends Pick<Observe, 'mark' | 'at'> {
  readonly args: Readonly<Record<string, number>>;
}

/** A step that a task took. */
export interface Taken {
  readonly task: number;
  readonly code: Code;
  readonly step: Step;
  readonly writes: readonly Write[];
  /** In the order in which they were made. */
  readonly observed: readonly Observed[];
  /** Names of the step's failed asserts. */
  readonly failed: readonly string[];
  /** The task has finished its code. */
  readonly finished: boolean;
}

/** A claim of a task where it rests (see Claim). */
export interface ClaimHeld {
  readonly task: number;
  readonly label: string;
  readonly of: number;
  readonly amount: number;
  readonly on: number | undefined;
}

/** An element of shared memory, with its present value. */
export interface ElementRead extends Pick<Write, 'variable' | 'index'> {
  readonly value: number;
}

function hasBound(expr: Expr): boolean {
  let found = false;
  walk(expr, ({ op }) => (found ||= op === 'bound'));
  return found;
}

/** Maximum number of turns between two steps, more than any text needs. */
const MOST_TURNS = 100_000;

/**
 * Runs a program step by step by walking its text: the reference for the compiled executions. Every value is checked
 * against its declared range.
 * @example
 * import { buildCode, createMemory, int, Interpreter, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 1 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 1 }, [total], [adding]);
 * const interpreter = new Interpreter(counting, createMemory(counting));
 * interpreter.start(0, 0);
 * interpreter.step(0)?.writes.map(({ before, after }) => [before, after]); // => [[0, 1]]
 * interpreter.step(0); // => undefined
 * interpreter.waitsFor(0); // => []
 */
export class Interpreter {
  readonly program: Program;
  readonly memory: Memory;
  readonly #bounds = new Map<Bound, number>();
  #writes: Write[] = [];
  #failed: string[] = [];
  #observed: Observed[] = [];
  /** Place after the last step in the present code, for messages. */
  #last: Spot = { path: [] };
  #path: readonly string[] | undefined;

  constructor(program: Program, memory: Memory) {
    this.program = program;
    this.memory = memory;
  }

  /** Lets an idle task run a code. @throws Error if the task is busy or the arguments do not fit. */
  start(task: number, code: number, args: readonly number[] = []): void {
    const text = this.#codeNumbered(code);
    if (this.memory.code[task] !== IDLE) throw new Error(`task ${task} is busy`);
    if (args.length !== text.params.length)
      throw new Error(`'${text.name}' takes ${text.params.length} values, not ${args.length}`);
    requireArguments(text, args);
    const base = task * this.memory.slotsPerTask;
    this.memory.slots.fill(0, base, base + this.memory.slotsPerTask);
    for (const [i, slot] of text.params.entries()) this.memory.slots[base + slot] = args[i] ?? 0;
    this.memory.code[task] = code;
    this.#last = { path: [] };
    this.#settle(task, text, text.flow.entry);
  }

  /** The next step of a task, its first option if it has several; undefined if it is idle. */
  next(task: number): Step | undefined {
    return this.options(task)[0];
  }

  /** The steps that a task may take next: one, or several at an `either`; none if it is idle. */
  options(task: number): readonly Step[] {
    const code = this.codeOf(task);
    return code === undefined ? [] : optionsAt(code.flow, this.memory.pc[task] ?? 0).map(({ step }) => step);
  }

  /** The code of a task; undefined if it is idle. */
  codeOf(task: number): Code | undefined {
    const number = this.memory.code[task] ?? IDLE;
    return number === IDLE ? undefined : this.#codeNumbered(number);
  }

  /** Whether a task can take its next step, or an option of it. */
  enabled(task: number, option = 0): boolean {
    const step = this.options(task)[option];
    if (step === undefined) return false;
    this.#last = step;
    this.#path = undefined;
    return step.guard === undefined || this.#evaluate(step.guard, task) !== 0;
  }

  /**
   * What a task waits for: the elements of shared memory that the guard of its next step reads, with their present
   * values. Elements that only a search inside the guard names are omitted.
   */
  waitsFor(task: number): readonly ElementRead[] {
    const step = this.next(task);
    if (step?.guard === undefined || this.enabled(task)) return [];
    const reads: ElementRead[] = [];
    walk(step.guard, (expr) => {
      if (expr.op !== 'read' || expr.index.some(hasBound)) return;
      const index = expr.index.map((one) => this.#evaluate(one, task));
      const isKnown = reads.some(
        (read) => read.variable === expr.variable && read.index.every((at, i) => at === index[i]),
      );
      if (!isKnown) reads.push({ variable: expr.variable, index, value: this.#evaluate(expr, task) });
    });
    return reads;
  }

  /** Takes a task's next step, or an option of it. @returns undefined if it is idle or must wait. */
  step(task: number, option = 0): Taken | undefined {
    const code = this.codeOf(task);
    if (code === undefined || !this.enabled(task, option)) return undefined;
    const node = optionsAt(code.flow, this.memory.pc[task] ?? 0)[option];
    if (node === undefined) return undefined;
    this.#writes = [];
    this.#failed = [];
    this.#observed = [];
    this.#run(node.step.effects, task);
    this.#settle(task, code, node.next);
    const isFinished = this.memory.code[task] === IDLE;
    return {
      task,
      code,
      step: node.step,
      writes: this.#writes,
      observed: this.#observed,
      failed: this.#failed,
      finished: isFinished,
    };
  }

  /** The claims of a task where it rests. */
  claims(task: number): readonly ClaimHeld[] {
    const code = this.codeOf(task);
    if (code === undefined) return [];
    const held: ClaimHeld[] = [];
    for (const { label, of, amount: howMuch, on: where } of claimsAt(code.flow, this.memory.pc[task] ?? 0)) {
      const amount = this.#evaluate(howMuch, task);
      const on = where === undefined ? undefined : this.#evaluate(where, task);
      if (!('list' in of)) {
        held.push({ task, label, of: this.#evaluate(of, task), amount, on });
        continue;
      }
      const base = task * this.memory.slotsPerTask + of.list.slot;
      const end = base + this.#evaluate(of.to, task);
      for (let slot = base + this.#evaluate(of.from, task); slot < end; slot++)
        held.push({ task, label, of: this.memory.slots[slot] ?? 0, amount, on });
    }
    return held;
  }

  /** A value in the present state, as in a property. Conditions are 0 or 1. */
  value(of: Value<string>): number {
    return this.#evaluate(of.expr, -1);
  }

  #where(): string {
    return this.#path === undefined ? placeOf(this.#last) : behind(this.#last, this.#path);
  }

  #codeNumbered(code: number): Code {
    const found = this.program.codes[code];
    if (found === undefined) throw new Error(`no code ${code}`);
    return found;
  }

  /** Continues through the task's own text until it rests at a step or is done. */
  #settle(task: number, code: Code, from: number): void {
    for (let id = from, turns = 0; ; turns++) {
      if (turns > MOST_TURNS) throw new Error(`'${code.name}' goes round without taking a step`);
      const node = nodeAt(code.flow.nodes, id);
      switch (node.kind) {
        case 'goto':
          id = node.next;
          break;
        case 'local':
          this.#path = node.path ?? [];
          this.#run(node.effects, task);
          this.#path = undefined;
          id = node.next;
          break;
        case 'branch':
          id = this.#evaluate(node.if, task) === 0 ? node.else : node.then;
          break;
        case 'done':
          this.memory.code[task] = IDLE;
          this.memory.pc[task] = 0;
          this.#forget(task, new Set());
          return;
        case 'step':
        case 'either':
          this.memory.pc[task] = node.pc;
          this.#forget(task, code.live[node.pc] ?? new Set());
          return;
      }
    }
  }

  #forget(task: number, live: ReadonlySet<number>): void {
    const base = task * this.memory.slotsPerTask;
    for (let slot = 0; slot < this.memory.slotsPerTask; slot++) if (!live.has(slot)) this.memory.slots[base + slot] = 0;
  }

  #run(effects: readonly Effect[], task: number): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'assign':
          this.#assign(effect.place, this.#evaluate(effect.value, task), task);
          break;
        case 'observe': {
          const values = Object.entries(effect.args).map(([name, arg]) => [name, this.#evaluate(arg, task)] as const);
          this.#observed.push({ mark: effect.mark, at: effect.at, args: Object.fromEntries(values) });
          break;
        }
        case 'assert':
          if (this.#evaluate(effect.condition, task) === 0) this.#failed.push(effect.name);
          break;
        case 'when':
          this.#run(this.#evaluate(effect.if, task) === 0 ? effect.else : effect.then, task);
          break;
        case 'each': {
          const to = this.#evaluate(effect.to, task);
          for (let i = this.#evaluate(effect.from, task); i < to; i++) {
            this.#bounds.set(effect.bound, i);
            this.#run(effect.body, task);
          }
        }
      }
    }
  }

  #assign(place: Expr, value: number, task: number): void {
    if (place.op === 'local') {
      const at = this.#element(place.local.name, place.local.length, place.index, task);
      const element = place.index === undefined ? [] : [at];
      const slot = place.local.slot + at;
      const max = resolve(place.local.type.max, this.program.sizes);
      if (value < 0 || value > max)
        throw outOfRange({ name: place.local.name, max, where: this.#where() }, value, element);
      this.memory.slots[task * this.memory.slotsPerTask + slot] = value;
      return;
    }
    if (place.op !== 'read') throw new Error('only places can be written');
    const { column, at, index } = this.#locate(place.variable, place.index, task);
    const { max } = rangeOf(place.variable, this.program.sizes);
    if (value < 0 || value > max)
      throw outOfRange({ name: place.variable.name, max, where: this.#where() }, value, index);
    this.#writes.push({ variable: place.variable, index, before: column[at] ?? 0, after: value });
    column[at] = value;
  }

  #locate(
    variable: Variable,
    parts: readonly Expr[],
    task: number,
  ): { readonly column: Column; readonly at: number; readonly index: readonly number[] } {
    const column = columnOf(this.memory, { variable });
    const index: number[] = [];
    const at = variable.domains.reduce((row, { name }, i) => {
      const extent = sizeOf(this.program.sizes, name);
      const part = parts[i];
      const element = part === undefined ? -1 : this.#evaluate(part, task);
      if (element < 0 || element >= extent)
        throw outOfRange({ name: variable.name, max: extent - 1, index: name, where: this.#where() }, element);
      index.push(element);
      return row * extent + element;
    }, 0);
    return { column, at, index };
  }

  #element(name: string, length: number | undefined, index: Expr | undefined, task: number): number {
    if (length === undefined || index === undefined) return 0;
    const element = this.#evaluate(index, task);
    if (element < 0 || element >= length)
      throw outOfRange({ name, max: length - 1, index: 'element', where: this.#where() }, element);
    return element;
  }

  #evaluate(expr: Expr, task: number): number {
    switch (expr.op) {
      case 'const':
        return expr.value;
      case 'size':
        return sizeOf(this.program.sizes, expr.domain);
      case 'self':
        return task;
      case 'bound': {
        const value = this.#bounds.get(expr.bound);
        if (value === undefined) throw new Error('a bound number is used outside its search');
        return value;
      }
      case 'local': {
        const element = this.#element(expr.local.name, expr.local.length, expr.index, task);
        return this.memory.slots[task * this.memory.slotsPerTask + expr.local.slot + element] ?? 0;
      }
      case 'read': {
        const { column, at } = this.#locate(expr.variable, expr.index, task);
        return column[at] ?? 0;
      }
      case 'claimed': {
        const of = this.#evaluate(expr.of, task);
        const tasks = [...this.memory.code.keys()];
        return tasks
          .flatMap((other) => this.claims(other))
          .filter((claim) => claim.of === of && (expr.label === undefined || claim.label === expr.label))
          .reduce((sum, { amount }) => sum + amount, 0);
      }
      case 'finished':
        return Number(this.memory.code[expr.task] === IDLE);
      case 'not':
        return Number(this.#evaluate(expr.of, task) === 0);
      case 'choose':
        return this.#evaluate(this.#evaluate(expr.if, task) === 0 ? expr.else : expr.then, task);
      case 'binary': {
        const left = this.#evaluate(expr.left, task);
        if (expr.operator === '&&' && left === 0) return 0;
        if (expr.operator === '||' && left !== 0) return 1;
        return apply(expr.operator, left, this.#evaluate(expr.right, task));
      }
      case 'first': {
        const to = this.#evaluate(expr.to, task);
        for (let i = this.#evaluate(expr.from, task); i < to; i++) {
          this.#bounds.set(expr.bound, i);
          if (this.#evaluate(expr.where, task) !== 0) return i;
        }
        return this.#evaluate(expr.otherwise, task);
      }
    }
  }
}
