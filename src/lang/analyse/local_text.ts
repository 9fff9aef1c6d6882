// SPDX-License-Identifier: MIT
import type { Effect } from '../text/body.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';
import { Emitter, type Spelling } from '../compile/emit.ts';
import type { JsIndex } from '../compile/js_index.ts';
import type { Expr, Variable } from '../text/expr.ts';
import { optionsAt } from '../program/flow.ts';
import { generated } from '../compile/generated.ts';
import type { Oracle } from './oracle.ts';
import type { Code, Program } from '../program/program.ts';
import { type Rest, settle } from '../compile/settle.ts';
import { resolve, sizeOf } from '../text/types.ts';

/** Runs an option of a step; 0 where its guard did not hold. `guarded` is called once a guard has let it pass. */
type Run = (L: Int32Array, guarded: () => void) => number;

export interface LocalText {
  readonly runs: readonly (readonly Run[])[];
  /** By place: what the asserts there may look at, in any state. */
  readonly asserted: readonly (readonly number[])[];
  /** The labels that steps look at claims under; undefined stands for any. */
  readonly labels: ReadonlySet<string | undefined>;
  /** The tasks of which steps look whether they have finished. */
  readonly awaited: ReadonlySet<number>;
}

/** Effects without asserts, which change nothing: what they look at is told apart. */
const withoutAsserts = (effects: readonly Effect[]): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] => {
    switch (effect.kind) {
      case 'assign':
        return [effect];
      case 'assert':
      case 'observe':
        return [];
      case 'when':
        return [{ ...effect, then: withoutAsserts(effect.then), else: withoutAsserts(effect.else) }];
      case 'each':
        return [{ ...effect, body: withoutAsserts(effect.body) }];
    }
  });

/** The conditions of all asserts in a step. */
export const conditionsOf = (effects: readonly Effect[]): readonly Expr[] =>
  effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'assign':
      case 'observe':
        return [];
      case 'assert':
        return [effect.condition];
      case 'when':
        return [...conditionsOf(effect.then), ...conditionsOf(effect.else)];
      case 'each':
        return conditionsOf(effect.body);
    }
  });

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
  const labels = new Set<string | undefined>();
  const awaited = new Set<number>();
  const slotOf = (slot: number, length: number | undefined, index: JsIndex | undefined): string =>
    length === undefined ? `L[${slot}]` : `L[${slot}+O.index(${index?.js ?? 0},${length})]`;
  const spelling: Spelling = {
    self: { js: String(task), known: task },
    read: (variable, index) => `O.read(${cellOf(variable, index)})`,
    write: (variable, index, value) => `O.write(${cellOf(variable, index)},${value});`,
    add: (variable, index, operator, by) => `O.add(${cellOf(variable, index)},${operator}(${by}));`,
    readLocal: (local, index) => slotOf(local.slot, local.length, index),
    writeLocal: (local, index, value) =>
      `${slotOf(local.slot, local.length, index)}=O.fit(${value},${resolve(local.type.max, program.sizes)});`,
    positions: {
      // What a step notes of where others rest is a value that it reads.
      claimed: (label, of) => {
        labels.add(label);
        return `O.claimed(${positions.claimed(label)},${of})`;
      },
      finished: (other) => {
        awaited.add(other);
        return `(O.claimed(${positions.finished(other)},0)===1)`;
      },
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
      return `(L,guarded)=>{${wait}${emitter.effects(withoutAsserts(step.effects))}${settle(code.flow, next, emitter, resting)}}`;
    }),
  );
  const asserted = code.flow.steps.map((_, pc) =>
    optionsAt(code.flow, pc).flatMap(({ step }) =>
      conditionsOf(step.effects).flatMap((condition) => touchedBy(condition, cells, positions)),
    ),
  );
  const source = runs.map((options) => `[${options.join(',\n')}]`).join(',\n');
  return {
    asserted,
    labels,
    awaited,
    ...generated<Pick<LocalText, 'runs'>>(`return {runs:[${source}]};`, { O: oracle }),
  };
}
