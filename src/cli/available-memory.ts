// SPDX-License-Identifier: MIT
import { freemem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

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

/** V8's heap: beyond its limit the process is ended at once, whatever the machine has. */
export function heapNow(): { readonly used: number; readonly most: number } {
  const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
  return { used, most };
}
