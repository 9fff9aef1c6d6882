// SPDX-License-Identifier: MIT
import { timeText } from '../clock.ts';
import type { Timeline } from '../data/model.ts';
import { shownOf } from '../data/states.ts';
import { fillName, nameOf, type Row } from '../layout.ts';
import type { TimelineModel } from '../view-model.ts';
import { bandsOf, fillsOf } from './columns.ts';
import { callSigns, indexCalls } from './marks.ts';
import { type HolderPaint, type Palette, paletteAt } from './palette.ts';
import { colourOf, insideOf } from './scene.ts';

const NS = 'http://www.w3.org/2000/svg';
/** Pixels of a picture. */
const LABELS = 170;
const LANES = 1100;
const AXIS = 30;
const LEGEND = 60;
/** Pixels of a letter, about. */
const LETTER = 7;

/** The view as vector graphics, with all lanes below each other. @returns undefined while nothing is open. */
export function pictureOf(model: TimelineModel, host: HTMLElement): SVGSVGElement | undefined {
  const timeline = model.timeline.value;
  if (timeline === undefined) return undefined;
  const palette = paletteAt(host);
  const rows = model.rows.value;
  const last = rows.at(-1);
  const bottom = AXIS + (last === undefined ? 0 : last.top + last.height);
  const height = bottom + LEGEND;
  const svg = element('svg', {
    viewBox: `0 0 ${LABELS + LANES} ${height}`,
    width: LABELS + LANES,
    height,
    role: 'img',
  });
  const title = element('title', {});
  title.textContent = `${timeline.name}, a timeline by folioscope`;
  svg.append(title, patternsOf(palette), element('rect', { width: LABELS + LANES, height, fill: palette.ground.css }));
  const { from, to } = model.window.value;
  const span = { from, to, width: LANES };
  for (const share of [0, 0.25, 0.5, 0.75]) {
    const x = LABELS + share * LANES;
    svg.append(element('line', { x1: x, x2: x, y1: AXIS, y2: bottom, stroke: palette.line.css }));
    svg.append(text(timeText(timeline, from + share * (to - from)), x + 4, AXIS - 10, palette.dim.css, 11));
  }
  for (const row of rows) drawRow(svg, row, { timeline, span, palette });
  const cursor = model.cursor.value;
  if (cursor !== undefined && cursor >= from && cursor <= to) {
    const x = LABELS + ((cursor - from) / (to - from)) * LANES;
    svg.append(element('line', { x1: x, x2: x, y1: AXIS, y2: bottom, stroke: palette.ink.css, 'stroke-width': 1.5 }));
  }
  drawLegend(svg, bottom, { timeline, span, palette });
  const at = cursor === undefined ? '' : `, cursor at ${timeText(timeline, cursor)}`;
  svg.append(text(`${timeline.name}${at}`, LABELS, bottom + 48, palette.dim.css, 11));
  return svg;
}

/** The legend of fills, since a saved picture is seen without the page. */
function drawLegend(svg: SVGSVGElement, top: number, { timeline, palette }: Drawn): void {
  const codes = new Set(timeline.inodes.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.codes)));
  if (timeline.cpus.some(({ losses }) => losses.length > 0)) codes.add(palette.holders.length - 1);
  let x = LABELS;
  for (const code of [...codes].toSorted((a, b) => a - b)) {
    const words = fillName(shownOf(code));
    const body = palette.holders[code]?.pattern.css ?? palette.strong.css;
    svg.append(element('rect', { x, y: top + 14, width: 22, height: 14, fill: `url(#holder-${code})`, stroke: body }));
    svg.append(text(words, x + 30, top + 26, palette.ink.css, 12));
    x += 50 + words.length * LETTER;
  }
}

interface Drawn {
  readonly timeline: Timeline;
  readonly span: { readonly from: number; readonly to: number; readonly width: number };
  readonly palette: Palette;
}

