// SPDX-License-Identifier: MIT
import type { FilemapEvent } from '../ledger/index.ts';
import type { Following } from './following.ts';
import type { Live } from './state.ts';
import type { Tasks } from './tasks.ts';

/** Slots for folios of other memory. */
export const OTHER_SLOTS = 4096;

/** The recording's page frames as folios of the model. */
export class Folios {
  readonly #of: Following;
  readonly #tasks: Tasks;

  constructor(of: Following, tasks: Tasks) {
    this.#of = of;
    this.#tasks = tasks;
  }

  /** The model's inode of a guest_memfd; undefined for other files. */
  inodeOf({ dev, ino }: FilemapEvent): number | undefined {
    return this.#of.inodes.get(`${dev} ${ino}`);
  }

  /** A free folio of the model for other memory. */
  slot(): number {
    const slot = this.#of.state.freeSlots.pop();
    if (slot === undefined) {
      this.#of.givesUp(`more than ${OTHER_SLOTS} folios of other memory were in batches at once`, 'fewer CPUs would');
      this.#of.diverge({ allowed: 'no further folio', guard: `${OTHER_SLOTS} folios are in batches` });
    }
    if (!this.#of.driver.isFree(slot)) return this.slot();
    return slot;
  }

  /** A page frame of the recording is a folio of the model from here on. */
  name(live: Live): void {
    const before = this.#of.state.live.get(live.pfn);
    if (before !== undefined && before.folio !== live.folio) this.unname(before);
    this.#of.state.live.set(live.pfn, live);
    this.#of.state.pfnOf.set(live.folio, live.pfn);
  }

  /** It is none any more. */
  unname(live: Live): void {
    this.#of.state.live.delete(live.pfn);
    if (live.folio < 0) return;
    // The folio may be another frame by now.
    if (this.#of.state.pfnOf.get(live.folio) === live.pfn) this.#of.state.pfnOf.delete(live.folio);
    if (live.inode === 0 && this.#of.driver.isFree(live.folio)) this.#of.state.freeSlots.push(live.folio);
  }

  /** The frame's folio before is gone, and no event showed it. */
  leaveUnseen(pfn: number): void {
    const live = this.#of.state.live.get(pfn);
    if (live === undefined) return;
    if (
      live.kind === 'file' &&
      this.#of.driver.at(live.inode, live.index) === live.folio &&
      this.#of.state.pfnOf.get(live.folio) === pfn &&
      this.#of.recording.has('delete') &&
      this.#of.recording.losses.length === 0
    )
      this.#of.diverge(
        {
          allowed: 'no addition of a frame that the page cache has',
          guard: `pfn 0x${pfn.toString(16)} is page ${live.index}, expected a free frame`,
        },
        true,
      );
    if (live.kind === 'other' && !live.aside) {
      this.#of.silently('left the page cache unseen');
      this.#tasks.runToEnd('other-delete', [0, live.index]);
    }
    this.#of.state.live.delete(pfn);
  }

  /** A page left the page cache, and no event showed it. */
  removeUnseen(inode: number, index: number, of: number): void {
    this.#of.silently('left the page cache unseen');
    const name = this.#of.state.pfnOf.get(of);
    this.#tasks.runToEnd('other-delete', [inode, index]);
    if (name !== undefined) this.#of.state.live.delete(name);
    this.#of.state.pfnOf.delete(of);
  }

  /** The folio that the model's allocator gives to a page. */
  pageFolio(inode: number, index: number): number {
    const preferred = inode * this.#of.pages + index;
    return preferred;
  }
}
