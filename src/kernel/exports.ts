// SPDX-License-Identifier: GPL-2.0-only
import type { Step } from '../lang/index.ts';
import type { KernelSizes, Patch } from './kernel.ts';
import { folio } from './page_ref.ts';
import type { Profile } from './profile.ts';
import { buildKernel } from './program.ts';

/** As little as a conversion needs; large folios, so that a check that asks for them says so. */
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

/** What a check calls of the kernel's memory management, by the kernel's names, each once. */
function callsOf(patch: Patch, profile: Profile): readonly string[] {
  const calls = new Set<string>();
  const { codes } = buildKernel({ profile: { ...profile, batchSize: 2 }, patch }, SIZES, ['convert']);
  for (const { flow } of codes)
    for (const id of flow.steps) {
      const node = flow.nodes[id];
      if (node?.kind !== 'step') continue;
      const { path } = node.step;
      const check = path.indexOf(patch.check.name);
      if (check === -1) continue;
      const called = path[check + 1];
      if (called !== undefined) calls.add(called);
      else if (asksWhetherLruCached(node.step)) calls.add('folio_may_be_lru_cached');
    }
  return [...calls].toSorted();
}

/** The test that folioMayBeLruCached() makes: nothing else in a check compares an order with 0 for being equal. */
function asksWhetherLruCached(step: Step): boolean {
  const found = (part: unknown): boolean => {
    if (typeof part !== 'object' || part === null) return false;
    if ('operator' in part && part.operator === '==' && 'left' in part) {
      const { left } = part;
      if (typeof left === 'object' && left !== null && 'variable' in left && left.variable === folio.order.variable)
        return true;
    }
    return Object.values(part).some(found);
  };
  return found(step.effects);
}

/**
 * What a form of the check calls that neither the profile's kernel exports to modules nor the patch itself does, so that
 * KVM, which is one, could not be built with it: by the kernel's names, in alphabetical order; empty where all is well.
 */
export function unexportedCalls(patch: Patch, profile: Profile): readonly string[] {
  const exported = new Set([...profile.exports, ...(patch.exports ?? [])]);
  return callsOf(patch, profile).filter((name) => !exported.has(name));
}
