// SPDX-License-Identifier: MIT
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { HOLDER_LOOKS } from '../design/index.ts';
import { durationText, timeText } from './clock.ts';
import { lowerBound } from './data/columns.ts';
import type { FolioLane, Timeline } from './data/model.ts';
import { columnsFor, countAt, fillColumns, type Series } from './data/series.ts';
import { shownOf } from './data/states.ts';
import { nameOf, type Row } from './layout.ts';
import type { TimelineModel, Window } from './view-model.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** Milliseconds after the last change of the view until the table is updated; while the view moves, the table is not read. */
const PAUSE = 250;

/** Content of the table. */
interface TableContent {
  readonly window: Window;
  readonly rows: readonly Row[];
  readonly time: number | undefined;
}

/** The lanes in words, for the visible time: for screen readers always, on screen on demand. */
export function LaneTable({ model, timeline }: Props) {
  const [content, setContent] = useState<TableContent | undefined>(undefined);
  // The view moves many times a second; the table is made once the view stands still.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ending = effect(() => {
      const next = { window: model.window.value, rows: model.rows.value, time: model.cursor.value };
      clearTimeout(timer);
      timer = setTimeout(() => setContent(next), PAUSE);
    });
    return () => {
      ending();
      clearTimeout(timer);
    };
  }, [model]);
  return (
    <section class={model.isTableShown.value ? 'tl-table' : 'tl-table unseen'} aria-label="The lanes as a table">
      {content === undefined ? undefined : <Table content={content} timeline={timeline} />}
    </section>
  );
}

function Table({
  content: { window, rows, time },
  timeline,
}: {
  readonly content: TableContent;
  readonly timeline: Timeline;
}) {
  return (
    <table>
      <caption>
        {timeText(timeline, Math.max(0, window.from))} to {timeText(timeline, Math.min(timeline.end, window.to))}
      </caption>
      <thead>
        <tr>
          <th scope="col">Lane</th>
          <th scope="col">At the cursor{time === undefined ? '' : `, ${timeText(timeline, time)}`}</th>
          <th scope="col">In this time</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) =>
          row.kind === 'head' ? (
            <tr key={row.key}>
              <th scope="rowgroup" colSpan={3}>
                {row.title} {row.note}
              </th>
            </tr>
          ) : (
            <tr key={row.key}>
              <th scope="row">{nameOf(row)}</th>
              <td>{time === undefined ? '' : nowText(row, timeline, time)}</td>
              <td>{windowText(row, timeline, window)}</td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

function nowText(row: Exclude<Row, { kind: 'head' }>, timeline: Timeline, time: number): string {
  switch (row.kind) {
    case 'markers':
      return timeline.markers.find(({ at }) => at === time)?.text ?? '';
    case 'conversions': {
      const calls = timeline.conversions.filter(({ at, until }) => at <= time && time <= (until ?? at));
      return calls.map(({ result }) => result).join(', ');
    }
    case 'cpu': {
      const [sure, perhaps] = [countAt(row.lane.fill, 0, time), countAt(row.lane.fill, 1, time)];
      return `${sure} of ${timeline.batchSize} folios wait${perhaps === 0 ? '' : `, ${perhaps} more may wait`}`;
    }
    case 'folio':
      return statesText(row.lane, (channel) => countAt(row.lane.series, channel, time));
  }
}

function statesText({ codes, rows }: FolioLane, count: (channel: number) => number): string {
  const parts = codes.flatMap((code, channel) => {
    const folios = count(channel);
    const { word } = HOLDER_LOOKS[shownOf(code)];
    return folios === 0 ? [] : [rows === 1 ? word : `${folios} ${word}`];
  });
  return parts.length === 0 ? 'not in the page cache' : parts.toReversed().join(', ');
}

function windowText(row: Exclude<Row, { kind: 'head' }>, timeline: Timeline, { from, to }: Window): string {
  const within = (at: number): boolean => from <= at && at < to;
  switch (row.kind) {
    case 'markers': {
      const markers = timeline.markers.filter(({ at }) => within(at));
      const names = markers.slice(0, 12).map(({ text, at }) => `${text} at ${timeText(timeline, at)}`);
      return names.join('; ') + (markers.length > names.length ? `; and ${markers.length - names.length} more` : '');
    }
    case 'conversions': {
      const calls = timeline.conversions.filter(({ at, until }) => at < to && (until ?? at) >= from);
      const of = (result: string): string => {
        const count = calls.filter((call) => call.result === result).length;
        return count === 0 ? '' : `${count} ${result}`;
      };
      return (
        ['refused', 'failed', 'safe', 'unknown']
          .map(of)
          .filter((text) => text !== '')
          .join(', ') || 'none'
      );
    }
    case 'cpu': {
      const { flushes, losses, fill } = row.lane;
      const [least, most] = extremes(fill, 0, { from, to }, timeline.end);
      const count = lowerBound(flushes.from, to) - lowerBound(flushes.from, from);
      const lost = losses.filter((loss) => loss.from < to && loss.knownFrom > from);
      const hidden = lost.map(
        (loss) =>
          `events lost, its content unknown for ${durationText(loss.knownFrom - loss.from, timeline.countsTime)}`,
      );
      return [`${least} to ${most} folios`, count === 1 ? '1 flush' : `${count} flushes`, ...hidden].join(', ');
    }
    case 'folio': {
      const { codes, series, rows } = row.lane;
      const parts = codes.map((code, channel) => {
        const [, most] = extremes(series, channel, { from, to }, timeline.end);
        const { word } = HOLDER_LOOKS[shownOf(code)];
        return most === 0 ? '' : rows === 1 ? word : `up to ${most} ${word}`;
      });
      return (
        parts
          .toReversed()
          .filter((text) => text !== '')
          .join(', ') || 'not in the page cache'
      );
    }
  }
}

/** The smallest and the largest count of a channel in a window of time. */
function extremes(series: Series, channel: number, { from, to }: Window, end: number): readonly [number, number] {
  const columns = columnsFor(series.counts.length, 1);
  fillColumns(series, { from, to, width: 1 }, end, columns);
  return [columns.least[channel]?.[0] ?? 0, columns.most[channel]?.[0] ?? 0];
}
