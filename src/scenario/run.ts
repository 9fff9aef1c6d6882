// SPDX-License-Identifier: MIT
import {
  ALTERNATIVES,
  callNamed,
  COUNT,
  folio,
  type Imbalance,
  type LiveLedger,
  RETURNED,
  taskCpu,
} from '../kernel/index.ts';
import { columnOf } from '../lang/index.ts';
import { type Cpu, cpu } from '../ledger/index.ts';
import {
  type Call,
  createMachine,
  formatSchedule,
  IN_ORDER,
  inOrder,
  type Machine,
  type Outcome,
  type Patch,
  PATCHES,
  type Schedule,
  type Strategy,
  strategyOf,
  type Taken,
  turnsTaken,
} from '../machine/index.ts';
import type { CallAnswer, PatchAnswer, StepAnswer, WriteAnswer } from './answer.ts';
import { ConversionWatch } from './conversion-watch.ts';
import { expectedOf, isUndecided, mismatchesOf } from './expectation.ts';
import { patchNotes } from './patch-notes.ts';
import { Recurrence, type Round } from './recurrence.ts';
import type { Scenario, ScenarioCall, Thread } from './scenario.ts';

/** Maximum number of steps, more than any scenario needs: a longer run is assumed to repeat for ever. */
const MOST_STEPS = 20_000_000;
/** More steps than fit into memory if all of them are kept. */
const MOST_STEPS_KEPT = 300_000;

/** A defect of the model: a folio's count differs from the sum of its holders. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/** An early end of a run, although not all calls have returned. */
export interface RunEnd {
  /** Number of turns of the threads and the kworkers. */
  readonly turns: number;
  /** The reason, for the answer. */
  readonly why: string;
}

/** Options of a run. */
export interface RunOptions {
  readonly patch: Patch;
  /** Schedule of the threads; the scenario's own if absent. */
  readonly schedule?: Schedule;
  /** Chooses the turns of the threads instead of the schedule, which is then only named. Fresh: it decides one run. */
  readonly strategy?: Strategy;
  /** The latest end of the run; if absent, it ends only with its calls. */
  readonly end?: RunEnd | undefined;
  /** The steps that the answer keeps; all if absent. The others are taken and checked all the same. */
  readonly keep?: 'all' | 'none';
  /** Called with every step of every task, before the answer exists. */
  readonly observer?: RunObserver | undefined;
  /** Called after every step, for progress. */
  readonly onStep?: (() => void) | undefined;
}

/** Callbacks of a run. */
export interface RunObserver {
  /** The machine has booted; its kworkers sleep. */
  readonly begins?: (machine: Machine) => void;
  /** A task has made a call; `outcome` is present if the kernel refused it at once. */
  readonly calls?: (task: number, call: Call, outcome: Outcome | undefined) => void;
  /** A task has taken a step. `outcome` is present if its call has returned. */
  readonly took?: (taken: Taken, outcome: Outcome | undefined) => void;
}

