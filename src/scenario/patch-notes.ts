// SPDX-License-Identifier: MIT
import { MUTANTS, unexportedCalls } from '../kernel/index.ts';
import type { Patch, Profile } from '../machine/index.ts';

/** What a reader must know of a form of the check before its results. */
export interface PatchNotes {
  /** For a deliberate mistake: what is wrong with it. Undefined for forms of the check. */
  readonly mutant: string | undefined;
  /** Calls of the check that the profile's kernel does not export to modules, by the kernel's names. */
  readonly unexportedCalls: readonly string[];
}

/** What is wrong with a deliberate mistake, or the name of one that is not shipped; undefined for forms of the check. */
export const mutantIn = ({ mutant }: Patch): string | undefined =>
  mutant === undefined ? undefined : (MUTANTS.find(({ name }) => name === mutant.name)?.forgets ?? mutant.name);

/** Cached: a kernel is built for the notes, and one scenario is run under one form many times. */
const told = new WeakMap<Profile, WeakMap<Patch, PatchNotes>>();

/**
 * The notes about a form on a kernel profile, wherever it is run.
 * @example
 * import { DEFAULT_PROFILE, patchNamed } from 'folioscope/machine';
 * import { mutantIn, patchNotes } from 'folioscope/scenario';
 * patchNotes(patchNamed('v6'), DEFAULT_PROFILE); // => { mutant: undefined, unexportedCalls: ['folio_may_be_lru_cached'] }
 * mutantIn(patchNamed('v6')); // => undefined
 */
export function patchNotes(patch: Patch, profile: Profile): PatchNotes {
  const known = told.get(profile) ?? new WeakMap<Patch, PatchNotes>();
  told.set(profile, known);
  const notes = known.get(patch) ?? {
    mutant: mutantIn(patch),
    unexportedCalls: unexportedCalls(patch, profile),
  };
  known.set(patch, notes);
  return notes;
}
