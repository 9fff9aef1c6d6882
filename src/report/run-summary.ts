// SPDX-License-Identifier: MIT
import type { CallAnswer, PatchAnswer, ScenarioAnswer } from '../scenario/index.ts';
import { wrap } from './flow.ts';
import { mutantLines } from './patch-notes-text.ts';
import { mismatchText, resultText } from './verdict-text.ts';

/** Result of a scenario in one word. */
type Outcome = 'ok' | 'refused' | 'undecided' | 'FAILED';

/**
 * One of several scenarios in a line, and under it the results that are not good. `ok`: every expected result occurred,
 * or, if nothing is expected, no conversion was refused.
 */
export function summaryLine({ scenario, patches }: ScenarioAnswer): string {
  const lines = wrap(`${scenario.name}: ${scenario.title}`, outcomeOf(patches).padEnd(11), ' '.repeat(13));
  for (const answer of patches) {
    const first = problemOf(answer);
    if (first !== undefined) lines.push(...wrap(`${answer.patch}: ${first}`, ' '.repeat(13), ' '.repeat(15)));
  }
  return `${lines.join('\n')}\n`;
}

/** `12 scenarios: 11 ok, 1 FAILED` */
export function summaryEnd(answers: readonly ScenarioAnswer[]): string {
  const outcomes = answers.map(({ patches }) => outcomeOf(patches));
  const kinds: readonly Outcome[] = ['ok', 'refused', 'undecided', 'FAILED'];
  const counts = kinds
    .map((kind) => ({ kind, count: outcomes.filter((outcome) => outcome === kind).length }))
    .filter(({ kind, count }) => kind === 'ok' || count > 0)
    .map(({ kind, count }) => `${count} ${kind}`);
  const total = `${answers.length} scenario${answers.length === 1 ? '' : 's'}: ${counts.join(', ')}`;
  return `${[...mutantLines(answers[0]?.patches ?? []), total].join('\n')}\n`;
}

function outcomeOf(patches: readonly PatchAnswer[]): Outcome {
  const outcomes = new Set(
    patches.map((answer): Outcome => {
      if (answer.imbalance !== undefined) return 'FAILED';
      if (answer.unended !== undefined) return 'undecided';
      if (answer.asExpected === false) return 'FAILED';
      if (answer.asExpected === true) return 'ok';
      if (undecidedCall(answer) !== undefined) return 'undecided';
      return UNEXPECTED.find((verdict) => callWithVerdict(verdict, answer)) ?? 'ok';
    }),
  );
  return (['FAILED', 'undecided', 'refused'] as const).find((outcome) => outcomes.has(outcome)) ?? 'ok';
}

/** Results that are not good if nothing is expected, the worst first. */
const UNEXPECTED = ['refused', 'undecided'] as const;

const callWithVerdict = (verdict: (typeof UNEXPECTED)[number], { calls }: PatchAnswer): CallAnswer | undefined =>
  calls.find(({ conversion }) => conversion?.verdict.verdict === verdict);

const undecidedCall = ({ calls }: PatchAnswer): CallAnswer | undefined => calls.find(({ isUndecided }) => isUndecided);

/** The first problem of an answer that is not good. */
function problemOf(answer: PatchAnswer): string | undefined {
  const { imbalance, unended } = answer;
  if (imbalance !== undefined) return `I6 violated: ${imbalance}`;
  if (unended !== undefined) return unended;
  const wrong = answer.calls.find(({ mismatches }) => mismatches.length > 0);
  if (wrong !== undefined) return `${wrong.of.text}: ${mismatchText(wrong)}`;
  if (answer.asExpected !== undefined) return undefined;
  const call = undecidedCall(answer) ?? callWithVerdict('refused', answer) ?? callWithVerdict('undecided', answer);
  return call === undefined ? undefined : `${call.of.text}: ${resultText(call)}`;
}
