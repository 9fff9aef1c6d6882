// SPDX-License-Identifier: MIT
// One scenario under one form of the check, held against itself: `run` against `check`, and the ways to explore against each other.
import {
  exploringDepthFirst,
  exploreProgramWith,
  type ProgramExploration,
  type Store,
  type WorkerHost,
} from '../../src/check/index.ts';
import type { Patch } from '../../src/machine/index.ts';
import { type PatchAnswer, runScenario, type Scenario } from '../../src/scenario/index.ts';
import type { CheckAnswer, CheckProgress, Explorer, PropertyAnswer, SearchOptions } from '../../src/verify/index.ts';
import { checking } from '../../src/verify/index.ts';
import { RESULTS } from '../../src/kernel/index.ts';

/** Something that cannot be so. */
export interface Finding {
  /** What went wrong, in a word or two: the same for all that are wrong in the same way. */
  readonly kind: string;
  readonly text: string;
}

/** Ways to explore that come to the same answer as the default one. */
export const MODES = [
  'exact',
  'depth-first',
  'partial order',
  'no symmetry',
  'hash compaction',
  'one worker',
  'two workers',
  'spill',
  'resume',
  'resume twice',
] as const;
export type Mode = (typeof MODES)[number];

export interface TrialOptions {
  /** Gives up after so many states. */
  readonly mostStates: number;
  /** Runs under random schedules, each with a seed of its own. */
  readonly runs: number;
  readonly modes: readonly Mode[];
  /** Whether the results that `check` says to be possible are held against those of the runs. */
  readonly results: boolean;
  /** Whether counterexamples are played. */
  readonly replays?: boolean;
  readonly host: WorkerHost;
}

/** What a trial came to. */
export interface Trial {
  readonly findings: readonly Finding[];
  /** Undefined where `check` itself failed. */
  readonly answer: CheckAnswer | undefined;
  readonly runs: number;
  readonly replays: number;
}

/** Turns after which a random run that is to end has ended: some hundred times what it needs. */
const MOST_TURNS = 60_000;
/** Seconds that one exploration may take. */
const MOST_SECONDS = 60;

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** The same words for messages that differ in numbers and names only. */
const kindOf = (error: unknown): string =>
  messageOf(error)
    .replaceAll(/'[^']*'|\b(?:seed-\d+|T\d|[a-z]+:)\b/g, '_')
    .replaceAll(/\d+/g, 'N')
    .slice(0, 90);

async function answered(scenario: Scenario, options: SearchOptions & { readonly patch: Patch }): Promise<CheckAnswer> {
  const end = performance.now() + MOST_SECONDS * 1000;
  const interrupted = (): boolean => (options.interrupted?.() ?? false) || performance.now() > end;
  const pieces = checking(scenario, { ...options, interrupted });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
    if (piece.value.wait !== undefined) await piece.value.wait;
  }
}

/** Explores with so many threads. */
const exploringWith = (workers: number, host: WorkerHost): Explorer =>
  function* (question, reach) {
    let found: { readonly result: ProgramExploration } | { readonly error: unknown } | undefined;
    const wait = exploreProgramWith(question, reach, { workers, host }).then(
      (result) => {
        found = { result };
      },
      (error: unknown) => {
        found = { error };
      },
    );
    const now: Omit<CheckProgress, 'round'> = { states: 0, transitions: 0, depth: 0, queue: 0, bytes: 0, wait };
    for (;;) {
      yield now;
      if (found === undefined) continue;
      if ('error' in found) throw found.error;
      return found.result;
    }
  };

/** A store in memory. */
function storeOf(kept: Map<string, Uint8Array>): Store {
  return {
    isDue: () => true,
    read: (name) => kept.get(name)?.slice(),
    write: (name, parts) => {
      kept.set(name, Uint8Array.from(parts.flatMap((part) => [...part])));
    },
  };
}

const storesOf = (): ((name: string) => Store) => {
  const all = new Map<string, Store>();
  return (name) => {
    const known = all.get(name) ?? storeOf(new Map());
    all.set(name, known);
    return known;
  };
};

/** What a property came to, as far as every way to explore has to say the same. */
const told = ({ verdict, vacuous, counterexample }: PropertyAnswer, withVacuous: boolean): string =>
  [
    verdict,
    ...(counterexample?.isShortest === true ? [`in ${counterexample.steps.length} steps`] : []),
    ...(withVacuous && vacuous !== undefined ? [`(${vacuous})`] : []),
  ].join(' ');

