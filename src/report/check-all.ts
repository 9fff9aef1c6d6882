// SPDX-License-Identifier: MIT
import type { CheckAnswer } from '../verify/index.ts';
import type { Subject } from './check-subject.ts';
import { wrap } from './flow.ts';

/** Whether a scenario has the results that its file expects, under every checked form. */
export type Outcome = 'as expected' | 'NOT as expected' | 'undecided' | 'says nothing' | 'not run';

/**
 * @param notRun forms that were not checked because of an interruption.
 * @returns the outcome of a file: the worst of its forms'.
 */
export function outcomeOf(answers: readonly CheckAnswer[], notRun: readonly string[] = []): Outcome {
  if (answers.some(({ asExpected }) => asExpected === false)) return 'NOT as expected';
  if (notRun.length > 0) return 'undecided';
  if (
    answers.some(
      ({ verdict, expected, asExpected }) =>
        asExpected === undefined && (verdict === 'undecided' || expected !== undefined),
    )
  )
    return 'undecided';
  return answers.some(({ asExpected }) => asExpected === undefined) ? 'says nothing' : 'as expected';
}

const WIDTH = 16;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** A file's line of `check --all`, and below it the unexpected results. */
export function allLine(subject: Subject, answers: readonly CheckAnswer[], notRun: readonly string[] = []): string {
  const outcome = outcomeOf(answers, notRun);
  const states = answers.reduce((sum, { explored }) => sum + explored.states, 0);
  const mutants = answers.filter(({ notes }) => notes.mutant !== undefined).length;
  const forms = [counted(answers.length - mutants, 'form'), ...(mutants === 0 ? [] : [counted(mutants, 'mutant')])];
  const size = `${forms.join(' and ')}, ${states} states`;
  const hanging = ' '.repeat(WIDTH);
  const lines = [
    ...wrap(`${subject.name}: ${subject.title} (${size})`, outcome.padEnd(WIDTH), hanging),
    ...violatedLines(answers, hanging),
    ...(outcome === 'as expected'
      ? []
      : answers.flatMap((answer) => differences(answer).flatMap((text) => wrap(text, hanging, `${hanging}  `)))),
    ...(notRun.length === 0 ? [] : wrap(`not run: ${notRun.join(', ')}`, hanging, `${hanging}  `)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The violations by form that the file expects. */
function violatedLines(answers: readonly CheckAnswer[], hanging: string): readonly string[] {
  const byIds = new Map<string, string[]>();
  for (const { patch, properties, expected } of answers) {
    const ids = properties.filter(
      ({ id, verdict }) => verdict === 'violated' && expected?.violates.includes(id) === true,
    );
    if (ids.length > 0) {
      const names = ids.map(({ id }) => id).join(', ');
      byIds.set(names, [...(byIds.get(names) ?? []), patch]);
    }
  }
  return [...byIds].flatMap(([ids, forms]) => wrap(`violated: ${ids} in ${forms.join(', ')}`, hanging, `${hanging}  `));
}

/** The line of a file that was not checked because of an interruption. */
export const notRunLine = (file: string): string => `${'not run'.padEnd(WIDTH)}${file}\n`;

function differences({ patch, properties, expected, asExpected, before, reason }: CheckAnswer): readonly string[] {
  if (asExpected === true) return [];
  if (expected === undefined) return [`${patch}: the file has no entry for it under 'check'`];
  const texts = properties.flatMap(({ id, verdict, counterexample, detail }) => {
    const isExpected = expected.violates.includes(id);
    if (verdict === 'violated' && !isExpected) {
      const how = counterexample === undefined ? `, ${detail}` : ` in ${counterexample.steps.length} steps`;
      return [`${patch}: ${id} is violated${how}`];
    }
    return verdict === 'holds' && isExpected ? [`${patch}: ${id} holds`] : [];
  });
  const wrong = before.length === 0 ? [] : [`${patch}: a call of 'before' is not as expected`];
  return [...texts, ...wrong, ...(reason === undefined ? [] : [`${patch}: undecided (${reason})`])];
}

/** The last line: the number of each outcome. */
export function allEnd(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes)];
  const counts = kinds.map((kind) => `${outcomes.filter((outcome) => outcome === kind).length} ${kind}`);
  return `${outcomes.length} scenario${outcomes.length === 1 ? '' : 's'}: ${counts.join(', ')}\n`;
}
