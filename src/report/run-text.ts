// SPDX-License-Identifier: MIT
import type { CallAnswer, PatchAnswer, Scenario, ScenarioAnswer } from '../scenario/index.ts';
import { commandLines } from './command-lines.ts';
import { balanceText, ledgerLines } from './holders-text.ts';
import { originLines } from './origin-lines.ts';
import { mutantLines, unexportedLines } from './patch-notes-text.ts';
import { sameSteps, sharedSteps, stepLines, type StepStyle } from './steps-text.ts';
import { expectedText, mismatchText, resultText } from './verdict-text.ts';
import { wrap } from './flow.ts';

/** Content of a `run` report besides the answer. */
export interface RunReportOptions {
  readonly steps: StepStyle | 'none';
  /** The words of the command that gave this answer. */
  readonly command: readonly string[];
  /** The version of folioscope; if absent, the report names none. */
  readonly version?: string | undefined;
}

/**
 * The report of one scenario: plain text to be mailed, verdicts first, no line wider than a mail's.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { resultText, runReport, runsReport, runsToJson, runToJson, summaryEnd, summaryLine } from 'folioscope/report';
 * import { parseScenario, patchNotes, runMany, runScenario } from 'folioscope/scenario';
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
 * const patch = patchNamed('v6');
 * const answer = { scenario, patches: [runScenario(scenario, { patch })] };
 * const command = ['folioscope', 'run', 't.yaml'];
 * runReport(answer, { steps: 'none', command }).split('\n')[0]; // => 'T: A page faulted on another CPU'
 * resultText(answer.patches[0]!.calls[1]!).startsWith('safe, 1'); // => true
 * summaryLine(answer); // => 'ok         T: A page faulted on another CPU\n'
 * summaryEnd([answer]); // => '1 scenario: 1 ok\n'
 * JSON.parse(runToJson([answer], { steps: false })).schema; // => 'folioscope.run/1'
 * const schedule = { kind: 'random', seed: 1 } as const;
 * const many = { scenario, patches: [runMany(scenario, { patch, schedule, runs: 2 })] };
 * runsReport(many, { command }).includes('v6: 2 runs, 1 outcome'); // => true
 * JSON.parse(runsToJson([many])).schema; // => 'folioscope.run/1'
 * patchNotes(patch, scenario.machine.profile!).mutant; // => undefined
 */
