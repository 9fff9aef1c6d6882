// SPDX-License-Identifier: MIT
import type { Change, Known, Passed, ReviewAnswer, ReviewedChange, ReviewedSide, Violation } from '../review/index.ts';
import type { Scenario } from '../scenario/index.ts';
import { counterexampleLines } from './check-counterexample.ts';
import { commandLines } from './command-lines.ts';
import { wrap } from './flow.ts';
import { sourceRows } from './source-text.ts';
import { MAIL_COLUMNS } from './wrap.ts';

/** Content of a review's report besides the answer. */
export interface ReviewReportOptions {
  /** The words of the command that gave this answer. */
  readonly command: readonly string[];
  /** The scenarios, by name, for the names of calls in runs. */
  readonly scenarios: ReadonlyMap<string, Scenario>;
}

/**
 * A review as plain text to be mailed: the verdict first, no line wider than a mail's.
 * @example
 * import { reviewReply, reviewReport, reviewToJson } from 'folioscope/report';
 * import { prepare, readMails, reviewAnswer } from 'folioscope/review';
 * const lines = ['--- a/a.c', '+++ b/a.c', '@@ -1,3 +1,4 @@', ' static bool safe(void)', ' {', '+\tgo();', ' }'];
 * const mails = await readMails(new TextEncoder().encode(lines.join('\n')));
 * const [prepared] = await prepare(mails, { file: 'a.diff', function: 'safe', known: new Set() });
 * const side = { kind: 'refused', errors: ["a.c:3:2: 'go()' is not known, expected its text"] } as const;
 * const changes = [{ prepared: prepared!, before: side, after: side, changes: [] }];
 * const answer = reviewAnswer({ file: 'a.diff', profiles: ['linux-7.3'], changes, source: undefined, notRun: [] });
 * const options = { command: ['folioscope', 'review', 'a.diff'], scenarios: new Map() };
 * reviewReport(answer, options).split('\n')[3]; // => 'after: NOT DECIDED, its C cannot be translated'
 * reviewReply(answer, options).includes('> +\tgo();'); // => true
 * JSON.parse(reviewToJson(answer)).verdict; // => 'undecided'
 */
