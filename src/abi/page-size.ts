// SPDX-License-Identifier: MIT

/** Size of a kernel's page in bytes. Only `pageSize` makes one, so that no other number is taken for it. */
export type PageSize = number & { readonly __brand: 'PageSize' };

/** Binary logarithms of the smallest and the largest page that a kernel can be built with (arm64, powerpc, loongarch: 64K; hexagon: 1M). */
const [LEAST_SHIFT, MOST_SHIFT] = [12, 20];

/**
 * A page size in bytes.
 * @param bytes a power of two from 4096 to 1048576.
 * @returns undefined for any other number.
 * @example
 * import { bytesOf, DEFAULT_PAGE_SIZE, PAGE_SIZE, pageSize, pagesOf } from 'folioscope/abi';
 * const size = pageSize(65536) ?? DEFAULT_PAGE_SIZE;
 * pagesOf(131072, size); // => 2
 * bytesOf(2, size); // => 131072n
 * PAGE_SIZE; // => 4096n
 */
export function pageSize(bytes: number): PageSize | undefined {
  const shift = Math.log2(bytes);
  return Number.isInteger(shift) && shift >= LEAST_SHIFT && shift <= MOST_SHIFT ? (bytes as PageSize) : undefined;
}

/**
 * Page size in bytes on x86, and on most other machines: of the model, and of a recording that does not give its own.
 */
export const DEFAULT_PAGE_SIZE = (1 << LEAST_SHIFT) as PageSize;

/** DEFAULT_PAGE_SIZE as an unsigned 64-bit number, as in structs and system calls. */
export const PAGE_SIZE = BigInt(DEFAULT_PAGE_SIZE);

/** The page at an offset in bytes; with a fraction if the offset is no multiple of the page size. */
export const pagesOf = (bytes: number, size: PageSize): number => bytes / size;

/** The offset in bytes of a page: it may exceed what a double holds exactly. */
export const bytesOf = (pages: number, size: PageSize): bigint => BigInt(pages) * BigInt(size);