function differences(one: CheckAnswer, other: CheckAnswer, withVacuous: boolean): readonly string[] {
  return one.properties.flatMap((property) => {
    const its = other.properties.find(({ id }) => id === property.id);
    if (its === undefined)
      return property.id === 'I5' || property.id === 'sometimes' ? [] : [`${property.id} is not there`];
    if (property.verdict === 'undecided' || its.verdict === 'undecided') return [];
    const isShortest = property.counterexample?.isShortest === its.counterexample?.isShortest;
    const [a, b] = isShortest ? [told(property, withVacuous), told(its, withVacuous)] : [property.verdict, its.verdict];
    return a === b ? [] : [`${property.id}: ${a} / ${b}`];
  });
}

async function answeredIn(
  mode: Mode,
  scenario: Scenario,
  patch: Patch,
  { mostStates, host }: TrialOptions,
  first: CheckAnswer,
): Promise<CheckAnswer> {
  const options = { patch, mostStates };
  switch (mode) {
    case 'exact':
      return answered(scenario, { ...options, exact: true });
    case 'depth-first':
      return answered(scenario, { ...options, explore: exploringDepthFirst });
    case 'partial order':
      return answered(scenario, { ...options, wholeUpTo: 0 });
    case 'no symmetry':
      return answered(scenario, { ...options, symmetry: false });
    case 'hash compaction':
      return answered(scenario, { ...options, lossy: { kind: 'hash compaction' } });
    case 'one worker':
      return answered(scenario, { ...options, explore: exploringWith(1, host) });
    case 'two workers':
      return answered(scenario, { ...options, explore: exploringWith(2, host) });
    case 'spill': {
      let [stores, store] = [0, storeOf(new Map())];
      const spill = (): Store => {
        stores++;
        store = storeOf(new Map());
        return store;
      };
      const answer = await answered(scenario, { ...options, mostBytes: Math.ceil(first.explored.bytes * 0.9), spill });
      return stores === 0 ? first : answer;
    }
    case 'resume': {
      const checkpoint = storesOf();
      await answered(scenario, { ...options, mostStates: Math.max(2, first.explored.states >> 1), checkpoint });
      return answered(scenario, { ...options, checkpoint });
    }
    case 'resume twice': {
      // Stopped at once, stopped on the way, and then to the end.
      const checkpoint = storesOf();
      await answered(scenario, { ...options, mostStates: 1, checkpoint });
      await answered(scenario, { ...options, mostStates: Math.max(2, first.explored.states >> 1), checkpoint });
      return answered(scenario, { ...options, checkpoint });
    }
  }
}

/** What of a run a property forbids, by the property's name. */
function violationsIn(run: PatchAnswer, { mostDrains }: Patch): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const { unended, imbalance } = run;
  if (imbalance !== undefined) found.set('I6', imbalance);
  if (unended?.includes('waits for ever') === true) found.set('I7', unended);
  else if (unended !== undefined) found.set('I5', unended);
  const most = mostDrains ?? { local: 1, all: 1 };
  for (const { stage, conversion, mismatches, outcome, of } of run.calls) {
    if (stage === 'before') continue;
    const drains = conversion ?? { localDrains: 0, drainsOfAll: 0 };
    // A call that drains for ever never returns, and has drained too often long before.
    if (drains.localDrains > most.local || drains.drainsOfAll > most.all)
      found.set('I3', `${drains.localDrains} local drains, ${drains.drainsOfAll} of all`);
    if (outcome === undefined) continue;
    if (mismatches.length > 0)
      found.set(
        'expected',
        mismatches.map(({ what, expected, actual }) => `${what} ${actual}, expected ${expected}`).join('; '),
      );
    if (conversion === undefined) continue;
    const { verdict } = conversion;
    if (verdict.verdict === 'refused' && verdict.spurious === true)
      found.set('I2', `refused at ${verdict.index}, spurious`);
    if (verdict.verdict === 'refused' && 'reason' in verdict) found.set('I4', verdict.reason ?? '');
    if (outcome.result === 'EAGAIN' && of.call.call === 'set-memory-attributes2') {
      const { offset = 0n, size = 0n } = of.call.argument ?? {};
      const at = BigInt(outcome.errorIndex ?? -1) * 4096n;
      if (at < offset || at >= offset + size) found.set('I4', `error_offset ${at} is not in the range`);
    }
  }
  return found;
}

