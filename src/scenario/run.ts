// SPDX-License-Identifier: MIT
import { folio, type Imbalance, type LiveLedger, taskCpu } from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import { type Cpu, cpu } from '../ledger/index.ts';
import { createMachine, type Machine, type Outcome, type Patch, type Taken } from '../machine/index.ts';
import type { CallAnswer, PatchAnswer, StepAnswer, WriteAnswer } from './answer.ts';
import { ConversionWatch } from './conversion-watch.ts';
import { countedFolio } from './counted.ts';
import { expectedOf, mismatchesOf } from './expectation.ts';
import type { Scenario, ScenarioCall, Thread } from './scenario.ts';

/** More steps than any scenario needs: beyond them somebody goes round for ever. */
const MOST_STEPS = 1_000_000;

/** A defect of the model: a folio's count is not what its holders add up to. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/** How a scenario is run. */
export interface RunOptions {
  readonly patch: Patch;
  /** Called after every step, for progress. */
  readonly onStep?: (() => void) | undefined;
}

/**
 * Runs a scenario on a machine of its own in the default order: first `before`, call by call, then the
 * threads in the order written, each until it is done or waits. After every step each folio's count is
 * held against the sum of its holders.
 * @throws BrokenInvariant where they differ.
 */
export const runScenario = (scenario: Scenario, options: RunOptions): PatchAnswer =>
  new Run(scenario, options).answer();

/** A call that has been made. */
interface Made {
  readonly stage: CallAnswer['stage'];
  readonly of: ScenarioCall;
  readonly cpu: Cpu;
  readonly watch: ConversionWatch | undefined;
  outcome: Outcome | undefined;
}

class Run {
  readonly #scenario: Scenario;
  readonly #options: RunOptions;
  readonly #machine: Machine;
  readonly #ledger: LiveLedger;
  readonly #made: Made[] = [];
  readonly #steps: StepAnswer[] = [];
  /** Place in #made of the call that each task is within. */
  readonly #within = new Map<number, number>();
  #unended: string | undefined;

  constructor(scenario: Scenario, options: RunOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#machine = createMachine({ ...scenario.machine, patch: options.patch });
    // The kworkers go to sleep first, so that what they do later is work that somebody gave them.
    for (let task = scenario.machine.tasks.length; task < this.#machine.tasks; task++)
      while (this.#machine.step(task) !== undefined);
    this.#ledger = this.#machine.liveLedger();
  }

  answer(): PatchAnswer {
    const { before, threads } = this.#scenario;
    for (const call of before) this.#schedule('before', [{ task: call.task, calls: [call] }]);
    this.#schedule('threads', threads);
    const { name } = this.#options.patch;
    const calls = this.#made.map(({ stage, of, cpu: at, watch, outcome }): CallAnswer => {
      const conversion = watch?.answer(outcome);
      const expected = expectedOf(of, name);
      return {
        stage,
        of,
        cpu: at,
        outcome,
        conversion,
        expected,
        mismatches: mismatchesOf(expected, outcome, conversion),
      };
    });
    const expecting = calls.filter(({ expected }) => expected !== undefined);
    const asExpected = expecting.length === 0 ? undefined : calls.every(({ mismatches }) => mismatches.length === 0);
    return { patch: name, calls, steps: this.#steps, unended: this.#unended, asExpected };
  }

  #schedule(stage: CallAnswer['stage'], threads: readonly Thread[]): void {
    const left = new Map(threads.map(({ task, calls }) => [task, [...calls]]));
    const kworkers = Array.from(
      { length: this.#scenario.machine.cpus },
      (_, i) => this.#scenario.machine.tasks.length + i,
    );
    const turns = [...left.keys(), ...kworkers];
    const done = (): boolean => [...left].every(([task, calls]) => calls.length === 0 && !this.#machine.busy(task));
    while (!done() && this.#unended === undefined) {
      let moved = false;
      for (const task of turns) if (!done()) while (this.#advance(stage, task, left.get(task))) moved = true;
      if (!moved && !done()) this.#unended ??= this.#whoWaits([...left.keys()]);
    }
  }

  /** Takes a task's next step, or makes its next call. @returns whether it could. */
  #advance(stage: CallAnswer['stage'], task: number, left: ScenarioCall[] | undefined): boolean {
    if (this.#unended !== undefined) return false;
    if (this.#machine.busy(task)) return this.#step(task);
    const call = left?.shift();
    if (call === undefined) return false;
    const at = this.#cpuOf(task);
    const outcome = this.#machine.begin(task, call.call);
    const converts = call.call.call === 'set-memory-attributes2' && outcome === undefined;
    const watch = converts ? new ConversionWatch(this.#machine, this.#ledger, call.call.inode) : undefined;
    this.#ledger.began(task);
    this.#within.set(task, this.#made.length);
    this.#made.push({ stage, of: call, cpu: at, watch, outcome });
    return true;
  }

  #step(task: number): boolean {
    const next = this.#machine.interpreter.next(task);
    const counted = next === undefined ? undefined : countedFolio(this.#machine.memory, task, next);
    const at = this.#cpuOf(task);
    const taken = this.#machine.step(task);
    if (taken === undefined) return false;
    const call = this.#within.get(task);
    const made = call === undefined ? undefined : this.#made[call];
    const counts = counted === undefined ? undefined : columnOf(this.#machine.memory, folio.refcount)[counted];
    this.#steps.push({
      task,
      cpu: at,
      call,
      path: taken.step.path,
      name: taken.step.name,
      writes: taken.writes.map((write) => this.#written(write)),
      read: counted === undefined || counts === undefined ? undefined : { folio: counted, count: counts },
    });
    const [wrong] = this.#ledger.took(taken);
    if (wrong !== undefined) throw this.#imbalance(task, taken.step.name, wrong);
    made?.watch?.saw(taken, counted);
    if (taken.finished && made !== undefined) made.outcome = this.#machine.outcome(task);
    this.#options.onStep?.();
    if (this.#steps.length >= MOST_STEPS) this.#unended = `no end after ${MOST_STEPS} steps`;
    return true;
  }

  #written({ variable, index, before, after }: Taken['writes'][number]): WriteAnswer {
    const { initial } = variable.type;
    const none = typeof initial === 'function' ? initial(this.#machine.program.sizes) : undefined;
    const shown = (value: number): number | 'none' => (value === none ? 'none' : value);
    return { variable: variable.name, index, before: shown(before), after: shown(after) };
  }

  #cpuOf(task: number): Cpu {
    return cpu(columnOf(this.#machine.memory, taskCpu)[task] ?? 0);
  }

  #imbalance(task: number, step: string, { folio: of, count, held }: Imbalance): BrokenInvariant {
    return new BrokenInvariant(
      `${this.#scenario.file}: ${this.#options.patch.name}: after step '${step}' of ${this.#machine.taskName(task)} folio ${of} has count ${count}, but its holders add up to ${held}`,
    );
  }

  #whoWaits(tasks: readonly number[]): string {
    const waiting = tasks.find((task) => this.#machine.busy(task)) ?? 0;
    return `${this.#machine.taskName(waiting)} waits for ever at '${this.#machine.interpreter.next(waiting)?.name}'`;
  }
}
