// SPDX-License-Identifier: MIT
import type { CheckProgress } from '../verify/index.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * Progress of a check, in one line.
 *
 * The final number of states is unknown until the end. But the queued states must be expanded, so the line gives their
 * time at the present rate: a lower bound of the rest.
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
