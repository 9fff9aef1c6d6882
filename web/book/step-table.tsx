// SPDX-License-Identifier: MIT
import { useState } from 'preact/hooks';
import { holderName } from '../design/index.ts';
import { groupName, shownHolders } from './changes.ts';
import type { Film, Frame } from './film.ts';

interface Props {
  readonly film: Film | undefined;
  readonly at: number;
  readonly onFrame: (frame: number) => void;
}

/** The same run as a table: for screen readers, for searching, and for reading. Its rows are made when it is opened. */
export function StepTable({ film, at, onFrame }: Props) {
  const [isOpen, setOpen] = useState(false);
  if (film === undefined) return undefined;
  return (
    <details class="steps" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        All {film.frames.length - 1} steps of {film.form} as a table
      </summary>
      {isOpen ? (
        <div class="steps-scroll" tabIndex={0} role="region" aria-label={`Steps of ${film.form}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">Thread</th>
                <th scope="col">CPU</th>
                <th scope="col">Routine and step</th>
                <th scope="col">What changed</th>
              </tr>
            </thead>
            <tbody>
              {film.frames.map((frame, number) =>
                frame.step === undefined ? undefined : (
                  <tr key={number} aria-current={number === at ? 'step' : undefined}>
                    <td>
                      <button type="button" class="link" onClick={() => onFrame(number)}>
                        {number}
                      </button>
                    </td>
                    <td>{film.tasks[frame.step.task]}</td>
                    <td>{frame.step.cpu}</td>
                    <td class="code">
                      {[...frame.step.path.slice(-1).filter((one) => one !== frame.step?.name), frame.step.name].join(
                        ': ',
                      )}
                    </td>
                    <td>{changeText(frame, film.frames[number - 1]).join('; ')}</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </div>
      ) : undefined}
    </details>
  );
}

/** The step's change of the ledger, in words. */
function changeText(frame: Frame, before: Frame | undefined): readonly string[] {
  const lines = frame.folios.flatMap((folio) => {
    const was = before?.folios.find(({ number }) => number === folio.number);
    if (was === folio) return [];
    const holders = shownHolders(folio, was)
      .filter(({ change }) => change !== 'none' || was === undefined)
      .map(({ holder, change }) => `${change === 'gone' || change === 'fewer' ? '−' : '+'}${holderName(holder)}`);
    return [
      `${groupName({ first: folio, folios: [folio] })}: ${was?.count ?? 0} → ${folio.count} (${holders.join(', ')})`,
    ];
  });
  const { read, returned } = frame.step ?? {};
  return [
    ...lines,
    ...(read === undefined ? [] : [`reads the count ${read.count}`]),
    ...(returned === undefined ? [] : [`returns ${returned}`]),
  ];
}
