// SPDX-License-Identifier: MIT
import { errnoName, isErrno } from '../../abi/index.ts';
import type { ConversionCall, Explanation, MomentAnswer } from '../../explain/index.ts';
import { type Nanoseconds, nanoseconds } from '../../ledger/index.ts';
import { timeText } from '../clock-text.ts';
import { durationText } from '../duration-text.ts';
import { inodeName } from '../explain-names.ts';
import { quoteText } from '../wrap.ts';
import type { Batches, Stays } from './batches-seen.ts';
import { type Bar, COLUMNS, Drawing } from './drawing.ts';
import type { Figure, LegendEntry, Table } from './page.ts';
import { meansOf, peaksOf, sortedBy } from './stays-curve.ts';

/** Largest number of stays that a CPU's lane draws one by one; more are folded into a curve. */
const MOST_STAYS = 400;
/** Largest number of CPUs with a lane of their own. */
const MOST_CPUS = 64;
/** Largest number of calls, rounds and moments that are drawn one by one, and of rows of a table. */
const MOST_MARKS = 200;
const MOST_ROWS = 60;
/** Pixels of a slot of a batch. */
const SLOT = 5;
const LANE = 18;
/** Pixels of a lane with a curve. */
const CURVE = 60;

/** A time within the drawing as a share of its width. */
type Place = (at: bigint) => number;

/** Times that a drawing shows. */
interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/** Batches, drains, calls, moments and losses of a recording, over time. @returns undefined if nothing of it can be drawn. */
export function recordingFigure(explanation: Explanation, batches: Batches): Figure | undefined {
  const window = windowOf(explanation, batches);
  if (window === undefined) return undefined;
  const width = Number(window.to - window.from);
  const place: Place = (at) => (width === 0 ? 0.5 : Number(at - window.from) / width);
  const drawing = new Drawing();
  const folded: string[] = [];
  const legend = new Map<string, LegendEntry>();
  const used: Used = { drawing, place, window, folded, legend };
  const calls = drawCalls(explanation.conversions, used);
  const moments = drawMoments(explanation.moments, used);
  drawDrains(explanation, used);
  drawLosses(explanation, batches, used);
  const cpus = drawCpus(batches, used);
  for (const at of moments.lines) drawing.line(place(at), 0, 'moment');
  drawAxis(used);
  const inodes = [...new Set(explanation.moments.map(inodeName))];
  const of = inodes.length === 0 ? 'the recording' : inodes.length > 3 ? `${inodes.length} inodes` : inodes.join(', ');
  const losses = explanation.trace.lost.length;
  const desc = [
    `From ${timeText(nanoseconds(window.from))} to ${timeText(nanoseconds(window.to))}, ${durationText(nanoseconds(window.to - window.from))}.`,
    ...cpus.sentences,
    ...calls.sentences,
    ...moments.sentences,
    ...(losses === 0 ? [] : [`Events were lost ${losses === 1 ? 'once' : `${losses} times`}.`]),
  ].join(' ');
  return {
    heading: undefined,
    svg: drawing.svg('timeline', `Folios of ${of} in the CPUs' lru_add batches, over time`, desc),
    caption: [
      cpus.tables.length === 0
        ? `${of}: from ${timeText(nanoseconds(window.from))} on, for ${durationText(nanoseconds(window.to - window.from))}. No folio is known to have waited in a batch.`
        : `${of}: the folios that wait in each CPU's lru_add batch, from ${timeText(nanoseconds(window.from))} on, for ${durationText(nanoseconds(window.to - window.from))}: from its first event or call to the last. A row within a CPU is a slot, numbered as these folios fill it: folios of other files, which also take slots, are not drawn.`,
      ...folded,
    ],
    legend: [...legend.values()],
    tables: [...cpus.tables, ...calls.tables, ...moments.tables],
  };
}

interface Used {
  readonly drawing: Drawing;
  readonly place: Place;
  readonly window: Window;
  readonly folded: string[];
  readonly legend: Map<string, LegendEntry>;
}

interface Said {
  readonly sentences: readonly string[];
  readonly tables: readonly Table[];
}

