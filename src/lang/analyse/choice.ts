// SPDX-License-Identifier: MIT
import { Footprints } from './footprint.ts';
import { futuresOf } from './futures.ts';
import { ofClasses } from './local_classes.ts';
import { count } from './task_set.ts';
import { CLOSES_CYCLE, type Dependences, STAYS, type TaskView } from './task_view.ts';

/** Bit of the result of `choose`: the only step is invisible, so the state between it and the next is not stored. */
export const FUSABLE = 1 << 30;

/** One task, by classes of its local states. */
interface ClassView {
  readonly next: Int32Array;
  readonly guard: Int32Array;
  readonly held: Int32Array;
  readonly stopsAt: Int32Array;
  readonly flags: Uint8Array;
}

function byClass({ classOf, classes, next, guard, held, stopsAt, flags }: TaskView): ClassView {
  return {
    next: ofClasses(next, classOf, new Int32Array(classes)),
    guard: ofClasses(guard, classOf, new Int32Array(classes)),
    held: ofClasses(held, classOf, new Int32Array(classes)),
    stopsAt: ofClasses(stopsAt, classOf, new Int32Array(classes)),
    flags: ofClasses(flags, classOf, new Uint8Array(classes)),
  };
}

/** The choice of a persistent set in a state. */
export class Choice {
  /** By task: the class of its local state. The caller fills it before calling `choose`. */
  readonly at: Int32Array;
  readonly #views: readonly TaskView[];
  readonly #classes: readonly ClassView[];
  readonly #footprints: Footprints;
  /** By task and set of locks: footprint of its whole future, by class, while none of these locks is released. */
  readonly #futures: readonly (Int32Array | undefined)[][];

  constructor({ views, elements, footprints }: Dependences) {
    this.at = new Int32Array(views.length);
    this.#views = views;
    this.#classes = views.map(byClass);
    this.#footprints = new Footprints(elements, footprints);
    this.#futures = views.map(() => []);
  }

  /**
   * @param enabled the tasks that can step.
   * @returns the tasks whose steps must be taken, as a set; with FUSABLE if that is one invisible step.
   */
  readonly choose = (enabled: number): number => {
    let best = enabled;
    let fewest = count(enabled);
    const { length } = this.#classes;
    for (let seed = 0; seed < length && fewest > 1; seed++) {
      if ((enabled & (1 << seed)) === 0) continue;
      const chosen = this.#closure(seed, enabled, fewest);
      if (chosen === 0) continue;
      best = chosen;
      fewest = count(chosen);
    }
    if (fewest !== 1) return best;
    const task = 31 - Math.clz32(best);
    return (this.#classes[task]!.flags[this.at[task]!]! & (STAYS | CLOSES_CYCLE)) === 0 ? best | FUSABLE : best;
  };

  /** The enabled tasks of the smallest persistent set with `seed`; 0 if these are `most` or more, or may not be taken alone. */
  #closure(seed: number, enabled: number, most: number): number {
    const views = this.#classes;
    const { at } = this;
    const { length } = views;
    const footprints = this.#footprints;
    let tasks = 1 << seed;
    let locks = views[seed]!.held[at[seed]!]!;
    let members = 1;
    // Each member is processed once: the more locks are held, the less the others can do.
    let looked = 0;
    for (let m = seed; looked !== tasks; m = m + 1 === length ? 0 : m + 1) {
      const me = 1 << m;
      if ((tasks & ~looked & me) === 0) continue;
      looked |= me;
      const view = views[m]!;
      const here = at[m]!;
      const goes = (enabled & me) !== 0;
      if (goes) {
        if ((view.flags[here]! & CLOSES_CYCLE) !== 0) return 0;
      } else {
        const stopsAt = view.stopsAt[here]!;
        if ((stopsAt & locks) !== 0) continue;
        const holder = stopsAt === 0 ? -1 : this.#holder(stopsAt);
        if (holder !== -1) {
          tasks |= 1 << holder;
          locks |= views[holder]!.held[at[holder]!]!;
          if ((enabled & (1 << holder)) !== 0 && ++members >= most) return 0;
          continue;
        }
      }
      const footprint = goes ? view.next[here]! : view.guard[here]!;
      for (let u = 0; u < length; u++) {
        if ((tasks & (1 << u)) !== 0) continue;
        const future = this.#future(u, locks)[at[u]!]!;
        if (future === footprints.empty || !footprints.conflict(footprint, future)) continue;
        tasks |= 1 << u;
        locks |= views[u]!.held[at[u]!]!;
        if ((enabled & (1 << u)) !== 0 && ++members >= most) return 0;
      }
    }
    return tasks & enabled;
  }

  #holder(locks: number): number {
    for (let task = 0; task < this.#classes.length; task++)
      if ((this.#classes[task]!.held[this.at[task]!]! & locks) !== 0) return task;
    return -1;
  }

  #future(task: number, locks: number): Int32Array {
    const view = this.#views[task]!;
    const closed = locks & view.everStopsAt;
    const known = this.#futures[task]![closed];
    if (known !== undefined) return known;
    const { classOf, classes } = view;
    const found = ofClasses(futuresOf(view, closed, this.#footprints), classOf, new Int32Array(classes));
    this.#futures[task]![closed] = found;
    return found;
  }
}
