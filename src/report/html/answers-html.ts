// SPDX-License-Identifier: MIT
import type { Explanation, FrameAnswer } from '../../explain/index.ts';
import type { PatchAnswer, ScenarioAnswer } from '../../scenario/index.ts';
import type { CheckAnswer, Counterexample } from '../../verify/index.ts';
import { shortestOf } from '../check-json.ts';
import { callIn, type Subject } from '../check-subject.ts';
import { withClock } from '../clock-text.ts';
import { resultText } from '../verdict-text.ts';
import { MAIL_COLUMNS } from '../wrap.ts';
import type { Batches } from './batches-seen.ts';
import { frameFigure } from './frame-picture.ts';
import { type Figure, type HtmlReport, htmlPage } from './page.ts';
import { recordingFigure } from './recording-picture.ts';
import { type SeenRun, stepsFigure } from './steps-picture.ts';

/** What a document has besides its answer. */
export interface HtmlOptions extends Pick<HtmlReport, 'outcome' | 'text' | 'command' | 'version'> {
  /** The file that the question is about, as it was given. */
  readonly file: string;
}

/**
 * The first block of a report, as paragraphs. A line that begins because no word fitted into the one before goes on with it; the
 * window breaks lines anew.
 */
function headOf(text: string): readonly string[] {
  const [first = ''] = text.split('\n\n');
  const lines = first.split('\n');
  const paragraphs: string[] = [];
  for (const [i, line] of lines.entries()) {
    const words = line.trimStart();
    const last = paragraphs.at(-1);
    const [word = ''] = words.split(' ');
    const isBroken = (lines[i - 1] ?? '').length + 1 + word.length > MAIL_COLUMNS;
    if (last === undefined || words === line) paragraphs.push(line);
    else paragraphs[paragraphs.length - 1] = `${last}${isBroken ? ' ' : '\n'}${words}`;
  }
  return paragraphs;
}

/** The same without the stacks of references, which are indented more. */
const frameHeadOf = (text: string): readonly string[] =>
  headOf(
    (text.split('\n\n')[0] ?? '')
      .split('\n')
      .filter((line) => !line.startsWith('    '))
      .join('\n'),
  );

/**
 * The document of `explain`.
 * @example
 * import { explainFrame, explainTrace, parsePfn, readHistory } from 'folioscope/explain';
 * import { PATCHES } from 'folioscope/machine';
 * import { BatchesSeen, explanationToHtml, frameToHtml, inodeKey } from 'folioscope/report';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 2/2   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 *  vmm-1000 [001] ..... 1.000005: mm_lru_insertion: pfn=0x7 lru=4 flags=M
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * const explanation = await explainTrace(source, { moments: [], patches: PATCHES });
 * const seen = new BatchesSeen(new Set(explanation.dwell.map(inodeKey)));
 * const { hidden } = await readHistory(source, { patches: [], onFolio: seen.folio, onMarker: () => {} });
 * const batches = seen.batches(hidden);
 * batches.cpus.get(1)?.stays.index; // => [0]
 * const options = { outcome: 'good', file: 'trace.txt', text: 'safe\n', command: ['folioscope'] } as const;
 * explanationToHtml(explanation, batches, options).includes("index 0 waits in CPU 1&#39;s batch for 4 us"); // => true
 * const frame = await explainFrame(source, { pfn: parsePfn('7')!, moments: [] });
 * frameToHtml(frame, options).includes('The lives of page frame 0x7'); // => true
 */
export const explanationToHtml = (explanation: Explanation, batches: Batches, options: HtmlOptions): string =>
  withClock(explanation.trace.countsTime, () => {
    const figure = recordingFigure(explanation, batches);
    return htmlPage({
      ...options,
      title: `folioscope explain ${options.file}`,
      verdict: headOf(options.text),
      figures: figure === undefined ? [] : [figure],
      noFigure: figure === undefined ? 'There is nothing to draw: no folio, no conversion and no drain.' : undefined,
    });
  });

/** The document of `explain --pfn`. */
export const frameToHtml = (answer: FrameAnswer, options: HtmlOptions): string =>
  withClock(answer.trace.countsTime, () => {
    const figure = frameFigure(answer);
    return htmlPage({
      ...options,
      title: `folioscope explain ${options.file}, page frame 0x${answer.pfn.toString(16)}`,
      verdict: frameHeadOf(options.text),
      figures: figure === undefined ? [] : [figure],
      noFigure: figure === undefined ? 'There is nothing to draw: no event shows this page frame.' : undefined,
    });
  });

