// SPDX-License-Identifier: MIT
import type { StepAnswer } from '../scenario/index.ts';

/** Steps grouped by their routines, with repetitions folded. */
export type StepItem =
  | { readonly kind: 'step'; readonly name: string; readonly mark: string }
  | {
      readonly kind: 'routine';
      readonly name: string;
      readonly items: readonly StepItem[];
      /** Whether it is a statement of the author's text, not a routine. */
      readonly isStatement?: boolean;
    }
  | { readonly kind: 'repeat'; readonly times: number; readonly items: readonly StepItem[] };

/** Number of leading routines that two paths share. */
export function sharedDepth(a: readonly string[], b: readonly string[]): number {
  let depth = 0;
  while (depth < a.length && depth < b.length && a[depth] === b[depth]) depth++;
  return depth;
}

/** A step with its author's statement in its path, after the routines around it. */
export function withStatement(step: StepAnswer): StepAnswer {
  const { origin, path } = step;
  if (origin === undefined) return step;
  const { place, text, depth } = origin;
  return { ...step, path: [...path.slice(0, depth), `${place} ${text}`, ...path.slice(depth)] };
}

/** The tree of consecutive steps of one task below the outer `depth` routines; `mark` is the note beside a step. */
export function stepTree(
  steps: readonly StepAnswer[],
  mark: (step: StepAnswer) => string,
  depth: number,
): readonly StepItem[] {
  const items: StepItem[] = [];
  for (let at = 0; at < steps.length; ) {
    const first = steps[at];
    if (first === undefined) break;
    const name = first.path[depth];
    if (name === undefined) {
      items.push({ kind: 'step', name: first.name, mark: mark(first) });
      at++;
      continue;
    }
    let end = at + 1;
    while (steps[end]?.path[depth] === name) end++;
    const inner = stepTree(steps.slice(at, end), mark, depth + 1);
    const statement = first.origin?.depth === depth ? { isStatement: true } : {};
    items.push({ kind: 'routine', name, items: inner, ...statement });
    at = end;
  }
  return items;
}

/** Longest piece that may be folded as a repetition. */
const LONGEST_PERIOD = 100;

/** Folds repetitions, inside out. Marks that differ between repetitions are dropped; those of reads are kept apart. */
export function fold(items: readonly StepItem[]): readonly StepItem[] {
  const inner = items.map((item) => (item.kind === 'step' ? item : { ...item, items: fold(item.items) }));
  const shapes = inner.map(shapeOf);
  const folded: StepItem[] = [];
  for (let at = 0; at < inner.length; ) {
    let best = { period: 1, times: 1 };
    for (let period = 1; period <= LONGEST_PERIOD && at + 2 * period <= inner.length; period++) {
      const times = repetitions(shapes, at, period);
      if ((times - 1) * period > (best.times - 1) * best.period) best = { period, times };
    }
    const { period, times } = best;
    const rounds = Array.from({ length: times }, (_, i) => inner.slice(at + i * period, at + (i + 1) * period));
    const [first = []] = rounds;
    if (times === 1) folded.push(...first);
    else folded.push({ kind: 'repeat', times, items: rounds.reduce(merge) });
    at += times * period;
  }
  return folded;
}

function repetitions(shapes: readonly string[], at: number, period: number): number {
  let times = 1;
  const same = (round: number): boolean =>
    shapes.slice(at, at + period).every((shape, i) => shape === shapes[at + round * period + i]);
  while (at + (times + 1) * period <= shapes.length && same(times)) times++;
  return times;
}

/** The common part of two items that count as a repetition: everything but the marks of steps that write. */
function shapeOf(item: StepItem): string {
  switch (item.kind) {
    case 'step':
      return item.mark.startsWith(READ) ? `${item.name} ${item.mark}` : item.name;
    case 'routine':
      return `${item.name}(${item.items.map(shapeOf).join()})`;
    case 'repeat':
      return `${item.times}(${item.items.map(shapeOf).join()})`;
  }
}

/** Beginning of the mark of a step that reads a count. */
export const READ = '[reads ';

const merge = (a: readonly StepItem[], b: readonly StepItem[]): StepItem[] =>
  a.map((item, i) => {
    const other = b[i];
    if (item.kind === 'step') return other?.kind === 'step' && other.mark === item.mark ? item : { ...item, mark: '' };
    return other === undefined || other.kind === 'step' ? item : { ...item, items: merge(item.items, other.items) };
  });
