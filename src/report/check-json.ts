// SPDX-License-Identifier: MIT
import type { CheckAnswer, Counterexample, CounterexampleStep, PropertyAnswer } from '../verify/index.ts';
import type { Subject } from './check-subject.ts';
import { folioJson } from './folio-json.ts';

/** Name and version of the document; schema/check.schema.json describes it. */
const SCHEMA = 'folioscope.check/1';

/** Resources of the process for an answer. */
export interface CheckCost {
  readonly seconds: number;
  readonly peakMemoryBytes: number;
}

/** A checked form of the check, with the cost of its answer. */
export interface CostedAnswer {
  readonly answer: CheckAnswer;
  readonly cost: CheckCost;
}

/**
 * Answers as the JSON document of `check --json`, keys in a fixed order. The top-level keys are those of one form: the only
 * one, otherwise the first violated one, otherwise the first undecided one, otherwise the first.
 * @param about `notRun`: forms without a result, because of an interruption; `coverage`: with the steps that were never taken.
 */
export function checkToJson(
  scenario: Subject,
  answers: readonly CostedAnswer[],
  about: { readonly notRun: readonly string[]; readonly coverage: boolean },
): string {
  const { notRun, coverage } = about;
  const chosen =
    answers.find(({ answer }) => answer.verdict === 'violated') ??
    answers.find(({ answer }) => answer.verdict === 'undecided') ??
    answers[0];
  const document = {
    schema: SCHEMA,
    file: scenario.file,
    scenario: scenario.name,
    title: scenario.title,
    ...(chosen === undefined ? {} : answerJson(chosen, coverage)),
    ...(answers.length > 1 ? { patches: answers.map((one) => answerJson(one, coverage)) } : {}),
    ...(notRun.length > 0 ? { notRun } : {}),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function answerJson({ answer, cost }: CostedAnswer, withCoverage: boolean): object {
  const shortest = shortestOf(answer);
  const { explored } = answer;
  return {
    patch: answer.patch,
    mutant: answer.notes.mutant,
    unexportedCalls: answer.notes.unexportedCalls,
    verdict: answer.verdict,
    property: shortest?.id ?? null,
    states: explored.states,
    statesAtLeast: explored.statesAtLeast,
    transitions: explored.transitions,
    depth: explored.depth,
    seconds: cost.seconds,
    peakMemoryBytes: cost.peakMemoryBytes,
    spilledBytes: explored.spilledBytes,
    reductions: answer.reductions,
    omission: answer.omission,
    walked: answer.walked,
    interpreted: answer.interpreted ? true : undefined,
    reason: answer.reason,
    expected: answer.expected,
    asExpected: answer.asExpected,
    machine: answer.machine,
    coverage: withCoverage ? answer.coverage : undefined,
    before:
      answer.before.length === 0
        ? undefined
        : answer.before.map(({ call, mismatches }) => ({ call: call.text, mismatches })),
    properties: answer.properties.map((property) => ({
      property: property.id,
      sentence: property.sentence,
      detail: property.detail,
      verdict: property.verdict,
      vacuous: property.vacuous,
      states: property.explored.states,
      statesAtLeast: property.explored.statesAtLeast,
      transitions: property.explored.transitions,
      depth: property.explored.depth,
      counterexample:
        property === shortest || property.counterexample === undefined ? undefined : runJson(property.counterexample),
    })),
    counterexample: shortest?.counterexample === undefined ? undefined : runJson(shortest.counterexample),
  };
}

/** The violated property that is reported first, with the shortest run of all. */
export const shortestOf = ({ properties }: CheckAnswer): PropertyAnswer | undefined =>
  properties.filter(({ verdict }) => verdict === 'violated').toSorted((a, b) => lengthOf(a) - lengthOf(b))[0];

/** A property without a run is last. */
const lengthOf = ({ counterexample }: PropertyAnswer): number =>
  counterexample?.steps.length ?? Number.POSITIVE_INFINITY;

const runJson = ({
  steps,
  contextSwitches,
  isShortest,
  fewestSwitches,
  round,
  ledgerBefore,
}: Counterexample): object => ({
  length: steps.length,
  isShortest,
  contextSwitches,
  fewestSwitches,
  round,
  ledgerBefore: ledgerBefore.map(folioJson),
  steps: steps.map(stepJson),
});

const stepJson = ({
  task,
  thread,
  cpu,
  call,
  option,
  path,
  name,
  writes,
  ledger,
  origin,
}: CounterexampleStep): object => ({
  task,
  thread,
  cpu,
  call,
  option: option === 0 ? undefined : option,
  routine: path.at(-1),
  path,
  step: name,
  origin: origin === undefined ? undefined : { place: origin.place, text: origin.text },
  writes: writes.map(({ variable, index, before, after }) => ({
    variable,
    index,
    before: before === 'none' ? null : before,
    after: after === 'none' ? null : after,
  })),
  ledger: ledger.map(folioJson),
});
