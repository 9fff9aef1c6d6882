// SPDX-License-Identifier: MIT
import type { Timeline } from './data/model.ts';
import { countAt } from './data/series.ts';
import { nameOf, type Row } from './layout.ts';
import type { TimelineModel } from './view-model.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** The names of the lanes, each at its lane; a click chooses it, and unfolds it where it is folded. */
export function LaneLabels({ model, timeline }: Props) {
  return (
    <ul class="tl-labels" aria-label="Lanes">
      {model.rows.value.map((row) => (
        <li key={row.key} class={`tl-label is-${row.kind}`} style={{ top: `${row.top}px`, height: `${row.height}px` }}>
          <Label row={row} model={model} timeline={timeline} />
        </li>
      ))}
    </ul>
  );
}

function Label({ row, model, timeline }: Props & { readonly row: Row }) {
  switch (row.kind) {
    case 'head':
      return (
        <h2>
          <span class="code">{row.title}</span> <span class="dim">{row.note}</span>
        </h2>
      );
    case 'markers':
      return <span>markers</span>;
    case 'conversions':
      return (
        <span>
          conversions{' '}
          <Note>
            <CallsNote timeline={timeline} />
          </Note>
        </span>
      );
    case 'cpu': {
      const time = model.time.value ?? 0;
      const [sure, perhaps] = [countAt(row.lane.fill, 0, time), countAt(row.lane.fill, 1, time)];
      return (
        <button
          type="button"
          class="link"
          aria-pressed={model.chosen.value === row.key}
          onClick={() => model.choose(row.key)}
        >
          {nameOf(row)}{' '}
          <Note>
            {perhaps > 0 ? `${sure} to ${sure + perhaps}` : sure} of {timeline.batchSize}
          </Note>
        </button>
      );
    }
    case 'folio':
      return (
        <button
          type="button"
          class="link"
          style={{ paddingLeft: `${row.lane.depth * 0.75}rem` }}
          aria-pressed={model.chosen.value === row.key}
          {...(row.lane.isFolded ? { 'aria-expanded': row.isOpen } : {})}
          onClick={() => {
            const isChosen = model.chosen.value === row.key;
            model.choose(row.key);
            if (row.lane.isFolded && (isChosen || !row.isOpen)) model.toggle(row.lane);
          }}
        >
          {row.lane.isFolded ? (
            <svg class={row.isOpen ? 'tl-turn is-open' : 'tl-turn'} viewBox="0 0 8 8" aria-hidden="true">
              <path d="M2 1l4 3-4 3z" />
            </svg>
          ) : undefined}
          {nameOf(row)}
        </button>
      );
  }
}

function Note({ children }: { readonly children: preact.ComponentChildren }) {
  return <span class="tl-note dim">{children}</span>;
}

/** Numbers of refused and passed conversions, as signs if there is little room. */
function CallsNote({ timeline: { conversions } }: { readonly timeline: Timeline }) {
  const count = (results: readonly string[]): number =>
    conversions.filter(({ result }) => results.includes(result)).length;
  const [refused, safe, open] = [count(['refused', 'failed']), count(['safe']), count(['unknown'])];
  return (
    <>
      {refused === 0 ? undefined : (
        <span>
          {refused} <span aria-hidden="true">✕</span>
          <span class="unseen">refused</span>{' '}
        </span>
      )}
      {safe === 0 ? undefined : (
        <span>
          {safe} <span aria-hidden="true">✓</span>
          <span class="unseen">converted</span>{' '}
        </span>
      )}
      {open === 0 ? undefined : (
        <span>
          {open} <span aria-hidden="true">?</span>
          <span class="unseen">without a return</span>
        </span>
      )}
    </>
  );
}
