// SPDX-License-Identifier: MIT
import { type FolioLedger, type Holder, type HolderKind, referencesOf } from '../../ledger/index.ts';
import { COLUMNS, Drawing } from './drawing.ts';
import type { Figure, LegendEntry } from './page.ts';

/** One step of a run. */
export interface SeenStep {
  readonly task: number;
  readonly routine: string;
  readonly name: string;
  /** The call that the task is in, in words; undefined for kworkers. */
  readonly call: string | undefined;
  /** Whether it belongs to the calls before the threads. */
  readonly isBefore: boolean;
  /** The count that a check read. */
  readonly read: number | undefined;
  /** All folios after the step; undefined if the step did not change them. */
  readonly ledger: readonly FolioLedger[] | undefined;
}

/** A run with the holders of each folio after every step. */
export interface SeenRun {
  /** By number, kworkers last. */
  readonly tasks: readonly { readonly name: string; readonly cpu: number }[];
  readonly ledgerBefore: readonly FolioLedger[];
  readonly steps: readonly SeenStep[];
  /** Number of later steps, of which only the number is known. */
  readonly more: number;
  /** What happened in the last step, if it is a violation. */
  readonly violated: string | undefined;
}

/** Largest number of folios, or groups of folios with the same holders at all times, that are drawn. */
const MOST_FOLIOS = 24;
/** Largest number of them with a lane for each holder. */
const MOST_WHOLE = 5;
/** Largest number of tasks. */
const MOST_TASKS = 64;
/** Largest number of bars in a lane of holders, and of lanes of a folio. */
const MOST_BARS = 120;
const MOST_LANES = 40;
const LANE = 16;

/** The tasks' steps, and below them who held each folio, over the steps. */
export function stepsFigure(
  run: SeenRun,
  about: { readonly id: string; readonly heading: string | undefined },
): Figure {
  const { steps, tasks, more, violated } = run;
  const drawing = new Drawing();
  const legend = new Map<string, LegendEntry>();
  const folded: string[] = [];
  const used: Used = { drawing, legend, folded, width: steps.length + 1 };
  const acting = [...new Set(steps.map(({ task }) => task))].toSorted((a, b) => a - b);
  for (const task of acting.slice(0, MOST_TASKS)) drawTask(task, run, used);
  if (acting.length > MOST_TASKS)
    folded.push(`${acting.length - MOST_TASKS} tasks are not drawn: the first ${MOST_TASKS} are.`);
  const lives = livesOf(run);
  const groups = groupsOf(lives);
  const isBrief = groups.length > MOST_WHOLE;
  for (const group of groups.slice(0, MOST_FOLIOS))
    if (isBrief) drawBrief(group, used);
    else drawFolio(group, used);
  if (isBrief && lives.length > 0)
    folded.push(
      'A folio has one lane, with a row for each kind of holder: the page cache, batches, mappings, the check, users.',
    );
  if (groups.length > MOST_FOLIOS) {
    const rest = groups.slice(MOST_FOLIOS).reduce((sum, { folios }) => sum + folios.length, 0);
    folded.push(`${rest} more folios, with other holders, are not drawn.`);
  }
  if (more > 0) folded.push(`${more} later steps are not drawn: the first ${steps.length} are.`);
  drawing.axis(
    [0, 0.25, 0.5, 0.75, 1].map((share) => {
      // Under the middle of a step's column, or at the edges.
      const step = Math.round(share * steps.length);
      return {
        at: share === 0 || share === 1 ? share : (step + 0.5) / used.width,
        text: share === 0 ? 'before' : String(step),
      };
    }),
    0,
  );
  const names = acting.map(
    (task) => `${nameOf(tasks[task])}: ${steps.filter((step) => step.task === task).length} steps`,
  );
  const end = violated === undefined ? [] : [`In the last step ${violated}.`];
  return {
    heading: about.heading,
    svg: drawing.svg(
      about.id,
      `${steps.length} steps by task, and the holders of each folio after each`,
      [`${names.join('; ')}.`, ...groups.slice(0, MOST_FOLIOS).map(groupText), ...end].join(' '),
    ),
    caption: [
      `${steps.length} steps, from left to right; a lane for each task that takes one, then for each folio a lane for each of its holders, as they are after the step above. The first column is the state before.${violated === undefined ? '' : ` In the last step, \u2717, ${violated}.`}`,
      ...folded,
    ],
    legend: [...legend.values()],
    tables: [],
  };
}

