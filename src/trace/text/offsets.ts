// SPDX-License-Identifier: MIT
import { type PageSize, pageSize } from '../../abi/index.ts';

/** Pages of kernels that have others than 4096 bytes (arm64, powerpc, loongarch), the largest first. */
const LARGER = [65_536, 16_384].flatMap((bytes) => pageSize(bytes) ?? []);
const MOST = 65_536;
/** So many pages of files, none of them beside a multiple, are no accident: a file is read page by page. */
const ENOUGH = 64;

/**
 * What offsets tell of the kernel's page size, which no text says: each is a multiple of it. Only small folios count, and only
 * files on a device with a driver are proof: a guest may touch every sixteenth page, a file that is read has all.
 */
export class Offsets {
  /** All of them, their bits put together: the lowest one is that of the page size, or of a multiple. */
  #bits = 0;
  #ofFiles = 0;

  /** A folio of one page came or went. @param bytes from the file's beginning; `major`: of its device. */
  saw(bytes: number, major: number): void {
    if (bytes === 0) return;
    this.#bits |= bytes % MOST;
    if (major > 0) this.#ofFiles++;
  }

  /** The page size that they show; undefined where it may be 4096 as well. */
  get pageSize(): PageSize | undefined {
    return this.#ofFiles < ENOUGH ? undefined : LARGER.find((size) => this.#bits % size === 0);
  }
}
