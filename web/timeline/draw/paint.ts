// SPDX-License-Identifier: MIT
import type { Bands, Fills } from './columns.ts';
import type { Colour, HolderPaint, Palette } from './palette.ts';

/** Pixels of the view; a lane is written column by column, because one colour a rectangle would cost a call each. */
export interface Pixels {
  readonly data: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/** The part of a view that a lane takes: pixels from the top, may lie outside. */
export interface Place {
  readonly top: number;
  readonly height: number;
}

/** The pixel of a pattern at a place. Patterns stand still when time moves below them. */
function patterned({ fill, body, pattern }: HolderPaint, x: number, y: number, unit: number): number {
  switch (fill) {
    case 'plain':
      return body.pixel;
    case 'rising':
      return (x + y) % (6 * unit) < unit ? pattern.pixel : body.pixel;
    case 'falling':
      return (x - y + 6000 * unit) % (6 * unit) < unit ? pattern.pixel : body.pixel;
    case 'across':
      return y % (4 * unit) < unit ? pattern.pixel : body.pixel;
    case 'dots':
      return x % (4 * unit) < unit && y % (4 * unit) < unit ? pattern.pixel : body.pixel;
    case 'hatched':
      return (x + y) % (5 * unit) < 1.5 * unit ? pattern.pixel : body.pixel;
  }
}

function fillColumn(pixels: Pixels, x: number, from: number, to: number, paint: HolderPaint, unit: number): void {
  const { data, width, height } = pixels;
  const first = Math.max(0, from);
  const last = Math.min(height, to);
  if (paint.fill === 'plain') {
    const { pixel } = paint.body;
    for (let y = first; y < last; y++) data[y * width + x] = pixel;
    // A pale fill is seen by its edges.
    if (first < last && last - first > 2 * unit) {
      if (first === from) data[first * width + x] = paint.pattern.pixel;
      if (last === to) data[(last - 1) * width + x] = paint.pattern.pixel;
    }
    return;
  }
  for (let y = first; y < last; y++) data[y * width + x] = patterned(paint, x, y, unit);
}

/** @param unit device pixels a pixel of the page. */
export function paintBands(
  pixels: Pixels,
  { codes, heights }: Bands,
  place: Place,
  palette: Palette,
  unit: number,
): void {
  const bottom = place.top + place.height;
  for (let x = 0; x < pixels.width; x++) {
    let y = bottom;
    for (let part = 0; part < codes.length; part++) {
      const height = heights[part]?.[x] ?? 0;
      const paint = palette.holders[codes[part] ?? 0];
      if (height <= 0 || paint === undefined) continue;
      fillColumn(pixels, x, Math.round(y - height), Math.round(y), paint, unit);
      y -= height;
    }
  }
}

/** A batch's fill: full where folios waited throughout a column, pale up to the most, hatched where they may have waited. */
export function paintFills(
  pixels: Pixels,
  { least, most, perhaps }: Fills,
  place: Place,
  { batch, holders }: Palette,
  pale: Colour,
  unit: number,
): void {
  const bottom = place.top + place.height;
  const paleBatch: HolderPaint = { fill: 'plain', body: pale, pattern: pale };
  const unknown = holders.at(-1);
  for (let x = 0; x < pixels.width; x++) {
    const [low, high, open] = [least[x] ?? 0, most[x] ?? 0, perhaps[x] ?? 0].map((height) =>
      Math.round(bottom - height),
    );
    if (low === undefined || high === undefined || open === undefined) continue;
    if (open < high && unknown !== undefined) fillColumn(pixels, x, open, high, unknown, unit);
    if (high < low) fillColumn(pixels, x, high, low, paleBatch, unit);
    if (low < bottom) fillColumn(pixels, x, low, bottom, batch, unit);
  }
}

/** Hatching over a time in which something is not known. */
export function paintHatch(
  pixels: Pixels,
  from: number,
  to: number,
  place: Place,
  { holders }: Palette,
  unit: number,
): void {
  const unknown = holders.at(-1);
  if (unknown === undefined) return;
  const last = Math.min(pixels.width, Math.max(Math.ceil(to), Math.floor(from) + unit));
  for (let x = Math.max(0, Math.floor(from)); x < last; x++)
    fillColumn(pixels, x, place.top, place.top + place.height, unknown, unit);
}

/** Ticks of one colour where `has` says so. */
export function paintTicks(pixels: Pixels, has: Uint8Array, place: Place, { pixel }: Colour): void {
  const { data, width, height } = pixels;
  const first = Math.max(0, place.top);
  const last = Math.min(height, place.top + place.height);
  for (let x = 0; x < width; x++) if (has[x] === 1) for (let y = first; y < last; y++) data[y * width + x] = pixel;
}
