// SPDX-License-Identifier: MIT
import { conditionsOf, withoutAsserts } from './asserts.ts';
import { type PositionsRead, positionsRead } from './positions_read.ts';
import { type Cells, type Positions, touchedBy } from './cells.ts';
import { Emitter, type Spelling } from '../compile/emit.ts';
import type { JsIndex } from '../compile/js_index.ts';
import type { Variable } from '../text/expr.ts';
import { optionsAt } from '../program/flow.ts';
import { generated } from '../compile/generated.ts';
import type { Oracle } from './oracle.ts';
import type { Code, Program } from '../program/program.ts';
import { type Rest, settle } from '../compile/settle.ts';
import { resolve, sizeOf } from '../text/types.ts';

/**
 * Runs an option of a step. The result is 0 if its guard does not hold, else the next place plus 1. `guarded` is called after the
 * guard has held.
 */
type Run = (slots: Int32Array, guarded: () => void) => number;

export interface LocalText {
  readonly runs: readonly (readonly Run[])[];
  /** By place: the cells that its asserts may read, in any state. */
  readonly asserted: readonly (readonly number[])[];
  /** The other tasks' positions that its steps read. */
  readonly positions: PositionsRead;
}

/** Compiles a task's steps to functions over its own values; they ask the oracle for every shared value. */
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
      known === undefined ? `oracle.index(${js},${extents[i] ?? 1})` : String(known),
    );
    const row = parts.reduce((all, part, i) => (i === 0 ? part : `(${all})*${extents[i] ?? 1}+${part}`), '0');
    return `${first}+${row}`;
  };
  const slotOf = (slot: number, length: number | undefined, index: JsIndex | undefined): string =>
    length === undefined ? `slots[${slot}]` : `slots[${slot}+oracle.index(${index?.js ?? 0},${length})]`;
  const spelling: Spelling = {
    self: { js: String(task), known: task },
    read: (variable, index) => `oracle.read(${cellOf(variable, index)})`,
    write: (variable, index, value) => `oracle.write(${cellOf(variable, index)},${value});`,
    add: (variable, index, operator, by) => `oracle.add(${cellOf(variable, index)},${operator}(${by}));`,
    readLocal: (local, index) => slotOf(local.slot, local.length, index),
    writeLocal: (local, index, value) =>
      `${slotOf(local.slot, local.length, index)}=oracle.fit(${value},${resolve(local.type.max, program.sizes)});`,
    positions: {
      // A position that a step reads is a value like any other.
      claimed: (label, of) => `oracle.claimed(${positions.claimed(label)},${of})`,
      finished: (other) => `(oracle.claimed(${positions.finished(other)},0)===1)`,
      fail: () => '',
    },
    unroll: 8,
  };
  const resting: Rest = (node) => {
    const pc = node.kind === 'done' ? code.flow.steps.length : node.pc;
    const live = (node.kind === 'done' ? undefined : code.live[node.pc]) ?? new Set<number>();
    const dead = [...code.slotMax.keys()].filter((slot) => !live.has(slot)).map((slot) => `slots[${slot}]=0;`);
    return `${dead.join('')}return ${pc + 1};`;
  };
  const runs = code.flow.steps.map((_, pc) =>
    optionsAt(code.flow, pc).map(({ step, next }) => {
      const emitter = new Emitter(spelling);
      const prelude: string[] = [];
      const guard = step.guard && emitter.condition(step.guard, prelude);
      const wait = guard === undefined ? '' : `${prelude.join('')}if(!(${guard}))return 0;guarded();`;
      return `(slots,guarded)=>{${wait}${emitter.effects(withoutAsserts(step.effects))}${settle(code.flow, next, emitter, resting)}}`;
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
    positions: positionsRead(code.flow),
    ...generated<Pick<LocalText, 'runs'>>(`return {runs:[${source}]};`, { oracle }),
  };
}
