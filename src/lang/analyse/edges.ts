// SPDX-License-Identifier: MIT
import { ADDS, type Change } from './oracle.ts';

/** One result of a step: the next local state, and changes of shared memory. */
export interface Edge {
  readonly to: number;
  readonly changes: readonly Change[];
}

const MIX = 0x85ebca6b | 0;

/** The distinct results of one step, over all its runs. */
export class Edges {
  readonly #known: Map<string, readonly Change[]>;
  readonly #byHash = new Map<number, { readonly edge: Edge; readonly changes: readonly number[] }[]>();
  #all: Edge[] = [];

  /** @param known lists of changes by their text, so that equal lists are one object. */
  constructor(known: Map<string, readonly Change[]>) {
    this.#known = known;
  }

  clear(): void {
    this.#byHash.clear();
    this.#all = [];
  }

  get all(): readonly Edge[] {
    return this.#all;
  }

  /** @param changes as `Oracle.leave` writes them. */
  add(to: number, changes: readonly number[]): void {
    let hash = to;
    for (let i = 0; i < changes.length; i++) hash = Math.imul(hash ^ changes[i]!, MIX) ^ (hash >>> 13);
    const alike = this.#byHash.get(hash);
    if (alike?.some(({ edge, changes: others }) => edge.to === to && areEqual(changes, others)) === true) return;
    const edge = { to, changes: this.#changes(changes) };
    const entry = { edge, changes: [...changes] };
    if (alike === undefined) this.#byHash.set(hash, [entry]);
    else alike.push(entry);
    this.#all.push(edge);
  }

  #changes(changes: readonly number[]): readonly Change[] {
    const key = changes.join();
    let known = this.#known.get(key);
    if (known === undefined) {
      const made: Change[] = [];
      for (let i = 0; i < changes.length; i += 3)
        made.push({ cell: changes[i]!, kind: changes[i + 1] === ADDS ? 'add' : 'set', by: changes[i + 2]! });
      known = made;
      this.#known.set(key, known);
    }
    return known;
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