export function reviewReport(answer: ReviewAnswer, { command, scenarios }: ReviewReportOptions): string {
  const { last } = answer;
  const sections = [
    seriesLines(answer),
    headLines(answer.file, last, answer.changes.length > 1),
    ...verdictSections(last),
    ...changeSections(last, scenarios),
    shownLines(last),
    tableLines(last),
    sourceLines(answer),
    closingLines(answer),
    commandLines(command),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function headLines(file: string, { prepared }: ReviewedChange, several: boolean): readonly string[] {
  const { mail, path } = prepared;
  return [
    ...wrap(mail.subject ?? file, '', '  '),
    ...(several && mail.subject === undefined ? wrap(mail.lines[0] ?? '', '  ', '    ') : []),
    ...wrap(`${prepared.function}()${renamedText(prepared)} in ${path}${throughText(prepared)}`, '', '  '),
    ...(prepared.place === undefined ? [] : wrap(`the diff in ${prepared.place}`, '', '  ')),
  ];
}

const renamedText = ({ change: { renamed } }: ReviewedChange['prepared']): string =>
  renamed === undefined ? '' : `, renamed ${renamed}(),`;

/** Of a series, a line for each of its patches: the report is about the last change, which all the others lead to. */
export function seriesLines({ file, changes, last }: ReviewAnswer): readonly string[] {
  const rows = changes.flatMap(({ prepared, after }) => {
    const { mail, passed, passedBehind, place } = prepared;
    const title = `${mail.subject ?? mail.lines[0] ?? file}${place === undefined ? '' : `, ${place}`}`;
    return [
      ...passed.map(passedRow),
      `${afterWord(after)}${throughText(prepared)}: ${title}`,
      ...passedBehind.map(passedRow),
    ];
  });
  if (rows.length < 2) return [];
  return [...wrap(seriesHead(changes, last), '', '  '), ...rows.flatMap((row) => wrap(row, '  ', '    '))];
}

function seriesHead(changes: readonly ReviewedChange[], last: ReviewedChange): string {
  const isEither = changes.some(({ prepared }) => prepared.isAlternative);
  if (changes.length === 1) return 'one change of the check in a series';
  const below = last === changes.at(-1) ? 'the last one' : 'the worst one';
  return isEither
    ? `${changes.length} changes of the check, of which some stand in one mail and do not apply one on another; below, ${below}`
    : `${changes.length} changes of the check, one after the other; below, ${below}`;
}

const passedRow = ({ patch, what }: Passed): string => `${what}: ${patch}`;

/** What a change goes through that leaves the check's own lines as they are. */
const throughText = ({ through }: ReviewedChange['prepared']): string =>
  through.length === 0 ? '' : `, by ${through.join(', ')}, which the check uses`;

function afterWord(after: ReviewedSide | undefined): string {
  if (after === undefined) return 'REMOVED';
  if (after.kind === 'unshown') return `NOT DECIDED (${after.why})`;
  if (after.kind === 'refused') return `NOT DECIDED (${after.errors[0] ?? 'its C cannot be translated'})`;
  const { verdict, violated } = after.verdict;
  const ids = new Set(violated.flatMap(({ id, known }) => (known === undefined ? [id] : [])));
  switch (verdict) {
    case 'holds':
      return 'HOLDS';
    case 'violated':
      return `VIOLATED ${[...ids].join(', ')}`;
    case 'undecided':
      return 'NOT DECIDED';
  }
}

function verdictSections({ prepared, before, after }: ReviewedChange): readonly (readonly string[])[] {
  if (prepared.unshown !== undefined) return [unshownLines(prepared.unshown)];
  return [
    sideLines('after', after, 'the change removes the function'),
    sideLines('before', before, 'the change adds the function'),
  ];
}

/** The verdict where a mail shows too little. */
export const unshownLines = (why: string): readonly string[] => [
  'before and after: NOT DECIDED, too little is shown',
  ...wrap(why, '  ', '    '),
];

/** How a report names a property, by its number. */
type Naming = (id: string) => string;

/**
 * The verdict on one side.
 * @param naming of properties; a reply explains each number where it first stands.
 */
export function sideLines(
  name: string,
  side: ReviewedSide | undefined,
  absent: string,
  naming: Naming = (id) => id,
): readonly string[] {
  if (side === undefined) return [`${name}: ${absent}`];
  if (side.kind === 'unshown') return [`${name}: NOT DECIDED`, ...wrap(side.why, '  ', '    ')];
  if (side.kind === 'refused')
    return [
      `${name}: NOT DECIDED, its C cannot be translated`,
      ...side.errors.flatMap((error) => wrap(error, '  ', '    ')),
    ];
  const { verdict, holds, scenarios, violated, undecided, vacuous } = side.verdict;
  const wrong = [...new Set(violated.filter(({ known }) => known === undefined).map(({ scenario }) => scenario))];
  const head =
    verdict === 'holds'
      ? `${name}: HOLDS in ${counted(scenarios, 'scenario')}`
      : verdict === 'violated'
        ? `${name}: VIOLATED in ${wrong.length} of ${counted(scenarios, 'scenario')}`
        : `${name}: NOT DECIDED, holds in ${holds} of ${counted(scenarios, 'scenario')}`;
  return [
    head,
    ...byProperty(violated, undefined, '', naming),
    ...byProperty(violated, 'exception', 'named exception ', naming),
    ...byProperty(violated, 'scenario', 'as its scenario expects of every form, ', naming),
    ...undecided.flatMap(({ scenario, why }) => wrap(`undecided in ${scenario}: ${why}`, '  ', '    ')),
    ...vacuousLines(
      vacuous.filter(({ scenarios: none, of }) => none === of),
      naming,
    ),
  ];
}

/** Properties that no scenario exercises on a side: no fault of the change, but nothing in its favour. */
function vacuousLines(
  vacuous: readonly { readonly id: string; readonly why: string }[],
  naming: Naming,
): readonly string[] {
  return [...new Set(vacuous.map(({ why }) => why))].flatMap((reason) => {
    const names = vacuous.flatMap(({ id, why }) => (why === reason ? [naming(id)] : []));
    return wrap(`no occasion for ${names.join(', ')}: ${reason}`, '  ', '    ');
  });
}

const MOST_NAMED = 4;

function byProperty(
  all: readonly Violation[],
  known: Known | undefined,
  word: string,
  naming: Naming,
): readonly string[] {
  const violated = all.filter((one) => one.known === known);
  const ids = [...new Set(violated.map(({ id }) => id))];
  return ids.flatMap((id) => {
    const names = violated.filter((one) => one.id === id).map(({ scenario }) => scenario);
    const shown = names.slice(0, MOST_NAMED).join(', ');
    const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
    return wrap(`${word}${naming(id)} in ${shown}${more}`, '  ', '    ');
  });
}

const TITLES = {
  worse: 'What becomes worse',
  fixed: 'What it fixes',
  stays: 'What stays as it was',
} as const;

function changeSections(
  { before, after, changes }: ReviewedChange,
  scenarios: ReadonlyMap<string, Scenario>,
): readonly (readonly string[])[] {
  if (before?.kind !== 'judged' || after?.kind !== 'judged') return alone(before, after, scenarios);
  const sections: (readonly string[])[] = [];
  for (const kind of ['worse', 'fixed', 'stays'] as const) {
    const of = changes.filter((change) => change.kind === kind);
    if (of.length === 0) {
      if (kind === 'worse') sections.push(['What becomes worse: nothing in these scenarios']);
      continue;
    }
    sections.push([TITLES[kind], ...of.flatMap(changeLines)]);
    for (const change of of) sections.push(runLines(change, scenarios));
  }
  return sections;
}

/** The shortest run against each property, if there is only one side. */
function alone(
  before: ReviewedSide | undefined,
  after: ReviewedSide | undefined,
  scenarios: ReadonlyMap<string, Scenario>,
): readonly (readonly string[])[] {
  const [name, side] = after?.kind === 'judged' ? (['after', after] as const) : (['before', before] as const);
  if (side?.kind !== 'judged') return [];
  const ids = [...new Set(side.verdict.violated.map(({ id }) => id))];
  return ids.map((id) => {
    const runs = side.judged.flatMap(({ scenario, properties }) =>
      properties.flatMap(({ id: its, run }) => (its === id && run !== undefined ? [{ scenario, run }] : [])),
    );
    const [best] = runs.toSorted((a, b) => a.run.steps.length - b.run.steps.length);
    const scenario = best === undefined ? undefined : scenarios.get(best.scenario);
    if (best === undefined || scenario === undefined) return [];
    return [
      ...wrap(`The shortest run against ${id} ${name} the change, ${scenario.name}: ${scenario.title}`, '', '  '),
      ...counterexampleLines(scenario, best.run),
    ];
  });
}

function changeLines(change: Change): readonly string[] {
  const { id, sentence, kind, known } = change;
  const rows = change.in.map(({ scenario, before, after }) => {
    const steps = (kind === 'fixed' ? before : after)?.run?.steps.length;
    return `${scenario}${steps === undefined ? '' : ` (${counted(steps, 'step')})`}`;
  });
  const exception =
    known === undefined
      ? ''
      : known === 'exception'
        ? ', a named exception'
        : ', as its scenario expects of every form';
  return [...wrap(`${id}${exception}: ${sentence}`, '  ', '    '), ...wrap(`in ${rows.join(', ')}`, '    ', '      ')];
}

export function runLines({ id, shortest }: Change, scenarios: ReadonlyMap<string, Scenario>): readonly string[] {
  const scenario = shortest === undefined ? undefined : scenarios.get(shortest.scenario);
  if (shortest === undefined || scenario === undefined) return [];
  const { side, run } = shortest;
  return [
    ...wrap(`The shortest run against ${id} ${side} the change, ${scenario.name}: ${scenario.title}`, '', '  '),
    ...counterexampleLines(scenario, run),
  ];
}

/** The lines of the function that the mail shows, and the added ones. */
export function shownLines({ prepared, before, after }: ReviewedChange): readonly string[] {
  const { shown, exports, taken, mail, notes, unshown } = prepared;
  if (unshown !== undefined) return [];
  const lines = shown === 'whole' ? ['The whole function is shown.'] : completedLines(prepared);
  const calls = [before, after].flatMap((side, i) =>
    side?.kind === 'judged' && side.unexportedCalls.length > 0
      ? [
          `${i === 0 ? 'before' : 'after'}, it calls ${side.unexportedCalls.join(' and ')}, which the kernel does not export to modules`,
        ]
      : [],
  );
  return [
    ...lines,
    ...(exports.length === 0 ? [] : wrap(`The mail exports ${exports.join(', ')} to modules.`, '', '  ')),
    ...calls.flatMap((text) => wrap(text, '', '  ')),
    ...notes.flatMap((text) => wrap(text, '', '  ')),
    ...taken.flatMap((name) =>
      wrap(
        `${name}() has the kernel's own text here, not that of ${mail.subject === undefined ? 'the diff' : 'the mail'}.`,
        '',
        '  ',
      ),
    ),
  ];
}

function completedLines({ before, after }: ReviewedChange['prepared']): readonly string[] {
  const [old, young] = [before?.completed ?? [], after?.completed ?? []];
  const list = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => wrap(line, '  | ', '  |     '));
  const head = 'Not shown by the diff, completed with what all forms of this check share';
  if (old.join('\n') === young.join('\n') || old.length === 0 || young.length === 0)
    return [`${head}:`, ...list(young.length === 0 ? old : young)];
  return [...wrap(`${head}, before:`, ''), ...list(old), 'after:', ...list(young)];
}

/** Every scenario with the result of each side, and the number of explored states. */
function tableLines({ before, after }: ReviewedChange): readonly string[] {
  const sides = [before, after].map((side) => (side?.kind === 'judged' ? side.judged : []));
  const names = [...new Set(sides.flatMap((judged) => judged.map(({ scenario }) => scenario)))];
  if (names.length === 0) return [];
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const cell = (judged: (typeof sides)[number] | undefined, name: string): string => {
    const its = judged?.find(({ scenario }) => scenario === name);
    if (its === undefined) return '-';
    const violated = its.properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id);
    const word = violated.length > 0 ? violated.join(' ') : its.verdict;
    return its.failure === undefined ? `${word}, ${its.states}` : 'undecided';
  };
  const middle = Math.floor((MAIL_COLUMNS - width) / 2);
  const row = (name: string, old: string, young: string): string =>
    `${name.padEnd(width)}${old.padEnd(middle)}${young}`.trimEnd();
  return [
    row('scenario', 'before, states', 'after, states'),
    ...names.map((name) => row(name, cell(sides[0], name), cell(sides[1], name))),
  ];
}

