// SPDX-License-Identifier: MIT
import { Cpus } from './cpus.tsx';
import type { Film, FilmVerdict } from './film.ts';
import { Folios } from './folios.tsx';
import { Icon } from './icons.tsx';
import type { EveryOrder } from './protocol.ts';

interface Props {
  readonly film: Film;
  readonly title: string;
  /** Its place among the films. */
  readonly number: number;
  /** A caption in plain words; undefined if there is none. */
  readonly caption: string | undefined;
  readonly at: number;
  readonly everyOrder: EveryOrder | undefined;
  readonly onlyChanges: boolean;
  readonly onFrame: (frame: number) => void;
  readonly onChoose: (task: number) => void;
}

/** One film at one moment. */
export function Panel({ film, title, number, caption, at, everyOrder, onlyChanges, onFrame, onChoose }: Props) {
  return (
    <section class="panel" aria-label={title === film.form ? film.form : `${title}: ${film.form}`}>
      <h2 title={film.summary}>
        {title}
        <span>
          {title === film.form ? '' : film.form} <i class={`film-key film-${number}`} aria-hidden="true" />
        </span>
      </h2>
      <div class="verdicts">
        {film.verdicts.map((verdict, i) => (
          <Verdict key={i} verdict={verdict} at={at} isOnly={film.verdicts.length === 1} onFrame={onFrame} />
        ))}
        {caption === undefined ? undefined : <p class="caption">{caption}</p>}
        {film.ended === undefined ? undefined : <p class="verdict-note unsure">{film.ended}</p>}
        {everyOrder === undefined ? undefined : <p class="verdict-note dim">{everyOrderText(everyOrder)}</p>}
        {film.skipped === 0 ? undefined : (
          <p class="verdict-note dim">
            {film.skipped} of the chosen turns do not exist here: the thread was done, or waited
          </p>
        )}
      </div>
      <Cpus film={film} at={at} onlyChanges={onlyChanges} onFrame={onFrame} onChoose={onChoose} />
      <Folios film={film} at={at} onlyChanges={onlyChanges} onFrame={onFrame} />
    </section>
  );
}

/** The result of an exploration, in one line. */
function everyOrderText({ verdict, states, violated }: EveryOrder): string {
  switch (verdict) {
    case 'holds':
      return `on every order of the steps: every property holds, ${states} states`;
    case 'violated':
      return `on every order of the steps: ${violated.join(', ')} violated, ${states} states`;
    case 'undecided':
      return `on every order of the steps: undecided after ${states} states`;
  }
}

interface VerdictProps {
  readonly verdict: FilmVerdict;
  readonly at: number;
  readonly isOnly: boolean;
  readonly onFrame: (frame: number) => void;
}

const SIGNS = { safe: 'yes', refused: 'no', undecided: 'open' } as const;
const TONES = { safe: 'good', refused: 'bad', undecided: 'unsure' } as const;

function Verdict({ verdict: { verdict, text, call, frame }, at, isOnly, onFrame }: VerdictProps) {
  // `refused at index 0 (spurious: only batches hold it)`: the reason stands on a line of its own.
  const [, head = text, reason = ''] = /^(.*?) ?(?:\((.*)\).*|, (.*))?$/s.exec(text) ?? [];
  const why = reason === '' ? text.slice(head.length).replace(/^, /, '') : reason;
  return (
    <div class="verdict">
      {isOnly ? undefined : <p class="verdict-call dim">{call}</p>}
      <p class={`verdict-word ${TONES[verdict]}`}>
        <Icon name={SIGNS[verdict]} /> {head}
        {at >= frame ? undefined : (
          <button type="button" class="verdict-when" onClick={() => onFrame(frame)}>
            in {frame - at} {frame - at === 1 ? 'step' : 'steps'}
          </button>
        )}
      </p>
      {why === '' ? undefined : <p class="verdict-note dim">{why}</p>}
    </div>
  );
}
