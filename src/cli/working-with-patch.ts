// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import { type Patch, ScheduleMisfit } from '../machine/index.ts';
import { failing, fileOf, tracing } from './patch-origin.ts';
import { RECORDINGS_AFTER_FAILURE, RECORDINGS_AFTER_WORK, requireSameText } from './patch-text.ts';
import { forgetTurns } from './patch-watch.ts';

/**
 * Runs work with a form. Its text runs when kernels are built, and its steps when they are run, with values that may turn out
 * to be wrong only then. Such a failure is an error in the form's file, if the form came from a file.
 * @throws InputError `FILE: what failed, what to do`, one line; a failure of folioscope's own forms unchanged.
 */
export function workingWith<T>(patch: Patch, work: () => T): T {
  const result = guarded(patch, work);
  requireSameText(patch, RECORDINGS_AFTER_WORK);
  return result;
}

/** The same for work in pieces. */
export function* workingInPieces<T, R>(patch: Patch, pieces: Generator<T, R>): Generator<T, R> {
  for (;;) {
    const piece = guarded(patch, () => pieces.next());
    if (piece.done === true) {
      requireSameText(patch, RECORDINGS_AFTER_WORK);
      return piece.value;
    }
    yield piece.value;
  }
}

function guarded<T>(patch: Patch, work: () => T): T {
  const file = fileOf(patch);
  if (file === undefined) return work();
  try {
    forgetTurns();
    return tracing(work);
  } catch (error) {
    if (error instanceof InputError || isOfStore(error)) throw error;
    requireSameText(patch, RECORDINGS_AFTER_FAILURE);
    if (error instanceof ScheduleMisfit) throw error;
    throw failing(file, patch, error, 'fails');
  }
}

/**
 * An error of a directory of checkpoints or states is not an error of a form. These errors have classes of the engine, which is
 * not loaded here.
 */
const isOfStore = (error: unknown): boolean =>
  error instanceof Error && ['CheckpointError', 'UnwrittenError', 'StoreFullError'].includes(error.name);
