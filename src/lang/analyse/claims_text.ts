// SPDX-License-Identifier: MIT
import type { Claim } from '../text/body.ts';
import { Emitter, type Spelling } from '../compile/emit.ts';
import { type Expr, readsShared } from '../text/expr.ts';
import { claimsAt } from '../program/flow.ts';
import { generated } from '../compile/generated.ts';
import { type Code, type Program, rangeOf } from '../program/program.ts';
import { sizeOf } from '../text/types.ts';

/** The claims of a resting task. */
export interface Claims {
  /** By label, as text to compare. A number that depends on shared memory is written as one mark. */
  readonly texts: ReadonlyMap<string, string>;
  /** Labels whose claims depend on shared memory: equal texts may be different claims. */
  readonly varying: ReadonlySet<string>;
  /** By label, and for all labels (undefined): the largest amount claimed of one element. */
  readonly most: ReadonlyMap<string | undefined, number>;
}

type Tell = (label: string, of: number | string, amount: number | string, most: number) => void;

export const NO_CLAIMS: Claims = { texts: new Map(), varying: new Set(), most: new Map() };
/** The mark for a number that depends on shared memory. */
const ANY = '?';

/** The claims of a task at a place, as a function of its values there. Equal claims are one object. */
export function claimsText(code: Code, pc: number, task: number, program: Program): (L: Int32Array) => Claims {
  const claims = pc === code.flow.steps.length ? [] : claimsAt(code.flow, pc);
  if (claims.length === 0) return () => NO_CLAIMS;
  const spelling: Spelling = {
    self: { js: String(task), known: task },
    read: () => JSON.stringify(ANY),
    write: () => '',
    readLocal: (local, index) => `L[${local.slot}+${index?.js ?? 0}]`,
    writeLocal: () => '',
  };
  const text = (expr: Expr): string => {
    if (readsShared(expr)) return JSON.stringify(ANY);
    const prelude: string[] = [];
    const js = new Emitter(spelling).value(expr, prelude);
    if (prelude.length > 0) throw new Error('a claim searches');
    return js;
  };
  const one = (claim: Claim): string => {
    const amount = text(claim.amount);
    const most = readsShared(claim.amount) ? mostOf(claim.amount, code, program) : `+(${amount})`;
    const of =
      'list' in claim.of
        ? readsShared(claim.of.from) || readsShared(claim.of.to)
          ? `Array(${claim.of.list.length ?? 1}).fill(${JSON.stringify(ANY)})`
          : `Array.prototype.slice.call(L,${claim.of.list.slot}+${text(claim.of.from)},${claim.of.list.slot}+${text(claim.of.to)})`
        : `[${text(claim.of)}]`;
    return `for(const f of ${of})P(${JSON.stringify(claim.label)},f,${amount},${most});`;
  };
  const run = generated<(L: Int32Array, P: Tell) => void>(`return (L,P)=>{${claims.map(one).join('')}};`);
  const known = new Map<string, Claims>();
  return (L) => {
    const parts: Parameters<Tell>[] = [];
    run(L, (...part) => {
      if (part[2] !== 0) parts.push(part);
    });
    const key = parts.map(([label, of, amount]) => `${label}:${of}*${amount}`).join();
    let found = known.get(key);
    if (found === undefined) {
      found = together(parts);
      known.set(key, found);
    }
    return found;
  };
}

function together(parts: readonly Parameters<Tell>[]): Claims {
  const texts = new Map<string, string[]>();
  for (const [label, of, amount] of parts) texts.set(label, [...(texts.get(label) ?? []), `${of}*${amount}`]);
  const labels = [...texts.keys()];
  return {
    varying: new Set(parts.filter(([, of, amount]) => of === ANY || amount === ANY).map(([label]) => label)),
    texts: new Map([...texts].map(([label, all]) => [label, all.toSorted().join()])),
    most: new Map(
      [...labels, undefined].map((label) => [
        label,
        mostOfOne(parts.filter(([other]) => label === undefined || other === label)),
      ]),
    ),
  };
}

/** The largest amount claimed of one element; `?` may be any element. */
function mostOfOne(parts: readonly Parameters<Tell>[]): number {
  const byElement = new Map<number | string, number>();
  for (const [, of, , most] of parts) byElement.set(of, (byElement.get(of) ?? 0) + most);
  const ofAny = byElement.get(ANY) ?? 0;
  byElement.delete(ANY);
  return ofAny + Math.max(0, ...byElement.values());
}

/** The largest value of an expression over non-negative whole numbers. */
function mostOf(expr: Expr, code: Code, program: Program): number {
  const most = (part: Expr): number => mostOf(part, code, program);
  switch (expr.op) {
    case 'const':
      return expr.value;
    case 'size':
      return sizeOf(program.sizes, expr.domain);
    case 'self':
      return Math.max(0, sizeOf(program.sizes, 'task') - 1);
    case 'read':
      return rangeOf(expr.variable, program.sizes).max;
    case 'local':
      return code.slotMax[expr.local.slot] ?? 0;
    case 'not':
    case 'finished':
      return 1;
    case 'choose':
      return Math.max(most(expr.then), most(expr.else));
    case 'first':
      return Math.max(most(expr.to), most(expr.otherwise));
    case 'binary':
      return mostOfBinary(expr, most);
    case 'bound':
    case 'claimed':
      throw new Error(`a claim's amount has no largest value: it looks at '${expr.op}'`);
  }
}

function mostOfBinary(
  { operator, left, right }: Extract<Expr, { op: 'binary' }>,
  most: (expr: Expr) => number,
): number {
  switch (operator) {
    case '+':
      return most(left) + most(right);
    case '-':
    case '%':
      return most(left);
    case '<<':
      return most(left) * 2 ** most(right);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '&&':
    case '||':
      return 1;
  }
}
