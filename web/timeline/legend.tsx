// SPDX-License-Identifier: MIT
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Timeline } from './data/model.ts';
import { CODES, shownOf } from './data/states.ts';
import { type Palette, paletteAt } from './draw/palette.ts';
import { swatchOf } from './draw/svg.ts';
import { fillName } from './layout.ts';
import type { TimelineModel } from './view-model.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** The legend of the fills that occur in the recording. */
export function Legend({ model, timeline }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [palette, setPalette] = useState<Palette | undefined>(undefined);
  const theme = model.page.theme.value;
  // The palette reads the colours of the present theme.
  useEffect(() => {
    if (list.current !== null) setPalette(paletteAt(list.current.parentElement ?? list.current));
  }, [theme]);
  const shown = new Set(timeline.inodes.flatMap(({ lanes }) => lanes.flatMap(({ codes }) => codes)));
  const hasLosses = timeline.cpus.some(
    ({ losses, fill }) => losses.length > 0 || fill.counts[1]?.some((count) => count > 0),
  );
  const codes = Array.from({ length: CODES }, (_, code) => code).filter(
    (code) => shown.has(code) || (hasLosses && code === CODES - 1),
  );
  return (
    <ul class="tl-legend" ref={list} aria-label="Legend of the fills">
      {codes.map((code) => {
        const kind = shownOf(code);
        return (
          <li key={kind}>
            <Swatch paint={palette?.holders[code]} />
            {fillName(kind)}
          </li>
        );
      })}
      <li>
        <svg viewBox="0 0 22 14" aria-hidden="true">
          <path d="M2 9.5h18M11 9.5v4" stroke="currentColor" fill="none" />
        </svg>
        flushed
      </li>
      {timeline.drains.length === 0 ? undefined : (
        <li>
          <svg viewBox="0 0 22 14" aria-hidden="true">
            <path d="M11 1v5" stroke="var(--focus)" stroke-width="2" fill="none" />
            <path d="M2 12.5h18" stroke="currentColor" fill="none" />
          </svg>
          drain asked for
        </li>
      )}
    </ul>
  );
}

function Swatch({ paint }: { readonly paint: Palette['holders'][number] | undefined }) {
  const host = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (paint !== undefined) host.current?.replaceChildren(swatchOf(paint));
  }, [paint]);
  return <span ref={host} aria-hidden="true" />;
}
