// SPDX-License-Identifier: MIT

/** Words of the views that a reader may not know, for the `?` sheet: each with its meaning. */
export const WORDS: readonly (readonly [word: string, means: string])[] = [
  ['folio', 'one page, or several that are counted together'],
  ['private', 'only the guest may use the page'],
  ['holder', 'who has a reference to the folio; the count is the sum of them'],
  ['batch', 'a CPU’s short list of folios on their way to the LRU lists; it holds each of them'],
  ['drain', 'has a CPU empty its batches'],
  ['form', 'one way to write the kernel’s check; baseline has no drain'],
  ['spurious', 'refused although only batches hold the page'],
  ['derived', 'not proved by reference events, but it follows from others'],
  ['vacuous', 'holds, but no run reaches what the property is about'],
  ['I1 … I9', 'properties; the table of a check is followed by their meaning'],
];