/** The document of `run` for one scenario. @param runs by name of the form. */
export function runToHtml(answer: ScenarioAnswer, runs: ReadonlyMap<string, SeenRun>, options: HtmlOptions): string {
  const { scenario, patches } = answer;
  const drawn = new Map<string, { readonly forms: string[]; readonly run: SeenRun }>();
  for (const { patch } of patches) {
    const run = runs.get(patch);
    if (run === undefined || run.steps.length === 0) continue;
    // Forms that take the same steps share a drawing.
    const key = JSON.stringify(run, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    const known = drawn.get(key);
    if (known === undefined) drawn.set(key, { forms: [patch], run });
    else known.forms.push(patch);
  }
  return htmlPage({
    ...options,
    title: `${scenario.name}: ${scenario.title}`,
    verdict: patches.flatMap(runVerdict),
    figures: [...drawn.values()].map(({ forms, run }, i) =>
      stepsFigure(run, { id: `run-${i + 1}`, heading: `Under ${forms.join(', ')}` }),
    ),
    noFigure: drawn.size === 0 ? 'There is nothing to draw: no task takes a step.' : undefined,
  });
}

function runVerdict({ patch, calls, asExpected, unended, imbalance }: PatchAnswer): readonly string[] {
  const conversions = calls.filter(({ conversion }) => conversion !== undefined);
  const results = conversions.map((call) => resultText(call).replaceAll('\u{a0}', ' '));
  const end = imbalance ?? unended;
  return [
    [
      `${patch}: ${[...new Set(results)].join('; ')}`,
      ...(asExpected === undefined ? [] : [asExpected ? 'as expected' : 'NOT as expected']),
      ...(end === undefined ? [] : [end]),
    ].join('; '),
  ];
}

/**
 * The document of `check` for one scenario.
 * @example
 * import { patchNamed } from 'folioscope/machine';
 * import { CHECK_ALL_SCHEMA, checkAllToJson, checkedScenario, checkToHtml, runToHtml } from 'folioscope/report';
 * import { parseScenario, runScenario } from 'folioscope/scenario';
 * import { checkScenario } from 'folioscope/verify';
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
 * const patch = patchNamed('baseline');
 * const answer = checkScenario(scenario, patch);
 * const options = { outcome: 'bad', file: 't.yaml', text: 'VIOLATED\n', command: ['folioscope'] } as const;
 * checkToHtml(scenario, [answer], options).includes('baseline: a run against I2, 18 steps'); // => true
 * const run = { scenario, patches: [runScenario(scenario, { patch })] };
 * runToHtml(run, new Map(), options).includes('baseline: refused at index 0'); // => true
 * const result = { file: 't.yaml', outcome: 'says nothing', checked: checkedScenario(scenario, [answer], []) } as const;
 * JSON.parse(checkAllToJson([result], false)).schema === CHECK_ALL_SCHEMA; // => true
 */
export function checkToHtml(subject: Subject, answers: readonly CheckAnswer[], options: HtmlOptions): string {
  const figures = answers.flatMap((answer, i): readonly Figure[] => {
    const shortest = shortestOf(answer);
    const counterexample = shortest?.counterexample;
    if (shortest === undefined || counterexample === undefined) return [];
    const { isShortest, round } = counterexample;
    const length = `${counterexample.steps.length} steps${isShortest ? '' : ', perhaps not the fewest'}`;
    const end =
      round === undefined ? '' : round === 0 ? '; then no task can step' : `; its last ${round} steps repeat for ever`;
    return [
      stepsFigure(seenIn(subject, counterexample, shortest.id), {
        id: `counterexample-${i + 1}`,
        heading: `${answer.patch}: a run against ${shortest.id}, ${length}${end}`,
      }),
    ];
  });
  return htmlPage({
    ...options,
    title: `${subject.name}: ${subject.title}`,
    verdict: answers.map(checkVerdict),
    figures,
    noFigure:
      figures.length > 0
        ? undefined
        : answers.some(({ verdict }) => verdict === 'violated')
          ? 'There is nothing to draw: the violation has no run of steps.'
          : 'There is nothing to draw: no property is violated.',
  });
}

function checkVerdict(answer: CheckAnswer): string {
  const { patch, verdict, asExpected, properties, reason } = answer;
  const violated = properties
    .filter((property) => property.verdict === 'violated')
    .map(({ id, sentence }) => `${id} (${sentence})`);
  return [
    `${patch}: ${verdict}${violated.length === 0 ? '' : `: ${violated.join(', ')}`}`,
    ...(asExpected === undefined ? [] : [asExpected ? 'as the scenario expects' : 'NOT as the scenario expects']),
    ...(reason === undefined ? [] : [reason]),
  ].join('; ');
}

const seenIn = (subject: Subject, { steps, ledgerBefore, tasks, round }: Counterexample, id: string): SeenRun => ({
  tasks,
  ledgerBefore,
  steps: steps.map(({ task, call, path, name, read, ledger }) => ({
    task,
    routine: path.at(-1) ?? name,
    name,
    call: callIn(subject, task, call)?.text,
    isBefore: false,
    read: read?.count,
    ledger,
  })),
  more: 0,
  violated: round === undefined ? `${id} does not hold` : undefined,
});