/**
 * Runs a scenario on a machine of its own: first `before`, call by call, then the threads by the schedule. After every
 * step the count of each folio that it touched is compared with the sum of its holders. If they differ and the form is
 * a mutant or a user's, the run ends there.
 * @throws BrokenInvariant if they differ under one of folioscope's own forms.
 * @throws ScheduleMisfit if an explicit schedule does not fit.
 * @example
 * import { patchNamed, PATCHES } from 'folioscope/machine';
 * import { BrokenInvariant, expectedOf, isWell, LOOK_GONE, NOT_SHOWN, parseScenario, runMany, runScenario } from 'folioscope/scenario';
 * const text = `
 * scenario: T
 * title: A page faulted on another CPU
 * machine: { cpus: 2 }
 * guest_memfd: { pages: 1 }
 * tasks: { T0: { cpu: 0 }, T1: { cpu: 1 } }
 * before: [{ T1: { touch: 0..1 } }]
 * threads: { T0: [{ convert: { range: 0..1, to: private } }] }
 * `;
 * const scenario = parseScenario('t.yaml', text);
 * const answer = runScenario(scenario, { patch: patchNamed('baseline') });
 * answer.calls.at(-1)?.outcome; // => { result: 'EAGAIN', errorIndex: 0 }
 * isWell(answer); // => false
 * expectedOf(answer.calls[0]!.of, PATCHES[0]!); // => undefined
 * const schedule = { kind: 'random', seed: 1 } as const;
 * runMany(scenario, { patch: patchNamed('v6'), schedule, runs: 3 }).seen.map(({ times }) => times); // => [3]
 * // Reasons why the holders of a refused folio are unknown:
 * NOT_SHOWN; // => 'this form does not say when it looks at a page'
 * LOOK_GONE; // => 'the folio that this form looked at had left the file'
 * // Thrown if a folio's count differs from the sum of its holders:
 * new BrokenInvariant('page 0') instanceof Error; // => true
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
  loaded?: number;
}

/** A task that has entered a call, or is about to. */
interface Within {
  readonly call: ScenarioCall;
  /** Place in #made, once it has taken a step. */
  made: number | undefined;
}

class Run {
  readonly #scenario: Scenario;
  readonly #options: RunOptions;
  readonly #machine: Machine;
  readonly #ledger: LiveLedger;
  readonly #made: Made[] = [];
  readonly #steps: StepAnswer[] = [];
  #stepsTaken = 0;
  readonly #turns: string[] = [];
  /** The present call of each task. */
  readonly #within = new Map<number, Within>();
  /** The remaining calls of each task. */
  #left: ReadonlyMap<number, ScenarioCall[]> = new Map();
  #stage: CallAnswer['stage'] = 'before';
  #unended: string | undefined;
  #imbalance: string | undefined;

