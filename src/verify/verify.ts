// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { alikeTasks, compilePacked, compilesText } from '../lang/index.ts';
import { entryOf, IN_ORDER, type Patch } from '../machine/index.ts';
import {
  type Event,
  patchNotes,
  PROPERTY_IDS,
  type PropertyId,
  runScenario,
  type Scenario,
} from '../scenario/index.ts';
import type { CheckAnswer, CounterexampleStep, PropertyAnswer, SmallMachine } from './answer.ts';
import { coveredBy } from './covered.ts';
import { tell } from './counterexample.ts';
import { happened } from './events.ts';
import { LOOKS_SHOWN, NOT_SHOWN, propertyOf, readName } from './properties/index.ts';
import { idsOf, questionOf } from './question.ts';
import {
  answerAll,
  type Asked,
  type CheckProgress,
  inRounds,
  NOTHING,
  type Rounds,
  type SearchOptions,
  unasked,
} from './rounds.ts';
import { replayed } from './replayed.ts';
import { conversionsEnd, type Termination } from './termination.ts';
import { buildWorld, PINNING, type SmallWorld } from './small-world.ts';
import { isTooLarge } from './too-large.ts';
import { unfulfilled, wishesOf } from './wishes.ts';

/** How a scenario is checked. */
export interface CheckOptions extends SearchOptions {
  readonly patch: Patch;
}

/** Checks a scenario on every interleaving of its threads, in pieces of some tenths of a second at most. */
export function* checking(scenario: Scenario, options: CheckOptions): Generator<CheckProgress, CheckAnswer> {
  const { patch } = options;
  const world = buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch);
  const before = mismatchesBefore(scenario, patch);
  const asked: Asked = {
    ids: idsOf(world),
    sentence: sentenceOf,
    question: (without) => withSymmetry(questionOf(world, without), options),
    named: readName,
    tell: (moves, told) => tell(world, moves, told),
  };
  const heap = options.heap?.();
  const isTooMuch = heap !== undefined && isTooLarge(world, heap);
  const rounds = isTooMuch
    ? unasked(
        asked.ids.map((id) => answerAll(asked, id, 'undecided', NOTHING)),
        NOTHING,
      )
    : yield* inRounds(asked, options);
  const ends =
    options.walks === undefined && rounds.reason !== 'size'
      ? yield* withRound(conversionsEnd(world, options))
      : { answer: undefined, reason: undefined };
  const { properties, ...about } = judged(world, rounds, ends);
  for (const property of properties) replayed(world, property);
  const expected = scenario.check.byPatch.get(patch.name) ?? scenario.check.every;
  return {
    ...about,
    walked: options.walks,
    interpreted: !compilesText(),
    patch: patch.name,
    notes: patchNotes(patch, scenario.check.profile),
    verdict: before.length > 0 ? 'violated' : worst(properties.map(({ verdict }) => verdict)),
    properties,
    machine: machineOf(world),
    pinBias: pinBiasOf(world),
    before,
    expected,
    asExpected: before.length > 0 ? false : asExpected(expected, properties),
  };
}

/** The rounds' answers, those about runs without end, and what was to happen. */
function judged(
  world: SmallWorld,
  { properties, unreached, coverage, explored, reductions, omission, ...rounds }: Rounds,
  { answer: ends, reason }: Termination,
): Pick<CheckAnswer, 'explored' | 'reason' | 'reductions' | 'omission' | 'coverage' | 'endsNotAsked' | 'properties'> {
  const isKnown = coverage !== undefined;
  const seen = isKnown ? happened(world, coverage) : undefined;
  const unshown = properties.find(({ id, verdict: its }) => id === LOOKS_SHOWN && its === 'violated');
  const said = properties.filter(({ id }) => isProperty(id)).map((property) => asFarAsShown(property, unshown, seen));
  // That it reads no more counts than it may is no promise that it ends.
  const reads = said.filter(({ id, verdict: its }) => id === 'I5' && its === 'violated');
  const others = said.filter(({ id }) => id !== 'I5');
  // What hashes have not met may be among what they left out, however unlikely: it is not known to be impossible.
  const looked = rounds.reason ?? (omission === undefined ? undefined : 'omission');
  const wanted = seen === undefined ? [] : sometimes(world, unfulfilled(world, seen, unreached), looked, explored);
  const isOpen = wanted.some(({ verdict }) => verdict === 'undecided');
  return {
    explored,
    reductions,
    omission,
    reason: rounds.reason ?? reason ?? (isOpen ? looked : undefined),
    coverage: isKnown ? coveredBy(coverage) : undefined,
    endsNotAsked: ends === undefined && reads.length === 0 && rounds.reason !== 'walks' && rounds.reason !== 'size',
    properties: inOrder([...others, ...(reads.length > 0 || ends === undefined ? reads : [ends]), ...wanted]),
  };
}

