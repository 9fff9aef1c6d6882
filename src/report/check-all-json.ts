// SPDX-License-Identifier: MIT
import type { CheckAnswer } from '../verify/index.ts';
import type { Outcome } from './check-all.ts';
import { shortestOf } from './check-json.ts';
import type { Subject } from './check-subject.ts';

/** Name and version of the document; schema/check-all.schema.json describes it. */
export const CHECK_ALL_SCHEMA = 'folioscope.check-all/1';

/** What is said of one scenario, without a measurement: the same on every machine. */
export type CheckedScenario = Readonly<Record<string, unknown>>;

/** One file of `check --all`. */
export type FileResult =
  | { readonly file: string; readonly outcome: Outcome; readonly checked: CheckedScenario | undefined }
  /** Why it cannot be checked. */
  | { readonly file: string; readonly mistake: string };

/** A part of the scenarios, which `folioscope merge` puts together with the others. */
export interface ShardPart {
  /** `2/8` */
  readonly shard: string;
  /** Of folioscope. */
  readonly version: string;
  /** Hash of the question: options, the files and their content. */
  readonly question: string;
  /** Number of the files of all shards. */
  readonly files: number;
  /** For each result its place among all files, and its line of the report. */
  readonly places: readonly number[];
  readonly texts: readonly (string | undefined)[];
}

/** Outcomes, the worst first. */
const OUTCOMES = ['NOT as expected', 'undecided', 'not run', 'says nothing', 'as expected'] as const;

/**
 * The answers about one scenario. Times and memory are left out, and so are runs: `check FILE --json` has them.
 * @param notRun forms that were not checked because of an interruption.
 */
export const checkedScenario = (
  subject: Subject,
  answers: readonly CheckAnswer[],
  notRun: readonly string[],
): CheckedScenario => ({
  scenario: subject.name,
  title: subject.title,
  patches: answers.map((answer) => {
    const { patch, notes, verdict, explored, omission, walked, reason, expected, asExpected } = answer;
    return {
      patch,
      mutant: notes.mutant,
      verdict,
      property: shortestOf(answer)?.id ?? null,
      states: explored.states,
      statesAtLeast: explored.statesAtLeast,
      transitions: explored.transitions,
      depth: explored.depth,
      reductions: answer.reductions,
      omission,
      walked,
      reason,
      expected,
      asExpected,
      before:
        answer.before.length === 0
          ? undefined
          : answer.before.map(({ call, mismatches }) => ({ call: call.text, mismatches })),
      properties: answer.properties.map((property) => ({
        property: property.id,
        verdict: property.verdict,
        detail: property.detail,
        vacuous: property.vacuous,
        steps: property.counterexample?.steps.length,
      })),
    };
  }),
  ...(notRun.length > 0 ? { notRun } : {}),
});

/** The JSON document of `check --all`, of a shard, and of `merge`: keys in a fixed order. */
export function checkAllToJson(results: readonly FileResult[], interrupted: boolean, part?: ShardPart): string {
  const outcomes = results.flatMap((result) => ('mistake' in result ? [] : [result.outcome]));
  const document = {
    schema: CHECK_ALL_SCHEMA,
    shard: part?.shard,
    version: part?.version,
    question: part?.question,
    files: part?.files ?? results.length,
    interrupted,
    outcome: OUTCOMES.find((outcome) => outcomes.includes(outcome)) ?? null,
    outcomes: Object.fromEntries(
      OUTCOMES.toReversed().map((outcome) => [outcome, outcomes.filter((one) => one === outcome).length]),
    ),
    mistakes: results.length - outcomes.length,
    results: results.map((result, i) => ({
      place: part?.places[i],
      file: result.file,
      ...('mistake' in result ? { mistake: result.mistake } : { outcome: result.outcome, ...result.checked }),
      text: part?.texts[i],
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
