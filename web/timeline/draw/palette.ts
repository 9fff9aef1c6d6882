// SPDX-License-Identifier: MIT
import { type Fill, HOLDER_LOOKS } from '../../design/index.ts';
import { CODES, shownOf } from '../data/states.ts';

/** A colour as a pixel of an ImageData has it, and as CSS. */
export interface Colour {
  readonly pixel: number;
  readonly css: string;
}

/** The page's colours in the present theme. */
export interface Palette {
  readonly ground: Colour;
  readonly ink: Colour;
  readonly dim: Colour;
  readonly line: Colour;
  readonly strong: Colour;
  readonly good: Colour;
  readonly bad: Colour;
  readonly unsure: Colour;
  readonly focus: Colour;
  /** By code of data/states.ts. */
  readonly holders: readonly HolderPaint[];
  readonly batch: HolderPaint;
}

/** How a holder kind is drawn: a ground, a second colour for its pattern, and the pattern. */
export interface HolderPaint {
  readonly fill: Fill;
  readonly body: Colour;
  readonly pattern: Colour;
}

/** Reads the colours where `host` stands. */
export function paletteAt(host: HTMLElement): Palette {
  const probe = document.createElement('span');
  probe.hidden = true;
  host.append(probe);
  const read = (token: string): Colour => {
    probe.style.color = `var(${token})`;
    const [red = 0, green = 0, blue = 0] = (/\d+(?:\.\d+)?/g[Symbol.match](getComputedStyle(probe).color) ?? []).map(
      Number,
    );
    return colour(red, green, blue);
  };
  const ground = read('--ground');
  const strong = read('--line-strong');
  const holderPaint = (code: number): HolderPaint => {
    const { colour: token, fill } = HOLDER_LOOKS[shownOf(code)];
    const full = read(token);
    if (fill === 'hatched') return { fill, body: ground, pattern: strong };
    // The page cache holds every folio: quiet, so that the others stand out.
    if (fill === 'plain') return { fill, body: mixed(full, ground, 0.45), pattern: full };
    return { fill, body: full, pattern: mixed(full, ground, 0.68) };
  };
  const holders = Array.from({ length: CODES }, (_, code) => holderPaint(code));
  const batch = holders.find((_, code) => shownOf(code) === 'lru-add-batch') ?? holderPaint(0);
  const palette: Palette = {
    ground,
    strong,
    holders,
    batch,
    ink: read('--ink'),
    dim: read('--dim'),
    line: read('--line'),
    good: read('--good'),
    bad: read('--bad'),
    unsure: read('--unsure'),
    focus: read('--focus'),
  };
  probe.remove();
  return palette;
}

const colour = (red: number, green: number, blue: number): Colour => ({
  pixel: ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
  css: `rgb(${red} ${green} ${blue})`,
});

/** `share` of the first colour over the second. */
export function mixed(first: Colour, second: Colour, share: number): Colour {
  const part = (shift: number): number =>
    Math.round(((first.pixel >>> shift) & 255) * share + ((second.pixel >>> shift) & 255) * (1 - share));
  return colour(part(0), part(8), part(16));
}
