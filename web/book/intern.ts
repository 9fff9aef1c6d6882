// SPDX-License-Identifier: MIT
import { alike } from './alike.ts';
import type { Film } from './film.ts';

/** A film that went through JSON, with parts that a step left alone made the same objects again. */
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