/** The properties of which a violation may be one, where a run shows it under the first one's name. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  I2: ['I2', 'I2/SC-20', 'I2/SC-21'],
  I4: ['I4', 'I4/SC-17'],
  // A task that waits for ever does not come to its end either.
  I7: ['I7'],
};

function* runFindings(patch: Patch, answer: CheckAnswer, run: PatchAnswer): Generator<Finding> {
  if (run.calls.some(({ outcome }) => outcome?.result === 'ENOMEM')) return;
  for (const [id, text] of violationsIn(run, patch)) {
    const asked = answer.properties.filter((property) => (SAME[id] ?? [id]).includes(property.id));
    if (id === 'expected' && answer.before.length > 0) continue;
    if (asked.length === 0 || asked.some(({ verdict }) => verdict !== 'holds')) continue;
    const vacuous = asked.some((property) => property.vacuous !== undefined) ? ' vacuously' : '';
    yield {
      kind: `run finds ${id}`,
      text: `${patch.name}: check says that ${id} holds${vacuous}; run ${run.schedule.list}: ${text}`,
    };
  }
}

/** What shows a violation when its run is played: undefined where nothing in a run shows the property. */
function isShown(id: string, run: PatchAnswer, patch: Patch): boolean | undefined {
  const found = violationsIn(run, patch);
  const base = id.split('/')[0] ?? id;
  switch (base) {
    case 'I2':
    case 'I3':
    case 'I6':
    case 'I7':
    case 'expected':
      return found.has(base);
    case 'I5':
      return run.unended !== undefined || undefined;
    case 'I1':
      return run.calls.some(
        ({ stage, conversion, outcome }) =>
          stage === 'threads' && conversion !== undefined && outcome?.result !== 'EAGAIN',
      );
    default:
      return undefined;
  }
}

function replayed(scenario: Scenario, patch: Patch, { id, counterexample }: PropertyAnswer): readonly Finding[] {
  if (counterexample === undefined) return [];
  const { steps } = counterexample;
  const turns = steps.map(({ thread, name }) => ({ task: thread, times: 1, step: name }));
  const isEndless = id === 'I5' && counterexample.round !== undefined;
  const end = isEndless
    ? { turns: turns.length, why: 'a run without end' }
    : { turns: turns.length + MOST_TURNS, why: 'too many turns' };
  let run: PatchAnswer;
  try {
    run = runScenario(scenario, { patch, schedule: { kind: 'list', turns }, end, keep: 'none' });
  } catch (error) {
    if (error instanceof Error && error.name === 'BrokenInvariant' && id === 'I6') return [];
    return [
      {
        kind: `replay of ${id}: ${kindOf(error)}`,
        text: `${patch.name}: the counterexample against ${id} does not replay: ${messageOf(error)}`,
      },
    ];
  }
  // The form loses a reference on the way: a run ends there.
  if (run.imbalance !== undefined && id !== 'I6') return [];
  const shown = isShown(id, run, patch);
  if (shown !== false) return [];
  const calls = run.calls
    .filter(({ stage }) => stage === 'threads')
    .map(
      ({ of, outcome, conversion }) =>
        `T${of.task} ${of.call.call} ${outcome?.result} ${JSON.stringify(conversion?.verdict)}`,
    );
  return [
    {
      kind: `replay of ${id} shows nothing`,
      text: `${patch.name}: ${id} violated in ${steps.length} steps, last ${steps.at(-1)?.thread} ${steps.at(-1)?.name}; run: ${calls.join(', ')}; ${run.unended ?? ''}`,
    },
  ];
}

/** The results of each task's last call that no run has, as `check` says; undefined where it does not know. */
async function impossibleResults(
  scenario: Scenario,
  patch: Patch,
  { mostStates }: TrialOptions,
): Promise<ReadonlySet<string> | undefined> {
  const every = scenario.threads.flatMap(({ task }) => RESULTS.map((result) => ({ task, result })));
  const asking = { ...scenario, check: { ...scenario.check, sometimes: { every, byPatch: new Map() } } };
  const { properties } = await answered(asking, { patch, mostStates });
  const wished = properties.find(({ id }) => id === 'sometimes');
  if (wished === undefined || wished.verdict === 'undecided') return undefined;
  return new Set((wished.detail ?? 'never: ').replace(/^never: /, '').split(', '));
}