  constructor(scenario: Scenario, options: RunOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#machine = createMachine({ ...scenario.machine, patch: options.patch });
    // The kworkers go to sleep first, so that they later run only because work was queued.
    for (let task = scenario.machine.tasks.length; task < this.#machine.tasks; task++)
      while (this.#machine.step(task) !== undefined);
    this.#ledger = this.#machine.liveLedger();
    options.observer?.begins?.(this.#machine);
  }

  answer(): PatchAnswer {
    const { before, threads } = this.#scenario;
    for (const call of before) this.#run('before', [{ task: call.task, calls: [call] }], inOrder());
    this.#run('threads', threads, this.#strategy());
    for (const [, { call, made }] of this.#within)
      if (made === undefined) this.#make({ of: call, watch: undefined, outcome: undefined });
    const { patch, schedule = this.#scenario.schedule } = this.#options;
    const { name } = patch;
    const calls = this.#made.map(({ stage, of, cpu: at, watch, outcome, loaded }): CallAnswer => {
      const conversion = watch?.answer(outcome);
      const expected = expectedOf(of, patch);
      return {
        stage,
        of,
        cpu: at,
        outcome,
        loaded,
        conversion,
        expected,
        mismatches: mismatchesOf(expected, outcome, conversion, loaded),
        isUndecided: isUndecided(expected, conversion),
      };
    });
    const expecting = calls.filter(({ expected }) => expected !== undefined);
    const isMatched = this.#imbalance === undefined && calls.every(({ mismatches }) => mismatches.length === 0);
    const isOpen = expecting.length === 0 || (isMatched && calls.some((call) => call.isUndecided));
    const asExpected = isOpen ? undefined : isMatched;
    return {
      patch: name,
      notes: patchNotes(patch, this.#scenario.machine.profile),
      calls,
      stepsTaken: this.#stepsTaken,
      steps: this.#steps,
      schedule: {
        kind: schedule.kind,
        text: formatSchedule(schedule),
        turns: this.#turns.length,
        list: formatSchedule({ kind: 'list', turns: turnsTaken(this.#turns) }),
      },
      unended: this.#unended,
      imbalance: this.#imbalance,
      asExpected,
    };
  }

  #strategy(): Strategy {
    const { schedule = this.#scenario.schedule, patch, strategy } = this.#options;
    if (strategy !== undefined) return strategy;
    return strategyOf(schedule, {
      taskNamed: (name) => {
        const task = Array.from({ length: this.#machine.tasks }, (_, i) => this.#machine.taskName(i)).indexOf(name);
        return task === -1 ? undefined : task;
      },
      length: () => runScenario(this.#scenario, { patch, schedule: IN_ORDER, keep: 'none' }).schedule.turns,
    });
  }

  #run(stage: CallAnswer['stage'], threads: readonly Thread[], strategy: Strategy): void {
    this.#stage = stage;
    this.#left = new Map(threads.map(({ task, calls }) => [task, [...calls]]));
    const kworkers = Array.from(
      { length: this.#scenario.machine.cpus },
      (_, i) => this.#scenario.machine.tasks.length + i,
    );
    const tasks = [...this.#left.keys(), ...kworkers];
    const ready = (task: number): boolean => this.#isReady(task);
    const isAt = (task: number, place: string): boolean => this.#machine.isAt(task, place);
    let last: number | undefined;
    let turns = 0;
    const { end } = this.#options;
    const recurrence = new Recurrence(this.#machine);
    while (!this.#isDone() && this.#unended === undefined && this.#imbalance === undefined) {
      if (stage === 'threads' && end !== undefined && this.#turns.length >= end.turns) {
        this.#unended = end.why;
        return;
      }
      const task = strategy.choose({ tasks, workers: kworkers, ready, isAt, last });
      if (task === undefined) {
        this.#unended = this.#whoWaits([...this.#left.keys()]);
        return;
      }
      const step = this.#turn(task);
      if (stage === 'threads') this.#turns.push(this.#machine.taskName(task));
      strategy.took?.(task, step);
      last = task;
      if (recurrence.asks(++turns, task)) {
        const position = strategy.position?.();
        const othersReady = (): boolean => tasks.some((other) => other !== task && this.#mayStep(other));
        const round = recurrence.look({ turns, last, callsLeft: this.#callsLeft, position, othersReady });
        if (round !== undefined) this.#unended ??= this.#goesRound(task, round);
      }
    }
  }

  get #callsLeft(): number {
    let left = 0;
    for (const calls of this.#left.values()) left += calls.length;
    return left;
  }

  /** Whether a task could take a turn; begins no call. */
  #mayStep(task: number): boolean {
    if (this.#machine.busy(task)) return this.#machine.interpreter.enabled(task);
    return (this.#left.get(task)?.length ?? 0) > 0;
  }

  #goesRound(task: number, { turns, inThisOrder }: Round): string {
    const at = `${this.#machine.taskName(task)} at '${this.#machine.interpreter.next(task)?.name}'`;
    const why = inThisOrder ? 'in this order no other task gets a turn' : 'no other task can step';
    return `no end: after ${this.#stepsTaken} steps the state is the same as ${turns} turns earlier, with ${at}, and ${why}`;
  }

  #isDone(): boolean {
    return [...this.#left].every(([task, calls]) => calls.length === 0 && !this.#machine.busy(task));
  }

  /** Whether a task can take a step, or is about to make a call that the kernel refuses at once. */
  #isReady(task: number): boolean {
    if (!this.#machine.busy(task) && !this.#enter(task)) return (this.#left.get(task)?.length ?? 0) > 0;
    return this.#machine.interpreter.enabled(task);
  }

  /** Lets an idle task enter its next call, without a step. @returns false if there is none, or it is refused. */
  #enter(task: number): boolean {
    const [call] = this.#left.get(task) ?? [];
    if (call === undefined || this.#machine.refuses(call.call)) return false;
    this.#machine.begin(task, call.call);
    this.#left.get(task)?.shift();
    this.#ledger.began(task);
    this.#within.set(task, { call, made: undefined });
    return true;
  }

  /** A ready task's step, after the calls that the kernel refuses at once. @returns the step's name. */
  #turn(task: number): string | undefined {
    const left = this.#left.get(task);
    while (!this.#machine.busy(task) && !this.#enter(task)) {
      const call = left?.shift();
      if (call === undefined) return undefined;
      const outcome = this.#machine.begin(task, call.call);
      this.#make({ of: call, watch: undefined, outcome });
      this.#options.observer?.calls?.(task, call.call, outcome);
    }
    return this.#machine.interpreter.enabled(task) ? this.#step(task) : undefined;
  }

  #make(made: Omit<Made, 'stage' | 'cpu'>): number {
    return this.#made.push({ ...made, stage: this.#stage, cpu: this.#cpuOf(made.of.task) }) - 1;
  }

  /** The present call of a task, which counts as made from its first step on. */
  #callOf(task: number): number | undefined {
    const within = this.#within.get(task);
    if (within === undefined || within.made !== undefined) return within?.made;
    const { call } = within.call;
    const converts = call.call === 'set-memory-attributes2';
    const watch = converts ? new ConversionWatch(this.#machine, this.#ledger, call.inode) : undefined;
    within.made = this.#make({ of: within.call, watch, outcome: undefined });
    this.#options.observer?.calls?.(task, call, undefined);
    return within.made;
  }

  #step(task: number): string | undefined {
    const call = this.#callOf(task);
    const made = call === undefined ? undefined : this.#made[call];
    const at = this.#cpuOf(task);
    const taken = this.#machine.step(task);
    if (taken === undefined) return undefined;
    made?.watch?.saw(taken);
    const counted = taken.observed.find(({ mark }) => mark === COUNT)?.args['folio'];
    const counts = counted === undefined ? undefined : columnOf(this.#machine.memory, folio.refcount)[counted];
    if (this.#options.keep !== 'none')
      this.#steps.push({
        stage: this.#stage,
        task,
        cpu: at,
        call,
        path: taken.step.path,
        name: taken.step.name,
        writes: taken.writes.map((write) => this.#written(write)),
        returns: taken.observed.some(({ mark }) => mark === RETURNED),
        ...(taken.step.origin === undefined ? {} : { origin: taken.step.origin }),
        read: counted === undefined || counts === undefined ? undefined : { folio: counted, count: counts },
      });
    const [wrong] = this.#ledger.took(taken);
    if (wrong !== undefined) this.#foundImbalance(task, taken.step.name, wrong);
    if (taken.finished && made !== undefined) {
      made.outcome = this.#machine.outcome(task);
      const { loads } = callNamed(made.of.call.call);
      if (loads === true && made.outcome.result === 'ok') made.loaded = this.#machine.loaded(task);
      this.#within.delete(task);
    }
    this.#options.observer?.took?.(taken, taken.finished ? made?.outcome : undefined);
    this.#options.onStep?.();
    this.#countStep();
    return taken.step.name;
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

  #countStep(): void {
    const steps = ++this.#stepsTaken;
    if (steps >= MOST_STEPS) this.#unended = `no end after ${steps} steps`;
    else if (steps >= MOST_STEPS_KEPT && this.#options.keep !== 'none')
      this.#unended = `no end after ${steps} steps, the most that are stored; --steps none goes further`;
  }

  #foundImbalance(task: number, step: string, { folio: of, count, held }: Imbalance): void {
    const { patch } = this.#options;
    this.#imbalance = `after step '${step}' of ${this.#machine.taskName(task)} folio ${of} has count ${count}, but its holders add up to ${held}`;
    if ([...PATCHES, ...ALTERNATIVES].includes(patch))
      throw new BrokenInvariant(`${this.#scenario.file}: ${patch.name}: ${this.#imbalance}`);
  }

  #whoWaits(tasks: readonly number[]): string {
    const waiting = tasks.find((task) => this.#machine.busy(task)) ?? 0;
    return `${this.#machine.taskName(waiting)} waits for ever at '${this.#machine.interpreter.next(waiting)?.name}'`;
  }
}
