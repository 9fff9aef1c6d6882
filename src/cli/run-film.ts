// SPDX-License-Identifier: MIT
import { COUNT, folio, taskCpu } from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import type { FolioLedger } from '../ledger/index.ts';
import type { Call, Machine, Outcome, Taken } from '../machine/index.ts';
import type { SeenRun, SeenStep } from '../report/index.ts';
import type { PatchAnswer, RunObserver, Scenario, ScenarioCall } from '../scenario/index.ts';

/** Largest number of steps of a run that a picture keeps. */
const MOST_STEPS = 5000;
/** Largest number of folios that are looked at over all steps: the work for a picture, which no number of folios exceeds. */
const MOST_LOOKS = 2_000_000;

/** Keeps the holders of each folio after each step of one form's run, for `run --html`. */
export class RunFilm implements RunObserver {
  readonly #scenario: Scenario;
  readonly #runs: SeenRun[] = [];
  #machine: Machine | undefined;
  #steps: SeenStep[] = [];
  #more = 0;
  #looks = 0;
  #before: readonly FolioLedger[] = [];
  #tasks: readonly { readonly name: string; readonly cpu: number }[] = [];
  /** The calls that are left, and what each task is in. */
  #early: ScenarioCall[] = [];
  #left = new Map<number, ScenarioCall[]>();
  readonly #within = new Map<number, ScenarioCall>();
  #last = '';

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  begins = (machine: Machine): void => {
    this.#end();
    this.#machine = machine;
    this.#early = [...this.#scenario.before];
    this.#left = new Map(this.#scenario.threads.map(({ task, calls }) => [task, [...calls]]));
    this.#within.clear();
    this.#tasks = Array.from({ length: machine.tasks }, (_, task) => ({
      name: machine.taskName(task),
      cpu: columnOf(machine.memory, taskCpu)[task] ?? 0,
    }));
    this.#before = this.#ledger(machine) ?? [];
  };

  calls = (task: number, _call: Call, outcome: Outcome | undefined): void => {
    const of = this.#early.length > 0 ? this.#early[0] : this.#left.get(task)?.shift();
    if (of === undefined) return;
    if (outcome === undefined) this.#within.set(task, of);
    else if (this.#early.length > 0) this.#early.shift();
  };

  took = ({ task, step, observed, finished }: Taken): void => {
    const machine = this.#machine;
    if (machine === undefined) return;
    const of = this.#within.get(task);
    const isBefore = this.#early.length > 0;
    if (finished && of !== undefined) {
      this.#within.delete(task);
      if (isBefore) this.#early.shift();
    }
    if (this.#steps.length >= MOST_STEPS || this.#looks > MOST_LOOKS) {
      this.#more++;
      return;
    }
    const counted = observed.find(({ mark }) => mark === COUNT)?.args['folio'];
    this.#steps.push({
      task,
      routine: step.path.at(-1) ?? step.name,
      name: step.name,
      call: of?.text,
      isBefore,
      read: counted === undefined ? undefined : (columnOf(machine.memory, folio.refcount)[counted] ?? 0),
      // Also after a step without a write: a task's position says what it holds.
      ledger: this.#ledger(machine),
    });
  };

  /** The runs by the names of their forms. */
  runs(patches: readonly PatchAnswer[]): ReadonlyMap<string, SeenRun> {
    this.#end();
    return new Map(
      patches.flatMap(({ patch, imbalance }, i) => {
        const run = this.#runs[i];
        if (run === undefined) return [];
        return [
          [patch, imbalance === undefined || run.more > 0 ? run : { ...run, violated: `I6 is violated: ${imbalance}` }],
        ];
      }),
    );
  }

  #end(): void {
    if (this.#machine === undefined) return;
    const [tasks, ledgerBefore, steps, more] = [this.#tasks, this.#before, this.#steps, this.#more];
    this.#runs.push({ tasks, ledgerBefore, steps, more, violated: undefined });
    this.#machine = undefined;
    this.#steps = [];
    this.#more = 0;
    this.#looks = 0;
    this.#last = '';
  }

  /** All files' folios; undefined if they are as before. */
  #ledger(machine: Machine): readonly FolioLedger[] | undefined {
    const holders = machine.holders();
    const ledger = machine.options.guestMemfds.flatMap((_, file) => machine.ledger(file, holders));
    this.#looks += 1 + ledger.length;
    const text = JSON.stringify(ledger);
    if (text === this.#last) return undefined;
    this.#last = text;
    return ledger;
  }
}

/** Calls several observers, in their order. */
export const observersOf = (...observers: readonly (RunObserver | undefined)[]): RunObserver => ({
  begins: (machine) => observers.forEach((one) => one?.begins?.(machine)),
  calls: (task, call, outcome) => observers.forEach((one) => one?.calls?.(task, call, outcome)),
  took: (taken, outcome) => observers.forEach((one) => one?.took?.(taken, outcome)),
});
