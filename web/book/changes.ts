// SPDX-License-Identifier: MIT
import type { Holder } from '../../src/ledger/index.ts';
import type { Film, FilmFolio } from './film.ts';

/** What distinguishes the holders of one folio. */
const holderKey = ({ kind, cpu, task }: Holder): string => `${kind}/${cpu ?? ''}/${task ?? ''}`;

/** A holder beside what it was one frame before. */
export interface ShownHolder {
  readonly holder: Holder;
  readonly change: 'none' | 'new' | 'gone' | 'more' | 'fewer';
}

/** The holders of a folio, and those that the last step removed. */
export function shownHolders(folio: FilmFolio, before: FilmFolio | undefined): readonly ShownHolder[] {
  const old = new Map((before?.holders ?? []).map((holder) => [holderKey(holder), holder]));
  const shown = folio.holders.map((holder): ShownHolder => {
    const was = old.get(holderKey(holder));
    old.delete(holderKey(holder));
    if (was === undefined) return { holder, change: before === undefined ? 'none' : 'new' };
    if (was.references === holder.references) return { holder, change: 'none' };
    return { holder, change: was.references < holder.references ? 'more' : 'fewer' };
  });
  return [...shown, ...[...old.values()].map((holder): ShownHolder => ({ holder, change: 'gone' }))];
}

/** The frame whose step took a holder's reference: the holder is present in every frame since. */
export function takenAt({ frames }: Film, at: number, folio: number, holder: Holder): number {
  const key = holderKey(holder);
  let frame = at;
  while (frame > 0) {
    const before = frames[frame - 1]?.folios.find(({ number }) => number === folio);
    if (before === undefined || !before.holders.some((one) => holderKey(one) === key)) break;
    frame--;
  }
  return frame;
}

/** Folios next to each other in one file whose holders are alike. */
export interface FolioGroup {
  readonly first: FilmFolio;
  readonly folios: readonly FilmFolio[];
}

const likeness = ({ file, index, pages, count, holders }: FilmFolio): string =>
  JSON.stringify([file, index === undefined, pages, count, holders.map((one) => [holderKey(one), one.references])]);

/** The folios in groups; a folio that the step has changed is a group of its own. */
export function grouped(folios: readonly FilmFolio[], before: readonly FilmFolio[]): readonly FolioGroup[] {
  const groups: { first: FilmFolio; folios: FilmFolio[] }[] = [];
  const isOld = (folio: FilmFolio): boolean => before.includes(folio);
  for (const folio of folios) {
    const group = groups.at(-1);
    const previous = group?.folios.at(-1);
    if (
      group !== undefined &&
      previous !== undefined &&
      isOld(folio) &&
      isOld(previous) &&
      likeness(previous) === likeness(folio) &&
      (folio.index === undefined || folio.index === (previous.index ?? 0) + previous.pages)
    )
      group.folios.push(folio);
    else groups.push({ first: folio, folios: [folio] });
  }
  return groups;
}

/** `page 0`, `pages 0–30`, `folio 3, in no file`. */
export function groupName({ first, folios }: FolioGroup): string {
  const last = folios.at(-1) ?? first;
  if (first.index === undefined || last.index === undefined)
    return folios.length === 1 ? `folio ${first.number}, in no file` : `${folios.length} folios, in no file`;
  const end = last.index + last.pages - 1;
  const file = first.file === undefined ? '' : `${first.file}: `;
  return `${file}${end === first.index ? `page ${first.index}` : `pages ${first.index}–${end}`}`;
}
