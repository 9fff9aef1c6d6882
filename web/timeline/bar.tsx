// SPDX-License-Identifier: MIT
import { durationText } from './clock.ts';
import type { Timeline } from './data/model.ts';
import type { TimelineModel } from './view-model.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** The search, the open file's name, and buttons for zoom without wheel or keys. */
export function Bar({ model, timeline }: Props) {
  const { from, to } = model.window.value;
  return (
    <div class="tl-bar">
      <form
        class="tl-search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const input = event.currentTarget.elements.namedItem('what');
          if (input instanceof HTMLInputElement) model.search(input.value);
        }}
      >
        <input
          name="what"
          type="search"
          aria-label="Search by index, page frame or task"
          placeholder="Find index 93, pfn 0x234f52, …"
          autocomplete="off"
          spellcheck={false}
        />
        <span class="dim small" aria-live="polite">
          {foundText(model)}
        </span>
      </form>
      <p class="tl-facts small dim">{factsOf(timeline).join(' · ')}</p>
      <div class="tl-zoom">
        <span class="small dim tl-shown">{durationText(to - from, timeline.countsTime)} shown</span>
        <button type="button" aria-label="Zoom out" onClick={() => model.zoom(2)}>
          −
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => model.zoom(1 / 2)}>
          +
        </button>
        <button type="button" title="Show the whole recording" onClick={() => model.showAll()}>
          Whole
        </button>
        <button
          type="button"
          title="The lanes as a table"
          aria-pressed={model.isTableShown.value}
          onClick={() => toggleTable(model)}
        >
          Table
        </button>
      </div>
      {model.reading.value === undefined ? undefined : (
        <p class="tl-reading small" role="status">
          Reading again, for a moment far from the last one: {Math.round(100 * model.reading.value)} %
        </p>
      )}
    </div>
  );
}

const toggleTable = ({ isTableShown }: TimelineModel): void => void (isTableShown.value = !isTableShown.value);

function foundText(model: TimelineModel): string {
  const hits = model.hits.value;
  if (hits === undefined) return '';
  return hits.length === 0 ? 'nothing found' : `${model.hitNumber} of ${hits.length}, Enter: next`;
}

const MOST_DIGITS = 3;
const grouped = (number: number): string => number.toLocaleString('en', { maximumFractionDigits: MOST_DIGITS });

function factsOf({ name, events, cpuNumbers, lost, end, countsTime, damage }: Timeline): readonly string[] {
  return [
    name,
    `${grouped(events)} events`,
    `${cpuNumbers.length} ${cpuNumbers.length === 1 ? 'CPU' : 'CPUs'}`,
    durationText(end, countsTime),
    lost === 0 ? 'no events lost' : lost === undefined ? 'events lost, not counted' : `${grouped(lost)} events lost`,
    ...(damage.length === 0 ? [] : [`${damage.length} damaged places`]),
  ];
}
