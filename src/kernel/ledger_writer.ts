// SPDX-License-Identifier: GPL-2.0-only
import { columnOf, type Memory, type Program } from '../lang/index.ts';
import { type Cpu, type Holder, type Ledger, referencesOf } from '../ledger/index.ts';
import { cpuFbatches } from './cpu_fbatches.ts';
import { iPages } from './filemap.ts';
import { gmemInode } from './guest_memfd.ts';
import { pins } from './gup.ts';
import { mlockFbatch } from './mlock.ts';
import { folio } from './page_ref.ts';
import type { Profile } from './profile.ts';
import { pte } from './zap.ts';

/** Holders that the kernel has no state of its own for: they become long references. */
const isOutside = ({ kind }: Holder): boolean =>
  kind !== 'page-cache' && kind !== 'lru-add-batch' && kind !== 'mlock-batch' && kind !== 'user-mapping';

/** The columns of one kind of per-CPU batch. */
interface BatchColumns {
  readonly counts: { [cpu: number]: number; readonly length: number };
  readonly folios: { [slot: number]: number };
  readonly slots: number;
}

/**
 * Puts a folio into a CPU's batch, `entries` times.
 * @returns the number of entries that fit; 0 if the CPU is unknown.
 */
function putInto(
  { counts, folios, slots }: BatchColumns,
  cpu: Cpu | undefined,
  folioNumber: number,
  entries: number,
): number {
  if (cpu === undefined) return 0;
  const taken = counts[cpu];
  if (taken === undefined) throw new RangeError(`CPU ${cpu} is beyond the kernel's ${counts.length}`);
  const found = Math.min(entries, slots - taken);
  for (let slot = taken; slot < taken + found; slot++) folios[cpu * slots + slot] = folioNumber;
  counts[cpu] = taken + found;
  return found;
}

/** The kernel whose memory is written. */
export interface Restored {
  readonly program: Program;
  /** Its memory after boot. */
  readonly memory: Memory;
  readonly profile: Profile;
}

/**
 * Writes a ledger into a kernel's memory: its folios become the pages of inode 0, in order and without holes, and every holder
 * a reference of the kind that the kernel has for it. A ledger does not say which page of a large folio is mapped: it counts
 * as the first that is not before page `first`, so that a conversion from there on unmaps it.
 * @returns the number of pages.
 * @throws RangeError if a holder's CPU is beyond the kernel's.
 */
export function writeLedger({ program, memory, profile }: Restored, ledger: Ledger, first: number): number {
  const slots = program.sizes['slot'] ?? 1;
  const pagesPerInode = program.sizes['index'] ?? 1;
  const lruAdd = {
    counts: columnOf(memory, cpuFbatches.lruAdd.nr),
    folios: columnOf(memory, cpuFbatches.lruAdd.folios),
    slots,
  };
  const mlock = {
    counts: columnOf(memory, mlockFbatch.nr),
    folios: columnOf(memory, mlockFbatch.folios),
    slots: program.sizes['mlock_slot'] ?? 0,
  };
  let page = 0;
  let pin = 0;
  const hold = (number: number, references: number): void => {
    if (pin >= columnOf(memory, pins.folio).length) throw new Error('the restored kernel has too few pins');
    columnOf(memory, pins.folio)[pin] = number;
    columnOf(memory, pins.references)[pin] = references;
    pin++;
  };
  for (const [number, entry] of ledger.entries()) {
    const pages = 2 ** entry.order;
    columnOf(memory, folio.allocated)[number] = 1;
    columnOf(memory, folio.order)[number] = entry.order;
    columnOf(memory, folio.mapping)[number] = 0;
    columnOf(memory, folio.index)[number] = page;
    columnOf(memory, folio.uptodate)[number] = 1;
    columnOf(memory, folio.refcount)[number] = referencesOf(entry.holders);
    columnOf(memory, folio.mapcount)[number] = referencesOf(
      entry.holders.filter(({ kind }) => kind === 'user-mapping'),
    );
    columnOf(memory, iPages).fill(number, page, page + pages);
    let batched = false;
    let mm = 0;
    for (const holder of entry.holders) {
      if (holder.kind === 'lru-add-batch') {
        // A folio is in a lru_add batch at most once. No drain finds a reference that is on its way there, or that does not
        // fit.
        const found = putInto(lruAdd, holder.cpu, number, Math.min(1, holder.references));
        batched ||= found > 0;
        if (holder.references > found) hold(number, holder.references - found);
      } else if (holder.kind === 'mlock-batch') {
        // An entry each for the page's locking and unlocking: several are possible. Up to 7.3 each holds a reference.
        const found = profile.mlockBatchHoldsReference ? putInto(mlock, holder.cpu, number, holder.references) : 0;
        if (holder.references > found) hold(number, holder.references - found);
      } else if (holder.kind === 'user-mapping')
        for (let i = 0; i < holder.references; i++)
          columnOf(memory, pte)[mm++ * pagesPerInode + Math.max(first, page)] = number;
      else if (isOutside(holder)) hold(number, holder.references);
    }
    columnOf(memory, folio.lru)[number] = Number(!batched);
    page += pages;
  }
  columnOf(memory, gmemInode.pages)[0] = page;
  return page;
}