interface Used {
  readonly drawing: Drawing;
  readonly legend: Map<string, LegendEntry>;
  readonly folded: string[];
  /** Number of columns: the state before the first step, and each step with the state after it. */
  readonly width: number;
}

const nameOf = (task: SeenRun['tasks'][number] | undefined): string =>
  task === undefined ? 'a task' : `${task.name}, CPU ${task.cpu}`;

function drawTask(task: number, { steps, tasks, violated }: SeenRun, { drawing, legend, width, folded }: Used): void {
  const own = steps.flatMap((step, place) => (step.task === task ? [{ step, place }] : []));
  const calls = [...new Set(own.flatMap(({ step }) => step.call ?? []))];
  const name = nameOf(tasks[task]);
  drawing.label(name, calls.length > 3 ? `${calls.length} calls` : calls.join('; '));
  drawing.lane(LANE + 4);
  const lane = LANE + 4;
  if (steps.length > COLUMNS) {
    // The task's steps in each column: a bar whose height is their share.
    const heights = Array.from({ length: COLUMNS }, () => 0);
    const all = Array.from({ length: COLUMNS }, () => 0);
    for (const [place, step] of steps.entries()) {
      const column = Math.floor(((place + 1) / width) * COLUMNS);
      all[column] = (all[column] ?? 0) + 1;
      if (step.task === task) heights[column] = (heights[column] ?? 0) + 1;
    }
    drawing.curve(
      heights.map((count, column) => count / Math.max(1, all[column] ?? 1)),
      lane,
      { look: 'step', title: `${name}: ${own.length} steps`, data: { steps: own.length } },
    );
    folded.push(
      `${name}: its ${own.length} steps are folded: the height is its share of the steps in each ${COLUMNS}th of the run.`,
    );
    legend.set('fold', { look: 'step', text: 'steps of the task, folded' });
    return;
  }
  for (const { step, place } of own) {
    const isLast = violated !== undefined && place === steps.length - 1;
    const look = lookOf(step, place, steps, violated);
    const where = step.routine === step.name ? step.name : `${step.routine}: ${step.name}`;
    const title = `step ${place + 1}, ${name}: ${where}${step.read === undefined ? '' : `, reads ${step.read}`}${isLast ? `; ${violated}` : ''}`;
    const height = step.read === undefined && !isLast ? LANE - 4 : LANE + 2;
    drawing.bar(
      {
        from: (place + 1) / width,
        to: (place + 2) / width,
        top: lane - height - 1,
        height,
        look,
        title,
        data: { step: place + 1 },
      },
      lane,
    );
    if (isLast) drawing.sign((place + 1.5) / width, lane, { text: '\u2717', look: 'sign onbar', title });
  }
  for (const { look, text } of [
    { look: 'before', text: 'a step of the calls before the threads' },
    { look: 'step', text: 'a step' },
    { look: 'step reads', text: 'a step in which the check reads a count (taller)' },
    { look: 'step last', text: 'the step of the violation (\u2717)' },
  ])
    if (own.some(({ step, place }) => lookOf(step, place, steps, violated) === look)) legend.set(look, { look, text });
}

function lookOf(step: SeenStep, place: number, steps: readonly SeenStep[], violated: string | undefined): string {
  if (violated !== undefined && place === steps.length - 1) return 'step last';
  if (step.read !== undefined) return 'step reads';
  return step.isBefore ? 'before' : 'step';
}

