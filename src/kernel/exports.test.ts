// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { ALTERNATIVES } from './alternatives.ts';
import { unexportedCalls } from './exports.ts';
import { PATCHES } from './guest_memfd_check.ts';
import { mutantNamed } from './mutants.ts';
import { PROFILES } from './profile.ts';

const onProfile = (patchName: string, profileName: string): readonly string[] => {
  const patch = [...PATCHES, ...ALTERNATIVES].find(({ name }) => name === patchName);
  const profile = PROFILES.find(({ name }) => name === profileName);
  if (patch === undefined || profile === undefined) throw new Error(`${patchName}, ${profileName}`);
  return unexportedCalls(patch, profile);
};

test.each([
  ['baseline', 'linux-7.3', []],
  ['baseline', 'linux-6.8', []],
  ['local-drain', 'linux-7.3', ['folio_may_be_lru_cached', 'lru_add_drain']],
  // They bring the export of lru_add_drain_all; what 7.3 made private to mm they do not bring.
  ['v6', 'linux-7.3', ['folio_may_be_lru_cached']],
  ['v8', 'linux-7.3', ['folio_may_be_lru_cached']],
  ['v6', 'linux-6.18', []],
  ['v6', 'linux-6.8', ['folio_may_be_lru_cached']],
  ['drain-for-folio', 'linux-7.3', []],
  ['drain-for-folio', 'linux-6.18', ['lru_cache_drain_for_folio']],
  ['drain-all-first', 'linux-7.3', ['lru_add_drain_all']],
  ['lru-cache-disable', 'linux-7.3', ['lru_cache_disable', 'lru_cache_enable']],
  ['isolate', 'linux-7.3', ['folio_isolate_lru', 'folio_putback_lru']],
  ['known-references', 'linux-7.3', []],
] as const)('%s on %s calls what is not exported: %o', (patch, profile, names) => {
  expect(onProfile(patch, profile)).toEqual(names);
});

test('a mutant of v6 calls what v6 calls', () => {
  const [newest] = PROFILES;
  if (newest === undefined) throw new Error('no profile');
  expect(unexportedCalls(mutantNamed('drain-waits-for-nothing').patch, newest)).toEqual(['folio_may_be_lru_cached']);
});