/** From the first to the last thing that is drawn, with a little room; undefined if there is none. */
function windowOf({ conversions, moments, drains, trace }: Explanation, { begin, cpus }: Batches): Window | undefined {
  let from: bigint | undefined;
  let to: bigint | undefined;
  const reach = (at: bigint): void => {
    if (from === undefined || at < from) from = at;
    if (to === undefined || at > to) to = at;
  };
  for (const { stays } of cpus.values()) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [i, begun] of stays.from.entries()) {
      low = Math.min(low, begun);
      const end = stays.to[i] ?? begun;
      high = Math.max(high, end === Number.POSITIVE_INFINITY ? begun : end);
      if (end === Number.POSITIVE_INFINITY && trace.to !== undefined) reach(trace.to);
    }
    if (stays.from.length > 0) for (const offset of [low, high]) reach(begin + BigInt(offset));
  }
  for (const { at, until } of conversions) for (const time of [at, until]) if (time !== undefined) reach(time);
  for (const { at } of moments) reach(at);
  for (const { at, took } of drains?.rounds ?? []) for (const time of [at, at + (took ?? 0n)]) reach(time);
  if ((from === undefined || to === undefined) && trace.lost.length > 0) return wholeOf(trace);
  if (from === undefined || to === undefined) return undefined;
  const room = (to - from) / 50n;
  const [first, last] = [from - room, to + room];
  return {
    from: trace.from !== undefined && trace.from > first ? (trace.from < from ? trace.from : from) : first,
    to: trace.to !== undefined && trace.to < last ? (trace.to > to ? trace.to : to) : last,
  };
}

const wholeOf = ({ from, to }: Explanation['trace']): Window | undefined =>
  from === undefined || to === undefined ? undefined : { from, to };

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

// --- Calls ---

const SIGNS = {
  refused: { text: '\u2717', look: 'sign refused' },
  safe: { text: '\u2713', look: 'sign safe' },
  undecided: { text: '?', look: 'sign undecided' },
} as const;

function drawCalls(calls: readonly ConversionCall[], { drawing, place, folded, legend, window }: Used): Said {
  if (calls.length === 0) return { sentences: [], tables: [] };
  const refused = calls.filter(isRefused).length;
  const unfinished = calls.filter(({ returned }) => returned === undefined).length;
  drawing.label('conversions', `${calls.length}, ${refused} refused`);
  drawing.lane(2 * LANE);
  const shown = calls.slice(0, MOST_MARKS);
  for (const call of shown) {
    const { at, until } = call;
    const title = callText(call);
    drawing.bar(
      {
        from: place(at),
        to: place(until ?? window.to),
        top: LANE,
        height: LANE - 4,
        look: 'call',
        title,
        data: { calls: 1, refused: isRefused(call) ? 1 : 0 },
      },
      2 * LANE,
    );
    const sign = isRefused(call) ? SIGNS.refused : call.returned === 0 ? SIGNS.safe : SIGNS.undecided;
    drawing.sign(place(at), 2 * LANE, { ...sign, title });
  }
  legend.set('call', {
    look: 'call',
    text: 'a conversion call: \u2713 converted, \u2717 refused, ? another or no result',
  });
  if (calls.length > shown.length)
    folded.push(`${calls.length - shown.length} later conversions are not drawn: the first ${MOST_MARKS} are.`);
  const rows = calls
    .slice(0, MOST_ROWS)
    .map((call) => [timeText(call.at), `CPU ${call.cpu}`, takerOf(call), resultOf(call), causesOf(call)]);
  return {
    sentences: [
      `${counted(calls.length, 'conversion')}, of which ${refused} refused${unfinished === 0 ? '' : ` and ${unfinished} without a recorded end`}.`,
    ],
    tables: [
      {
        caption: `Conversions${firstOf(rows.length, calls.length)}`,
        columns: [
          { name: 'called at' },
          { name: 'on' },
          { name: 'by' },
          { name: 'result' },
          { name: 'possible causes', kind: 'text' },
        ],
        rows,
      },
    ],
  };
}

