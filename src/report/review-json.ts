// SPDX-License-Identifier: MIT
import type { ComparedSource, ReviewAnswer, ReviewedChange, ReviewedSide } from '../review/index.ts';
import { routineJson } from './source-text.ts';

/** Name and version of the document; schema/review.schema.json describes it. */
const SCHEMA = 'folioscope.review/1';

/**
 * A review as the JSON document of `review --json`, keys in a fixed order. The top-level keys are those of the last change of a
 * series.
 */
export function reviewToJson(answer: ReviewAnswer): string {
  const document = {
    schema: SCHEMA,
    file: answer.file,
    verdict: answer.outcome,
    ...changeJson(answer.last),
    ...(answer.changes.length > 1 ? { series: answer.changes.map(changeJson) } : {}),
    ...passedJson(answer),
    ...(answer.source === undefined ? {} : { source: sourceJson(answer.source) }),
    ...(answer.notRun.length > 0 ? { notRun: answer.notRun } : {}),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The patches of a series that leave the check as it is. */
function passedJson({ changes }: ReviewAnswer): object {
  const passed = changes.flatMap(({ prepared }) => [...prepared.passed, ...prepared.passedBehind]);
  return passed.length === 0 ? {} : { passed };
}

const sourceJson = ({ tree, release, states, failure }: ComparedSource): object => ({
  directory: tree,
  heldAgainst: release,
  routines: states.map(routineJson),
  failure,
});

function changeJson({ prepared, before, after, changes }: ReviewedChange): object {
  const { mail, path, shown, exports, taken, notes } = prepared;
  return {
    subject: mail.subject ?? null,
    path,
    function: prepared.function,
    renamed: prepared.change.renamed,
    through: prepared.through.length === 0 ? undefined : prepared.through,
    place: prepared.place,
    alternative: prepared.isAlternative ? true : undefined,
    shown,
    completed: { before: prepared.before?.completed ?? [], after: prepared.after?.completed ?? [] },
    exports,
    taken,
    notes: notes.length === 0 ? undefined : notes,
    before: sideJson(before),
    after: sideJson(after),
    changes: changes.map(({ id, kind, known, in: scenarios }) => ({
      property: id,
      kind,
      known: known ?? null,
      scenarios: scenarios.map(({ scenario }) => scenario),
    })),
  };
}

function sideJson(side: ReviewedSide | undefined): object | null {
  if (side === undefined) return null;
  if (side.kind === 'unshown') return { verdict: 'undecided', errors: [side.why], violations: [], states: 0 };
  if (side.kind === 'refused') return { verdict: 'undecided', errors: side.errors, violations: [], states: 0 };
  const { verdict, judged, unexportedCalls } = side;
  return {
    verdict: verdict.verdict,
    violations: verdict.violated.map(({ id, known, scenario, steps }) => ({
      property: id,
      scenario,
      known: known ?? null,
      steps: steps ?? null,
    })),
    undecided: verdict.undecided,
    vacuous: verdict.vacuous.map(({ id, why, scenarios, of }) => ({ property: id, why, scenarios, of })),
    states: verdict.states,
    unexportedCalls,
    scenarios: judged.map(({ scenario, verdict: its, states, transitions, depth }) => ({
      scenario,
      verdict: its,
      states,
      transitions,
      depth,
    })),
  };
}