/** Tries a scenario under a form in every way that is asked for. */
export async function trial(scenario: Scenario, patch: Patch, options: TrialOptions): Promise<Trial> {
  const findings: Finding[] = [];
  let before: PatchAnswer;
  try {
    before = runScenario({ ...scenario, threads: [] }, { patch, keep: 'none' });
  } catch (error) {
    return {
      findings: [{ kind: `run of before fails: ${kindOf(error)}`, text: `${patch.name}: before: ${messageOf(error)}` }],
      answer: undefined,
      runs: 0,
      replays: 0,
    };
  }
  let answer: CheckAnswer;
  try {
    answer = await answered(scenario, { patch, mostStates: options.mostStates });
  } catch (error) {
    const early = before.unended === undefined ? '' : ', before never ends';
    return {
      findings: [
        {
          kind: `check fails${early}: ${kindOf(error)}`,
          text: `${patch.name}: check fails: ${messageOf(error)}${early}`,
        },
      ],
      answer: undefined,
      runs: 0,
      replays: 0,
    };
  }
  if (answer.reason === 'interrupted')
    findings.push({
      kind: 'slow',
      text: `${patch.name}: more than ${MOST_SECONDS} s for ${answer.explored.states} states`,
    });
  if (before.unended !== undefined) return { findings, answer, runs: 0, replays: 0 };
  const impossible =
    options.results && answer.reason === undefined ? await impossibleResults(scenario, patch, options) : undefined;
  let [runs, replays] = [0, 0];
  for (let seed = 1; seed <= options.runs; seed++) {
    const schedule = seed % 4 === 0 ? ({ kind: 'pct', depth: 3, seed } as const) : ({ kind: 'random', seed } as const);
    const end = { turns: MOST_TURNS, why: `no end in ${MOST_TURNS} turns` };
    try {
      const run = runScenario(scenario, { patch, schedule, end, keep: 'none' });
      runs++;
      // An order that lets some task wait for ever proves nothing against I5.
      if (schedule.kind === 'random' || run.unended === undefined || run.unended.includes('waits for ever'))
        findings.push(...runFindings(patch, answer, run));
      if (
        impossible !== undefined &&
        run.unended === undefined &&
        run.imbalance === undefined &&
        run.calls.every(({ outcome }) => outcome?.result !== 'ENOMEM')
      )
        for (const { task } of scenario.threads) {
          const last = run.calls.findLast((call) => call.stage === 'threads' && call.of.task === task);
          const text = `${scenario.machine.tasks[task]?.name}: ${last?.outcome?.result}`;
          const entered = last !== undefined && wasEntered(scenario, last);
          if (entered && impossible.has(text))
            findings.push({
              kind: 'impossible result',
              text: `${patch.name}: ${text} in run ${run.schedule.list}, never in check`,
            });
        }
    } catch (error) {
      if (
        error instanceof Error &&
        error.name === 'BrokenInvariant' &&
        answer.properties.some(({ id, verdict }) => id === 'I6' && verdict === 'violated')
      )
        continue;
      findings.push({
        kind: `run fails: ${kindOf(error)}`,
        text: `${patch.name}: run with ${schedule.kind}:${seed}: ${messageOf(error)}`,
      });
      break;
    }
  }
  for (const property of options.replays === false ? [] : answer.properties) {
    if (property.counterexample !== undefined) replays++;
    findings.push(...replayed(scenario, patch, property));
  }
  for (const mode of options.modes)
    try {
      const other = await answeredIn(mode, scenario, patch, options, answer);
      const isLossy = mode === 'depth-first';
      const apart = differences(answer, other, !isLossy);
      if (apart.length > 0)
        findings.push({ kind: `${mode} differs`, text: `${patch.name}: default / ${mode}: ${apart.join('; ')}` });
    } catch (error) {
      findings.push({ kind: `${mode} fails: ${kindOf(error)}`, text: `${patch.name}: ${mode}: ${messageOf(error)}` });
    }
  return { findings, answer, runs, replays };
}

/** Whether a call got as far as the kernel's own steps: what is refused at once leaves no result that `check` looks at. */
const wasEntered = (scenario: Scenario, { of, outcome }: PatchAnswer['calls'][number]): boolean =>
  outcome !== undefined &&
  scenario.threads.find(({ task }) => task === of.task)?.calls.at(-1) === of &&
  outcome.result !== 'ENOTTY' &&
  outcome.result !== 'EINVAL' &&
  outcome.result !== 'EFAULT';
