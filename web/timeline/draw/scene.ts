// SPDX-License-Identifier: MIT
import { lowerBound } from '../data/columns.ts';
import type { FolioLane, LossSpan, Timeline } from '../data/model.ts';
import type { Span } from '../data/series.ts';
import { LABEL_ABOVE, type Row } from '../layout.ts';
import { bandsOf, fillsOf, ticksIn } from './columns.ts';
import {
  type CallIndex,
  type CallSign,
  callSigns,
  SIGN,
  type DrainTicks,
  drainTicks,
  indexCalls,
  roundAt,
} from './marks.ts';
import { paintBands, paintFills, paintHatch, paintTicks, type Pixels } from './paint.ts';
import { type Colour, mixed, type Palette } from './palette.ts';

/** Input of a drawing. Lengths are pixels of the page. */
export interface Sight {
  readonly timeline: Timeline;
  readonly rows: readonly Row[];
  /** Nanoseconds after the recording's begin. */
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of the rows above the view. */
  readonly scrolled: number;
  readonly isNarrow: boolean;
  readonly cursor: number | undefined;
  /** Position of the pointer, if it differs from the cursor's. */
  readonly pointer: number | undefined;
  /** The row that the panel describes. */
  readonly chosen: string | undefined;
  readonly gridAt: readonly number[];
}

const MARKER_FONT = '11px system-ui, sans-serif';
/** Pixels of a letter, about. */
const LETTER = 6;

const shortened = (text: string, room: number): string =>
  text.length * LETTER <= room ? text : `${text.slice(0, Math.max(1, Math.floor(room / LETTER) - 1))}…`;

/** Place of a row's picture, without a label above it. */
export const insideOf = (
  { kind, top, height }: Row,
  isNarrow: boolean,
): { readonly top: number; readonly height: number } => {
  const label = isNarrow && kind !== 'head' ? LABEL_ABOVE : 0;
  const margin = kind === 'folio' ? 2 : kind === 'cpu' ? 5 : 3;
  return { top: top + label + margin, height: height - label - 2 * margin };
};

