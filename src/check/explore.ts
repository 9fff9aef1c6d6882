// SPDX-License-Identifier: MIT
import type { Exploration, Limits, Model } from './model.ts';
import { StateSet } from './state_set.ts';

/** Visits every state once, nearest first, so that a counterexample is as short as there can be. */
export function explore(model: Model, limits: Limits): Exploration {
  const { invariants, mayEnd, mostStates } = limits;
  const states = new StateSet(model.words);
  const history = new History();
  const state = new Int32Array(model.words);
  let transitions = 0;
  let depth = 0;
  let levelEnd = 1;
  const answer = (verdict: Exploration['verdict'], property?: string, id?: number): Exploration => ({
    verdict,
    property,
    states: states.size,
    transitions,
    depth,
    counterexample: id === undefined ? undefined : history.pathTo(id),
  });

  states.add(model.initial);
  history.add(0, 0);
  const broken = (id: number): Exploration | undefined => {
    const violated = invariants.find((invariant) => !invariant.holds(state));
    return violated === undefined ? undefined : answer('violated', violated.name, id);
  };
  state.set(model.initial);
  const atOnce = broken(0);
  if (atOnce !== undefined) return atOnce;

  for (let id = 0; id < states.size; id++) {
    if (id === levelEnd) {
      depth++;
      levelEnd = states.size;
    }
    let moved = false;
    states.load(id, state);
    for (let task = 0; task < model.tasks; task++) {
      if (!model.step(task, state)) continue;
      moved = true;
      transitions++;
      if (states.add(state)) {
        history.add(id, task);
        const violation = broken(states.size - 1);
        if (violation !== undefined) return violation;
        if (states.size >= mostStates) return answer('undecided');
      }
      states.load(id, state);
    }
    if (!moved && !mayEnd(state)) return answer('violated', 'deadlock', id);
  }
  return answer('holds');
}

/** From which state, by whose step, each state was first reached. */
class History {
  #parents = new Int32Array(1024);
  #tasks = new Uint8Array(1024);
  #size = 0;

  add(parent: number, task: number): void {
    if (this.#size === this.#parents.length) {
      const [parents, tasks] = [new Int32Array(this.#size * 2), new Uint8Array(this.#size * 2)];
      parents.set(this.#parents);
      tasks.set(this.#tasks);
      [this.#parents, this.#tasks] = [parents, tasks];
    }
    this.#parents[this.#size] = parent;
    this.#tasks[this.#size++] = task;
  }

  pathTo(id: number): readonly number[] {
    const path: number[] = [];
    for (let at = id; at !== 0; at = this.#parents[at] ?? 0) path.push(this.#tasks[at] ?? 0);
    return path.toReversed();
  }
}
