// SPDX-License-Identifier: MIT
import { type Exploration, exploringProgram, type Move, type Progress, type Question } from '../check/index.ts';
import { compilePacked } from '../lang/index.ts';
import type { Patch } from '../machine/index.ts';
import { type Scenario, runScenario, type PropertyId, type ExpectedCheck } from '../scenario/index.ts';
import type { CheckAnswer, Explored, PropertyAnswer, SmallMachine } from './answer.ts';
import { tell } from './counterexample.ts';
import { withFewestSwitches } from './fewest-switches.ts';
import { readName, SENTENCES } from './property.ts';
import { propertiesOf, questionOf } from './question.ts';
import { buildWorld, type SmallWorld } from './small-world.ts';

/** How a scenario is checked. */
export interface CheckOptions {
  readonly patch: Patch;
  /** Gives up after so many states. */
  readonly mostStates: number;
  /** Gives up before states and their table take more bytes; the machine's own limit where not given. */
  readonly mostBytes?: number | undefined;
  /** Asked now and then: where it says yes, the check ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
  /** Explores everything even where the first violation is found early. */
  readonly exact?: boolean;
}

/** How far a check is. */
export interface CheckProgress extends Progress {
  /** Which of its explorations this is, from 1: each violated property costs one more. */
  readonly round: number;
}

/**
 * Checks a scenario on every interleaving of its threads, in pieces of some tenths of a second at most. Where a
 * property does not hold, its shortest counterexample is kept, and the others are asked about once more without it.
 */
export function* checking(scenario: Scenario, options: CheckOptions): Generator<CheckProgress, CheckAnswer> {
  const { patch } = options;
  const expected = scenario.check.byPatch.get(patch.name) ?? scenario.check.every;
  const world = buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch);
  const before = mismatchesBefore(scenario, patch);
  const asked = propertiesOf(world);
  const found = new Map<PropertyId, PropertyAnswer>();
  let largest: Explored = { states: 0, transitions: 0, depth: 0, bytes: 0 };
  let last: Exploration | undefined;
  for (let round = 1; ; round++) {
    const question = questionOf(world, new Set(found.keys()));
    const result = yield* inRounds(exploringProgram(question, { ...options, whole: options.exact === true }), round);
    last = result;
    const explored = exploredIn(result);
    if (explored.states > largest.states) largest = explored;
    if (result.property === undefined || result.counterexample === undefined) break;
    const { id, detail } = readName(result.property);
    found.set(id, violated(world, question, { id, detail, moves: result.counterexample, explored }));
  }
  const rest = exploredIn(last);
  const properties = asked.map(
    (id): PropertyAnswer =>
      found.get(id) ?? {
        id,
        sentence: SENTENCES[id],
        verdict: last.verdict === 'undecided' ? 'undecided' : 'holds',
        detail: undefined,
        explored: rest,
        counterexample: undefined,
      },
  );
  const verdict = found.size > 0 || before.length > 0 ? 'violated' : last.verdict;
  return {
    patch: patch.name,
    verdict,
    properties,
    explored: largest,
    machine: machineOf(world),
    reductions: [],
    reason: last.reason,
    before,
    expected,
    asExpected: asExpected(expected, properties, before.length > 0),
  };
}

function* inRounds(pieces: Generator<Progress, Exploration>, round: number): Generator<CheckProgress, Exploration> {
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
    yield { ...piece.value, round };
  }
}

const exploredIn = ({ states, transitions, depth, bytes }: Exploration): Explored => ({
  states,
  transitions: transitions + 1,
  depth,
  bytes,
});

function violated(
  world: SmallWorld,
  question: Question,
  found: { id: PropertyId; detail: string; moves: readonly Move[]; explored: Explored },
): PropertyAnswer {
  const { id, detail, moves, explored } = found;
  const better = withFewestSwitches(question, moves);
  return {
    id,
    sentence: SENTENCES[id],
    verdict: 'violated',
    detail: detail === '' ? undefined : detail,
    explored,
    counterexample: tell(world, better.moves, better.fewest),
  };
}

/** Results of `before`, which is no part of what is explored, that are not as expected. */
function mismatchesBefore(scenario: Scenario, patch: Patch): CheckAnswer['before'] {
  if (scenario.before.length === 0) return [];
  return runScenario({ ...scenario, threads: [] }, { patch }).calls.flatMap(({ of, mismatches }) =>
    mismatches.length === 0 ? [] : [{ call: of, mismatches }],
  );
}

function asExpected(
  expected: ExpectedCheck | undefined,
  properties: readonly PropertyAnswer[],
  wentWrongBefore: boolean,
): boolean | undefined {
  if (expected === undefined) return undefined;
  if (wentWrongBefore) return false;
  const wanted: ReadonlySet<string> = new Set(expected.violates);
  if (properties.some(({ id, verdict }) => verdict === (wanted.has(id) ? 'holds' : 'violated'))) return false;
  return properties.some(({ verdict }) => verdict === 'undecided') ? undefined : true;
}

const machineOf = ({ profile, sizes, scenario, program, codeOf }: SmallWorld): SmallMachine => ({
  profile: profile.name,
  cpus: sizes.cpus,
  tasks: scenario.machine.tasks.length,
  folios: sizes.folios,
  pages: sizes.pages,
  batchSize: scenario.check.profile.batchSize,
  words: compilePacked(program, codeOf).words,
});
