// SPDX-License-Identifier: MIT
import { ERRNO } from '../../../src/abi/index.ts';
import type { Model, Shown } from './model.ts';
import type { Event, Executor, Observed, SeenPage } from './observed.ts';
import { PAGES, PINS, type Step } from './steps.ts';

/** A machine in the real kernel's place. Frames of its folios are numbered as they are added. */
export class StandIn implements Executor {
  readonly pid = 100;
  readonly #model: Model;
  /** Other work flushes a CPU's batch before every so many steps; never if absent. */
  readonly #disturbed: number | undefined;
  #frames = new Map<number, number>();
  #pinned: (number | undefined)[] = [];

  constructor(model: Model, disturbed?: number) {
    this.#model = model;
    this.#disturbed = disturbed;
  }

  run(steps: readonly Step[]): Promise<readonly Observed[]> {
    this.#model.boot();
    this.#frames = new Map();
    this.#pinned = Array.from({ length: PINS });
    let nextFrame = 0x1000;
    const toEvents = (shown: readonly Shown[], pid: number): readonly Event[] =>
      shown.map((one) => {
        if (one.type === 'add') this.#frames.set(one.folio, nextFrame++);
        const pfn = this.#frames.get(one.folio) ?? 0;
        const { cpu } = one;
        return one.type === 'add'
          ? { type: 'add', cpu, pid, index: one.index, pfn }
          : { type: 'insertion', cpu, pid, pfn, isWork: false };
      });
    const seen = steps.map((step, nth): Observed => {
      const isDisturbed = this.#disturbed !== undefined && nth % this.#disturbed === 0;
      const before = isDisturbed ? toEvents(this.#model.flush(nth % this.#model.cpus), this.pid + 1) : [];
      const { shown, returned } = this.#model.run(step, [], () => 0);
      const during = toEvents(shown, this.pid);
      if (step.call === 'pin') this.#pinned[step.pin] = this.#model.at(step.page);
      if (step.call === 'unpin') this.#pinned[step.pin] = undefined;
      const present = this.#model.present();
      return {
        step,
        returned: returned === 'ok' ? 0 : -ERRNO.EINVAL,
        pages: Array.from({ length: PAGES }, (_, page) => this.#seen(this.#model.at(page))),
        pins: this.#pinned.map((of) => this.#seen(of)),
        cached: present.length,
        before,
        during,
        looking: [],
        moving: new Set(),
      };
    });
    return Promise.resolve(seen);
  }

  #seen(of: number | undefined): SeenPage | undefined {
    if (of === undefined) return undefined;
    const lru = this.#model.isOnLru(of);
    return { pfn: this.#frames.get(of) ?? 0, lru, unevictable: lru, mapped: this.#model.mapped(of) };
  }
}
