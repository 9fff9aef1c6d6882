// SPDX-License-Identifier: MIT
import type { ByteSource } from '../trace/index.ts';

/** Milliseconds between turns of the event loop, in which a signal is noticed. */
const BETWEEN_TURNS = 50;

/** The same source, with turns of the event loop: reading a file never waits, so nothing else would ever run. */
export function withTurns(source: ByteSource): ByteSource {
  let next = Date.now() + BETWEEN_TURNS;
  return {
    name: source.name,
    size: source.size,
    read: async (offset, length, into) => {
      if (Date.now() >= next) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        next = Date.now() + BETWEEN_TURNS;
      }
      return source.read(offset, length, into);
    },
  };
}