const firstOf = (shown: number, all: number): string => (shown === all ? '' : `, the first ${shown} of ${all}`);

const isRefused = ({ returned }: ConversionCall): boolean => isErrno(returned, 'EAGAIN');

function resultOf(call: ConversionCall): string {
  const { returned } = call;
  if (returned === undefined) return 'no return recorded';
  if (isRefused(call)) return 'refused, -EAGAIN';
  if (returned === 0) return 'converted';
  const name = errnoName(returned);
  return name === undefined ? String(returned) : `-${name}`;
}

const takerOf = ({ task, pid }: ConversionCall): string =>
  `${task === undefined ? '' : `${quoteText(task)}, `}pid ${pid}`;

function causesOf({ causes, unexplained }: ConversionCall): string {
  if (unexplained) return 'no recorded event shows it';
  return causes
    .map(({ how, certain, batched, held, kinds }) => {
      // A folio may be listed by its batch and by its references.
      const many = new Set([...batched, ...held].map((folio) => `${inodeName(folio)} ${folio.index}`)).size;
      const where = [...new Set(batched.map(({ cpu }) => `CPU ${cpu}`))].join(', ');
      return `${how}${kinds.length === 0 ? '' : ` (${kinds.join(' or ')})`}${many === 0 ? '' : `: ${counted(many, 'folio')}`}${where === '' ? '' : ` in the batch of ${where}`}${certain ? '' : ', perhaps'}`;
    })
    .join('; ');
}

const callText = (call: ConversionCall): string =>
  `conversion at ${timeText(call.at)} on CPU ${call.cpu} by ${takerOf(call)}: ${resultOf(call)}${causesOf(call) === '' ? '' : `; ${causesOf(call)}`}`;

// --- Moments ---

function drawMoments(
  moments: readonly MomentAnswer[],
  { drawing, place, folded }: Used,
): Said & { readonly lines: readonly bigint[] } {
  if (moments.length === 0) return { sentences: [], tables: [], lines: [] };
  const times = [...new Set(moments.map(({ at }) => at))];
  const shown = times.slice(-MOST_MARKS);
  const refused = moments.filter(({ baseline }) => baseline.verdict === 'refused').length;
  drawing.label('moments', `${moments.length}, ${refused} refused without a drain`);
  drawing.lane(LANE);
  let free = -1;
  for (const at of shown) {
    const own = moments.filter((moment) => moment.at === at);
    const verdict = (['refused', 'undecided', 'safe'] as const).find((one) =>
      own.some(({ baseline }) => baseline.verdict === one),
    );
    const sign = SIGNS[verdict ?? 'undecided'];
    const title = own.map(momentText).join('; ');
    // Signs that would cover each other are left to the table; their lines stay.
    const data = { moments: own.length, refused: own.filter(({ baseline }) => baseline.verdict === 'refused').length };
    const isCovered = place(at) < free;
    drawing.sign(place(at), LANE, { ...sign, text: isCovered ? '\u00B7' : sign.text, title, data });
    if (!isCovered) free = place(at) + 0.03;
  }
  if (times.length > shown.length)
    folded.push(`${times.length - shown.length} earlier moments are not drawn: the last ${MOST_MARKS} are.`);
  const rows = moments.slice(-MOST_ROWS).map((moment) => {
    const { at, marker, baseline, count } = moment;
    return [
      timeText(at),
      marker === undefined ? '' : quoteText(marker),
      inodeName(moment),
      String(count),
      verdictText(baseline),
    ];
  });
  return {
    lines: shown,
    sentences: [
      `${counted(moments.length, 'moment')} asked for, of which ${refused} refused by the form without a drain.`,
    ],
    tables: [
      {
        caption: `Moments${rows.length === moments.length ? '' : `, the last ${rows.length} of ${moments.length}`}`,
        columns: [
          { name: 'at' },
          { name: 'marker' },
          { name: 'inode' },
          { name: 'folios', kind: 'number' },
          { name: 'without a drain' },
        ],
        rows,
      },
    ],
  };
}

