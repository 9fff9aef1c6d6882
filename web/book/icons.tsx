// SPDX-License-Identifier: MIT

/** Drawn, because fonts lack these signs. */
const PATHS = {
  first: 'M3 3v10M13 3 6 8l7 5z',
  back: 'M11 3 4 8l7 5z',
  next: 'M5 3l7 5-7 5z',
  last: 'M13 3v10M3 3l7 5-7 5z',
  play: 'M4 2.5 13 8l-9 5.5z',
  pause: 'M4.5 3v10M11.5 3v10',
  yes: 'M2.5 8.5 6 12l7.5-8.5',
  no: 'M3 3l10 10M13 3 3 13',
  open: 'M4 6a4 4 0 1 1 5.5 3.7C8.4 10.2 8 10.8 8 12M8 14.2v.3',
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: ReadonlySet<IconName> = new Set(['first', 'back', 'next', 'last', 'play']);

/** A small sign beside words, or in a button that has a name of its own. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      fill={FILLED.has(name) ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linejoin="round"
      stroke-linecap="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