/** What the scenario wants to see: `missing` never happened where everything was explored. */
function sometimes(
  { scenario, patch }: SmallWorld,
  missing: readonly string[],
  reason: Rounds['reason'],
  explored: Rounds['explored'],
): readonly PropertyAnswer[] {
  if (wishesOf(scenario, patch.name).length === 0) return [];
  return [
    {
      id: 'sometimes',
      sentence: propertyOf('sometimes').sentence,
      verdict: missing.length === 0 ? 'holds' : reason === undefined ? 'violated' : 'undecided',
      detail: missing.length === 0 ? undefined : `never: ${missing.join(', ')}`,
      vacuous: undefined,
      explored,
      counterexample: undefined,
    },
  ];
}

/** Work that belongs to no round of its own. */
function* withRound<T>(work: Generator<Omit<CheckProgress, 'round'>, T>): Generator<CheckProgress, T> {
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    yield { ...piece.value, round: 0 };
  }
}

/** The question, with the tasks that are alike where they may stand for each other. */
const withSymmetry = (question: Question, { exact = false, symmetry = true }: SearchOptions): Question =>
  exact || !symmetry
    ? question
    : { ...question, symmetry: alikeTasks(question.program, question.codeOf, question.initial, question) };

/** As the names of properties are always listed. */
const inOrder = (properties: readonly PropertyAnswer[]): readonly PropertyAnswer[] =>
  PROPERTY_IDS.flatMap((id) => properties.filter((property) => property.id === id));

const worst = (verdicts: readonly CheckAnswer['verdict'][]): CheckAnswer['verdict'] =>
  (['violated', 'undecided'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'holds';

/** Whether what a question asks is a property; else it is something that properties need. */
const isProperty = (id: string): boolean => PROPERTY_IDS.some((one) => one === readName(id).id);
const sentenceOf = (id: string): string => (isProperty(id) ? propertyOf(known(id)).sentence : id);

/**
 * What a property comes to where a form may not show what it needs: it is undecided. What it says of nothing is said with it.
 * @param unshown a refusal without a look before it.
 */
function asFarAsShown(
  property: PropertyAnswer,
  unshown: PropertyAnswer | undefined,
  seen: ReadonlySet<Event> | undefined,
): PropertyAnswer {
  if (property.verdict !== 'holds') return property;
  const { premise, needsLooks } = propertyOf(known(property.id));
  if (needsLooks === true && unshown !== undefined)
    return { ...property, verdict: 'undecided', detail: `${NOT_SHOWN}${placeOf(unshown)}` };
  const isVacuous = premise !== undefined && seen !== undefined && !seen.has(premise.event);
  return isVacuous ? { ...property, vacuous: premise.otherwise } : property;
}

/** The routine of a step; where the step bears its name, its caller. */
const routineOf = ({ path, name }: CounterexampleStep): string | undefined =>
  path.at(-1) === name ? path.at(-2) : path.at(-1);

/** Where a run ends: the task, and its routine and step. */
function placeOf({ counterexample }: PropertyAnswer): string {
  const last = counterexample?.steps.at(-1);
  return last === undefined
    ? ''
    : `: ${last.thread} is refused after ${[routineOf(last), last.name].filter(Boolean).join(': ')}`;
}

function known(id: string): PropertyId {
  const { id: found } = readName(id);
  const property = PROPERTY_IDS.find((one) => one === found);
  if (property === undefined) throw new Error(`'${id}' is no property`);
  return property;
}

/**
 * Results that are not as expected, of calls that are no part of what is explored: those of `before`, and those of the threads that
 * the kernel refuses at once.
 */
function mismatchesBefore(scenario: Scenario, patch: Patch): CheckAnswer['before'] {
  const threads = scenario.threads.flatMap(({ task, calls }) => {
    const refused = calls.filter(({ call }) => 'result' in entryOf(call, scenario.machine));
    return refused.length === 0 ? [] : [{ task, calls: refused }];
  });
  if (scenario.before.length + threads.length === 0) return [];
  return runScenario({ ...scenario, threads }, { patch, schedule: IN_ORDER }).calls.flatMap(({ of, mismatches }) =>
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

const pinBiasOf = ({ profile, scenario }: SmallWorld): CheckAnswer['pinBias'] =>
  [...scenario.before, ...scenario.threads.flatMap(({ calls }) => calls)].some(({ call }) => PINNING.has(call.call))
    ? { explored: profile.pinBias, kernel: scenario.machine.profile.pinBias }
    : undefined;

const machineOf = ({ profile, sizes, scenario, program, codeOf }: SmallWorld): SmallMachine => ({
  profile: profile.name,
  cpus: sizes.cpus,
  tasks: scenario.machine.tasks.length,
  folios: sizes.folios,
  pages: sizes.pages,
  batchSize: profile.batchSize,
  profileBatchSize: scenario.machine.profile.batchSize,
  words: compilePacked(program, codeOf).words,
});
