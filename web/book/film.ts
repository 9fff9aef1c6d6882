// SPDX-License-Identifier: MIT
import { COUNT, cpuFbatches, folio, mlockFbatch, taskCpu } from '../../src/kernel/index.ts';
import { columnOf } from '../../src/lang/index.ts';
import { type Holder, referencesOf } from '../../src/ledger/index.ts';
import {
  formatSchedule,
  type ListedTurn,
  type Machine,
  type Outcome,
  type Patch,
  type Schedule,
  type Taken,
  turnsTaken,
} from '../../src/machine/index.ts';
import { resultText } from '../../src/report/index.ts';
import { runScenario, type RunEnd, type Scenario, type ScenarioCall } from '../../src/scenario/index.ts';
import { alike } from './alike.ts';
import { EMPTY } from './empty.ts';
import { following } from './following.ts';

/** A folio at one moment: its count is the sum of its holders. */
export interface FilmFolio {
  /** Number of the folio in the machine. */
  readonly number: number;
  /** Its page, or the first of its pages; undefined in no file. */
  readonly index: number | undefined;
  /** Name of its guest_memfd, where there are several. */
  readonly file: string | undefined;
  readonly pages: number;
  readonly count: number;
  /** Count that a check expects: the page cache's references, and the one that the check took. */
  readonly expected: number;
  readonly holders: readonly Holder[];
}

/** A batch of a CPU: the folio's number in each place, or {@link EMPTY}. */
export interface FilmBatch {
  readonly kind: 'lru-add-batch' | 'mlock-batch';
  readonly places: readonly number[];
}

/** What a waiting task waits for: an element of the kernel's memory, and its present value. */
interface WaitsFor {
  readonly name: string;
  readonly value: number;
}

/** A task at one moment. */
export interface FilmTask {
  readonly cpu: number;
  /** The call that it is in, or makes next, in words; undefined for kworkers, and when all its calls have returned. */
  readonly call: string | undefined;
  /** The kernel routines that it is in, outermost first; empty outside the kernel. */
  readonly path: readonly string[];
  /** The step that it takes next. */
  readonly next: string | undefined;
  readonly state: 'ready' | 'waits' | 'idle' | 'done';
  /** The memory that it waits for. */
  readonly waitsFor: readonly WaitsFor[];
}

/** The step before a moment. */
interface FilmStep {
  readonly task: number;
  readonly cpu: number;
  readonly stage: 'before' | 'threads';
  readonly path: readonly string[];
  readonly name: string;
  /** The author's text that it was translated from: `FILE:LINE`, and the statement. */
  readonly origin: { readonly place: string; readonly text: string } | undefined;
  /** A count that a check read in this step. */
  readonly read: { readonly folio: number; readonly count: number } | undefined;
  /** `count of folio 0: 2 -> 3`, for each write. */
  readonly writes: readonly string[];
  /** What the call returned, if it returned in this step. */
  readonly returned: string | undefined;
}

/** The state after a step. Parts that the step left unchanged are the same objects as in the frame before. */
export interface Frame {
  /** Undefined for the first. */
  readonly step: FilmStep | undefined;
  readonly folios: readonly FilmFolio[];
  /** By CPU. */
  readonly batches: readonly (readonly FilmBatch[])[];
  /** By number. */
  readonly tasks: readonly FilmTask[];
}

/** How a conversion ended. */
export interface FilmVerdict {
  /** Task and call: `T0: convert 0..1 to private`. */
  readonly call: string;
  readonly verdict: 'safe' | 'refused' | 'undecided';
  /** The words of the command line. */
  readonly text: string;
  /** The frame after which it is known; the last one if the call never returned. */
  readonly frame: number;
}

/** A run under one form of the check. */
export interface Film {
  readonly form: string;
  readonly summary: string;
  /** Names by number, kworkers last. */
  readonly tasks: readonly string[];
  /** Number of tasks that are no kworkers. */
  readonly threads: number;
  readonly frames: readonly Frame[];
  /** The first frame in which the threads may run: the calls of `before` have returned. */
  readonly start: number;
  readonly verdicts: readonly FilmVerdict[];
  /** The turns taken, as `--schedule` takes them. */
  readonly schedule: string;
  /** Turns of the asked schedule that could not be taken, because their task was done or waited. */
  readonly skipped: number;
  /** Why the run ended before its calls had returned, or was ended by a wrong count; undefined if it did not. */
  readonly ended: string | undefined;
}

/**
 * The order of turns: a schedule (the scenario's own if undefined) that must fit, or turns that are followed as far as
 * possible.
 */