function drawRow(svg: SVGSVGElement, row: Row, { timeline, span, palette }: Drawn): void {
  const { top, height } = insideOf(row, false);
  const y = AXIS + top;
  svg.append(text(nameOf(row), 8, y + height / 2 + 4, palette.ink.css, 12));
  switch (row.kind) {
    case 'folio': {
      const { codes, heights } = bandsOf(row.lane, span, height, timeline.end);
      const below = new Float64Array(span.width);
      for (const [part, code] of codes.entries()) {
        const band = heights[part] ?? new Float64Array(span.width);
        runs(svg, band, below, y + height, `url(#holder-${code})`);
        for (let x = 0; x < span.width; x++) below[x] = (below[x] ?? 0) + (band[x] ?? 0);
      }
      return;
    }
    case 'cpu': {
      const { least, most, perhaps } = fillsOf(row.lane, span, height, timeline.batchSize, timeline.end);
      const none = new Float64Array(span.width);
      const batch = palette.holders.indexOf(palette.batch);
      runs(svg, perhaps, none, y + height, `url(#holder-${palette.holders.length - 1})`);
      runs(svg, most, none, y + height, `url(#holder-${batch})`, 0.4);
      runs(svg, least, none, y + height, `url(#holder-${batch})`);
      for (const { from, knownFrom } of row.lane.losses) {
        const scale = span.width / (span.to - span.from);
        const [x0, x1] = [from, knownFrom].map((at) => Math.min(span.width, Math.max(0, (at - span.from) * scale)));
        if (x0 !== undefined && x1 !== undefined && x1 > x0)
          svg.append(
            element('rect', {
              x: LABELS + x0,
              y,
              width: x1 - x0,
              height,
              fill: `url(#holder-${palette.holders.length - 1})`,
            }),
          );
      }
      svg.append(
        element('line', { x1: LABELS, x2: LABELS + LANES, y1: y + height, y2: y + height, stroke: palette.strong.css }),
      );
      return;
    }
    case 'conversions':
      for (const { x, result, nth, of } of callSigns(timeline, indexCalls(timeline.conversions), span)) {
        const sign = { safe: '✓', refused: '✕', failed: '✕', unknown: '?' }[result];
        const size = of > 1 ? 11 : 15;
        const middle = y + ((nth + 0.5) * height) / of;
        svg.append(text(sign, LABELS + x, middle + size / 3, colourOf(result, palette).css, size));
      }
      return;
    case 'markers':
      for (const { at } of timeline.markers) {
        const x = ((at - span.from) / (span.to - span.from)) * span.width;
        if (x < 0 || x > span.width) continue;
        svg.append(element('line', { x1: LABELS + x, x2: LABELS + x, y1: y, y2: y + height, stroke: palette.dim.css }));
      }
      break;
    case 'head':
  }
}

/** Columns of equal height and place become one rectangle. */
function runs(
  svg: SVGSVGElement,
  heights: Float64Array,
  below: Float64Array,
  bottom: number,
  fill: string,
  opacity = 1,
): void {
  let begin = 0;
  for (let x = 1; x <= heights.length; x++) {
    if (x < heights.length && heights[x] === heights[begin] && below[x] === below[begin]) continue;
    const height = heights[begin] ?? 0;
    if (height > 0)
      svg.append(
        element('rect', {
          x: LABELS + begin,
          y: bottom - (below[begin] ?? 0) - height,
          width: x - begin,
          height,
          fill,
          opacity,
        }),
      );
    begin = x;
  }
}

/** A small picture of a fill, for the legend. */
export function swatchOf(paint: HolderPaint): SVGSVGElement {
  const svg = element('svg', { viewBox: '0 0 22 14', width: 22, height: 14 });
  svg.append(element('rect', { width: 22, height: 14, fill: paint.body.css }));
  for (let x = 0; x < 24; x += 6)
    for (let y = 0; y < 18; y += 6)
      for (const line of linesOf(paint)) {
        line.setAttribute('transform', `translate(${x} ${y})`);
        svg.append(line);
      }
  if (paint.fill === 'hatched' || paint.fill === 'plain')
    svg.append(element('rect', { x: 0.5, y: 0.5, width: 21, height: 13, fill: 'none', stroke: paint.pattern.css }));
  return svg;
}

function patternsOf({ holders }: Palette): SVGElement {
  const defs = element('defs', {});
  for (const [code, paint] of holders.entries()) {
    const pattern = element('pattern', { id: `holder-${code}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' });
    pattern.append(element('rect', { width: 6, height: 6, fill: paint.body.css }), ...linesOf(paint));
    defs.append(pattern);
  }
  return defs;
}

const PATHS: Readonly<Record<HolderPaint['fill'], string>> = {
  plain: '',
  rising: 'M0 6L6 0',
  falling: 'M0 0L6 6',
  across: 'M0 3H6',
  dots: 'M2 2h1M5 5h1',
  hatched: 'M-1 4L4 -1M2 7L7 2',
};

const linesOf = ({ fill, pattern }: HolderPaint): readonly SVGElement[] =>
  fill === 'plain' ? [] : [element('path', { d: PATHS[fill], stroke: pattern.css, 'stroke-width': 1.2, fill: 'none' })];

function text(words: string, x: number, y: number, fill: string, size: number): SVGElement {
  const made = element('text', { x, y, fill, 'font-size': size, 'font-family': 'Inter, Arial, sans-serif' });
  made.textContent = words;
  return made;
}

function element<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