function verdictText(verdict: MomentAnswer['baseline']): string {
  switch (verdict.verdict) {
    case 'safe':
      return '\u2713 safe';
    case 'refused':
      return `\u2717 refused at index ${verdict.index}${verdict.spurious ? ', spurious' : ''}`;
    case 'undecided':
      return '? undecided';
  }
}

const momentText = (moment: MomentAnswer): string =>
  `${timeText(moment.at)}${moment.marker === undefined ? '' : ` ${quoteText(moment.marker)}`}, ${inodeName(moment)}: ${verdictText(moment.baseline)}`;

// --- Drains ---

function drawDrains({ drains }: Explanation, { drawing, place, folded, legend }: Used): void {
  if (drains === undefined || drains.count === 0) return;
  drawing.label('drains of all CPUs', `${drains.count}`);
  drawing.lane(LANE);
  for (const { at, cpu, took, works } of drains.rounds.slice(0, MOST_MARKS))
    drawing.bar(
      {
        from: place(at),
        to: place(at + (took ?? 0n)),
        top: 3,
        height: LANE - 6,
        look: 'drain',
        title: `drain of all CPUs at ${timeText(at)} from CPU ${cpu}: work on ${works.map((work) => `CPU ${work.cpu}`).join(', ')}; ${took === undefined ? 'no end recorded' : durationText(took)}`,
        data: { drains: 1 },
      },
      LANE,
    );
  const shown = Math.min(drains.rounds.length, MOST_MARKS);
  if (drains.count > shown) folded.push(`${drains.count - shown} later drains are not drawn: the first ${shown} are.`);
  legend.set('drain', { look: 'drain', text: 'a drain of all CPUs, from its first queued work to its last end' });
}

// --- CPUs ---

/** Numbers of a CPU's batch. */
interface Filled {
  readonly stays: number;
  readonly perhaps: number;
  readonly most: number;
  readonly longest: number;
  readonly atEnd: number;
}

function drawCpus({ begin, cpus, hidden }: Batches, used: Used): Said {
  const { drawing, folded, window, legend } = used;
  const offset = Number(window.from - begin);
  const width = Number(window.to - window.from);
  const all = [...cpus].filter(([, { stays }]) => stays.from.length > 0);
  const shown = all
    .toSorted(([, a], [, b]) => b.stays.from.length - a.stays.from.length)
    .slice(0, MOST_CPUS)
    .toSorted(([a], [b]) => a - b);
  const rows: string[][] = [];
  let total = 0;
  for (const [cpu, { stays, flushes }] of shown) {
    const order = sortedBy(stays);
    const filled = fillOf(stays, order, offset + width);
    total += filled.stays + filled.perhaps;
    const many = filled.stays + filled.perhaps;
    drawing.label(`CPU ${cpu}: lru_add batch`, `${counted(many, 'stay')}, at most ${filled.most} at once`);
    const how = { offset, width, cpu };
    const height = many <= MOST_STAYS ? Math.max(LANE, filled.most * SLOT + 6) : CURVE;
    drawing.lane(height);
    drawUnknown(hidden, height, { ...used, ...how });
    if (many <= MOST_STAYS) drawSlots(stays, order, height, { ...used, ...how });
    else {
      drawCurve(stays, order, filled, { ...used, ...how });
      folded.push(
        `CPU ${cpu}: its ${many} stays are folded into a curve: how many wait on average in each ${COLUMNS}th of the time, and how many at most.`,
      );
    }
    drawFlushes(flushes, { ...used, ...how });
    const times = [filled.longest].map((ns) => durationText(nanoseconds(BigInt(ns))));
    rows.push([
      String(cpu),
      String(filled.stays),
      String(filled.perhaps),
      String(filled.most),
      ...times,
      String(filled.atEnd),
    ]);
  }
  const rest = all.length - shown.length;
  if (rest > 0) {
    const stays = all.reduce((sum, [, one]) => sum + one.stays.from.length, 0) - total;
    folded.push(
      `${counted(rest, 'CPU')} with together ${counted(stays, 'stay')} are not drawn: the ${MOST_CPUS} with the most are.`,
    );
  }
  if (all.length === 0) return { sentences: ['No folio is known to have waited in a batch.'], tables: [] };
  legend.set('flush', { look: 'flush', text: 'a flush of that batch' });
  return {
    sentences: rows.map(
      ([cpu, sure, perhaps, most, longest]) =>
        `CPU ${cpu}: ${sure} stays in its batch${perhaps === '0' ? '' : ` and ${perhaps} possible ones`}, at most ${most} at once, the longest ${longest}.`,
    ),
    tables: [
      {
        caption: 'lru_add batches, as drawn',
        columns: ['CPU', 'stays', 'possible', 'most at once', 'longest', 'waiting at the end'].map((name) => ({
          name,
          kind: 'number' as const,
        })),
        rows,
      },
    ],
  };
}

