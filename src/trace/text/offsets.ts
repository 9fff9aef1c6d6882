// SPDX-License-Identifier: MIT
import { type PageSize, pageSize } from '../../abi/index.ts';

/** Page sizes other than 4096 bytes (arm64, powerpc, loongarch), the largest first. */
const LARGER = [65_536, 16_384].flatMap((bytes) => pageSize(bytes) ?? []);
const MOST = 65_536;
/** Number of pages of files, all at multiples of a size, that cannot be a coincidence: a file is read page by page. */
const ENOUGH = 64;

/**
 * The kernel's page size, inferred from offsets because no text states it: each offset is a multiple of it. Only small folios
 * count, and only files on a device with a driver are proof: a guest may touch every sixteenth page, but a file is read whole.
 */
export class Offsets {
  /** Bitwise OR of all offsets: its lowest bit is the page size, or a multiple. */
  #bits = 0;
  #ofFiles = 0;

  /** A folio of one page was added or deleted. @param bytes from the file's beginning; `major`: of its device. */
  saw(bytes: number, major: number): void {
    if (bytes === 0) return;
    this.#bits |= bytes % MOST;
    if (major > 0) this.#ofFiles++;
  }

  /** The page size that the offsets show; undefined if it may also be 4096. */
  get pageSize(): PageSize | undefined {
    return this.#ofFiles < ENOUGH ? undefined : LARGER.find((size) => this.#bits % size === 0);
  }
}
