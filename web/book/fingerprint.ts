// SPDX-License-Identifier: MIT
import type { Film } from './film.ts';

/** FNV-1a, 32 bits. */
function hashOf(text: string): string {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  return (hash >>> 0).toString(36);
}

/** A short hash of the visible state, for links: it differs if the model has changed since. */
export const fingerprint = (films: readonly Film[], frames: readonly number[]): string =>
  hashOf(
    JSON.stringify(
      films.map(({ form, frames: all }, film) => {
        const { step, folios, batches } = all[frames[film] ?? 0] ?? {};
        return [form, step?.task, step?.name, folios, batches];
      }),
    ),
  );
