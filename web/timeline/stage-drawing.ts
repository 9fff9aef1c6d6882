// SPDX-License-Identifier: MIT
import type { Theme } from '../view/index.ts';
import { type Palette, paletteAt } from './draw/palette.ts';
import { Scene, type Sight } from './draw/scene.ts';

/** Input of the drawing; its size is that of the canvas. */
export type Shown = Omit<Sight, 'width' | 'height' | 'scrolled'> & { readonly theme: Theme };

/** Largest number of device pixels for a pixel: more than two are not visible, and cost four times as much. */
const MOST_RATIO = 2;

/** Draws at most once a frame, however often something changes. */
export class StageDrawing {
  readonly #scene: Scene;
  readonly #canvas: HTMLCanvasElement;
  readonly #scroller: HTMLElement;
  #shown: Shown | undefined;
  #palette: { readonly theme: Theme; readonly palette: Palette } | undefined;
  #frame: number | undefined;
  #width = 0;
  #height = 0;

  constructor(canvas: HTMLCanvasElement, scroller: HTMLElement) {
    this.#canvas = canvas;
    this.#scroller = scroller;
    this.#scene = new Scene(canvas);
    this.resize();
  }

  /** Pixels of the page. */
  get width(): number {
    return this.#width;
  }

  /** Measures once: reading sizes in every frame would lay the page out in every frame. */
  resize(): void {
    this.#width = this.#canvas.clientWidth;
    this.#height = this.#scroller.clientHeight;
    if (this.#canvas.style.height !== `${this.#height}px`) this.#canvas.style.height = `${this.#height}px`;
    // The axis is outside the scrolled area.
    const bar = this.#scroller.offsetWidth - this.#scroller.clientWidth;
    this.#scroller.parentElement?.style.setProperty('--tl-scrollbar', `${bar}px`);
  }

  show(shown: Shown): void {
    this.#shown = shown;
    this.invalidate();
  }

  invalidate(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  stop(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#shown = undefined;
  }

  #draw(): void {
    const shown = this.#shown;
    if (shown === undefined || this.#width === 0 || this.#height === 0) return;
    if (this.#palette?.theme !== shown.theme)
      this.#palette = { theme: shown.theme, palette: paletteAt(this.#scroller) };
    const ratio = Math.min(MOST_RATIO, globalThis.devicePixelRatio);
    const sight: Sight = { ...shown, width: this.#width, height: this.#height, scrolled: this.#scroller.scrollTop };
    this.#scene.draw(sight, this.#palette.palette, ratio);
  }
}