interface OfCpu extends Used {
  readonly cpu: number;
  /** Nanoseconds from the batches' begin to the window's, and of the window. */
  readonly offset: number;
  readonly width: number;
}

function fillOf({ from, to, sure }: Stays, order: Uint32Array, end: number): Filled {
  const ends = Float64Array.from(to).toSorted();
  let [most, left, longest, perhaps, atEnd] = [0, 0, 0, 0, 0];
  for (const [begun, i] of order.entries()) {
    const [first, last] = [from[i] ?? 0, to[i] ?? 0];
    while (left < ends.length && (ends[left] ?? 0) <= first) left++;
    most = Math.max(most, begun + 1 - left);
    longest = Math.max(longest, Math.min(last, end) - first);
    if (sure[i] === 0) perhaps++;
    if (last === Number.POSITIVE_INFINITY) atEnd++;
  }
  return { stays: from.length - perhaps, perhaps, most, longest: Math.max(0, Math.round(longest)), atEnd };
}

/** Each stay as a bar in the lowest free slot. */
function drawSlots(stays: Stays, order: Uint32Array, height: number, of: OfCpu): void {
  const { drawing, cpu, offset, width, legend } = of;
  const slots: number[] = [];
  for (const i of order) {
    const [from, to, index] = [stays.from[i] ?? 0, stays.to[i] ?? 0, stays.index[i] ?? 0];
    const free = slots.findIndex((end) => end <= from);
    const slot = free < 0 ? slots.length : free;
    slots[slot] = to;
    const isSure = stays.sure[i] === 1;
    const share = (at: number): number => (width === 0 ? 0.5 : (at - offset) / width);
    const bar: Bar = {
      from: share(from),
      to: to === Number.POSITIVE_INFINITY ? 1 : share(to),
      top: height - (slot + 1) * SLOT - 4,
      height: SLOT - 1,
      look: isSure ? 'wait thin' : 'maybe',
      title: `index ${index} ${isSure ? 'waits' : 'may wait'} in CPU ${cpu}'s batch ${to === Number.POSITIVE_INFINITY ? 'to the end' : `for ${durationText(nanoseconds(BigInt(Math.round(to - from))))}`}`,
      data: { stays: 1, index },
    };
    drawing.bar(bar, height);
    if (isSure) legend.set('wait', { look: 'wait', text: 'a folio waits in the batch' });
    else legend.set('maybe', { look: 'maybe', text: 'a folio may wait in it' });
  }
}

/** All stays as two curves: the largest and the mean number at once in each column. */
function drawCurve(stays: Stays, order: Uint32Array, { stays: sure, perhaps, most }: Filled, of: OfCpu): void {
  const { drawing, offset, width, cpu, legend } = of;
  const place = (at: number): number => Math.min(COLUMNS, Math.max(0, ((at - offset) / Math.max(1, width)) * COLUMNS));
  const share = (count: number): number => Math.min(1, count / Math.max(1, most));
  const title = `CPU ${cpu}: ${sure} stays and ${perhaps} possible ones, at most ${most} at once`;
  drawing.curve(peaksOf(stays, order, place).map(share), CURVE, { look: 'most', title });
  const data = { stays: sure + perhaps, most };
  drawing.curve(meansOf(stays, place).map(share), CURVE, { look: 'wait', title, data });
  legend.set('curve', { look: 'wait', text: 'a curve: how many folios wait, on average' });
  legend.set('most', { look: 'most', text: 'above it: how many wait at most' });
}

