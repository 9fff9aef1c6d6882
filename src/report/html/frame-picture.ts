// SPDX-License-Identifier: MIT
import type { FrameAnswer, FrameLife, FrameTouch } from '../../explain/index.ts';
import { nanoseconds, referencesOf } from '../../ledger/index.ts';
import { timeText } from '../clock-text.ts';
import { durationText } from '../duration-text.ts';
import { COLUMNS, Drawing } from './drawing.ts';
import type { Figure, LegendEntry } from './page.ts';

/** Largest number of lives, and of references that are drawn one by one. */
const MOST_LIVES = 100;
const MOST_TOUCHES = 400;
const LANE = 16;

/** The lives of a page frame over time: its files, its stays in batches, the references taken and put. */
export function frameFigure(answer: FrameAnswer): Figure | undefined {
  const { lives, trace, moments } = answer;
  const { from, to } = trace;
  if (from === undefined || to === undefined || lives.length === 0) return undefined;
  const times = [...lives.flatMap(timesOf), ...moments.filter(({ isEnd }) => !isEnd).map(({ at }) => at)];
  const isOpen = lives.at(-1)?.freed === undefined;
  const first = least(times, from);
  const last = isOpen ? to : greatest(times, to);
  const width = Number(last - first);
  const place = (at: bigint): number => (width === 0 ? 0.5 : Number(at - first) / width);
  const drawing = new Drawing();
  const legend = new Map<string, LegendEntry>();
  const folded: string[] = [];
  const shown = lives.slice(-MOST_LIVES);
  if (lives.length > shown.length)
    folded.push(`${lives.length - shown.length} earlier lives are not drawn: the last ${MOST_LIVES} are.`);
  const name = `page frame 0x${answer.pfn.toString(16)}`;

  drawing.label('lives', `${lives.length}`);
  drawing.lane(LANE);
  for (const [i, life] of shown.entries()) {
    const { allocated, freed } = life;
    const end = freed?.at ?? shown[i + 1]?.allocated?.at ?? last;
    const begun = allocated?.at ?? timesOf(life)[0] ?? first;
    const title = `life ${lives.length - shown.length + i + 1}: ${allocated === undefined ? 'no allocation recorded' : `allocated at ${timeText(allocated.at)}`}, ${freed === undefined ? 'no free recorded' : `freed at ${timeText(freed.at)}`}`;
    drawing.bar(
      { from: place(begun), to: place(end), top: 3, height: LANE - 6, look: 'life', title, data: { lives: 1 } },
      LANE,
    );
  }
  legend.set('life', { look: 'life', text: 'a life: from an allocation to the free' });

  const owners = shown.flatMap((life) => life.owners);
  if (owners.length > 0) {
    drawing.label('in the page cache of a file', String(owners.length));
    drawing.lane(LANE);
    for (const owner of owners) {
      const title = `index ${owner.index} of ${owner.dev}:0x${owner.ino.toString(16)}`;
      drawing.bar(
        {
          from: place(owner.from?.at ?? first),
          to: place(owner.to?.at ?? last),
          top: 3,
          height: LANE - 6,
          look: 'mapping',
          title,
          data: { owners: 1 },
        },
        LANE,
      );
    }
    legend.set('mapping', { look: 'mapping', text: 'in the page cache of a file' });
  }

  const waits = shown.flatMap((life) => life.waits);
  for (const cpu of [...new Set(waits.map((wait) => wait.cpu))].toSorted((a, b) => a - b)) {
    const own = waits.filter((wait) => wait.cpu === cpu);
    drawing.label(`CPU ${cpu}: lru_add batch`, `${own.length} ${own.length === 1 ? 'stay' : 'stays'}`);
    drawing.lane(LANE);
    for (const { from: begun, inserted } of own)
      drawing.bar(
        {
          from: place(begun ?? first),
          to: place(inserted?.at ?? last),
          top: 3,
          height: LANE - 6,
          look: begun === undefined ? 'maybe' : 'wait thin',
          title: `in CPU ${cpu}'s batch ${begun === undefined ? 'since before the recording' : `from ${timeText(begun)}`}, ${inserted === undefined ? 'no insertion recorded' : `to ${timeText(inserted.at)}`}`,
          data: { stays: 1 },
        },
        LANE,
      );
    legend.set('wait', { look: 'wait', text: 'it waits in the batch' });
  }

  const touches = shown.flatMap((life) => life.touches);
  const unlisted = lives.reduce((sum, life) => sum + life.unlisted, 0);
  if (touches.length > 0) drawTouches(touches, { drawing, place, legend, folded });
  if (unlisted > 0) folded.push(`${unlisted} earlier references of long lives are not drawn.`);
  const losses = shown.flatMap((life) => life.losses);
  for (const at of losses.slice(0, MOST_TOUCHES)) drawing.line(place(at), 0, 'moment');
  if (losses.length > 0)
    folded.push(
      `${losses.length} losses of events${losses.length > MOST_TOUCHES ? `, of which the first ${MOST_TOUCHES} are drawn` : ''}: the dashed lines.`,
    );
  drawing.axis(
    [0, 0.25, 0.5, 0.75, 1].map((at) => ({
      at,
      text: at === 0 ? '0' : `+${durationText(nanoseconds(BigInt(Math.round(width * at))))}`,
    })),
    0,
  );
  const desc = `From ${timeText(first)} for ${durationText(nanoseconds(last - first))}: ${lives.length} lives, ${owners.length} files, ${waits.length} stays in batches, ${touches.length + unlisted} references taken or put, ${losses.length} losses.`;
  return {
    heading: undefined,
    svg: drawing.svg('frame', `The lives of ${name}`, desc),
    caption: [`${name} from ${timeText(first)} on, for ${durationText(nanoseconds(last - first))}.`, ...folded],
    legend: [...legend.values()],
    tables: [],
  };
}