export function runReport(answer: ScenarioAnswer, options: RunReportOptions): string {
  const { scenario, patches } = answer;
  const sections = [
    [...wrap(`${scenario.name}: ${scenario.title}`, ''), ...mutantLines(patches)],
    verdictSection(answer),
    refusalSection(patches),
    ledgerSection(answer),
    ...(options.steps === 'none' ? [] : stepSections(answer, options.steps)),
    closingSection(answer, options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The forms' answers to each call that is a conversion, has an expectation, or went wrong. */
function verdictSection({ scenario, patches }: ScenarioAnswer): readonly string[] {
  const lines: string[] = [];
  // Forms may make a call in different turns, so only the call itself shows which answers belong together.
  for (const of of new Set(patches.flatMap(({ calls }) => calls.map((call) => call.of)))) {
    const answers = patches.flatMap(({ patch, calls }) =>
      calls.filter((call) => call.of === of).map((call) => ({ patch, call })),
    );
    const first = answers[0]?.call;
    if (first === undefined || !answers.some(({ call }) => isReported(call))) continue;
    const name = scenario.machine.tasks[of.task]?.name ?? '';
    lines.push(...wrap(`${name} on CPU ${first.cpu}: ${of.text}`, '', '  '));
    lines.push(...answerLines(answers));
  }
  const outcome = patches.map(outcomeText);
  const all = new Set(outcome).size === 1 && patches.length > 1;
  lines.push('', ...wrap(all ? `${outcome[0]} in all ${patches.length} forms` : outcomeByForm(patches), ''));
  return lines;
}

const isReported = ({ conversion, expected, outcome }: CallAnswer): boolean =>
  conversion !== undefined || expected !== undefined || outcome?.result !== 'ok';

interface FormAnswer {
  readonly patch: string;
  readonly call: CallAnswer;
}

function answerLines(answers: readonly FormAnswer[]): readonly string[] {
  const texts = answers.map(({ call }) => resultText(call));
  const well = answers.every(({ call }) => call.mismatches.length === 0);
  if (well && answers.length > 1 && new Set(texts).size === 1)
    return wrap(texts[0] ?? '', '  every form  ', '              ');
  const width = Math.max(...answers.map(({ patch }) => patch.length));
  const hanging = ' '.repeat(width + 4);
  return answers.flatMap(({ patch, call }, i) => [
    ...wrap(texts[i] ?? '', `  ${patch.padEnd(width)}  `, hanging),
    ...(call.mismatches.length === 0 || call.expected === undefined
      ? []
      : wrap(`NOT AS EXPECTED: ${expectedText(call.expected)} (${mismatchText(call)})`, hanging, hanging)),
  ]);
}

function outcomeText({ unended, imbalance, asExpected, calls }: PatchAnswer): string {
  if (imbalance !== undefined) return 'I6 violated';
  if (unended !== undefined) return 'undecided';
  if (asExpected !== undefined) return asExpected ? 'as expected' : 'NOT as expected';
  if (calls.some(({ isUndecided }) => isUndecided)) return 'undecided';
  const verdicts = new Set(calls.map(({ conversion }) => conversion?.verdict.verdict));
  const found = (['refused', 'undecided'] as const).find((verdict) => verdicts.has(verdict));
  return `nothing expected, ${found === undefined ? 'no conversion refused' : `a conversion ${found}`}`;
}

function outcomeByForm(patches: readonly PatchAnswer[]): string {
  const forms = new Map<string, string[]>();
  for (const patch of patches) {
    const text = outcomeText(patch);
    forms.set(text, [...(forms.get(text) ?? []), patch.patch]);
  }
  return [...forms].map(([text, names]) => `${text} in ${names.join(', ')}`).join('; ');
}

/** The holders of each refused folio at the check's last look. */
function refusalSection(patches: readonly PatchAnswer[]): readonly string[] {
  const forms = new Map<string, string[]>();
  for (const { patch, calls } of patches)
    for (const { conversion } of calls) {
      if (conversion?.refusal === undefined) continue;
      const { folio, count, expected } = conversion.refusal;
      const text = `page ${folio.index}, expected ${expected}, read ${balanceText(folio)}`;
      if (count > 0) forms.set(text, [...new Set([...(forms.get(text) ?? []), patch])]);
    }
  if (forms.size === 0) return [];
  return [
    "The holders of the refused folio at the check's last look",
    ...[...forms].flatMap(([text, names]) => [...wrap(text, '  ', '    '), ...wrap(`in ${names.join(', ')}`, '    ')]),
  ];
}

/** The ledger before the first conversion; the forms are equal until then. */
function ledgerSection({ patches }: ScenarioAnswer): readonly string[] {
  const ledger = patches[0]?.calls.find(({ conversion }) => conversion !== undefined)?.conversion?.ledgerBefore;
  if (ledger === undefined) return [];
  const lines = ledger.length === 0 ? ['no folio in the page cache'] : ledgerLines(ledger);
  return ['The ledger before the conversion', ...lines.flatMap((line) => wrap(line, '  ', '    '))];
}

/** The common steps of all forms, once, then the rest of each form. */
function stepSections({ scenario, patches }: ScenarioAnswer, style: StepStyle): readonly (readonly string[])[] {
  const shared = sharedSteps(patches);
  const groups: (readonly [PatchAnswer, ...PatchAnswer[]])[] = [];
  for (const patch of patches) {
    const alike = groups.findIndex(([first]) => sameSteps(first, patch, shared));
    const group = groups[alike];
    if (group === undefined) groups.push([patch]);
    else groups[alike] = [...group, patch];
  }
  const [first] = patches;
  if (first === undefined) return [];
  const legend = style === 'folded' ? "; [n] is the folio's count after the step" : '';
  const sections: string[][] = [
    [
      ...wrap(`Steps${patches.length > 1 ? ', in every form' : ''}${legend}`, ''),
      ...stepLines(scenario, first, { from: 0, to: shared, style }),
    ],
  ];
  for (const group of groups) {
    const [of] = group;
    if (of.steps.length === shared) continue;
    const names = group.map(({ patch }) => patch).join(', ');
    sections.push([
      ...wrap(`Steps from there in ${names}`, ''),
      ...stepLines(scenario, of, { from: shared, to: of.steps.length, style }),
    ]);
  }
  return sections;
}

function closingSection(
  { scenario, patches }: ScenarioAnswer,
  { command, version }: RunReportOptions,
): readonly string[] {
  const steps = patches.reduce((sum, patch) => sum + patch.stepsTaken, 0);
  const broken = patches.flatMap(({ patch, imbalance: why }) => (why === undefined ? [] : [`I6 in ${patch}: ${why}`]));
  const unended = patches.flatMap(({ patch, unended: why }) => (why === undefined ? [] : [`${patch}: ${why}`]));
  return [
    ...wrap(`kernel: ${machineText(scenario)}`, '', '  '),
    ...unexportedLines(patches, scenario.machine.profile.name),
    ...wrap(
      `checked: after each of ${steps} steps${broken.length === 0 ? '' : ', except the last,'} every folio's count was the sum of its holders`,
      '',
      '  ',
    ),
    ...broken.flatMap((why) => wrap(`violated: ${why}; the run ends there`, '', '  ')),
    ...unended.flatMap((why) => wrap(`undecided: ${why}`, '', '  ')),
    ...wrap(`not known: other orders of the threads; here ${orderText(patches)}`, '', '  '),
    ...wrap(`${absentText(scenario)}not in the model: weak memory order, time`, '', '  '),
    ...originLines(version, scenario.machine.profile),
    ...commandLines(command),
  ];
}

function orderText(patches: ScenarioAnswer['patches']): string {
  switch (patches[0]?.schedule.kind) {
    case 'rr':
      return 'they took one step each, in turn';
    case 'random':
      return 'a random number chose each step';
    case 'pct':
      return 'random priorities chose each step';
    case 'list':
      return 'a list gave the order of the turns';
    case 'in-order':
    case undefined:
      return 'they ran in the order written, each until it was done or waited';
  }
}

const absentText = ({ absent }: Scenario): string =>
  absent.length === 0 ? '' : `not in this run: ${absent.join(', ')}; `;

function machineText({ machine }: Scenario): string {
  const { cpus, profile } = machine;
  return `${profile.name} on ${cpus} CPU${cpus === 1 ? '' : 's'}`;
}