/** Draws a timeline on a canvas. Data that depends only on the recording is computed once. */
export class Scene {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #image: ImageData | undefined;
  #ticks:
    | {
        readonly markers: Float64Array;
        readonly of: Timeline;
        readonly calls: CallIndex;
        readonly drains: ReadonlyMap<number, DrainTicks>;
      }
    | undefined;
  #has = new Uint8Array(0);

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('this browser draws on no canvas');
    this.#context = context;
  }

  draw(sight: Sight, palette: Palette, ratio: number): void {
    const width = Math.max(1, Math.round(sight.width * ratio));
    const height = Math.max(1, Math.round(sight.height * ratio));
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#image = undefined;
    }
    const image = (this.#image ??= this.#context.createImageData(width, height));
    const pixels: Pixels = { data: new Uint32Array(image.data.buffer), width, height };
    pixels.data.fill(palette.ground.pixel);
    if (this.#has.length !== width) this.#has = new Uint8Array(width);
    if (this.#ticks?.of !== sight.timeline)
      this.#ticks = {
        of: sight.timeline,
        markers: Float64Array.from(sight.timeline.markers, ({ at }) => at),
        calls: indexCalls(sight.timeline.conversions),
        drains: drainTicks(sight.timeline),
      };
    const span: Span = { from: sight.from, to: sight.to, width };
    this.#grid(sight, pixels, palette, ratio);
    for (const row of sight.rows) {
      if (row.top + row.height <= sight.scrolled || row.top >= sight.scrolled + sight.height) continue;
      this.#row(row, sight, span, pixels, palette, ratio);
    }
    this.#context.putImageData(image, 0, 0);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#marks(sight, palette);
    this.#flows(sight, palette);
    this.#lines(sight, palette);
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #grid(
    { gridAt, from, to, width }: Sight,
    { data, width: columns, height }: Pixels,
    { line }: Palette,
    ratio: number,
  ): void {
    for (const at of gridAt) {
      const x = Math.round(((at - from) / (to - from)) * width * ratio);
      if (x < 0 || x >= columns) continue;
      for (let y = 0; y < height; y++) data[y * columns + x] = line.pixel;
    }
  }

  #row(row: Row, sight: Sight, span: Span, pixels: Pixels, palette: Palette, ratio: number): void {
    const inside = insideOf(row, sight.isNarrow);
    const place = {
      top: Math.round((inside.top - sight.scrolled) * ratio),
      height: Math.round(inside.height * ratio),
    };
    const { timeline } = sight;
    switch (row.kind) {
      case 'cpu': {
        const pale = mixed(palette.batch.body, palette.ground, 0.4);
        const fills = fillsOf(row.lane, span, place.height, timeline.batchSize, timeline.end);
        paintFills(pixels, fills, place, palette, pale, ratio);
        for (const loss of row.lane.losses) this.#loss(loss, span, pixels, place, palette, ratio);
        this.#baseline(pixels, place, palette);
        const below = { top: place.top + place.height + ratio, height: Math.round(4 * ratio) };
        ticksIn(row.lane.flushes.to, span, this.#has);
        paintTicks(pixels, this.#has, below, palette.ink);
        const drained = this.#ticks?.drains.get(row.lane.cpu);
        if (drained === undefined) return;
        ticksIn(drained.queued, span, this.#has);
        paintTicks(
          pixels,
          this.#has,
          { top: place.top - Math.round(4 * ratio), height: Math.round(4 * ratio) },
          palette.focus,
        );
        return;
      }
      case 'folio':
        paintBands(pixels, bandsOf(row.lane, span, place.height, timeline.end), place, palette, ratio);
        this.#foldedFrame(row.lane, pixels, place, palette);
        break;
      case 'head':
      case 'markers':
      case 'conversions':
        break;
    }
  }

  #loss(
    { from, knownFrom }: LossSpan,
    span: Span,
    pixels: Pixels,
    place: Place,
    palette: Palette,
    ratio: number,
  ): void {
    const scale = span.width / (span.to - span.from);
    if (knownFrom < span.from || from > span.to) return;
    paintHatch(pixels, (from - span.from) * scale, (knownFrom - span.from) * scale, place, palette, ratio);
  }

  #baseline({ data, width, height }: Pixels, { top, height: tall }: Place, { strong }: Palette): void {
    const y = top + tall;
    if (y < 0 || y >= height) return;
    data.fill(strong.pixel, y * width, (y + 1) * width);
  }

  #foldedFrame(
    { isFolded }: FolioLane,
    { data, width, height }: Pixels,
    { top, height: tall }: Place,
    { line }: Palette,
  ): void {
    if (!isFolded) return;
    const y = top + tall;
    if (y >= 0 && y < height) data.fill(line.pixel, y * width, (y + 1) * width);
  }

  /** Calls and markers. */
  #marks(sight: Sight, palette: Palette): void {
    const context = this.#context;
    const { timeline, from, to, width, scrolled } = sight;
    for (const row of sight.rows) {
      const { top: y, height } = insideOf(row, sight.isNarrow);
      const top = y - scrolled;
      if (row.kind === 'markers') {
        this.#markers(sight, palette, top, height);
      }
      if (row.kind === 'conversions' && this.#ticks !== undefined)
        for (const sign of callSigns(timeline, this.#ticks.calls, { from, to, width }))
          drawSign(context, sign, top, height, palette);
    }
  }

  /** A tick for each marker, and its text where it has room. */
  #markers({ timeline, from, to, width }: Sight, { dim }: Palette, top: number, height: number): void {
    const context = this.#context;
    const scale = width / (to - from);
    context.fillStyle = dim.css;
    context.font = MARKER_FONT;
    context.textBaseline = 'middle';
    const times = this.#ticks?.markers ?? new Float64Array(0);
    for (let place = lowerBound(times, from); place < times.length; ) {
      const at = times[place] ?? to;
      const x = Math.round((at - from) * scale);
      if (x > width) return;
      context.fillRect(x, top, 1, height);
      const next = lowerBound(times, from + (x + 2) / scale);
      const room = ((times[next] ?? to) - from) * scale - x - 10;
      const text = timeline.markers[next - 1]?.text ?? '';
      if (room > 30) context.fillText(shortened(text, room), x + 4, top + height / 2);
      place = Math.max(place + 1, next);
    }
  }

  /** Arrows from the CPU that asked for a drain to those that were drained, for the round under the cursor. */
  #flows(sight: Sight, palette: Palette): void {
    const { timeline, from, to, width, scrolled, rows } = sight;
    const time = sight.pointer ?? sight.cursor;
    const round = time === undefined ? undefined : roundAt(timeline.drains, time);
    if (round === undefined) return;
    const context = this.#context;
    const x = (at: number): number => ((at - from) / (to - from)) * width;
    const middle = (cpu: number): number | undefined => {
      const row = rows.find((one) => one.kind === 'cpu' && one.lane.cpu === cpu);
      if (row === undefined) return undefined;
      const { top, height } = insideOf(row, sight.isNarrow);
      return top + height / 2 - scrolled;
    };
    const begin = middle(round.cpu);
    if (begin === undefined) return;
    context.lineWidth = 1.5;
    context.strokeStyle = palette.ink.css;
    context.fillStyle = palette.ink.css;
    for (const { cpu, queued, started, ended } of round.works) {
      const end = middle(cpu);
      if (end === undefined) continue;
      const [x0, x1] = [x(queued), x(started ?? queued)];
      const bend = Math.max(12, Math.abs(x1 - x0) / 2);
      context.beginPath();
      context.moveTo(x0, begin);
      context.bezierCurveTo(x0 + bend, begin, x1 - bend, end, x1, end);
      context.stroke();
      context.beginPath();
      context.moveTo(x1, end);
      context.lineTo(x1 - 6, end - 3.5);
      context.lineTo(x1 - 6, end + 3.5);
      context.fill();
      if (started !== undefined && ended !== undefined) context.fillRect(x1, end - 1.5, Math.max(2, x(ended) - x1), 3);
    }
    context.beginPath();
    context.arc(x(round.at), begin, 3, 0, 2 * Math.PI);
    context.fill();
  }

  #lines({ cursor, pointer, from, to, width, height }: Sight, palette: Palette): void {
    const context = this.#context;
    const line = (at: number | undefined, css: string, thick: number): void => {
      if (at === undefined || at < from || at > to) return;
      context.fillStyle = css;
      context.fillRect(Math.round(((at - from) / (to - from)) * width), 0, thick, height);
    };
    line(pointer, palette.strong.css, 1);
    line(cursor, palette.ink.css, 1.5);
  }
}