export type Turns =
  | { readonly kind: 'exact'; readonly schedule: Schedule | undefined; readonly end: RunEnd | undefined }
  | { readonly kind: 'follow'; readonly turns: readonly ListedTurn[] };

/** Largest number of frames; a longer run ends there. */
const MOST_FRAMES = 5000;

/** Runs a scenario under one form of the check, and keeps the state after every step. */
export function filmOf(scenario: Scenario, patch: Patch, turns: Turns): Film {
  const camera = new Camera(scenario);
  const strategy = turns.kind === 'follow' ? following(turns.turns, (name) => camera.taskNamed(name)) : undefined;
  const schedule = turns.kind === 'exact' ? turns.schedule : undefined;
  const end = turns.kind === 'exact' ? turns.end : undefined;
  const tooLong = { turns: MOST_FRAMES, why: `more than ${MOST_FRAMES} steps: the flip-book ends here` };
  const answer = runScenario(scenario, {
    patch,
    keep: 'none',
    end: end ?? tooLong,
    ...(strategy === undefined ? {} : { strategy: strategy.strategy }),
    ...(schedule === undefined ? {} : { schedule }),
    observer: {
      begins: (machine) => camera.begins(machine),
      calls: (task, call, outcome) => camera.called(task, call, outcome),
      took: (taken, outcome) => camera.took(taken, outcome),
    },
  });
  const { frames, start, tasks, returned } = camera;
  const verdicts = answer.calls.flatMap((call): FilmVerdict[] =>
    call.conversion === undefined
      ? []
      : [
          {
            call: `${tasks[call.of.task] ?? ''}: ${call.of.text}`,
            verdict: call.conversion.verdict.verdict,
            text: resultText(call).replaceAll('\u{a0}', ' '),
            frame: returned.get(call.of) ?? frames.length - 1,
          },
        ],
  );
  return {
    form: patch.name,
    summary: patch.summary,
    tasks,
    threads: scenario.machine.tasks.length,
    frames,
    start,
    verdicts,
    schedule: formatSchedule({ kind: 'list', turns: turnsTaken(camera.turns) }),
    skipped: strategy?.skipped() ?? 0,
    ended: answer.imbalance ?? answer.unended,
  };
}

