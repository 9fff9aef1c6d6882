// SPDX-License-Identifier: MIT
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ticksOf, timeText } from './clock.ts';
import type { Timeline } from './data/model.ts';
import { LaneLabels } from './lane-labels.tsx';
import { heightOf, rowAt } from './layout.ts';
import { Legend } from './legend.tsx';
import type { TimelineModel } from './view-model.ts';
import { StageDrawing } from './stage-drawing.ts';

interface Props {
  readonly model: TimelineModel;
  readonly timeline: Timeline;
}

/** Below this width labels stand above their lanes. */
const NARROW = 640;
/** Pixels between two ticks of the axis. */
const TICK_APART = 110;
/** Pixels within which a click puts the cursor on a call or a marker. */
const SNAP = 6;
/** Pixels that a press may move and still be a click. */
const CLICK = 4;

/** The lanes: a canvas with labels of its own beside each. */
export function Stage({ model, timeline }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const axis = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (scroller.current === null || canvas.current === null || axis.current === null) return undefined;
    const drawing = new StageDrawing(canvas.current, scroller.current);
    const axisElement = axis.current;
    const element = scroller.current;
    const resized = new ResizeObserver(() => {
      model.isNarrow.value = element.clientWidth < NARROW;
      drawing.resize();
      drawing.invalidate();
    });
    resized.observe(element);
    resized.observe(canvas.current);
    const scrolled = (): void => drawing.invalidate();
    element.addEventListener('scroll', scrolled, { passive: true });
    const ending = effect(() => {
      const { from, to } = model.window.value;
      const ticks = ticksOf(
        from,
        Math.min(to, timeline.end + 1),
        Math.max(2, drawing.width / TICK_APART),
        timeline.countsTime,
      );
      drawing.show({
        timeline,
        rows: model.rows.value,
        from,
        to,
        cursor: model.cursor.value,
        pointer: model.pointer.value,
        chosen: model.row.value?.key,
        isNarrow: model.isNarrow.value,
        gridAt: ticks.map(({ at }) => at),
        theme: model.page.theme.value,
      });
      axisElement.replaceChildren(
        ...ticks.map(({ at, label }) => {
          const tick = document.createElement('span');
          tick.textContent = label;
          tick.style.left = `${((at - from) / (to - from)) * 100}%`;
          return tick;
        }),
      );
    });
    const pointing = listen(element, canvas.current, model, timeline);
    return () => {
      ending();
      pointing();
      resized.disconnect();
      element.removeEventListener('scroll', scrolled);
      drawing.stop();
    };
  }, [model, timeline]);
  const rows = model.rows.value;
  return (
    <div class={model.isNarrow.value ? 'tl-stage is-narrow' : 'tl-stage'}>
      <div class="tl-axis-row">
        <span class="tl-begin">{timeText(timeline, 0)}</span>
        <div class="tl-axis" ref={axis} aria-hidden="true" />
      </div>
      <div class="tl-scroll" ref={scroller}>
        <div class="tl-content" style={{ height: `${heightOf(rows)}px` }}>
          <div class="tl-sticky">
            <canvas
              ref={canvas}
              tabIndex={0}
              role="img"
              aria-label={`Lanes of ${timeline.name} over time. Arrow keys move the cursor and choose a lane; the table below says the same in words.`}
            />
          </div>
          <LaneLabels model={model} timeline={timeline} />
        </div>
      </div>
      <Legend model={model} timeline={timeline} />
    </div>
  );
}

/** Pointer, wheel and touch over the lanes. @returns a function that ends it. */
function listen(
  scroller: HTMLElement,
  canvas: HTMLCanvasElement,
  model: TimelineModel,
  timeline: Timeline,
): () => void {
  const pointers = new Map<number, { readonly x: number; readonly y: number }>();
  let pressed: { readonly x: number; readonly moved: boolean } | undefined;
  const timeAt = (x: number): number => {
    const { left, width } = canvas.getBoundingClientRect();
    const { from, to } = model.window.value;
    return from + ((x - left) / width) * (to - from);
  };
  const keyAt = (y: number): string | undefined => {
    const { top } = canvas.getBoundingClientRect();
    const row = rowAt(model.rows.value, y - top + scroller.scrollTop);
    return row?.kind === 'folio' || row?.kind === 'cpu' ? row.key : undefined;
  };
  const snapped = (x: number): number => {
    const at = timeAt(x);
    const { from, to } = model.window.value;
    const reach = (SNAP / canvas.clientWidth) * (to - from);
    let best = at;
    let distance = reach;
    for (const mark of [...timeline.markers, ...timeline.conversions]) {
      const apart = Math.abs(mark.at - at);
      if (apart < distance) [best, distance] = [mark.at, apart];
    }
    return best;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    pressed = { x: event.clientX, moved: false };
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType === 'mouse') model.point(snapped(event.clientX), keyAt(event.clientY));
      return;
    }
    const { from, to } = model.window.value;
    const scale = (to - from) / canvas.clientWidth;
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const [other] = others;
    if (other !== undefined) {
      const apart = (x: number, y: number): number => Math.max(10, Math.hypot(x - other.x, y - other.y));
      model.zoom(
        apart(before.x, before.y) / apart(event.clientX, event.clientY),
        timeAt((event.clientX + other.x) / 2),
      );
      pressed = undefined;
    } else if (pressed !== undefined && (pressed.moved || Math.abs(event.clientX - pressed.x) > CLICK)) {
      pressed = { ...pressed, moved: true };
      model.point(undefined, undefined);
      const by = (before.x - event.clientX) * scale;
      model.show({ from: from + by, to: to + by });
    } else return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const up = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    if (pressed?.moved === false) {
      const key = keyAt(event.clientY);
      model.put(snapped(event.clientX));
      if (key !== undefined) model.choose(key);
    }
    pressed = undefined;
  };
  const cancel = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    pressed = undefined;
  };
  const leave = (): void => model.point(undefined, undefined);
  const wheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      // A pinch on a touchpad arrives as such a wheel event, with small steps.
      model.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), timeAt(event.clientX));
      return;
    }
    const by = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (by === 0 || (!event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY))) return;
    event.preventDefault();
    model.pan(by / canvas.clientWidth);
  };
  canvas.addEventListener('pointerdown', down);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', cancel);
  canvas.addEventListener('pointerleave', leave);
  scroller.addEventListener('wheel', wheel, { passive: false });
  return () => {
    canvas.removeEventListener('pointerdown', down);
    canvas.removeEventListener('pointermove', move);
    canvas.removeEventListener('pointerup', up);
    canvas.removeEventListener('pointercancel', cancel);
    canvas.removeEventListener('pointerleave', leave);
    scroller.removeEventListener('wheel', wheel);
  };
}