// --- Folios ---

/** A folio's holders over the steps. */
interface Life {
  readonly index: number;
  readonly folio: number;
  /** Whole: `2 page-cache, ...` from a step on, in the order of the steps; undefined: not in the page cache. */
  readonly spans: readonly { readonly from: number; readonly to: number; readonly ledger: FolioLedger }[];
}

interface Group {
  readonly folios: readonly Life[];
  readonly spans: Life['spans'];
}

function livesOf({ ledgerBefore, steps }: SeenRun): readonly Life[] {
  const lives = new Map<
    string,
    { index: number; folio: number; spans: { from: number; to: number; ledger: FolioLedger }[] }
  >();
  const show = (ledger: readonly FolioLedger[], from: number, to: number): void => {
    for (const one of ledger) {
      const key = `${one.index} ${one.pfn}`;
      const life = lives.get(key) ?? { index: one.index, folio: one.pfn, spans: [] };
      lives.set(key, life);
      const last = life.spans.at(-1);
      if (last?.to === from && textOf(last.ledger) === textOf(one)) last.to = to;
      else life.spans.push({ from, to, ledger: one });
    }
  };
  let now = ledgerBefore;
  let since = 0;
  for (const [place, { ledger }] of steps.entries()) {
    if (ledger === undefined) continue;
    show(now, since, place + 1);
    now = ledger;
    since = place + 1;
  }
  show(now, since, steps.length + 1);
  return [...lives.values()].toSorted((a, b) => a.index - b.index || a.folio - b.folio);
}

const holderKey = ({ kind, cpu, task }: Holder): string => `${kind} ${cpu ?? ''} ${task ?? ''}`;

const textOf = ({ holders, count }: FolioLedger): string =>
  `${count ?? ''} ${holders.map((holder) => `${holderKey(holder)} ${holder.references}`).join(', ')}`;

/** Folios with the same holders at the same steps share their lanes. */
function groupsOf(lives: readonly Life[]): readonly Group[] {
  const groups = new Map<string, Life[]>();
  for (const life of lives) {
    const key = life.spans.map(({ from, to, ledger }) => `${from} ${to} ${textOf(ledger)}`).join('; ');
    groups.set(key, [...(groups.get(key) ?? []), life]);
  }
  return [...groups.values()].map((folios) => ({ folios, spans: folios[0]?.spans ?? [] }));
}

const groupName = ({ folios }: Group): string => {
  const [first, second] = folios;
  if (first === undefined) return 'no folio';
  if (second === undefined) return `page ${first.index}, folio ${first.folio}`;
  const indexes = folios.map(({ index }) => index);
  return `${folios.length} folios alike, pages ${Math.min(...indexes)} to ${Math.max(...indexes)}`;
};

const groupText = (group: Group): string => {
  const last = group.spans.at(-1);
  return last === undefined
    ? `${groupName(group)}.`
    : `${groupName(group)}: at last ${referencesOf(last.ledger.holders)} references: ${last.ledger.holders.map(holderWords).join(', ')}.`;
};

/** Rows of a lane that shows a whole folio, by the class of their bars. */
const ROWS = ['cache', 'batch', 'mapping', 'check', 'user', 'unknown'] as const;
const ROW = 5;

