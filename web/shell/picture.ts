// SPDX-License-Identifier: MIT

const SVG = 'http://www.w3.org/2000/svg';

/** One line of a text as the page paints it: from its first letter to its last. */
interface Line {
  readonly text: string;
  readonly box: DOMRect;
}

/** The lines of a text node, as the browser has broken them. */
function linesOf(node: Text): readonly Line[] {
  const range = document.createRange();
  const lines: { text: string; box: DOMRect }[] = [];
  const { data } = node;
  for (let at = 0; at < data.length; at++) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const box = range.getClientRects()[0];
    const line = lines.at(-1);
    if (box === undefined || box.width === 0) continue;
    const isSameLine = line !== undefined && Math.abs(line.box.top - box.top) < 1;
    const letter = data[at] ?? '';
    if (isSameLine && letter.trim() === '') line.text += ' ';
    else if (isSameLine) {
      line.text += letter;
      line.box = new DOMRect(line.box.left, line.box.top, box.right - line.box.left, line.box.height);
    } else if (letter.trim() !== '') lines.push({ text: letter, box });
  }
  return lines;
}

const isClear = (colour: string): boolean => colour === 'transparent' || /^rgba\(.*, 0\)$/.test(colour);

/** Whether an element is visible; words for screen readers are not. */
function isSeen(element: Element, style: CSSStyleDeclaration): boolean {
  const { width, height } = element.getBoundingClientRect();
  return (
    style.display !== 'none' &&
    style.visibility !== 'hidden' &&
    style.opacity !== '0' &&
    style.clipPath !== 'inset(50%)' &&
    (style.display === 'contents' || (width > 0 && height > 0))
  );
}

/** Draws the visible part of an element as SVG: boxes, lines of text, canvases and drawings, at their places. */
class Drawing {
  readonly svg: SVGSVGElement;
  readonly #left: number;
  readonly #top: number;

  constructor(of: Element) {
    const { left, top, width, height } = of.getBoundingClientRect();
    [this.#left, this.#top] = [left, top];
    this.svg = document.createElementNS(SVG, 'svg');
    this.svg.setAttribute('xmlns', SVG);
    this.svg.setAttribute('viewBox', `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`);
    this.svg.setAttribute('width', String(Math.ceil(width)));
    this.svg.setAttribute('height', String(Math.ceil(height)));
    const ground = getComputedStyle(document.body).backgroundColor;
    this.#add('rect', { x: 0, y: 0, width: Math.ceil(width), height: Math.ceil(height), fill: ground });
    this.#element(of);
  }

  #add(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    this.svg.append(made);
    return made;
  }

  #element(element: Element): void {
    const style = getComputedStyle(element);
    if (!isSeen(element, style)) return;
    if (element instanceof SVGSVGElement) return this.#drawing(element, style);
    if (element instanceof HTMLCanvasElement) return this.#canvas(element);
    this.#box(element, style);
    if (element instanceof HTMLSelectElement)
      return this.#value(element, element.selectedOptions[0]?.text ?? '', style);
    for (const child of element.childNodes)
      if (child instanceof Element) this.#element(child);
      else if (child instanceof Text) this.#text(child, style);
  }

  #box(element: Element, style: CSSStyleDeclaration): void {
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [left - this.#left, top - this.#top];
    const widths = [style.borderTopWidth, style.borderRightWidth, style.borderBottomWidth, style.borderLeftWidth].map(
      Number.parseFloat,
    );
    const colours = [style.borderTopColor, style.borderRightColor, style.borderBottomColor, style.borderLeftColor];
    const [first = 0] = widths;
    const isFrame = first > 0 && widths.every((one) => one === first);
    const hasFill = !isClear(style.backgroundColor);
    if (hasFill || isFrame)
      this.#add('rect', {
        x: x + first / 2,
        y: y + first / 2,
        width: Math.max(0, width - first),
        height: Math.max(0, height - first),
        rx: Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, height / 2),
        fill: hasFill ? style.backgroundColor : 'none',
        ...(isFrame ? { stroke: colours[0] ?? '', 'stroke-width': first } : {}),
        ...(isFrame && style.borderTopStyle === 'dashed' ? { 'stroke-dasharray': '4 3' } : {}),
      });
    if (isFrame) return;
    const ends = [
      [x, y, x + width, y],
      [x + width, y, x + width, y + height],
      [x, y + height, x + width, y + height],
      [x, y, x, y + height],
    ];
    for (const [side, [x1 = 0, y1 = 0, x2 = 0, y2 = 0]] of ends.entries()) {
      const thick = widths[side] ?? 0;
      const colour = colours[side] ?? '';
      if (thick > 0 && !isClear(colour)) this.#add('line', { x1, y1, x2, y2, stroke: colour, 'stroke-width': thick });
    }
  }

  #text(node: Text, style: CSSStyleDeclaration): void {
    for (const { text, box } of linesOf(node)) this.#word(text.trimEnd(), box, style);
  }

  #value(element: Element, text: string, style: CSSStyleDeclaration): void {
    const { left, top, height } = element.getBoundingClientRect();
    this.#word(text, new DOMRect(left + Number.parseFloat(style.paddingLeft), top, 0, height), style);
  }

  #word(text: string, { left, top, width, height }: DOMRect, style: CSSStyleDeclaration): void {
    if (text === '') return;
    const size = Number.parseFloat(style.fontSize);
    const made = this.#add('text', {
      x: left - this.#left,
      // The baseline of a line whose words stand in its middle.
      y: top - this.#top + height / 2 + size * 0.35,
      fill: style.color,
      'font-family': style.fontFamily.replaceAll('"', "'"),
      'font-size': size,
      'font-weight': style.fontWeight,
      'letter-spacing': style.letterSpacing,
      // The words keep their width even if the reader's machine lacks the font.
      ...(width > 0 ? { textLength: width, lengthAdjust: 'spacingAndGlyphs' } : {}),
      ...(style.textDecorationLine === 'none' ? {} : { 'text-decoration': style.textDecorationLine }),
    });
    made.textContent = text;
  }

  /** A drawing of the page, with the colours that style sheets give it. */
  #drawing(element: SVGSVGElement, style: CSSStyleDeclaration): void {
    const { left, top, width, height } = element.getBoundingClientRect();
    const copy = element.cloneNode(true);
    if (!(copy instanceof SVGSVGElement)) return;
    const [from, to] = [element.querySelectorAll('*'), copy.querySelectorAll('*')];
    for (const [i, one] of from.entries()) {
      const { fill, stroke } = getComputedStyle(one);
      to[i]?.setAttribute('fill', fill);
      to[i]?.setAttribute('stroke', stroke);
    }
    copy.setAttribute('color', style.color);
    for (const [key, value] of Object.entries({ x: left - this.#left, y: top - this.#top, width, height }))
      copy.setAttribute(key, String(value));
    this.svg.append(copy);
  }

  #canvas(element: HTMLCanvasElement): void {
    const { left, top, width, height } = element.getBoundingClientRect();
    this.#add('image', { x: left - this.#left, y: top - this.#top, width, height, href: element.toDataURL() });
  }
}

/**
 * The visible part of an element, as a self-contained SVG. A view's own picture is not in the page, and is such an SVG already.
 */
export const svgOf = (element: Element): string => {
  const isPicture = element instanceof SVGSVGElement && !element.isConnected;
  return new XMLSerializer().serializeToString(isPicture ? element : new Drawing(element).svg);
};

/** The same as PNG, twice as fine. */
export async function pngOf(element: Element): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(element))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob)));
  });
}

/** Gives a file to the reader, as a download. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
