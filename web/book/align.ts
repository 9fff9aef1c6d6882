// SPDX-License-Identifier: MIT
import type { Film, Frame } from './film.ts';

/**
 * Two films on one line. Both advance together while their steps are equal. Then the shorter one waits at the first difference,
 * so that both end together:
 *
 *     long   0 1 2 3 4 5 6 7 8 short  0 1 2 3 3 3 3 4 5 ^ they part after step 3
 */
export interface Line {
  /** The last position; the first is 0. */
  readonly end: number;
  /** The frame of each film at a position. */
  framesAt(position: number): readonly number[];
  /** The first position at which a film is at a frame. */
  positionOf(film: number, frame: number): number;
}

const last = ({ frames }: Film): number => frames.length - 1;

const isSameStep = (a: Frame | undefined, b: Frame | undefined): boolean =>
  a?.step?.task === b?.step?.task && a?.step?.name === b?.step?.name && a?.step?.path.join() === b?.step?.path.join();

/** Number of steps after which two films part. */
function parting(a: Film, b: Film): number {
  const most = Math.min(last(a), last(b));
  let same = 0;
  while (same < most && isSameStep(a.frames[same + 1], b.frames[same + 1])) same++;
  return same;
}

/** The line of one film or two. */
export function lineOf(films: readonly Film[]): Line {
  const end = Math.max(0, ...films.map(last));
  const [a, b] = films;
  const part = a === undefined || b === undefined ? end : parting(a, b);
  const frameOf = (film: Film, position: number): number =>
    position <= part ? Math.min(position, last(film)) : Math.max(part, position - (end - last(film)));
  return {
    end,
    framesAt: (position) => films.map((film) => frameOf(film, Math.min(Math.max(position, 0), end))),
    positionOf: (number, frame) => {
      const film = films[number];
      return film === undefined || frame <= part ? frame : frame + (end - last(film));
    },
  };
}

/** Positions at which some film's next turn is another task's. */
export function switchesOf(films: readonly Film[], line: Line): readonly number[] {
  const found: number[] = [];
  for (let position = 1; position < line.end; position++) {
    const here = line.framesAt(position);
    const next = line.framesAt(position + 1);
    const isSwitch = films.some(({ frames }, i) => {
      const [now, then] = [here[i] ?? 0, next[i] ?? 0];
      return now !== then && frames[now]?.step?.task !== frames[then]?.step?.task;
    });
    if (isSwitch) found.push(position);
  }
  return found;
}

/** The position at which the longest film's last check reads a count for the last time; undefined if none does. */
export function decisivePosition(films: readonly Film[], line: Line): number | undefined {
  const longest = films.findIndex((film) => last(film) === line.end);
  const frame = films[longest]?.frames.findLastIndex(({ step }) => step?.read !== undefined);
  return frame === undefined || frame === -1 ? undefined : line.positionOf(longest, frame);
}
