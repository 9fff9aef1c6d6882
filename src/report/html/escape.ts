// SPDX-License-Identifier: MIT

/** Characters that HTML or XML does not allow, that turn the direction of text, or half of a surrogate pair. */
const UNSHOWN = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFE\uFFFF]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text for the content of an element or for a quoted attribute, in HTML and in SVG. Line feeds stay. */
export const escaped = (text: string): string =>
  text.replaceAll(UNSHOWN, '?').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Attributes in the given order; undefined ones are absent. */
export const attributes = (all: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(all)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escaped(String(value))}"`))
    .join('');