/** Comparison of the model with the tree's kernel, as far as the verdict depends on it. */
export function sourceLines({ source }: ReviewAnswer): readonly string[] {
  if (source === undefined) return [];
  const { tree, release, states, failure } = source;
  if (failure !== undefined) return wrap(`not known whether the model is the kernel of ${tree}: ${failure}`, '', '  ');
  const same = states.filter(({ state }) => state === 'same').length;
  return [
    ...wrap(
      `In ${tree} ${same} of the ${states.length} kernel routines that this rests on have the text that the model follows, that of linux-${release}.`,
      '',
      '  ',
    ),
    ...sourceRows(states, release, false),
  ];
}

export function closingLines({ profiles, last: sizes, notRun }: ReviewAnswer): readonly string[] {
  if (sizes.prepared.unshown !== undefined) return [];
  const states = [sizes.before, sizes.after].map((side) => (side?.kind === 'judged' ? side.verdict.states : 0));
  return [
    ...wrap(
      `explored: ${states[0]} states before, ${states[1]} after, every order of steps in each scenario; kernel: ${profiles.join(', ')}`,
      '',
      '  ',
    ),
    ...(notRun.length === 0 ? [] : wrap(`not run, interrupted: ${notRun.join(', ')}`, '', '  ')),
    ...wrap(
      'not known: what no scenario exercises; weak memory order and time are not in the model; the words of the mail are not judged',
      '',
      '  ',
    ),
  ];
}
