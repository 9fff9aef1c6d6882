// SPDX-License-Identifier: MIT
import type { FilemapEvent, Nanoseconds, PageReference, Pfn } from '../../ledger/index.ts';
import { ByFrame } from '../by-frame.ts';
import type { Conversions } from '../conversions.ts';
import type { Generation } from '../generation.ts';
import type { Moments } from '../moments.ts';
import { isEndOfCheck, isOfCheck } from '../reference-rules.ts';
import { References } from '../references.ts';

/** The holders of each page frame, as far as page_ref events show them. */
export class FrameReferences {
  /** Folios in the page cache with an unexpected holder. */
  readonly held = new Set<Generation>();
  /** By page frame, from its allocation until its last reference is put. */
  readonly #byFrame = new ByFrame<References>();
  readonly #moments: Moments;
  readonly #conversions: Conversions;

  constructor(moments: Moments, conversions: Conversions) {
    this.#moments = moments;
    this.#conversions = conversions;
  }

  /** A folio entered the page cache: it has the references of its frame. */
  added(folio: Generation): void {
    folio.references = this.#byFrame.get(folio.pfn);
    if (folio.references?.isHeld === true) this.held.add(folio);
  }

  /** A folio left the page cache at `at`. */
  left(folio: Generation, at: Nanoseconds): void {
    this.#remember(folio, at);
    folio.references = undefined;
    this.held.delete(folio);
  }

  freed(pfn: Pfn): void {
    this.#byFrame.delete(pfn);
  }

  /** @param folio the frame's folio in the page cache; undefined if none is tracked. */
  changed(event: PageReference, folio: Generation | undefined): void {
    const { pfn, at } = event;
    const known = this.#byFrame.get(pfn);
    const references = known ?? new References(event);
    const isFollowed = folio?.inode !== undefined && folio.deletedAt === undefined;
    const drops = event.value < 0;
    if (isFollowed && drops && isEndOfCheck(event))
      this.#conversions.unchecked(event.pid, folio, references.state.holders);
    if (isFollowed) this.#remember(folio, at);
    references.apply(event);
    if (isFollowed && event.value > 0 && isOfCheck(event))
      this.#conversions.checked(event.pid, folio, references.state.holders);
    if (isFollowed) {
      if (drops) release(folio, event);
      if (references.isHeld) this.held.add(folio);
      else this.held.delete(folio);
      folio.references = references;
      if (isOfGuestMemfd(event) && event.value > 0 && folio.inode !== undefined) folio.inode.allocatedByKvm = true;
    }
    if (references.count === 0) this.#byFrame.delete(pfn);
    else if (known === undefined) this.#byFrame.set(pfn, references);
  }

  /** Events were lost, so counts cannot be summed across the gap; a frame starts anew at its next event. */
  forgetAll(at: Nanoseconds | undefined, folios: ByFrame<Generation>): void {
    if (this.#byFrame.size === 0) return;
    this.#byFrame.clear();
    this.held.clear();
    for (const folio of folios.values()) {
      if (at !== undefined) this.#remember(folio, at);
      folio.references = undefined;
    }
  }

  /** Keeps a folio's holders before they change at `at`, if a moment needs them. */
  #remember({ references, referencesBefore }: Generation, at: Nanoseconds): void {
    if (references !== undefined && this.#moments.needsState(references.from, at))
      referencesBefore.push(references.state);
  }
}

/** The flush that inserted a folio puts the batch's reference. */
function release(folio: Generation, { at, cpu, pid }: PageReference): void {
  const { flush } = folio;
  if (flush !== undefined && flush.cpu === cpu && flush.pid === pid && flush.over === undefined)
    folio.releasedAt ??= at;
}

/** Whether an event's stack leads through guest_memfd's own allocation of a folio (virt/kvm/guest_memfd.c). */
export const isOfGuestMemfd = ({ stack }: FilemapEvent | PageReference): boolean =>
  stack?.some((name) => ALLOCATORS.some((allocator) => name.startsWith(allocator))) === true;

/**
 * Static functions are inlined in one kernel or the other: stacks of 6.18 show only kvm_gmem_fault_user_mapping() and
 * kvm_gmem_fallocate(), those of 7.3 also kvm_gmem_get_folio().
 */
const ALLOCATORS = ['kvm_gmem_get_folio', '__kvm_gmem_get_pfn', 'kvm_gmem_fault_user_mapping', 'kvm_gmem_fallocate'];
