// SPDX-License-Identifier: MIT
import type { Question } from '../check/index.ts';
import { alikeTasks, compilePacked, compilesText } from '../lang/index.ts';
import { entryOf, IN_ORDER, type Patch } from '../machine/index.ts';
import {
  LOOK_GONE,
  NOT_SHOWN,
  patchNotes,
  PROPERTY_IDS,
  type PropertyId,
  runScenario,
  type Scenario,
} from '../scenario/index.ts';
import type { CheckAnswer, CounterexampleStep, PropertyAnswer, SmallMachine } from './answer.ts';
import { coveredBy } from './covered.ts';
import { looksAtGoneFolio, counterexampleOf } from './counterexample.ts';
import { type Happening, happened } from './events.ts';
import { LOOKS_SHOWN, propertyOf, readName } from './properties/index.ts';
import { idsOf, questionOf } from './question.ts';
import { answerAll, type Asked, inRounds, NOTHING, type Rounds, unasked } from './rounds.ts';
import type { CheckProgress, SearchOptions } from './search-options.ts';
import { replayed } from './replayed.ts';
import { conversionsEnd, type Termination } from './termination.ts';
import { buildWorld, type SmallWorld } from './small-world.ts';
import { isTooLarge } from './too-large.ts';
import { unfulfilled, wishesOf } from './wishes.ts';

/** Options for checking a scenario. */
export interface CheckOptions extends SearchOptions {
  readonly patch: Patch;
}

/**
 * Checks a scenario on every interleaving of its threads, in pieces of at most some tenths of a second.
 * @example
 * import { exploreProgram } from 'folioscope/check';
 * import { patchNamed } from 'folioscope/machine';
 * import { parseScenario } from 'folioscope/scenario';
 * import { checking, questionAbout } from 'folioscope/verify';
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
 * const pieces = checking(scenario, { patch: patchNamed('baseline'), mostStates: 100_000 });
 * let piece = pieces.next();
 * while (piece.done !== true) piece = pieces.next();
 * const { verdict, properties } = piece.value;
 * verdict; // => 'violated'
 * properties.filter((property) => property.verdict === 'violated').map(({ id }) => id); // => ['I2']
 * // The same question, for the engine itself:
 * exploreProgram(questionAbout(scenario, patchNamed('baseline')), { mostStates: 100_000 }).verdict; // => 'violated'
 */
export function* checking(scenario: Scenario, options: CheckOptions): Generator<CheckProgress, CheckAnswer> {
  const { patch } = options;
  const world = buildWorld({ ...scenario, machine: { ...scenario.machine, profile: scenario.check.profile } }, patch);
  const before = mismatchesBefore(scenario, patch);
  const asked: Asked = {
    ids: idsOf(world),
    sentence: sentenceOf,
    question: (without) => withSymmetry(questionOf(world, without), options),
    named: readName,
    counterexampleOf: (moves, nearness) => counterexampleOf(world, moves, nearness),
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
    routines: routinesIn(world),
    before,
    expected,
    asExpected: before.length > 0 ? false : asExpected(expected, properties),
  };
}

/** The answers of the rounds, of the termination check, and of `sometimes`. */
function judged(
  world: SmallWorld,
  { properties, unreached, coverage, explored, reductions, omission, ...rounds }: Rounds,
  { answer: ends, reason }: Termination,
): Pick<CheckAnswer, 'explored' | 'reason' | 'reductions' | 'omission' | 'coverage' | 'endsNotAsked' | 'properties'> {
  const isKnown = coverage !== undefined;
  const seen = isKnown ? happened(world, coverage) : undefined;
  const unshown = properties.find(({ id, verdict: its }) => id === LOOKS_SHOWN && its === 'violated');
  const notShown = unshown && reasonOf(world, unshown);
  const said = properties.filter(({ id }) => isProperty(id)).map((property) => asFarAsShown(property, notShown, seen));
  // A bound on the counts that it reads does not prove that it ends.
  const reads = said.filter(({ id, verdict: its }) => id === 'I5' && its === 'violated');
  const others = said.filter(({ id }) => id !== 'I5');
  // With hashes, an event that no visited state has may be among the omitted states, however unlikely: it is not known to be
  // impossible.
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

/** The scenario's `sometimes`: `missing` never happened although everything was explored. */
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

/** Work outside the rounds. */
function* withRound<T>(work: Generator<Omit<CheckProgress, 'round'>, T>): Generator<CheckProgress, T> {
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    yield { ...piece.value, round: 0 };
  }
}