interface Place {
  readonly top: number;
  readonly height: number;
}

/** A box with the sign of its result: a cross, a check mark, or a question mark. Long calls are long boxes. */
function drawSign(
  context: CanvasRenderingContext2D,
  { x, width, result, nth, of }: CallSign,
  top: number,
  height: number,
  palette: Palette,
): void {
  const tall = Math.min(SIGN, height / of - (of > 1 ? 1 : 0));
  const y = top + (height - of * (tall + 1) + 1) / 2 + nth * (tall + 1);
  context.fillStyle = colourOf(result, palette).css;
  if (result === 'safe') {
    context.beginPath();
    context.roundRect(x, y, width, tall, tall / 2);
    context.fill();
  } else context.fillRect(x, y, width, tall);
  context.strokeStyle = palette.ground.css;
  context.lineWidth = of > 1 ? 1.5 : 2;
  context.lineCap = 'round';
  const [cx, cy, r] = [x + SIGN / 2, y + tall / 2, tall * 0.22];
  context.beginPath();
  switch (result) {
    case 'safe':
      context.moveTo(cx - r * 1.2, cy);
      context.lineTo(cx - r * 0.2, cy + r);
      context.lineTo(cx + r * 1.3, cy - r);
      break;
    case 'unknown':
      context.moveTo(cx, cy - r);
      context.lineTo(cx, cy + r * 0.2);
      context.moveTo(cx, cy + r);
      context.lineTo(cx, cy + r);
      break;
    case 'refused':
    case 'failed':
      context.moveTo(cx - r, cy - r);
      context.lineTo(cx + r, cy + r);
      context.moveTo(cx + r, cy - r);
      context.lineTo(cx - r, cy + r);
  }
  context.stroke();
}

/** The colour of a call's result; a sign says the same. */
export function colourOf(result: CallSign['result'], { good, bad, unsure }: Palette): Colour {
  switch (result) {
    case 'safe':
      return good;
    case 'refused':
    case 'failed':
      return bad;
    case 'unknown':
      return unsure;
  }
}
