// SPDX-License-Identifier: MIT
import { FIRST_ARRAY_SLOT } from '../text/builder.ts';
import type { Variable } from '../text/expr.ts';
import { IDLE, type Memory } from '../program/memory.ts';
import { type Code, extentOf, type Program, rangeOf } from '../program/program.ts';
import type { Declared } from './dialect.ts';

/** Name, range and shape of everything that the exported model stores: the content of a packed state. */
export class Names {
  readonly declared: readonly Declared[];
  readonly #variables = new Map<Variable, Declared>();
  readonly #pcs: readonly (Declared | undefined)[];
  readonly #slots: readonly ReadonlyMap<number, Declared>[];
  readonly #arrays: readonly (Declared | undefined)[];

  constructor(program: Program, codes: readonly Code[], initial: Memory) {
    const used = new Set<string>();
    const unique = (name: string): string => {
      const plain = `m_${name.replaceAll(/\W/g, '_')}`;
      let free = plain;
      for (let i = 2; used.has(free); i++) free = `${plain}_${i}`;
      used.add(free);
      return free;
    };
    for (const variable of program.variables) {
      const extent = extentOf(variable, program.sizes);
      const { max } = rangeOf(variable, program.sizes);
      this.#variables.set(variable, {
        name: unique(variable.name),
        max,
        length: variable.domains.length === 0 ? undefined : extent,
        initial: [...(initial.columns.get(variable) ?? [])],
      });
    }
    const slotIn = (task: number, slot: number): number => initial.slots[task * initial.slotsPerTask + slot] ?? 0;
    this.#pcs = codes.map((code, task) => {
      const steps = code.flow.steps.length;
      if (steps === 0) return undefined;
      const pc = initial.code[task] === IDLE ? steps : (initial.pc[task] ?? 0);
      return { name: `t${task}_pc`, max: steps, length: undefined, initial: [pc] };
    });
    this.#slots = codes.map((code, task) => {
      const remembered = new Set(code.live.flatMap((slots) => [...slots]));
      const widths = code.slotMax.slice(0, FIRST_ARRAY_SLOT);
      return new Map(
        [...widths.entries()]
          .filter(([slot]) => remembered.has(slot))
          .map(([slot, max]) => [
            slot,
            { name: `t${task}_v${slot}`, max, length: undefined, initial: [slotIn(task, slot)] },
          ]),
      );
    });
    this.#arrays = codes.map((code, task) => {
      const widths = code.slotMax.slice(FIRST_ARRAY_SLOT);
      if (widths.length === 0) return undefined;
      return {
        name: `t${task}_a`,
        max: Math.max(...widths),
        length: widths.length,
        initial: widths.map((_, i) => slotIn(task, FIRST_ARRAY_SLOT + i)),
      };
    });
    this.declared = [
      ...[...this.#variables.values()].filter(({ length, max }) => length !== 0 && max !== 0),
      ...[...this.#pcs, ...this.#slots.flatMap((slots) => [...slots.values()]), ...this.#arrays].filter(
        (declared) => declared !== undefined,
      ),
    ];
  }

  variable(variable: Variable): Declared {
    const declared = this.#variables.get(variable);
    if (declared === undefined) throw new Error(`no name for '${variable.name}'`);
    return declared;
  }

  /** Undefined for a task without code. */
  pc(task: number): string | undefined {
    return this.#pcs[task]?.name;
  }

  /** A value of a task; scratch if states do not store it. */
  slot(task: number, slot: number): { readonly name: string; readonly scratch: boolean } {
    const declared = this.#slots[task]?.get(slot);
    return declared === undefined ? { name: `v${slot}`, scratch: true } : { name: declared.name, scratch: false };
  }

  arrays(task: number): string {
    const declared = this.#arrays[task];
    if (declared === undefined) throw new Error(`task ${task} has no arrays`);
    return declared.name;
  }

  arraySlot(slot: number): number {
    return slot - FIRST_ARRAY_SLOT;
  }

  /** Values that a task forgets where it rests, given the ones that stay in `live`. */
  forgotten(task: number, live: ReadonlySet<number>): readonly { readonly name: string; readonly index?: number }[] {
    const values = [...(this.#slots[task] ?? [])].flatMap(([slot, { name }]) => (live.has(slot) ? [] : [{ name }]));
    const arrays = this.#arrays[task];
    const elements = Array.from({ length: arrays?.length ?? 0 }, (_, index) => index);
    return [
      ...values,
      ...elements.flatMap((index) =>
        arrays === undefined || live.has(FIRST_ARRAY_SLOT + index) ? [] : [{ name: arrays.name, index }],
      ),
    ];
  }
}