/** The question, with its symmetric tasks if symmetry may be used. */
const withSymmetry = (question: Question, { exact = false, symmetry = true }: SearchOptions): Question =>
  exact || !symmetry
    ? question
    : { ...question, symmetry: alikeTasks(question.program, question.codeOf, question.initial, question) };

/** In the order in which properties are always listed. */
const inOrder = (properties: readonly PropertyAnswer[]): readonly PropertyAnswer[] =>
  PROPERTY_IDS.flatMap((id) => properties.filter((property) => property.id === id));

const worst = (verdicts: readonly CheckAnswer['verdict'][]): CheckAnswer['verdict'] =>
  (['violated', 'undecided'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'holds';

/** Whether the name is a property; otherwise it is something that properties need. */
const isProperty = (id: string): boolean => PROPERTY_IDS.some((one) => one === readName(id).id);
const sentenceOf = (id: string): string => (isProperty(id) ? propertyOf(known(id)).sentence : id);

/**
 * The answer of a property if a form may not show its looks: undecided. If it also holds vacuously, the answer says so.
 * @param notShown why a refusal has no look before it; undefined if every refusal has one.
 */
function asFarAsShown(
  property: PropertyAnswer,
  notShown: string | undefined,
  seen: ReadonlySet<Happening> | undefined,
): PropertyAnswer {
  if (property.verdict !== 'holds') return property;
  const { premise, needsLooks } = propertyOf(known(property.id));
  if (needsLooks === true && notShown !== undefined) return { ...property, verdict: 'undecided', detail: notShown };
  const isVacuous = premise !== undefined && seen !== undefined && !seen.has(premise.event);
  return isVacuous ? { ...property, vacuous: premise.otherwise } : property;
}

/** The routine of a step; its caller if the step bears the routine's name. */
const routineOf = ({ path, name }: CounterexampleStep): string | undefined =>
  path.at(-1) === name ? path.at(-2) : path.at(-1);

/** Why a refusal has no look before it, and the end of its run: the task, its routine and step. */
function reasonOf(world: SmallWorld, { counterexample }: PropertyAnswer): string {
  const last = counterexample?.steps.at(-1);
  if (counterexample === undefined || last === undefined) return NOT_SHOWN;
  const why = looksAtGoneFolio(world, counterexample.steps) ? LOOK_GONE : NOT_SHOWN;
  return `${why}: ${last.thread} is refused after ${[routineOf(last), last.name].filter(Boolean).join(': ')}`;
}

function known(id: string): PropertyId {
  const { id: found } = readName(id);
  const property = PROPERTY_IDS.find((one) => one === found);
  if (property === undefined) throw new Error(`'${id}' is no property`);
  return property;
}

/**
 * Unexpected results of calls that are not explored: those of `before`, and those of the threads that the kernel
 * refuses at once.
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

/** Whether exactly the expected properties are violated; undefined if nothing is expected, or known. */
export function asExpected(
  expected: CheckAnswer['expected'],
  properties: readonly PropertyAnswer[],
): boolean | undefined {
  if (expected === undefined) return undefined;
  const wanted: ReadonlySet<string> = new Set(expected.violates);
  if (properties.some(({ id, verdict }) => verdict === (wanted.has(id) ? 'holds' : 'violated'))) return false;
  return properties.some(({ verdict }) => verdict === 'undecided') ? undefined : true;
}

/** Names in the text that the tasks run: of its routines, and of steps, which may stand for a routine. */
function routinesIn({ program, codeOf }: SmallWorld): readonly string[] {
  const names = new Set<string>();
  for (const code of new Set(codeOf))
    for (const node of program.codes[code]?.flow.nodes ?? [])
      if (node.kind === 'step') for (const name of [...node.step.path, node.step.name]) names.add(name);
  return [...names].toSorted();
}

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
