// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';
import { createMachine, type Machine, type Patch } from '../machine/index.ts';
import { failing, fileOf, tracing } from './patch-origin.ts';
import { forgetTurns } from './patch-watch.ts';

/** Recordings of a form's text when it is loaded. */
export const RECORDINGS = 3;

export const RECORDINGS_AFTER_WORK = 2;

/** After a failure there are more recordings, because the text may only differ later. */
export const RECORDINGS_AFTER_FAILURE = 16;

/** The kernel that a form is tried in: small, with more CPUs than one, because a form may drain CPUs by number. */
export const BUILT = { cpus: 8, tasks: [{ name: 'T', cpu: 0 }], guestMemfds: [{ pages: 1 }] };

export const TRIED = ['touch', 'convert'] as const;

/** A form's text as JSON, recorded each time in the smallest kernel. */
export function* recordings(patch: Patch, times: number): Generator<string> {
  for (let time = 0; time < times; time++) {
    forgetTurns();
    yield textOf(tracing(() => createMachine({ ...BUILT, patch, calls: TRIED })));
  }
}

export const textOf = ({ program }: Machine): string => JSON.stringify(program.codes);

/** The texts of users' forms, as first recorded. */
const textsOf = new WeakMap<Patch, string>();

/** @throws InputError if recordings of a form's text differ: a kernel has the text once for each conversion. */
export function requireOneText(file: string, patch: Patch, recorded: Iterable<string>): void {
  let first = textsOf.get(patch);
  for (const text of recorded) {
    first ??= text;
    if (text !== first)
      throw new InputError(
        `${file}: the form's text differs from one recording to the next, expected state in k.let or in shared memory, not in JavaScript`,
      );
  }
  if (first !== undefined) textsOf.set(patch, first);
}

/**
 * Requires that a user's form still has the same text; otherwise an answer about it is void. @throws InputError if it is not.
 */
export function requireSameText(patch: Patch, times: number): void {
  const file = fileOf(patch);
  if (file === undefined) return;
  try {
    requireOneText(file, patch, recordings(patch, times));
  } catch (error) {
    throw error instanceof InputError ? error : failing(file, patch, error, 'fails');
  }
}
