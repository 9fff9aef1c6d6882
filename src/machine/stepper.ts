// SPDX-License-Identifier: MIT
import type { Taken } from '../lang/index.ts';
import type { Call, Outcome } from './calls.ts';
import type { Machine } from './machine.ts';

/** A task's own state before it moved: its values, and its place. */
interface Before {
  readonly task: number;
  readonly code: number;
  readonly pc: number;
  readonly slots: Int32Array;
  /** Undefined for the entry of a call: that is no step, and writes nothing. */
  readonly taken: Taken | undefined;
}

/**
 * A debugger for a machine: takes its steps, and takes them back one by one, at the cost of what each changed.
 * @example
 * import { createMachine, patchNamed, Stepper } from 'folioscope/machine';
 * const machine = createMachine({
 *   cpus: 2,
 *   tasks: [
 *     { name: 'vmm', cpu: 0 },
 *     { name: 'other', cpu: 1 },
 *   ],
 *   guestMemfds: [{ pages: 1 }],
 *   patch: patchNamed('baseline'),
 * });
 * const stepper = new Stepper(machine);
 * stepper.begin(1, { call: 'touch', inode: 0, start: 0, pages: 1 });
 * stepper.step(1)?.task; // => 1
 * stepper.undo()?.task; // => 1
 * stepper.depth; // => 1
 */
export class Stepper {
  readonly machine: Machine;
  readonly #done: Before[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Number of steps and entered calls that can be taken back. */
  get depth(): number {
    return this.#done.length;
  }

  /** {@link Machine.begin}, which can be undone like a step. */
  begin(task: number, call: Call): Outcome | undefined {
    const before = this.#rowOf(task);
    const outcome = this.machine.begin(task, call);
    if (outcome === undefined) this.#done.push(before);
    return outcome;
  }

  /** {@link Machine.step}. */
  step(task: number): Taken | undefined {
    const before = this.#rowOf(task);
    const taken = this.machine.step(task);
    if (taken !== undefined) this.#done.push({ ...before, taken });
    return taken;
  }

  /**
   * Takes back the last step, or the entry of a call. If the machine was changed by other means meanwhile, such as a
   * call run to its end, the history is broken.
   * @returns its task and what it wrote; undefined if nothing is left.
   */
  undo(): { readonly task: number; readonly taken: Taken | undefined } | undefined {
    const before = this.#done.pop();
    if (before === undefined) return undefined;
    const { task, code, pc, slots, taken } = before;
    const { memory, program } = this.machine;
    for (const { variable, index, before: value } of (taken?.writes ?? []).toReversed()) {
      const row = variable.domains.reduce((at, { name }, i) => at * (program.sizes[name] ?? 0) + (index[i] ?? 0), 0);
      const column = memory.columns.get(variable);
      if (column === undefined) throw new Error(`no memory for '${variable.name}'`);
      column[row] = value;
    }
    memory.code[task] = code;
    memory.pc[task] = pc;
    memory.slots.set(slots, task * memory.slotsPerTask);
    return { task, taken };
  }

  #rowOf(task: number): Before {
    const { memory } = this.machine;
    const from = task * memory.slotsPerTask;
    return {
      task,
      code: memory.code[task] ?? 0,
      pc: memory.pc[task] ?? 0,
      slots: memory.slots.slice(from, from + memory.slotsPerTask),
      taken: undefined,
    };
  }
}
