// SPDX-License-Identifier: MIT
import type { Claim, Effect } from './body.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';
import { Emitter, type JsIndex, type Spelling } from './emit.ts';
import { type Expr, readsShared, type Variable } from './expression.ts';
import { claimsAt, optionsAt } from './flow.ts';
import { generated } from './generated.ts';
import type { Oracle } from './oracle.ts';
import type { Code, Program } from './program.ts';
import { type Rest, settle } from './settle.ts';
import { sizeOf } from './types.ts';

/** Runs an option of a step; 0 where its guard did not hold. `guarded` is called once a guard has let it pass. */
type Run = (L: Int32Array, guarded: () => void) => number;

export interface LocalText {
  readonly runs: readonly (readonly Run[])[];
  /** By place: what the asserts there may look at, in any state. */
  readonly asserted: readonly (readonly number[])[];
}

/** The conditions of all asserts in a step. */
const conditionsOf = (effects: readonly Effect[]): readonly Expr[] =>
  effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'assign':
        return [];
      case 'assert':
        return [effect.condition];
      case 'when':
        return [...conditionsOf(effect.then), ...conditionsOf(effect.else)];
      case 'each':
        return conditionsOf(effect.body);
    }
  });

/** The labels that any text claims under; undefined stands for any, where there is one. */
function labelsIn({ codes }: Program): ReadonlySet<string | undefined> {
  const found = new Set<string | undefined>();
  for (const { flow } of codes)
    for (const pc of flow.steps.keys()) for (const { label } of claimsAt(flow, pc)) found.add(label);
  return found.size === 0 ? found : found.add(undefined);
}

/** A task's steps as functions over its own values, which ask an oracle for whatever they read. */
export function compileLocally(
  code: Code,
  task: number,
  cells: Cells,
  program: Program,
  oracle: Oracle,
  positions: Positions,
): LocalText {
  const cellOf = (variable: Variable, index: readonly JsIndex[]): string => {
    const first = cells.first(variable);
    const extents = variable.domains.map(({ name }) => sizeOf(program.sizes, name));
    const parts = index.map(({ js, known }, i) =>
      known === undefined ? `O.index(${js},${extents[i] ?? 1})` : String(known),
    );
    const row = parts.reduce((all, part, i) => (i === 0 ? part : `(${all})*${extents[i] ?? 1}+${part}`), '0');
    return `${first}+${row}`;
  };
  const labels = labelsIn(program);
  const slotOf = (slot: number, length: number | undefined, index: JsIndex | undefined): string =>
    length === undefined ? `L[${slot}]` : `L[${slot}+O.index(${index?.js ?? 0},${length})]`;
  const spelling: Spelling = {
    self: { js: String(task), known: task },
    read: (variable, index) => `O.read(${cellOf(variable, index)})`,
    write: (variable, index, value) => {
      const cell = cellOf(variable, index);
      for (const operator of ['+', '-'] as const) {
        const before = `(O.read(${cell})${operator}`;
        if (!value.startsWith(before) || !value.endsWith(')')) continue;
        const by = value.slice(before.length, -1);
        // What is added may be read elsewhere, but not from an index that could be this element's.
        if (!by.includes(`O.read(${cells.first(variable)}+`)) return `O.add(${cell},${operator}(${by}));`;
      }
      return `O.write(${cell},${value});`;
    },
    readLocal: (local, index) => slotOf(local.slot, local.length, index),
    writeLocal: (local, index, value) =>
      `${slotOf(local.slot, local.length, index)}=O.fit(${value},${code.slotMax[local.slot] ?? 0});`,
    positions: {
      // What a step notes of claims is a value that it reads; where no text claims, there is none.
      claimed: (label) => (labels.has(label) ? `O.read(${positions.claimed(label)})` : '0'),
      finished: () => 'false',
      fail: () => '',
    },
    unroll: 8,
  };
  const resting: Rest = (node) => {
    const pc = node.kind === 'done' ? code.flow.steps.length : node.pc;
    const live = (node.kind === 'done' ? undefined : code.live[node.pc]) ?? new Set<number>();
    const dead = [...code.slotMax.keys()].filter((slot) => !live.has(slot)).map((slot) => `L[${slot}]=0;`);
    return `${dead.join('')}return ${pc + 1};`;
  };
  const runs = code.flow.steps.map((_, pc) =>
    optionsAt(code.flow, pc).map(({ step, next }) => {
      const emitter = new Emitter(spelling);
      const prelude: string[] = [];
      const guard = step.guard === undefined ? '' : emitter.condition(step.guard, prelude);
      const wait = guard === '' ? '' : `${prelude.join('')}if(!(${guard}))return 0;guarded();`;
      return `(L,guarded)=>{${wait}${emitter.effects(step.effects)}${settle(code.flow, next, emitter, resting)}}`;
    }),
  );
  const asserted = code.flow.steps.map((_, pc) =>
    optionsAt(code.flow, pc).flatMap(({ step }) =>
      conditionsOf(step.effects).flatMap((condition) => touchedBy(condition, cells, positions)),
    ),
  );
  const source = runs.map((options) => `[${options.join(',\n')}]`).join(',\n');
  return { asserted, ...generated<Pick<LocalText, 'runs'>>(`return {runs:[${source}]};`, { O: oracle }) };
}

/** What a task claims at a place, as text; what depends on shared memory is `?`. */
export function claimsText(code: Code, pc: number, task: number): (L: Int32Array) => ReadonlyMap<string, string> {
  if (pc === code.flow.steps.length) return () => new Map();
  const spelling: Spelling = {
    self: { js: String(task), known: task },
    read: () => '"?"',
    write: () => '',
    readLocal: (local, index) => `L[${local.slot}+${index?.js ?? 0}]`,
    writeLocal: () => '',
  };
  const text = (expr: Expr): string => {
    if (readsShared(expr)) return '"?"';
    const prelude: string[] = [];
    const js = new Emitter(spelling).value(expr, prelude);
    if (prelude.length > 0) throw new Error('a claim searches');
    return js;
  };
  const one = (claim: Claim): string => {
    const amount = text(claim.amount);
    const of =
      'list' in claim.of
        ? `Array.prototype.slice.call(L,${claim.of.list.slot}+${text(claim.of.from)},${claim.of.list.slot}+${text(claim.of.to)})`
        : `[${text(claim.of)}]`;
    return `for(const f of ${of})P(${JSON.stringify(claim.label)},f,${amount});`;
  };
  const run = generated<(L: Int32Array, P: (label: string, of: number, amount: number | string) => void) => void>(
    `return (L,P)=>{${claimsAt(code.flow, pc).map(one).join('')}};`,
  );
  return (L) => {
    const claims = new Map<string, string[]>();
    run(L, (label, of, amount) => {
      if (amount !== 0) claims.set(label, [...(claims.get(label) ?? []), `${of}*${amount}`]);
    });
    return new Map([...claims].map(([label, of]) => [label, of.toSorted().join()]));
  };
}
