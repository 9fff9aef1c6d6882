// SPDX-License-Identifier: MIT
import { freemem } from 'node:os';

/** The rest is for what runs besides, and for what a search takes while it grows. */
const SHARE = 0.8;

/**
 * How many bytes a search may take where nobody says so. Linux promises memory that it does not have, and kills who touches it:
 * a search has to end before.
 */
export function availableBytes(): number {
  const constrained = process.constrainedMemory();
  const free = freemem();
  return SHARE * (constrained > 0 ? Math.min(constrained, free) : free);
}
