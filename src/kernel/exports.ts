// SPDX-License-Identifier: GPL-2.0-only
import { observationsIn } from '../lang/index.ts';
import { folio_may_be_lru_cached } from './folio.ts';
import { folio_maybe_dma_pinned } from './gup.ts';
import { ALTERNATIVES } from './alternatives.ts';
import { PATCHES } from './guest_memfd_check.ts';
import type { KernelSizes, Patch } from './kernel.ts';
import { MAY_BE_LRU_CACHED } from './observations.ts';
import {
  folio_mapped,
  folio_ref_count,
  folio_ref_freeze,
  folio_ref_unfreeze,
  folio_test_lru,
  folio_try_get,
} from './page_ref.ts';
import type { Profile } from './profile.ts';
import { buildKernel } from './program.ts';

/** The smallest sizes for a conversion; with large folios, so that the calls of a check that tests for them are found. */
const SIZES: KernelSizes = {
  tasks: 2,
  cpus: 1,
  folios: 1,
  inodes: 1,
  pages: 1,
  mms: 1,
  pins: 0,
  references: 8,
  order: 1,
};

/** Routines that are inline in the kernel's headers: a module needs no export of them. */
const INLINE: ReadonlySet<string> = new Set(
  [
    folio_mapped,
    folio_maybe_dma_pinned,
    folio_ref_count,
    folio_ref_freeze,
    folio_ref_unfreeze,
    folio_test_lru,
    folio_try_get,
  ].map(({ name }) => name),
);

/** The routines of the kernel's own forms, by profile; others are an author's helpers. */
const known = new WeakMap<Profile, ReadonlySet<string>>();

function routinesOfTheKernel(profile: Profile): ReadonlySet<string> {
  const found =
    known.get(profile) ?? new Set([...PATCHES, ...ALTERNATIVES].flatMap((patch) => routinesIn(patch, profile)));
  known.set(profile, found);
  return found;
}

const routinesIn = (patch: Patch, profile: Profile): readonly string[] =>
  buildKernel({ profile: { ...profile, batchSize: 2 }, patch }, SIZES, ['convert']).codes.flatMap(({ flow }) =>
    flow.nodes.flatMap((node) => (node.kind === 'step' ? node.step.path : [])),
  );

/** Routines of the kernel's memory management that a check calls, by the kernel's names, each once. */
function callsOf(patch: Patch, profile: Profile): readonly string[] {
  const calls = new Set<string>();
  const kernel = routinesOfTheKernel(profile);
  const program = buildKernel({ profile: { ...profile, batchSize: 2 }, patch }, SIZES, ['convert']);
  for (const { flow } of program.codes)
    for (const id of flow.steps) {
      const node = flow.nodes[id];
      if (node?.kind !== 'step') continue;
      const { path } = node.step;
      const check = path.indexOf(patch.check.name);
      if (check === -1) continue;
      // A helper of the form's own is part of the form.
      const called = path.slice(check + 1).find((routine) => kernel.has(routine));
      if (called !== undefined && !INLINE.has(called)) calls.add(called);
    }
  for (const { observed } of observationsIn(program))
    if (observed.mark === MAY_BE_LRU_CACHED) calls.add(folio_may_be_lru_cached.name);
  return [...calls].toSorted();
}

/**
 * Calls of a form of the check that neither the profile's kernel nor the patch itself exports to modules: KVM, which is
 * a module, could not be built with it. By the kernel's names, in alphabetical order; empty if everything is exported.
 * @example
 * import {
 *   DEFAULT_PROFILE,
 *   folio_may_be_lru_cached,
 *   folioNrPages,
 *   lru_add_drain,
 *   type Patch,
 *   safetyCheck,
 *   unexportedCalls,
 * } from 'folioscope/kernel';
 * const mine: Patch = { name: 'mine', summary: '', check: safetyCheck((k) => k.call(lru_add_drain, {})) };
 * unexportedCalls(mine, DEFAULT_PROFILE); // => ['lru_add_drain']
 * folio_may_be_lru_cached.name; // => 'folio_may_be_lru_cached'
 * typeof folioNrPages; // => 'function'
 */
export function unexportedCalls(patch: Patch, profile: Profile): readonly string[] {
  const exported = new Set([...profile.exports, ...(patch.exports ?? [])]);
  return callsOf(patch, profile).filter((name) => !exported.has(name));
}
