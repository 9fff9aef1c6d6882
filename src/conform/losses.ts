// SPDX-License-Identifier: MIT
import type { KernelEvent } from '../ledger/index.ts';
import { MOST_TASKS } from './driver.ts';
import type { Following } from './following.ts';
import type { CpuState, Running } from './state.ts';
import type { Tasks } from './tasks.ts';

/** Lost events: what was on their CPU is abandoned, and the CPU is unknown until a flush has emptied its batch. */
export class Losses {
  readonly #of: Following;
  readonly #tasks: Tasks;

  constructor(of: Following, tasks: Tasks) {
    this.#of = of;
    this.#tasks = tasks;
  }

  /** What was lost before an event. */
  lose(at: number): void {
    for (const cpu of this.#of.recording.lossAt.get(at) ?? []) {
      const here = this.#of.cpu(cpu);
      for (const running of this.#of.state.running.values())
        if (this.#of.driver.cpuOf[running.task] === cpu || running.conversion !== undefined) this.#abandon(running);
      if (here.flusher !== undefined) {
        this.#abandonTask(here.flusher);
        here.flusher = undefined;
      }
      this.#of.driver.forgetBatch(cpu);
      here.isLost = true;
      here.inserted = [];
      const { bursts } = this.#of.plan;
      while ((bursts[cpu]?.[here.burst]?.entries.at(-1)?.event ?? at) < at) here.burst++;
      here.placed = 0;
    }
  }

  #abandon(running: Running): void {
    this.#of.choices = this.#of.choices.filter(({ pid }) => pid !== running.pid);
    this.#tasks.unlock(running.pid);
    this.#abandonTask(running.task);
    this.#tasks.finished(running);
    this.#of.state.syscalls.delete(running.pid);
  }

  /** Runs a task to its end, whatever it would show. */
  #abandonTask(task: number): void {
    for (;;) {
      const rest = this.#tasks.advance(task, { enters: true, looks: true });
      if (rest.at === 'idle') return;
      if (rest.at !== 'shows') return;
      this.#tasks.show(task);
      if (task >= MOST_TASKS && rest.shown[0]?.kind === 'work-done') return;
    }
  }

  /** After a loss: the CPU's first flush empties its batch, and from there on it is known again. */
  stillLost(event: Exclude<KernelEvent, { readonly type: 'loss' }>, here: CpuState): boolean {
    const burst = this.#of.plan.burstOf.get(this.#of.at);
    if (burst === undefined) {
      if (event.type === 'mm_filemap_add_to_page_cache') {
        const destination = this.#of.plan.destinations.get(this.#of.at);
        if (destination !== undefined && destination !== 'never inserted') return true;
      }
      return true;
    }
    if (burst.entries.at(-1)?.event === this.#of.at) {
      here.isLost = false;
      here.burst = (this.#of.plan.bursts[event.cpu]?.indexOf(burst) ?? 0) + 1;
      here.placed = 0;
    }
    return true;
  }
}
