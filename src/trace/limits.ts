// SPDX-License-Identifier: MIT
// Limits of what a kernel can have written: a number beyond them counts as damage.

/** A folio of 2^31 pages would have 8 TB; the largest existing ones have 16 GB. */
export const MAX_ORDER = 31;
/** dev_t has 12 bits for the major and 20 for the minor number (include/linux/kdev_t.h). */
export const MAX_MAJOR = 0xfff;
export const MAX_MINOR = 0xf_ffff;
/** pid_t is an int. */
export const MAX_PID = 0x7fff_ffff;

/** A number of lost events; undefined, which is "unknown", if it is impossible. */
export const lostCount = (events: number | undefined): number | undefined =>
  Number.isSafeInteger(events) ? events : undefined;
