// SPDX-License-Identifier: MIT
import type { Scenario, ScenarioRuns, SeenOutcome } from '../scenario/index.ts';
import { commandLines } from './command-lines.ts';
import { wrap } from './flow.ts';
import { originLines } from './origin-lines.ts';
import { mutantLines, unexportedLines } from './patch-notes-text.ts';
import { resultText } from './verdict-text.ts';

/** Result of many runs of one scenario: for each form the frequency of each outcome, and a run that shows it. */
export function runsReport(
  { scenario, patches: answers }: ScenarioRuns,
  { command, version }: { readonly command: readonly string[]; readonly version?: string | undefined },
): string {
  const sections = [
    [...wrap(`${scenario.name}: ${scenario.title}`, ''), ...mutantLines(answers)],
    ...answers.map(({ patch, runs, seen }) => [
      `${patch}: ${runs} runs, ${seen.length} outcome${seen.length === 1 ? '' : 's'}`,
      ...seen.flatMap((outcome) => outcomeLines(scenario, outcome, String(runs).length)),
    ]),
    [
      ...unexportedLines(answers, scenario.machine.profile.name),
      ...wrap('not known: what other seeds would show; the counts are not probabilities of a real machine', '', '  '),
      ...originLines(version, scenario.machine.profile),
      ...commandLines(command),
    ],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function outcomeLines(scenario: Scenario, { times, first, well }: SeenOutcome, width: number): readonly string[] {
  const hanging = ' '.repeat(width + 4);
  const shown = first.calls.filter(
    ({ conversion, outcome, mismatches }) =>
      conversion !== undefined || outcome?.result !== 'ok' || mismatches.length > 0,
  );
  const texts = shown.map((call) => {
    const name = scenario.machine.tasks[call.of.task]?.name ?? '';
    const wrong = call.mismatches.length > 0 ? ', NOT AS EXPECTED' : '';
    return `${name} ${call.of.text}: ${resultText(call)}${wrong}`;
  });
  if (first.imbalance !== undefined) texts.push(`I6 violated: ${first.imbalance}`);
  if (first.unended !== undefined) texts.push(first.unended);
  if (texts.length === 0) texts.push(well === true ? 'every call returned ok' : 'nothing to tell');
  const [head = '', ...rest] = texts;
  return [
    ...wrap(head, `  ${String(times).padStart(width)}  `, hanging),
    ...rest.flatMap((text) => wrap(text, hanging)),
    ...wrap(`first: --schedule ${first.schedule.text}`, hanging),
  ];
}
