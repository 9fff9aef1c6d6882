// SPDX-License-Identifier: MIT
import { type Expr, type Variable, walk } from '../text/expr.ts';
import { extentOf, type Program, rangeOf } from '../program/program.ts';
import { sizeOf } from '../text/types.ts';

/** The elements of shared memory, as consecutive numbers. */
export class Cells {
  readonly count: number;
  readonly #first = new Map<Variable, number>();
  readonly #variables: Variable[] = [];
  readonly max: Int32Array;
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
    let count = 0;
    for (const variable of program.variables) {
      this.#first.set(variable, count);
      count += extentOf(variable, program.sizes);
    }
    this.count = count;
    this.max = new Int32Array(count);
    for (const variable of program.variables) {
      const first = this.first(variable);
      this.max.fill(rangeOf(variable, program.sizes).max, first, first + extentOf(variable, program.sizes));
      for (let i = 0; i < extentOf(variable, program.sizes); i++) this.#variables.push(variable);
    }
  }

  first(variable: Variable): number {
    const first = this.#first.get(variable);
    if (first === undefined) throw new Error(`no cells of '${variable.name}'`);
    return first;
  }

  variable(cell: number): Variable {
    const found = this.#variables[cell];
    if (found === undefined) throw new Error(`no cell ${cell}`);
    return found;
  }

  /** The cells that a read may touch: one if its indexes are constants, else all of the variable. */
  of(expr: Extract<Expr, { op: 'read' }>): readonly number[] {
    const first = this.first(expr.variable);
    const { sizes } = this.#program;
    let row = 0;
    for (const [i, index] of expr.index.entries()) {
      if (index.op !== 'const')
        return Array.from({ length: extentOf(expr.variable, sizes) }, (_, element) => first + element);
      row = row * sizeOf(sizes, expr.variable.domains[i]?.name ?? '') + index.value;
    }
    return [first + row];
  }
}

const LABELS_OF_POSITIONS = '*';

/** Pseudo-cells, numbered behind the real cells: the claims under a label, and whether a task has finished. */
export class Positions {
  readonly #numbers = new Map<string, number>();
  readonly #first: number;
  constructor(first: number) {
    this.#first = first;
  }
  claimed(label: string | undefined): number {
    return this.#number(`claimed ${label ?? LABELS_OF_POSITIONS}`);
  }
  finished(task: number): number {
    return this.#number(`finished ${task}`);
  }
  #number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#first + this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }
  get count(): number {
    return this.#numbers.size;
  }
  /** The cells that a task writes when its claims under these labels change, or when it finishes. */
  written(labels: readonly string[], done: number | undefined): readonly number[] {
    const names = labels.length === 0 ? [] : [...labels, LABELS_OF_POSITIONS].map((label) => `claimed ${label}`);
    if (done !== undefined) names.push(`finished ${done}`);
    return names.flatMap((name) => this.#numbers.get(name) ?? []);
  }
}

/** All elements that a condition may read, in any state. */
export function touchedBy(condition: Expr, cells: Cells, positions: Positions): readonly number[] {
  const found = new Set<number>();
  walk(condition, (part) => {
    if (part.op === 'read') for (const cell of cells.of(part)) found.add(cell);
    if (part.op === 'claimed') found.add(positions.claimed(part.label));
    if (part.op === 'finished') found.add(positions.finished(part.task));
  });
  return [...found];
}
