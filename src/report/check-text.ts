// SPDX-License-Identifier: MIT
import type { CheckAnswer, Explored, PropertyAnswer, Walked } from '../verify/index.ts';
import { counterexampleLines } from './check-counterexample.ts';
import { callIn, type Subject } from './check-subject.ts';
import { commandLines } from './command-lines.ts';
import { wrap } from './flow.ts';
import { originLines } from './origin-lines.ts';
import { mutantLines, unexportedLines } from './patch-notes-text.ts';
import { MAIL_COLUMNS } from './wrap.ts';

/** Content of a `check` report besides the answers. */
export interface CheckReportOptions {
  /** The words of the command that gave this answer; if absent, the report names none. */
  readonly command?: readonly string[] | undefined;
  /** The version of folioscope; if absent, the report names none. */
  readonly version?: string | undefined;
  /** Forms that were not run; none if absent. */
  readonly notRun?: readonly string[];
  /** Whether an interruption is the reason that they were not run. */
  readonly interrupted?: boolean;
  /** Whether to show the steps that were never taken; false if absent. */
  readonly coverage?: boolean;
}

/**
 * The report of one scenario: plain text to be mailed, verdicts first, no line wider than a mail's.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { allEnd, allLine, checkReport, checkToItf, checkToJson, notRunLine, outcomeOf } from 'folioscope/report';
 * import { parseScenario } from 'folioscope/scenario';
 * import { checking } from 'folioscope/verify';
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
 * const answers = [piece.value];
 * const command = ['folioscope', 'check', 't.yaml'];
 * checkReport(scenario, answers, { command, notRun: [], coverage: false }).split('\n')[0]; // => 'T: A page faulted on another CPU'
 * const cost = { seconds: 0, peakMemoryBytes: 0 };
 * JSON.parse(checkToJson(scenario, [{ answer: answers[0]!, cost }], { notRun: [], coverage: false })).verdict; // => 'violated'
 * JSON.parse(checkToItf(scenario, answers)!)['#meta'].format; // => 'ITF'
 * // The file expects no result of check, so the result is neither expected nor unexpected:
 * outcomeOf(answers); // => 'says nothing'
 * allLine(scenario, answers).length > 0; // => true
 * allEnd(['as expected', 'as expected']); // => '2 scenarios: 2 as expected\n'
 * notRunLine('b.yaml').trim().startsWith('not run'); // => true
 */
