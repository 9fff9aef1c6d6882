// SPDX-License-Identifier: MIT
import { folio } from '../kernel/index.ts';
import type { Expr, Memory, Step } from '../lang/index.ts';

/** Where a step reads a folio's count without changing anything; undefined where it does not. */
const readIndexes = new WeakMap<Step, Expr | 'none'>();

/**
 * The folio whose count a task's next step reads in order to judge it; undefined where the step reads none,
 * or writes to shared memory (which is to take or put a reference).
 */
export function countedFolio(memory: Memory, task: number, step: Step): number | undefined {
  let index = readIndexes.get(step);
  if (index === undefined) {
    index = readIndexOf(step) ?? 'none';
    readIndexes.set(step, index);
  }
  return index === 'none' ? undefined : localValue(index, memory, task);
}

function readIndexOf(step: Step): Expr | undefined {
  const values: Expr[] = [];
  for (const effect of step.effects) {
    if (effect.kind !== 'assign' || effect.place.op !== 'local') return undefined;
    values.push(effect.value);
  }
  for (let expr = values.pop(); expr !== undefined; expr = values.pop()) {
    if (expr.op === 'read' && expr.variable === folio.refcount.variable) return expr.index[0];
    if (expr.op === 'binary') values.push(expr.right, expr.left);
    if (expr.op === 'not') values.push(expr.of);
  }
  return undefined;
}

/** Value of an expression made of the task's own memory and literals; undefined for any other. */
function localValue(expr: Expr, memory: Memory, task: number): number | undefined {
  if (expr.op === 'const') return expr.value;
  if (expr.op !== 'local') return undefined;
  const element = expr.index === undefined ? 0 : localValue(expr.index, memory, task);
  if (element === undefined) return undefined;
  return memory.slots[task * memory.slotsPerTask + expr.local.slot + element];
}
