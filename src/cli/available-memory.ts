// SPDX-License-Identifier: MIT
import { freemem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** The rest is for other programs, and for the temporary memory of a growing search. */
const SHARE = 0.8;

/**
 * Default limit of a search in bytes. Linux overcommits memory, and kills the process that touches too much: a search
 * must end before.
 */
export function availableBytes(): number {
  const constrained = process.constrainedMemory();
  const free = freemem();
  return SHARE * (constrained > 0 ? Math.min(constrained, free) : free);
}

/** V8's heap in bytes: beyond its limit the process is killed at once, whatever the machine has. */
export function heapNow(): { readonly used: number; readonly most: number } {
  const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
  return { used, most };
}