/** Small marks under a CPU's lane, at most one in each column. */
function drawFlushes(flushes: readonly number[], { drawing, offset, width, cpu }: OfCpu): void {
  drawing.lane(6);
  const columns = new Map<number, number>();
  for (const at of flushes) {
    const column = Math.floor(((at - offset) / Math.max(1, width)) * COLUMNS);
    columns.set(column, (columns.get(column) ?? 0) + 1);
  }
  for (const [column, many] of columns)
    drawing.bar(
      {
        from: column / COLUMNS,
        to: (column + 1) / COLUMNS,
        top: 0,
        height: 5,
        look: 'flush',
        title: `${counted(many, 'flush', 'flushes')} of CPU ${cpu}'s batch`,
        data: { flushes: many },
      },
      6,
    );
  drawing.space(6);
}

// --- Losses, and the axis ---

/** A bar for each loss, and a band of it over the batches below: a loss of one CPU hides folios of any. */
function drawLosses({ trace }: Explanation, { hidden }: Batches, used: Used): void {
  const { drawing, place, window, folded, legend } = used;
  const { lost } = trace;
  if (lost.length === 0) return;
  const known = lost.reduce((sum, { events = 0 }) => sum + events, 0);
  drawing.label('lost events', `${counted(lost.length, 'loss', 'losses')}${known === 0 ? '' : `, ${known} events`}`);
  drawing.lane(LANE);
  const inWindow = hidden.filter(
    ({ from, to }) => (from ?? window.from) <= window.to && (to ?? window.to) >= window.from,
  );
  const shown = inWindow.slice(0, MOST_MARKS);
  for (const { cpu, from, to } of shown) {
    const title = `events of CPU ${cpu} were lost ${from === undefined ? 'from the beginning' : `after ${timeText(from)}`} ${to === undefined ? 'to the end' : `until ${timeText(to)}`}`;
    const [begun, over] = [place(from ?? window.from), place(to ?? window.to)];
    drawing.bar(
      { from: begun, to: over, top: 2, height: LANE - 4, look: 'lost', title, data: { losses: 1, cpu } },
      LANE,
    );
  }
  if (shown.length > 0) legend.set('lost', { look: 'lost', text: 'events were lost: what happened is not known' });
  if (inWindow.length > shown.length)
    folded.push(`${inWindow.length - shown.length} later losses are not drawn: the first ${MOST_MARKS} are.`);
  const outside = lost.length - inWindow.length;
  if (outside > 0)
    folded.push(
      `${counted(outside, 'loss', 'losses')} of events: outside of the drawn time, or without a folio to hide.`,
    );
}

/** Times in which the content of a CPU's batch is unknown: from a loss until it is known again. */
function drawUnknown(hidden: Batches['hidden'], height: number, { drawing, place, window, legend, cpu }: OfCpu): void {
  for (const loss of hidden.filter((one) => one.cpu === cpu).slice(0, MOST_MARKS)) {
    const { from, knownFrom } = loss;
    const [begun, over] = [place(from ?? window.from), place(knownFrom ?? window.to)];
    if (begun > 1 || over < 0) continue;
    const title = `events were lost: what CPU ${cpu}'s batch holds is not known ${knownFrom === undefined ? 'any more' : `until ${timeText(knownFrom)}`}`;
    drawing.bar({ from: Math.max(0, begun), to: over, top: 0, height, look: 'unseen', title }, height);
    legend.set('unseen', { look: 'unseen', text: 'what the batch holds is not known' });
  }
}

function drawAxis({ drawing, window }: Used): void {
  const width = window.to - window.from;
  const at = (share: number): Nanoseconds => nanoseconds(BigInt(Math.round(Number(width) * share)));
  drawing.axis(
    [0, 0.25, 0.5, 0.75, 1].map((share) => ({ at: share, text: share === 0 ? '0' : `+${durationText(at(share))}` })),
    0,
  );
}