/** Takes the frames. */
class Camera {
  readonly frames: Frame[] = [];
  readonly returned = new Map<ScenarioCall, number>();
  readonly turns: string[] = [];
  readonly #scenario: Scenario;
  #machine: Machine | undefined;
  /** The call that each task is in. */
  readonly #within = new Map<number, ScenarioCall>();
  readonly #left: Map<number, ScenarioCall[]>;
  /** The calls of `before` that have not returned. */
  #before: readonly ScenarioCall[];
  #start: number | undefined;
  /** Position of each task after boot; a kworker at this position is idle. */
  #resting: readonly number[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#before = scenario.before;
    this.#left = new Map(scenario.threads.map(({ task, calls }) => [task, [...calls]]));
  }

  get tasks(): readonly string[] {
    return Array.from({ length: this.#machine?.tasks ?? 0 }, (_, task) => this.#machine?.taskName(task) ?? '');
  }

  get start(): number {
    return this.#start ?? this.frames.length - 1;
  }

  taskNamed(name: string): number | undefined {
    const task = this.tasks.indexOf(name);
    return task === -1 ? undefined : task;
  }

  begins(machine: Machine): void {
    this.#machine = machine;
    this.#resting = [...machine.memory.pc];
    if (this.#before.length === 0) this.#start = 0;
    this.#take(machine, undefined);
  }

  called(task: number, call: ScenarioCall['call'], outcome: Outcome | undefined): void {
    const isBefore = this.#before.length > 0;
    const of = isBefore ? this.#before[0] : this.#left.get(task)?.shift();
    if (of === undefined || of.call !== call) throw new Error('a call was made that the scenario does not have');
    if (outcome === undefined) {
      this.#within.set(task, of);
      return;
    }
    // The kernel has refused the arguments, which takes no step.
    this.returned.set(of, this.frames.length - 1);
    if (isBefore) this.#leaveBefore();
  }

  took(taken: Taken, outcome: Outcome | undefined): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    const { task, step, writes, observed } = taken;
    const isBefore = this.#before.length > 0;
    const of = this.#within.get(task);
    const counted = observed.find(({ mark }) => mark === COUNT)?.args['folio'];
    const frame: FilmStep = {
      task,
      cpu: this.#cpuOf(machine, task),
      stage: isBefore ? 'before' : 'threads',
      path: step.path,
      name: step.name,
      origin: step.origin === undefined ? undefined : { place: step.origin.place, text: step.origin.text },
      read:
        counted === undefined
          ? undefined
          : { folio: counted, count: columnOf(machine.memory, folio.refcount)[counted] ?? 0 },
      writes: writes.map(
        ({ variable, index, before, after }) => `${elementName(variable.name, index)}: ${before} → ${after}`,
      ),
      returned: outcome === undefined ? undefined : outcomeText(outcome),
    };
    if (!isBefore) this.turns.push(machine.taskName(task));
    if (taken.finished && of !== undefined) {
      this.#within.delete(task);
      this.returned.set(of, this.frames.length);
      if (isBefore) this.#leaveBefore(this.frames.length);
    }
    this.#take(machine, frame);
  }

  #leaveBefore(frame = this.frames.length - 1): void {
    this.#before = this.#before.slice(1);
    if (this.#before.length === 0) this.#start = frame;
  }

  #cpuOf(machine: Machine, task: number): number {
    return columnOf(machine.memory, taskCpu)[task] ?? 0;
  }

  #take(machine: Machine, step: FilmStep | undefined): void {
    const last = this.frames.at(-1);
    this.frames.push({
      step,
      folios: alike(last?.folios, foliosIn(machine, this.#scenario)),
      batches: alike(last?.batches, batchesIn(machine)),
      tasks: alike(
        last?.tasks,
        Array.from({ length: machine.tasks }, (_, task) => this.#taskIn(machine, task)),
      ),
    });
  }

  #taskIn(machine: Machine, task: number): FilmTask {
    const isKworker = task >= this.#scenario.machine.tasks.length;
    const next = machine.interpreter.next(task);
    const left = this.#before.length > 0 ? this.#before.filter((call) => call.task === task) : this.#left.get(task);
    const isInside = next !== undefined;
    const waitsFor = machine.interpreter
      .waitsFor(task)
      .map(({ variable, index, value }) => ({ name: elementName(variable.name, index), value }));
    const isEnabled = isInside ? machine.interpreter.enabled(task) : (left?.length ?? 0) > 0;
    return {
      cpu: this.#cpuOf(machine, task),
      call: (this.#within.get(task) ?? left?.[0])?.text,
      path: next?.path ?? [],
      next: next?.name,
      state: isEnabled
        ? 'ready'
        : !isInside
          ? 'done'
          : isKworker && machine.memory.pc[task] === this.#resting[task]
            ? 'idle'
            : 'waits',
      waitsFor,
    };
  }
}

const elementName = (name: string, index: readonly number[]): string =>
  index.length === 0 ? name : `${name}[${index.join(', ')}]`;

const outcomeText = ({ result, errorIndex }: Outcome): string =>
  result === 'ok' ? '0' : `-${result}${errorIndex === undefined ? '' : `, error_offset at page ${errorIndex}`}`;

/** The folios that have a count or a holder, by number. */
function foliosIn(machine: Machine, { guestMemfds, machine: { guestMemfds: files } }: Scenario): readonly FilmFolio[] {
  const { memory, program } = machine;
  const holders = machine.holders();
  const mapping = columnOf(memory, folio.mapping);
  const none = program.sizes['inode'] ?? 0;
  const found: FilmFolio[] = [];
  for (const [number, count] of columnOf(memory, folio.refcount).entries()) {
    const held = holders.get(number) ?? [];
    if (count === 0 && held.length === 0) continue;
    const inode = mapping[number] ?? none;
    const ledger = machine.folioLedger(number, held);
    const pages = 2 ** ledger.order;
    found.push({
      number,
      index: inode === none ? undefined : ledger.index,
      file: inode === none || files.length < 2 ? undefined : (guestMemfds[inode] ?? `file ${inode}`),
      pages,
      count,
      expected: pages + 1,
      holders: held,
    });
  }
  if (found.some(({ count, holders: held }) => count !== referencesOf(held))) return found;
  return found.toSorted((a, b) => (a.index ?? Infinity) - (b.index ?? Infinity));
}

/** The batches of each CPU, place by place. */
function batchesIn({ memory, program, options: { cpus } }: Machine): readonly (readonly FilmBatch[])[] {
  const none = program.sizes['folio'] ?? 0;
  const kinds = [
    { kind: 'lru-add-batch', column: columnOf(memory, cpuFbatches.lruAdd.folios), places: program.sizes['slot'] ?? 0 },
    { kind: 'mlock-batch', column: columnOf(memory, mlockFbatch.folios), places: program.sizes['mlock_slot'] ?? 0 },
  ] as const;
  return Array.from({ length: cpus }, (_, cpu) =>
    kinds
      .filter(({ places }) => places > 0)
      .map(({ kind, column, places }) => ({
        kind,
        places: [...column.subarray(cpu * places, (cpu + 1) * places)].map((of) => (of === none ? EMPTY : of)),
      })),
  );
}
