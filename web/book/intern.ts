// SPDX-License-Identifier: MIT
import { alike } from './alike.ts';
import type { Film } from './film.ts';

/** A film read from JSON, in which unchanged parts of successive frames are made the same object again. */
export function interned(film: Film): Film {
  const frames: Film['frames'][number][] = [];
  for (const { step, folios, batches, tasks } of film.frames) {
    const last = frames.at(-1);
    frames.push({
      step,
      folios: alike(last?.folios, folios),
      batches: alike(last?.batches, batches),
      tasks: alike(last?.tasks, tasks),
    });
  }
  return { ...film, frames };
}
