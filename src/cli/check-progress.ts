// SPDX-License-Identifier: MIT
import type { CheckProgress } from '../verify/index.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * How far a check is, in a line.
 *
 * How many states there will be is not known before the end. What is known is that those in the queue have to be expanded, so
 * it is said how long these take at the rate so far: the rest takes at least as long.
 *
 * @param seconds since this check began.
 */
export function checkProgressText(what: string, now: CheckProgress, seconds: number): string {
  const { states, depth, queue, bytes, walks } = now;
  if (walks !== undefined) {
    const perSecond = Math.round(now.transitions / Math.max(seconds, 0.001));
    return `${what}: ${walks} walks, ${now.transitions} steps, ${perSecond}/s, ${states} different states`;
  }
  const rate = Math.round(states / Math.max(seconds, 0.001));
  const expanded = states - queue;
  const least = expanded > 0 && queue > 0 ? `, at least ${durationText((queue / expanded) * seconds)} more` : '';
  return `${what}: ${states} states, ${rate}/s, depth ${depth}, ${queue} queued${least}, ${Math.round(bytes / MEBIBYTE)} MiB`;
}

/** Whole seconds, or minutes from two of them on. */
const durationText = (seconds: number): string =>
  seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
