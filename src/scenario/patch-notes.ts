// SPDX-License-Identifier: MIT
import { MUTANTS, unexportedCalls } from '../kernel/index.ts';
import type { Patch, Profile } from '../machine/index.ts';

/** Notes on a form of the check that a reader needs before its results. */
export interface PatchNotes {
  /** Description of a deliberate mistake; undefined for other forms. */
  readonly mutant: string | undefined;
  /** Calls of the check that the profile's kernel does not export to modules, by the kernel's names. */
  readonly unexportedCalls: readonly string[];
}

/** Description of a deliberate mistake, or its name if it is not a shipped one; undefined for other forms. */
export const mutantIn = ({ mutant }: Patch): string | undefined =>
  mutant === undefined ? undefined : (MUTANTS.find(({ name }) => name === mutant.name)?.forgets ?? mutant.name);

/** Cached, because the notes need a kernel to be built, and a form may run many times. */
const notesOf = new WeakMap<Profile, WeakMap<Patch, PatchNotes>>();

/**
 * Notes on a form under a kernel profile, for every command that runs the form.
 * @example
 * import { DEFAULT_PROFILE, patchNamed } from 'folioscope/machine';
 * import { mutantIn, patchNotes } from 'folioscope/scenario';
 * patchNotes(patchNamed('v6'), DEFAULT_PROFILE); // => { mutant: undefined, unexportedCalls: ['folio_may_be_lru_cached'] }
 * mutantIn(patchNamed('v6')); // => undefined
 */
export function patchNotes(patch: Patch, profile: Profile): PatchNotes {
  const known = notesOf.get(profile) ?? new WeakMap<Patch, PatchNotes>();
  notesOf.set(profile, known);
  const notes = known.get(patch) ?? {
    mutant: mutantIn(patch),
    unexportedCalls: unexportedCalls(patch, profile),
  };
  known.set(patch, notes);
  return notes;
}