export function checkReport(
  scenario: Subject,
  answers: readonly CheckAnswer[],
  { command, notRun = [], interrupted = true, coverage = false, version }: CheckReportOptions = {},
): string {
  const [only, more] = answers;
  const sections = [
    [...wrap(`${scenario.name}: ${scenario.title}`, ''), ...mutantLines(answers)],
    ...answers.map((answer) => verdictLines(scenario, answer)),
    notRun.length === 0 ? [] : wrap(`not run: ${notRun.join(', ')}${interrupted ? ': interrupted' : ''}`, '', '  '),
    ...(more === undefined ? [] : [tableLines(answers), runsLines(answers, command)]),
    ...(only === undefined || more !== undefined ? [] : counterexampleSections(scenario, only)),
    ...(coverage ? answers.map(coverageLines) : []),
    [
      ...closingLines(scenario, answers),
      ...originLines(version, 'check' in scenario && 'threads' in scenario ? scenario.check.profile : undefined),
    ],
    command === undefined ? [] : commandLines(command),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const violatedIn = ({ properties }: CheckAnswer): readonly PropertyAnswer[] =>
  properties.filter(({ verdict }) => verdict === 'violated');

/** The verdict of one form in a sentence, with the size of the exploration. */
function verdictLines(scenario: Subject, answer: CheckAnswer): readonly string[] {
  const { patch, verdict, asExpected } = answer;
  const expectation = asExpected === undefined ? '' : asExpected ? ', as the scenario expects' : ', NOT as expected';
  const before = answer.before.map(({ call, mismatches }) => {
    const text = mismatches.map(({ what, expected, actual }) => `${what} ${actual}, expected ${expected}`).join('; ');
    const isBefore = 'before' in scenario && scenario.before.includes(call);
    return `${isBefore ? 'before' : 'refused at once'}, ${call.text}: ${text}`;
  });
  const wrong = violatedIn(answer).map((property) => {
    const { id, sentence, counterexample, explored } = property;
    const steps = counterexample === undefined ? '' : `, in ${counted(counterexample.steps.length, 'step')}`;
    const which = detailText(scenario, property);
    return `${id === sentence ? id : `${id}: ${sentence}`}${which}${steps} (${exploredText(explored)})`;
  });
  switch (verdict) {
    case 'holds':
      return [
        ...wrap(`${patch}: HOLDS${omissionText(answer)}${expectation}`, '', '  '),
        ...wrap(`${answer.properties.map(({ id }) => id).join(', ')} on every interleaving`, '  '),
        ...wrap(`explored: ${exploredText(answer.explored)}`, '  ', '    '),
        ...vacuousLines(answer),
      ];
    case 'undecided':
      return [
        ...wrap(`${patch}: ${undecidedText(answer)}`, '', '  '),
        ...wrap(soFarText(answer), '  ', '    '),
        ...(answer.walked === undefined && answer.reason === undefined ? restTexts(answer) : []).flatMap((text) =>
          wrap(text, '  ', '    '),
        ),
      ];
    case 'violated':
      return [
        ...wrap(`${patch}: VIOLATED${expectation}`, '', '  '),
        ...[...before, ...wrong].flatMap((text) => wrap(text, '  ', '    ')),
        ...restTexts(answer).flatMap((text) => wrap(text, '  ', '    ')),
        ...vacuousLines(answer),
      ];
  }
}

/** Size of the exploration, if nothing is violated and not everything was explored. */
function soFarText(answer: CheckAnswer): string {
  const { walked, explored, reason } = answer;
  if (reason === 'size' && explored.states === 0) return "nothing was explored; 'folioscope run' plays single orders";
  return walked === undefined
    ? `no violation so far; explored: ${exploredText(explored)}`
    : `walked: ${walkedText(answer)}`;
}

/** Properties that hold vacuously, because their premise never happens. */
function vacuousLines({ properties }: CheckAnswer): readonly string[] {
  const reasons = [...new Set(properties.flatMap(({ vacuous }) => vacuous ?? []))];
  const texts = reasons.map((reason) => {
    const ids = properties.flatMap(({ id, vacuous }) => (vacuous === reason ? [id] : []));
    return `${ids.join(', ')} (${reason})`;
  });
  return texts.length === 0 ? [] : wrap(`hold vacuously: ${texts.join(', ')}`, '  ', '    ');
}

/** Properties that a form does not show enough for. */
const undecidedIn = (properties: readonly PropertyAnswer[]): readonly PropertyAnswer[] =>
  properties.filter(({ verdict, detail }) => verdict === 'undecided' && detail !== undefined);

/** The verdict if nothing is violated and not everything was explored. */
function undecidedText(answer: CheckAnswer): string {
  const { walked, reason, properties } = answer;
  const undecided = undecidedIn(properties);
  if (undecided.length > 0 && reason === undefined) return `UNDECIDED: ${undecided[0]?.detail}`;
  if (walked === undefined || reason !== 'walks') return `UNDECIDED: ${reasonText(answer)}`;
  const ids = properties.flatMap(({ id }) => (id === 'sometimes' ? [] : [id]));
  return `NOT FOUND in ${walksText(walked)}: a violation of ${ids.join(', ')}`;
}

const walksText = ({ walks, seed, pct }: Walked): string =>
  `${counted(walks, 'random walk')} (seed ${seed}${pct === undefined ? '' : `, PCT of depth ${pct}`})`;

/** Size of random walks. */
function walkedText({ explored: { states, statesAtLeast, transitions, depth } }: CheckAnswer): string {
  const different =
    statesAtLeast !== undefined
      ? `at least ${counted(statesAtLeast, 'different state')} (those of several machines do not add up)`
      : states === 0
        ? 'too many states to count'
        : counted(states, 'different state');
  return `${counted(transitions, 'step')}, ${different}, the longest walk ${counted(depth, 'step')}`;
}

/** The probability of an omission behind a "holds", if only hashes were stored. */
const omissionText = ({ omission }: CheckAnswer): string =>
  omission === undefined ? '' : `, but a state was left out with a probability of ${shownProbability(omission)}`;

/** A probability with two digits, and never 0, since hashes are never certain. */
const shownProbability = (probability: number): string =>
  probability === 0 ? 'less than 1e-15' : probability.toPrecision(2);

/** Results of the properties that are not violated. */
function restTexts(answer: CheckAnswer): readonly string[] {
  return (['holds', 'undecided'] as const).flatMap((wanted) => {
    const rest = answer.properties.filter(({ verdict }) => verdict === wanted);
    const [first] = rest;
    if (first === undefined) return [];
    const names = rest.map(({ id }) => id).join(', ');
    if (wanted === 'holds') {
      const verb = rest.length === 1 ? 'holds' : 'hold';
      return [`${names} ${verb}${omissionText(answer)} (${exploredText(first.explored)})`];
    }
    const undecided = undecidedIn(rest);
    if (undecided.length === rest.length) return [`undecided: ${names}: ${undecided[0]?.detail}`];
    if (answer.walked !== undefined)
      return [`not found: a violation of ${names} (${walksText(answer.walked)}; ${walkedText(answer)})`];
    return [`undecided, ${reasonText(answer)}: ${names} (${exploredText(first.explored)})`];
  });
}

function reasonText(answer: CheckAnswer): string {
  switch (answer.reason) {
    case 'states':
      return 'the limit of states is reached (--most-states)';
    case 'memory':
      return memoryText(answer);
    case 'disk':
      return 'the states cannot be written to files (--spill)';
    case 'interrupted':
      return 'interrupted';
    case 'checkpoint':
      return 'the checkpoint cannot be written (--checkpoint)';
    case 'walks':
      return 'all walks have ended';
    case 'omission':
      return `states are stored as hashes, and one was left out with a probability of ${shownProbability(answer.omission ?? 1)}`;
    case 'size':
      return 'the search needs more memory than JavaScript has: use fewer pages, or NODE_OPTIONS=--max-old-space-size=MIB';
    case undefined:
      return 'not everything was explored';
  }
}

/** Which memory was full, and what the user can do. */
function memoryText({ omission, explored, properties, walked }: CheckAnswer): string {
  if (walked !== undefined) return 'memory is used up by one long walk (--memory); --steps makes walks shorter';
  // The search for endless conversions runs in memory only, and a search with hashes has no states to put into files.
  const isExploring = properties.some(({ id, verdict }) => verdict === 'undecided' && id !== 'I5');
  if (!isExploring || omission !== undefined) return 'memory is used up (--memory)';
  return explored.spilledBytes === undefined
    ? 'memory is used up (--memory); with --spill DIR the search continues in files'
    : 'memory is used up by the levels that --spill keeps in memory (--memory)';
}

/** The violated part of a property with several parts. */
function detailText(scenario: Subject, { detail }: PropertyAnswer): string {
  const [task, number] = (detail ?? '').split('.').map(Number);
  const call = callIn(scenario, task ?? -1, number);
  if (call === undefined || !('machine' in scenario)) return detail === undefined ? '' : `, ${detail}`;
  return `, ${scenario.machine.tasks[call.task]?.name}: ${call.text}`;
}

const counted = (number: number, what: string): string =>
  `${number.toLocaleString('en').replaceAll(',', ' ')} ${what}${number === 1 ? '' : 's'}`;

const exploredText = ({ states, transitions, depth, spilledBytes = 0 }: Explored): string => {
  const spilled = spilledBytes === 0 ? '' : `, ${mebibytes(spilledBytes)} put aside in files`;
  return `${counted(states, 'state')}, ${counted(transitions, 'transition')}, depth ${depth}${spilled}`;
};

/** Two digits at least. */
function mebibytes(bytes: number): string {
  const size = bytes / (1024 * 1024);
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} MiB`;
}

const CELLS = { holds: 'holds', violated: 'VIOLATED', undecided: 'undecided' } as const;

/** A table of forms and properties; a second table below the first if all columns do not fit. */
function tableLines(answers: readonly CheckAnswer[]): readonly string[] {
  const ids = [...new Set(answers.flatMap(({ properties }) => properties.map(({ id }) => id)))];
  const first = Math.max(...ids.map((id) => id.length));
  const lines: string[] = [];
  let left = [...answers];
  while (left.length > 0) {
    let width = first;
    const here = left.filter(({ patch }, i) => {
      width += columnWidth(patch) + 2;
      return i === 0 || width <= MAIL_COLUMNS;
    });
    left = left.slice(here.length);
    const row = (head: string, cells: readonly string[]): string =>
      [head.padEnd(first), ...cells.map((cell, i) => cell.padEnd(columnWidth(here[i]?.patch ?? '')))]
        .join('  ')
        .trimEnd();
    lines.push(
      row(
        '',
        here.map(({ patch }) => patch),
      ),
      ...ids.map((id) =>
        row(
          id,
          here.map(({ properties }) => CELLS[properties.find((one) => one.id === id)?.verdict ?? 'undecided']),
        ),
      ),
    );
  }
  return lines;
}

const columnWidth = (patch: string): number => Math.max(patch.length, CELLS.undecided.length);

/** Commands that show the runs for which a table has no room. */
function runsLines(answers: readonly CheckAnswer[], command: readonly string[] | undefined): readonly string[] {
  const first = answers.find(({ properties }) => properties.some(({ counterexample }) => counterexample !== undefined));
  if (first === undefined || command === undefined) return [];
  const before = command.flatMap((word, i) => (word === '--patch' || command[i - 1] === '--patch' ? [] : [word]));
  const [, ...lines] = commandLines([...before, '--patch', first.patch]);
  return ['for the steps of a run against a property, name one form:', ...lines];
}

/** The shortest run against each violated property. */
const counterexampleSections = (scenario: Subject, answer: CheckAnswer): readonly (readonly string[])[] =>
  violatedIn(answer).flatMap((property) => {
    const { id, counterexample } = property;
    if (counterexample === undefined) return [];
    const { steps, contextSwitches, isShortest, fewestSwitches, round } = counterexample;
    if (round !== undefined)
      return [
        [
          ...wrap(`A run against ${id}: ${counted(steps.length, 'step')}${roundText(round)}`, ''),
          ...counterexampleLines(scenario, counterexample),
          ...wrap(`from here on ${id} is never satisfied`, '     '),
        ],
      ];
    const fewest = fewestSwitches ? 'the fewest possible' : 'not proved fewest';
    const switches = `${contextSwitches} context ${contextSwitches === 1 ? 'switch' : 'switches'}`;
    return [
      [
        ...wrap(
          isShortest
            ? `The shortest run against ${id}: ${counted(steps.length, 'step')}, ${switches} (${fewest})`
            : `A run against ${id}, not proved shortest: ${counted(steps.length, 'step')}, ${switches}`,
          '',
        ),
        ...counterexampleLines(scenario, counterexample),
        ...wrap(`here ${id} does not hold`, '     '),
      ],
    ];
  });

/** Steps of the text that no run took. */
function coverageLines({ patch, coverage }: CheckAnswer): readonly string[] {
  if (coverage === undefined) return wrap(`${patch}: coverage is not known`, '');
  const { steps, taken, never } = coverage;
  return [
    ...wrap(`${patch}: ${taken} of ${counted(steps, 'step')} taken on some run; never taken, by routine:`, ''),
    ...never.flatMap(({ routine, steps: missing, whole }) =>
      wrap(`${routine}: ${whole ? `not entered (${missing.join(', ')})` : missing.join(', ')}`, '  ', '    '),
    ),
  ];
}

/** The repeating part of a run that never ends. */
function roundText(round: number): string {
  if (round === 0) return ', after which no task that gets a turn can take a step';
  return `, of which the last ${round === 1 ? 'one repeats' : `${round} repeat`} for ever`;
}

function closingLines(scenario: Subject, answers: readonly CheckAnswer[]): readonly string[] {
  const machines = [...new Set(answers.map(({ machine }) => machineText(machine)))];
  const reductions = [...new Set(answers.flatMap((answer) => answer.reductions))];
  return [
    ...machines.flatMap((text) => wrap(`explored on: ${text}`, '', '  ')),
    ...unexportedLines(answers, answers[0]?.machine.profile ?? ''),
    ...wrap(
      `reductions: ${reductions.length === 0 ? 'none' : reductions.join(', ')}; transitions as SPIN counts them`,
      '',
      '  ',
    ),
    ...(answers.some(({ interpreted }) => interpreted)
      ? wrap(
          'interpreted: JavaScript cannot be generated here, so the search was tens of times slower; the verdict and the numbers are those of a compiled search',
          '',
          '  ',
        )
      : []),
    ...(!('before' in scenario) || scenario.before.length === 0
      ? []
      : wrap(
          `not interleaved: the ${counted(scenario.before.length, 'call')} of 'before', one after the other`,
          '',
          '  ',
        )),
    ...(answers.some(({ endsNotAsked }) => endsNotAsked)
      ? wrap(
          "not checked: whether every conversion ends (I5); with so many states that needs 'unfair' in the file",
          '',
          '  ',
        )
      : []),
    ...(answers.some(({ walked }) => walked !== undefined)
      ? wrap(
          'random walks never prove that a property holds, and do not check whether every conversion ends (I5)',
          '',
          '  ',
        )
      : []),
    ...wrap('not in the model: weak memory order, time (docs/kernel-language.md)', '', '  '),
  ];
}

const machineText = ({
  profile,
  cpus,
  tasks,
  folios,
  pages,
  batchSize,
  profileBatchSize,
}: CheckAnswer['machine']): string =>
  [
    profile,
    counted(cpus, 'CPU'),
    counted(tasks, 'task'),
    counted(pages, 'page'),
    counted(folios, 'folio'),
    ...(batchSize === undefined ? [] : [batchText(batchSize, profileBatchSize)]),
  ].join(', ');

/** The explored number of places of a batch, and the kernel's number. */
const batchText = (explored: number, given: number | undefined): string =>
  explored === given ? `batches of ${explored}` : `batches of ${explored} (instead of ${given}: neither is ever full)`;