type Time = ReturnType<typeof nanoseconds>;

const least = (times: readonly Time[], other: Time): Time =>
  times.length === 0 ? other : times.reduce((a, b) => (b < a ? b : a));
const greatest = (times: readonly Time[], other: Time): Time =>
  times.length === 0 ? other : times.reduce((a, b) => (b > a ? b : a));

/** Times of what is known of a life, the earliest first where the recording is in order. */
const timesOf = ({ allocated, freed, owners, waits, touches }: FrameLife): readonly Time[] =>
  [
    allocated?.at,
    ...owners.flatMap((owner) => [owner.from?.at, owner.to?.at]),
    ...waits.flatMap((wait) => [wait.from, wait.inserted?.at]),
    ...touches.map(({ at }) => at),
    freed?.at,
  ].filter((at) => at !== undefined);

/** References above the middle are taken, below it put; the number is the count after it. */
function drawTouches(
  touches: readonly FrameTouch[],
  {
    drawing,
    place,
    legend,
    folded,
  }: {
    readonly drawing: Drawing;
    readonly place: (at: bigint) => number;
    readonly legend: Map<string, LegendEntry>;
    readonly folded: string[];
  },
): void {
  const lane = 2 * LANE;
  const takes = touches.filter(({ changes }) => changeOf(changes) > 0);
  const puts = touches.filter(({ changes }) => changeOf(changes) < 0);
  drawing.label('references', `${takes.length} taken, ${puts.length} put`);
  drawing.lane(lane);
  legend.set('check', { look: 'check', text: 'references taken (upper row) or put (lower row)' });
  if (touches.length > MOST_TOUCHES)
    folded.push(`${touches.length} references are folded into columns of a ${COLUMNS}th of the time.`);
  for (const [top, row, what] of [
    [2, takes, 'taken'],
    [LANE + 2, puts, 'put'],
  ] as const) {
    const columns = new Map<number, FrameTouch[]>();
    for (const [i, touch] of row.entries()) {
      const column = touches.length > MOST_TOUCHES ? Math.floor(place(touch.at) * COLUMNS) : i;
      columns.set(column, [...(columns.get(column) ?? []), touch]);
    }
    for (const own of columns.values()) {
      const [one] = own;
      if (one === undefined) continue;
      const at = place(one.at);
      const title =
        own.length === 1
          ? `${what} at ${timeText(one.at)} on CPU ${one.cpu}: count ${one.count}`
          : `${own.length} ${what} from ${timeText(one.at)} on`;
      drawing.bar(
        { from: at, to: at + 1 / COLUMNS, top, height: LANE - 4, look: 'check', title, data: { touches: own.length } },
        lane,
      );
    }
  }
}

const changeOf = (changes: FrameTouch['changes']): number => referencesOf(changes);
