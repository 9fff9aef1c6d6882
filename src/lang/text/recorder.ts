// SPDX-License-Identifier: MIT
import type { Expr } from './expr.ts';

/** Receives the assignments of a routine's text while it is being built. */
export interface Recorder {
  assign(place: Expr, value: Expr): void;
}

let current: Recorder | undefined;

/** The present receiver of assignments. @throws Error if no code is being built: places are written only then. */
export function currentRecorder(): Recorder {
  if (current === undefined)
    throw new Error('a place is written where no text is recorded: outside a routine, in a timer or a promise');
  return current;
}

/** Makes `recorder` receive the assignments while `body` runs. */
export function recording<T>(recorder: Recorder, body: () => T): T {
  const outer = current;
  current = recorder;
  try {
    return body();
  } finally {
    current = outer;
  }
}
