// SPDX-License-Identifier: MIT
import { compilePacked } from '../lang/index.ts';
import type { Patch } from '../machine/index.ts';
import { patchNotes, PROPERTY_IDS, type PropertyId, runScenario, type Scenario } from '../scenario/index.ts';
import type { CheckAnswer, PropertyAnswer, SmallMachine } from './answer.ts';
import { tell } from './counterexample.ts';
import { readName, SENTENCES } from './property.ts';
import { propertiesOf, questionOf } from './question.ts';
import { type CheckProgress, inRounds, type SearchOptions } from './rounds.ts';
import { conversionsEnd } from './termination.ts';
import { buildWorld, type SmallWorld } from './small-world.ts';

/** How a scenario is checked. */
export interface CheckOptions extends SearchOptions {
  readonly patch: Patch;
}

/** Checks a scenario on every interleaving of its threads, in pieces of some tenths of a second at most. */
export function* checking(scenario: Scenario, options: CheckOptions): Generator<CheckProgress, CheckAnswer> {
  const { patch } = options;
  const world = buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch);
  const before = mismatchesBefore(scenario, patch);
  const ids = propertiesOf(world);
  const rounds = yield* inRounds(
    {
      ids,
      sentence: (id) => SENTENCES[known(id)],
      question: (without) => questionOf(world, new Set([...without].map(known))),
      named: readName,
      tell: (moves, fewestSwitches) => tell(world, moves, { fewestSwitches }),
    },
    options,
  );
  const { unfair } = scenario.check;
  const ends = unfair === undefined ? [] : [conversionsEnd(world, unfair, options.mostStates)];
  const properties = inOrder([...rounds.properties, ...ends]);
  const expected = scenario.check.byPatch.get(patch.name) ?? scenario.check.every;
  return {
    ...rounds,
    patch: patch.name,
    notes: patchNotes(patch, scenario.check.profile),
    verdict: before.length > 0 ? 'violated' : worst([rounds.verdict, ...ends.map(({ verdict }) => verdict)]),
    properties,
    machine: machineOf(world),
    before,
    expected,
    asExpected: before.length > 0 ? false : asExpected(expected, properties),
  };
}

/** As the names of properties are always listed. */
const inOrder = (properties: readonly PropertyAnswer[]): readonly PropertyAnswer[] =>
  PROPERTY_IDS.flatMap((id) => properties.filter((property) => property.id === id));

const worst = (verdicts: readonly CheckAnswer['verdict'][]): CheckAnswer['verdict'] =>
  (['violated', 'undecided'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'holds';

const known = (id: string): PropertyId => readName(id).id;

/** Results of `before`, which is no part of what is explored, that are not as expected. */
function mismatchesBefore(scenario: Scenario, patch: Patch): CheckAnswer['before'] {
  if (scenario.before.length === 0) return [];
  return runScenario({ ...scenario, threads: [] }, { patch }).calls.flatMap(({ of, mismatches }) =>
    mismatches.length === 0 ? [] : [{ call: of, mismatches }],
  );
}

/** Whether exactly those properties do not hold that are said not to; undefined where nothing is said, or known. */
export function asExpected(
  expected: CheckAnswer['expected'],
  properties: readonly PropertyAnswer[],
): boolean | undefined {
  if (expected === undefined) return undefined;
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
  batchSize: scenario.machine.profile.batchSize,
  words: compilePacked(program, codeOf).words,
});
