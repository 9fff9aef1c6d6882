// SPDX-License-Identifier: MIT
import { useMemo } from 'preact/hooks';
import type { Line } from './align.ts';
import type { Film } from './film.ts';

interface Props {
  readonly films: readonly Film[];
  readonly line: Line;
  readonly position: number;
  readonly onSeek: (position: number) => void;
}

/** Neighbouring positions at which the same task has moved. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/** By task: the positions on the line where it moved in a film. */
function runsOf(film: Film, number: number, line: Line): readonly (readonly Run[])[] {
  const runs: { from: number; to: number }[][] = film.tasks.map(() => []);
  for (let position = 1; position <= line.end; position++) {
    const [before, here] = [line.framesAt(position - 1)[number] ?? 0, line.framesAt(position)[number] ?? 0];
    if (before === here) continue;
    const its = runs[film.frames[here]?.step?.task ?? 0];
    const last = its?.at(-1);
    if (last?.to === position - 1) last.to = position;
    else its?.push({ from: position - 1, to: position });
  }
  return runs;
}

/** A line of steps with a lane for each thread, and in it a row for each film, which marks the thread's turns. */
export function Scrubber({ films, line, position, onSeek }: Props) {
  const rows = useMemo(() => films.map((film, i) => runsOf(film, i, line)), [films, line]);
  const tasks = films[0]?.tasks ?? [];
  const lanes = tasks.flatMap((name, task) => {
    const runs = rows.map((film) => film[task] ?? []);
    return runs.every((its) => its.length === 0) ? [] : [{ name, runs }];
  });
  const start = Math.max(...films.map(({ start: frame }, i) => line.positionOf(i, frame)));
  const width = Math.max(1, line.end);
  const step = films
    .map(({ frames }, i) => frames[line.framesAt(position)[i] ?? 0]?.step)
    .find((one) => one !== undefined);
  return (
    <div class="scrubber">
      <ul class="lane-names" aria-hidden="true">
        {lanes.map(({ name }) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      <div class="lanes">
        <svg
          viewBox={`0 0 ${width} ${lanes.length * 20}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          style={{ height: `${lanes.length * 1.25}rem` }}
        >
          {start > 0 ? <rect class="lane-before" x="0" y="0" width={start} height={lanes.length * 20} /> : undefined}
          {lanes.map(({ name, runs }, lane) => (
            <g key={name}>
              {runs.flatMap((its, film) =>
                its.map(({ from, to }) => (
                  <rect
                    key={`${film}/${from}`}
                    class={`lane-run film-${film}`}
                    x={from}
                    width={to - from}
                    y={lane * 20 + 3 + (14 / runs.length) * film}
                    height={14 / runs.length - (runs.length > 1 ? 1 : 0)}
                  />
                )),
              )}
            </g>
          ))}
        </svg>
        <span class="cursor" style={{ left: `${(100 * position) / width}%` }} />
        <input
          type="range"
          min="0"
          max={line.end}
          step="1"
          value={position}
          aria-label="Step"
          aria-valuetext={
            step === undefined
              ? `step ${position} of ${line.end}`
              : `step ${position} of ${line.end}: ${tasks[step.task]}, ${step.name}`
          }
          onInput={({ currentTarget }) => onSeek(currentTarget.valueAsNumber)}
        />
      </div>
    </div>
  );
}