/** A folio in one lane: which kinds of holders it has. */
function drawBrief(group: Group, { drawing, legend, width, folded }: Used): void {
  const { spans } = group;
  const name = groupName(group);
  const used = ROWS.filter((look) =>
    spans.some(({ ledger }) => ledger.holders.some(({ kind }) => lookFor(kind).look === look)),
  );
  const height = ROW * Math.max(1, used.length) + 1;
  drawing.label(name);
  drawing.lane(height);
  for (const [row, look] of used.entries()) {
    const bars: { from: number; to: number; text: string; references: number }[] = [];
    for (const { from, to, ledger } of spans) {
      const own = ledger.holders.filter(({ kind }) => lookFor(kind).look === look);
      if (own.length === 0) continue;
      const text = own.map(holderWords).join(', ');
      const last = bars.at(-1);
      if (last?.to === from && last.text === text) last.to = to;
      else bars.push({ from, to, text, references: referencesOf(own) });
      for (const { kind } of own) legend.set(look, lookFor(kind));
    }
    for (const { from, to, text, references } of bars.slice(0, MOST_BARS))
      drawing.bar(
        {
          from: from / width,
          to: to / width,
          top: 1 + row * ROW,
          height: ROW - 1,
          look,
          title: `${name}: ${text}`,
          data: { references, from, to },
        },
        height,
      );
    if (bars.length > MOST_BARS) folded.push(`${name}: ${bars.length - MOST_BARS} later stretches are not drawn.`);
  }
}

const holderWords = ({ kind, cpu, task, references }: Holder): string =>
  [`${references} ${kind}`, ...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [task])].join(
    ' ',
  );

/** Class and description of a holder's bar. */
function lookFor(kind: HolderKind): LegendEntry {
  switch (kind) {
    case 'page-cache':
      return { look: 'cache', text: 'held by the page cache' };
    case 'lru-add-batch':
    case 'lru-batch':
    case 'mlock-batch':
      return { look: 'batch', text: 'held by a batch' };
    case 'user-mapping':
      return { look: 'mapping', text: 'held by a mapping' };
    case 'safety-check':
      return { look: 'check', text: 'held by the check itself' };
    case 'mmu-gather':
    case 'gup':
    case 'lookup':
    case 'isolated':
    case 'walker':
      return { look: 'user', text: 'held by a user: a pin, a lookup, a gather, ...' };
    case 'unknown':
      return { look: 'unknown', text: 'held by something unknown' };
  }
}

function drawFolio(group: Group, { drawing, legend, width, folded }: Used): void {
  const { spans } = group;
  const name = groupName(group);
  drawing.space(8);
  const counts = [...new Set(spans.map(({ ledger }) => referencesOf(ledger.holders)))];
  drawing.label(name, `count from ${Math.min(...counts)} to ${Math.max(...counts)}`);
  const lanes = new Map<string, { holder: Holder; bars: { from: number; to: number; references: number }[] }>();
  for (const { from, to, ledger } of spans)
    for (const holder of ledger.holders) {
      const key = holderKey(holder);
      const lane = lanes.get(key) ?? { holder, bars: [] };
      lanes.set(key, lane);
      const last = lane.bars.at(-1);
      if (last?.to === from && last.references === holder.references) last.to = to;
      else lane.bars.push({ from, to, references: holder.references });
    }
  for (const { holder, bars } of [...lanes.values()].slice(0, MOST_LANES)) {
    const { kind, cpu, task } = holder;
    const who = [kind, ...(cpu === undefined ? [] : [`CPU ${cpu}`]), ...(task === undefined ? [] : [task])].join(', ');
    const entry = lookFor(kind);
    legend.set(entry.look, entry);
    drawing.label(`  ${who}`);
    drawing.lane(10);
    for (const { from, to, references } of bars.slice(0, MOST_BARS)) {
      const since = from === 0 ? 'from the beginning' : `from step ${from}`;
      const stretch = to > width - 1 ? `${since} to the end` : `${since} until step ${to}`;
      drawing.bar(
        {
          from: from / width,
          to: to / width,
          top: 1,
          height: 8,
          look: entry.look,
          title: `${name}: ${references} of ${who}, ${stretch}`,
          data: { kind, references, from, to },
        },
        10,
      );
    }
    if (bars.length > MOST_BARS)
      folded.push(`${name}: ${bars.length - MOST_BARS} later stretches of ${who} are not drawn.`);
  }
  if (lanes.size > MOST_LANES) folded.push(`${name}: ${lanes.size - MOST_LANES} more holders are not drawn.`);
}
