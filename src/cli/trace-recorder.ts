// SPDX-License-Identifier: MIT
import { writeFile } from 'node:fs/promises';
import { InputError, type KernelEvent } from '../ledger/index.ts';
import { type Call, type Machine, type Outcome, type Taken, Tracepoints } from '../machine/index.ts';
import type { RunObserver } from '../scenario/index.ts';
import { reasonOf } from './failure.ts';

/** Records a run like a kernel with its tracepoints on, for `run --trace`. */
export class TraceRecorder implements RunObserver {
  readonly #pageReferences: boolean;
  readonly #events: KernelEvent[] = [];
  readonly #within = new Map<number, Call>();
  #tracepoints: Tracepoints | undefined;
  readonly #notes: readonly string[];
  #cpus = 0;

  /** @param notes notes about the form, a line each. */
  constructor(pageReferences: boolean, notes: readonly string[]) {
    this.#pageReferences = pageReferences;
    this.#notes = notes;
  }

  begins = (machine: Machine): void => {
    this.#events.length = 0;
    this.#cpus = machine.options.cpus;
    const options = { pageReferences: this.#pageReferences, stacks: this.#pageReferences };
    this.#tracepoints = new Tracepoints(machine, options, (event) => this.#events.push(event));
  };

  calls = (task: number, call: Call, outcome: Outcome | undefined): void => {
    this.#within.set(task, call);
    this.#tracepoints?.calls(task, call, outcome);
  };

  took = (taken: Taken, outcome: Outcome | undefined): void => {
    this.#tracepoints?.took(taken);
    const call = this.#within.get(taken.task);
    if (call !== undefined && outcome !== undefined) this.#tracepoints?.returned(taken.task, call, outcome);
  };

  /** The events recorded so far. */
  get events(): readonly KernelEvent[] {
    return this.#events;
  }

  /** @throws InputError if the file cannot be written. */
  async write(file: string): Promise<void> {
    const { traceText } = await import('../trace/index.ts');
    try {
      await writeFile(file, [...traceText(this.#events, this.#cpus, this.#notes)].join(''));
    } catch (error) {
      throw new InputError(`${file}: cannot be written: ${reasonOf(error)}`);
    }
  }
}
