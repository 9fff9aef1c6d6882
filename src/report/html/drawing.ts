// SPDX-License-Identifier: MIT
import { attributes, escaped } from './escape.ts';

/** Number of columns in which a drawing tells positions apart; what falls into one column may be folded. */
export const COLUMNS = 600;

/** A position between a drawing's left (0) and right (1) edge. */
export type Share = number;

/** A bar of a lane. */
export interface Bar {
  readonly from: Share;
  readonly to: Share;
  /** Pixels from the lane's top, and height. */
  readonly top: number;
  readonly height: number;
  /** Classes of style.ts. */
  readonly look: string;
  /** Text alternative, also shown by a pointer that rests on it. */
  readonly title: string;
  /** Numbers that the bar stands for, as `data-` attributes. */
  readonly data?: Readonly<Record<string, string | number>>;
}

const percent = (share: Share): string => `${Number((100 * Math.min(1, Math.max(0, share))).toFixed(3))}%`;

/** A letter's width in pixels, about, at the size of labels. */
const LETTER = 6.5;
/** Width in pixels of a narrow window's drawing: a label that is longer is cut there. */
const NARROW = 320;
const LABEL_HEIGHT = 18;

/**
 * Lanes below each other. Horizontal positions are percentages of the width, vertical ones are pixels:
 *
 *     label of a lane
 *     |--bar--|   |-bar-|      x      mark
 *     label of the next lane
 */
export class Drawing {
  #height = 0;
  readonly #behind: string[] = [];
  readonly #parts: string[] = [];

  /** Pixels drawn so far. */
  get height(): number {
    return this.#height;
  }

  /** Space of some pixels. */
  space(pixels: number): void {
    this.#height += pixels;
  }

  /** A line of text over a lane; a part in a lighter colour may follow. */
  label(text: string, more = ''): void {
    const room = Math.floor(NARROW / LETTER) - 1;
    // What a narrow window cuts stays readable: the whole text is the title.
    const isLong = text.length + more.length > room;
    const rest = more === '' ? '' : `<tspan class="dim">${escaped(`  ${more}`)}</tspan>`;
    this.#parts.push(
      `<text class="label" x="0" y="${this.#height + 13}">${isLong ? `<title>${escaped(`${text} ${more}`)}</title>` : ''}${escaped(text)}${rest}</text>`,
    );
    this.#height += LABEL_HEIGHT;
  }

  /** Begins a lane of some pixels, with a line of the ground's colour under it. */
  lane(height: number): void {
    this.#behind.push(rect({ x: '0%', y: this.#height, width: '100%', height, class: 'ground' }));
    this.#height += height;
  }

  /** A bar in the lane that was begun last. @param height the lane's. */
  bar({ from, to, top, height, look, title, data = {} }: Bar, lane: number): void {
    this.#parts.push(
      titled(
        'rect',
        {
          x: percent(from),
          y: this.#height - lane + top,
          width: percent(Math.min(1, to) - Math.min(1, Math.max(0, from))),
          height,
          class: look,
          ...named(data),
        },
        title,
      ),
    );
  }

  /** A word or a sign in the lane that was begun last; near the right edge it ends at its place. */
  sign(at: Share, lane: number, sign: { text: string; look: string; title: string; data?: Bar['data'] }): void {
    const { text, look, title, data = {} } = sign;
    const anchor = at > 0.9 ? 'end' : at < 0.02 ? 'start' : 'middle';
    this.#parts.push(
      `<text${attributes({ x: percent(at), y: this.#height - lane + 12, 'text-anchor': anchor, class: look, ...named(data) })}><title>${escaped(title)}</title>${escaped(text)}</text>`,
    );
  }

  /** A filled curve in the lane that was begun last: a height from 0 to 1 for each column. */
  curve(heights: readonly number[], lane: number, about: { look: string; title: string; data?: Bar['data'] }): void {
    const { look, title, data = {} } = about;
    const points: string[] = [];
    let last: string | undefined;
    for (const [column, height] of heights.entries()) {
      const y = String(Number((100 * (1 - height)).toFixed(1)));
      if (y !== last)
        points.push(
          `${last === undefined ? 'L' : 'H'}${last === undefined ? `${column} 100L` : ''}${column}${last === undefined ? ` ${y}` : `V${y}`}`,
        );
      last = y;
    }
    const path = `M0 100${points.join('')}H${heights.length}V100Z`;
    this.#parts.push(
      `<svg${attributes({ x: '0', y: this.#height - lane, width: '100%', height: lane, viewBox: `0 0 ${heights.length} 100`, preserveAspectRatio: 'none' })}>${titled('path', { d: path, class: look, ...named(data) }, title)}</svg>`,
    );
  }

  /** A vertical line through everything that was drawn from a height on. */
  line(at: Share, from: number, look: string): void {
    this.#behind.push(
      `<line${attributes({ x1: percent(at), x2: percent(at), y1: from, y2: this.#height, class: look })}/>`,
    );
  }

  /** A band behind everything that was drawn from a height on. */
  band(bar: Pick<Bar, 'from' | 'to' | 'look' | 'title' | 'data'>, from: number): void {
    const { look, title, data = {} } = bar;
    this.#behind.push(
      titled(
        'rect',
        {
          x: percent(bar.from),
          y: from,
          width: percent(bar.to - bar.from),
          height: this.#height - from,
          class: look,
          ...named(data),
        },
        title,
      ),
    );
  }

  /** Five words along the bottom, the second and the fourth only where there is room. */
  axis(words: readonly { readonly at: Share; readonly text: string }[], from: number): void {
    for (const [place, { at, text }] of words.entries()) {
      this.line(at, from, 'grid');
      const anchor = at === 0 ? 'start' : at === 1 ? 'end' : 'middle';
      const isWide = at !== 0 && at !== 1 && place !== 2;
      this.#parts.push(
        `<text${attributes({ x: percent(at), y: this.#height + 13, 'text-anchor': anchor, class: isWide ? 'axis wide' : 'axis' })}>${escaped(text)}</text>`,
      );
    }
    this.#height += LABEL_HEIGHT;
  }

  /** @param id unique within the document. @param desc the drawing in words. */
  svg(id: string, title: string, desc: string): string {
    const head = attributes({
      class: 'picture',
      width: '100%',
      height: this.#height + 2,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    });
    return [
      `<svg xmlns="http://www.w3.org/2000/svg"${head}>`,
      `<title id="${id}-title">${escaped(title)}</title>`,
      `<desc id="${id}-desc">${escaped(desc)}</desc>`,
      ...this.#behind,
      ...this.#parts,
      '</svg>',
    ].join('\n');
  }
}

const named = (data: Readonly<Record<string, string | number>>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));

const rect = (all: Readonly<Record<string, string | number>>): string => `<rect${attributes(all)}/>`;

const titled = (name: string, all: Readonly<Record<string, string | number>>, title: string): string =>
  `<${name}${attributes(all)}><title>${escaped(title)}</title></${name}>`;
