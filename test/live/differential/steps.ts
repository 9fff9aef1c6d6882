// SPDX-License-Identifier: MIT
// Random sequences of calls, for the real kernel and for the machine.

/** A call of one task of one process that has one guest_memfd, all of it shared and mapped. */
export type Step =
  | { readonly call: 'move'; readonly cpu: number }
  | {
      readonly call: 'touch' | 'fallocate' | 'punch' | 'mlock' | 'munlock' | 'dontneed';
      readonly start: number;
      readonly pages: number;
    }
  /** Of the CPU on which the task runs; of all. */
  | { readonly call: 'drain' | 'drain-all' }
  /** vmsplice() of a page into a pipe of its own; the pipe is read. */
  | { readonly call: 'pin'; readonly pin: number; readonly page: number }
  | { readonly call: 'unpin'; readonly pin: number };

/** Pages of the guest_memfd: more than a batch holds. */
export const PAGES = 48;
/** Pipes. */
export const PINS = 4;

export function sayStep(step: Step): string {
  switch (step.call) {
    case 'move':
      return `move to CPU ${step.cpu}`;
    case 'drain':
    case 'drain-all':
      return step.call;
    case 'pin':
      return `pin page ${step.page} as ${step.pin}`;
    case 'unpin':
      return `unpin ${step.pin}`;
    case 'touch':
    case 'fallocate':
    case 'punch':
    case 'mlock':
    case 'munlock':
    case 'dontneed':
      return `${step.call} ${step.start}..${step.start + step.pages}`;
  }
}

/** Without pins of a pipe that is full, and reads of one that is empty: a part of a sequence is a sequence. */
export function tidied(steps: readonly Step[]): readonly Step[] {
  const full = new Set<number>();
  return steps.filter((step) => {
    if (step.call === 'pin') return !full.has(step.pin) && full.add(step.pin) !== undefined;
    if (step.call === 'unpin') return full.delete(step.pin);
    return true;
  });
}

/** A known sequence of numbers below a bound: Numerical Recipes' generator. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A sequence of so many steps. */
export function randomSteps(random: (below: number) => number, count: number, cpus: number): readonly Step[] {
  const steps: Step[] = [];
  while (steps.length < count) {
    steps.push(randomStep(random, cpus));
    if (steps.length === count) {
      const kept = tidied(steps);
      steps.splice(0, steps.length, ...kept);
    }
  }
  return steps;
}

function randomStep(random: (below: number) => number, cpus: number): Step {
  const range = (most: number): { start: number; pages: number } => {
    const pages = 1 + random(most);
    return { start: random(PAGES - pages + 1), pages };
  };
  const chance = random(100);
  if (chance < 16) return { call: 'move', cpu: random(cpus) };
  if (chance < 36) return { call: 'touch', ...range(4) };
  // More than fills a batch.
  if (chance < 40) return { call: 'touch', ...range(PAGES) };
  if (chance < 52) return { call: 'fallocate', ...range(6) };
  if (chance < 54) return { call: 'fallocate', ...range(PAGES) };
  if (chance < 68) return { call: 'punch', ...range(6) };
  if (chance < 71) return { call: 'punch', ...range(PAGES) };
  if (chance < 76) return { call: 'mlock', ...range(4) };
  if (chance < 81) return { call: 'munlock', ...range(8) };
  if (chance < 86) return { call: 'dontneed', ...range(4) };
  if (chance < 89) return { call: 'drain' };
  if (chance < 91) return { call: 'drain-all' };
  if (chance < 96) return { call: 'pin', pin: random(PINS), page: random(PAGES) };
  return { call: 'unpin', pin: random(PINS) };
}
