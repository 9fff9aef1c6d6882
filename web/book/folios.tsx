// SPDX-License-Identifier: MIT
import { HOLDER_LOOKS, holderName } from '../design/index.ts';
import { type FolioGroup, grouped, groupName, type ShownHolder, shownHolders, takenAt } from './changes.ts';
import type { Film, FilmFolio } from './film.ts';

/** What the parts of a panel share. */
export interface PanelProps {
  readonly film: Film;
  /** The frame that is shown. */
  readonly at: number;
  /** Whether parts that the last step did not change are hidden. */
  readonly onlyChanges: boolean;
  readonly onFrame: (frame: number) => void;
}

/** The page cache: a row for each folio, or one row for neighbours with equal holders. */
export function Folios({ film, at, onlyChanges, onFrame }: PanelProps) {
  const folios = film.frames[at]?.folios ?? [];
  const before = film.frames[at - 1]?.folios ?? folios;
  const groups = grouped(folios, before).filter(({ first }) => !onlyChanges || !before.includes(first));
  const gone = before.filter(({ number }) => !folios.some((folio) => folio.number === number));
  if (groups.length === 0 && gone.length === 0)
    return <p class="folios-none dim">{onlyChanges ? 'no folio has changed' : 'no folio in memory'}</p>;
  return (
    <ul class={groups.length > 2 ? 'folios is-many' : 'folios'} aria-label="Folios">
      {groups.map((group) => (
        <Folio
          key={group.first.number}
          group={group}
          isAlone={groups.length < 3}
          before={before.find(({ number }) => number === group.first.number)}
          film={film}
          at={at}
          onFrame={onFrame}
        />
      ))}
      {gone.map((folio) => (
        <li class="folio" key={folio.number}>
          <p class="count">
            0<span class="expected">freed</span>
          </p>
          <p class="folio-name">{groupName({ first: folio, folios: [folio] })}</p>
        </li>
      ))}
    </ul>
  );
}

interface FolioProps extends Omit<PanelProps, 'onlyChanges'> {
  readonly group: FolioGroup;
  /** There is room for a sentence. */
  readonly isAlone: boolean;
  readonly before: FilmFolio | undefined;
}

function Folio({ group, isAlone, before, film, at, onFrame }: FolioProps) {
  const { first, folios } = group;
  const isCounted = before !== undefined && before.count !== first.count;
  return (
    <li class="folio">
      <p class={isCounted ? 'count is-changed' : 'count'}>
        {first.count}
        <span class="expected">
          {folios.length === 1 ? '' : 'each, '}expected {first.expected}
          {tooMany(first)}
        </span>
      </p>
      <div class="folio-holders">
        <ul class="chips" aria-label={`Holders of ${groupName(group)}`}>
          {shownHolders(first, before).map((shown) => (
            <Chip
              key={holderName(shown.holder)}
              shown={shown}
              taken={shown.change === 'gone' ? undefined : takenAt(film, at, first.number, shown.holder)}
              onFrame={onFrame}
            />
          ))}
        </ul>
        <p class="folio-name">
          {groupName(group)}
          {first.count !== sumOf(first)
            ? ': its count is NOT the sum of its holders'
            : isAlone
              ? ': its count is the sum of its holders'
              : ''}
        </p>
      </div>
    </li>
  );
}

/** References beyond the count that a check expects. */
function tooMany({ count, expected, holders }: FilmFolio) {
  const isLookedAt = holders.some(({ kind }) => kind === 'safety-check');
  return isLookedAt && count > expected ? <b class="bad">{count - expected} too many</b> : undefined;
}

const sumOf = ({ holders }: FilmFolio): number => holders.reduce((sum, { references }) => sum + references, 0);

interface ChipProps {
  readonly shown: ShownHolder;
  readonly taken: number | undefined;
  readonly onFrame: (frame: number) => void;
}

/** A holder; a click goes to the step that took its reference. */
function Chip({ shown: { holder, change }, taken, onFrame }: ChipProps) {
  const sign = { none: '', new: '+', more: '+', gone: '−', fewer: '−' }[change];
  const name = `${sign}${holderName(holder)}`;
  const colour = { '--kind': `var(${HOLDER_LOOKS[holder.kind].colour})` };
  const swatch = <i class={`swatch fill-${HOLDER_LOOKS[holder.kind].fill}`} aria-hidden="true" />;
  return (
    <li>
      {taken === undefined ? (
        <span class="chip is-gone" style={colour}>
          {swatch}
          <s>{name.slice(1)}</s> <span class="unseen">has put its reference</span>
        </span>
      ) : (
        <button
          type="button"
          class={change === 'none' ? 'chip' : 'chip is-changed'}
          style={colour}
          title={taken === 0 ? 'held from the start' : `taken in step ${taken}: go there`}
          onClick={() => onFrame(taken)}
        >
          {swatch}
          {name} <b>{holder.references}</b>
        </button>
      )}
    </li>
  );
}
