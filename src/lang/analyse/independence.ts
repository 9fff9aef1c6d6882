// SPDX-License-Identifier: MIT
import type { Claim, Effect } from '../text/body.ts';
import type { Value } from '../text/expression.ts';
import { walk } from '../text/expr.ts';
import { claimsAt, type Flow, nextOf, nodeAt } from '../program/flow.ts';
import { type Footprint, Footprints } from './footprint.ts';
import { type Cells, Positions } from './cells.ts';
import { type LocalState, localStates, type LocalStates, TooManyLocalStates } from './local_states.ts';
import { conditionsOf } from './local_text.ts';
import { ADDED, READ, WRITTEN } from './oracle.ts';
import { findLocks } from './locks.ts';
import type { Memory } from '../program/memory.ts';
import type { Code, Program } from '../program/program.ts';
import { termsOf } from './property_terms.ts';
import { simplify } from '../text/simplify.ts';
import type { Symmetry } from './symmetry.ts';

/** In what `choose` hands back: the one step of the one task may be taken at once, with no state in between. */
export const FUSABLE = 1 << 30;
/** Most that is spent on finding the local states: some seconds. Each costs a kilobyte. */
const MOST = { runs: 16_000_000, states: 200_000 };
/** Most local states times sets of locks that are looked through for those between which no choice can tell. */
const MOST_COMPARED = 4_000_000;
/** Most tasks: a set of them is a small integer. */
const MOST_TASKS = 30;

const CLOSES_CYCLE = 1;
const STAYS = 2;

/** One task as the choice sees it; arrays are by local state. */
interface TaskView {
  /** Where the local states that lead on from each begin among `to`; as many and one more. */
  readonly edges: Int32Array;
  readonly to: Int32Array;
  /** Footprint of the step that it takes next, guards included. */
  readonly next: Int32Array;
  /** Footprint of the guards, where it may have to wait. */
  readonly guard: Int32Array;
  /** Locks that it holds. */
  readonly held: Int32Array;
  /** Locks at which it has to wait while somebody holds them. */
  readonly stopsAt: Int32Array;
  readonly flags: Uint8Array;
  /** Locks at which it ever has to wait. */
  readonly everStopsAt: number;
  /** By local state: a class of those between which no choice can tell. */
  readonly classOf: Int32Array;
  /** How many there are. */
  readonly classes: number;
}

/** All that a choice depends on, as data that can be handed to another thread. */
export interface Dependences {
  readonly views: readonly TaskView[];
  /** Elements that footprints are made of. */
  readonly elements: number;
  /** Footprints by number. */
  readonly footprints: readonly Footprint[];
}

/** What a program's tasks can meet in. */
export interface Independence {
  readonly tasks: readonly (readonly LocalState[])[];
  readonly dependences: Dependences;
}

/**
 * Decides in each state which tasks' steps are enough (persistent sets). A set of tasks T is enough where nothing that the
 * others can do without T, however long, conflicts with a step that T can take now, nor lets a task of T go on that has to wait. What a task
 * can do is known from its local state: everything reachable from there in the graph of its local states, and nothing behind a lock that
 * a task of T holds. Each cycle of states passes one in which all steps are taken: in every cycle of a task's local states
 * there is one whose step is only taken with all others.
 *
 * @param symmetry where one state stands for others: a task then goes round as now one and now another member of its class, so that
 * what is taken with all others has to be the same for all of them.
 * @returns undefined where there are too many local states.
 */
export function independence(
  program: Program,
  codeOf: readonly number[],
  initial: Memory,
  properties: readonly Value<'bool'>[],
  sometimes: readonly Value<'bool'>[] = [],
  symmetry: Symmetry = { classes: [] },
): Independence | undefined {
  if (codeOf.length > MOST_TASKS) return undefined;
  const codes = codeOf.map((number) => {
    const code = program.codes[number];
    if (code === undefined) throw new Error(`no code ${number}`);
    return code;
  });
  let terms: ReturnType<typeof termsOf> | undefined;
  let found: ReturnType<typeof localStates>;
  try {
    found = localStates(
      program,
      codeOf,
      initial,
      (cells) => {
        const positions = new Positions(cells.count);
        const [always, once] = [properties, sometimes].map((of) => of.map(({ expr }) => simplify(expr, program.sizes)));
        terms = termsOf(always ?? [], once ?? [], cells, positions);
        return positions;
      },
      MOST,
    );
  } catch (thrown) {
    if (thrown instanceof TooManyLocalStates) return undefined;
    throw thrown;
  }
  if (terms === undefined) throw new Error('the properties have not been looked at');
  return { tasks: found.tasks, dependences: dependencesOf(codes, found, terms, symmetry) };
}

function dependencesOf(
  codes: readonly Code[],
  found: ReturnType<typeof localStates>,
  terms: ReturnType<typeof termsOf>,
  symmetry: Symmetry,
): Dependences {
  const locks = findLocks(found);
  const elements = elementsOf(codes, found, terms);
  const footprints = new Footprints(elements.count);
  const heads = headsIn(found.tasks, symmetry);
  const views = found.tasks.map((states, task) => {
    const code = codes[task];
    if (code === undefined) throw new Error(`no task ${task}`);
    const stopsAt = Int32Array.from(states, ({ waitsFor, passesOnlyAtZero }) =>
      waitsFor === undefined
        ? 0
        : locks.reduce((set, { cell }, i) => (passesOnlyAtZero.has(cell) ? set | (1 << i) : set), 0),
    );
    const staysAt = Array.from({ length: code.flow.steps.length + 1 }, (_, pc) => stays(code, pc));
    const edges = new Int32Array(states.length + 1);
    for (const [id, state] of states.entries()) edges[id + 1] = (edges[id] ?? 0) + state.edges.length;
    return {
      edges,
      to: Int32Array.from(states.flatMap((state) => state.edges.map(({ to }) => to))),
      next: Int32Array.from(states, (state) => footprints.number(elements.footprint(footprints, task, states, state))),
      guard: Int32Array.from(states, ({ waitsFor = [] }) => footprints.number(footprints.make(waitsFor, [], []))),
      held: Int32Array.from(states, (_, id) =>
        locks.reduce(
          (set, { held }, i) => ((held[task]?.[id] ?? 0) > 0 && held[task]?.[id] !== 255 ? set | (1 << i) : set),
          0,
        ),
      ),
      stopsAt,
      flags: Uint8Array.from(
        states,
        ({ pc }, id) => (heads[task]?.has(id) === true ? CLOSES_CYCLE : 0) | (staysAt[pc] === true ? STAYS : 0),
      ),
      everStopsAt: stopsAt.reduce((set, locksHere) => set | locksHere, 0),
    };
  });
  const all = [...footprints.all];
  return {
    views: views.map((view) => ({ ...view, ...classesOf(view, new Footprints(elements.count, all)) })),
    elements: elements.count,
    footprints: all,
  };
}

/**
 * Local states that are one to every choice: they step alike, hold and wait for the same locks, and whatever locks are held by others, there
 * are the same things that the task can still do. A state of its own each where there are too many to compare.
 */
function classesOf(
  view: Omit<TaskView, 'classOf' | 'classes'>,
  footprints: Footprints,
): Pick<TaskView, 'classOf' | 'classes'> {
  const { next, guard, held, stopsAt, flags, everStopsAt } = view;
  const sets = subsetsOf(everStopsAt, MOST_COMPARED / next.length);
  if (sets === undefined) {
    return { classOf: next.map((_, id) => id), classes: next.length };
  }
  const told = [next, guard, held, stopsAt, flags, ...sets.map((closed) => futuresOf(view, closed, footprints))];
  const known = new Map<number, number>();
  // Told apart by one thing after the other: by the class so far, and what it is.
  let classOf = new Int32Array(next.length);
  for (const by of told) {
    known.clear();
    const finer = new Int32Array(next.length);
    for (let id = 0; id < next.length; id++) {
      const key = classOf[id]! * 2 ** 32 + (by[id]! >>> 0);
      let number = known.get(key);
      if (number === undefined) known.set(key, (number = known.size));
      finer[id] = number;
    }
    classOf = finer;
  }
  return { classOf, classes: known.size };
}

/** All sets of some of these locks; undefined where there are more than `most`. */
function subsetsOf(locks: number, most: number): readonly number[] | undefined {
  if (2 ** count(locks) > most) return undefined;
  const sets = [0];
  for (let set = (0 - locks) & locks; set !== 0; set = (set - locks) & locks) sets.push(set);
  return sets;
}

/** One task by classes of its local states. */
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

/** What is the same for all members of a class, by class. */
function ofClasses<T extends Int32Array | Uint8Array>(of: T, classOf: Int32Array, classes: T): T {
  for (let id = 0; id < of.length; id++) classes[classOf[id]!] = of[id]!;
  return classes;
}

/** Chooses which tasks' steps are enough in a state. */
export class Choice {
  /** By task: the class of its local state. Who asks sets it before `choose`. */
  readonly at: Int32Array;
  readonly #views: readonly TaskView[];
  readonly #classes: readonly ClassView[];
  readonly #footprints: Footprints;
  /** By task and set of locks: footprints of all that it can still do, by class, while none of these is given up. */
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
   * @returns the tasks whose steps are to be taken, as a set; with FUSABLE where it is one step that nobody notices.
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

  /** The enabled tasks of the smallest set that holds `seed` and is enough; 0 where it has `most` of them or more, or may not be taken alone. */
  #closure(seed: number, enabled: number, most: number): number {
    const views = this.#classes;
    const { at } = this;
    const { length } = views;
    const footprints = this.#footprints;
    let tasks = 1 << seed;
    let locks = views[seed]!.held[at[seed]!]!;
    let members = 1;
    // Each member is looked at once: the more locks are held, the less the others can do.
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

const count = (set: number): number => {
  let bits = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) bits++;
  return bits;
};

/** Whether a state in which this step comes next is kept: its asserts and its choices are told by the state before it. */
function stays(code: Code, pc: number): boolean {
  const id = code.flow.steps[pc];
  const node = id === undefined ? undefined : code.flow.nodes[id];
  if (node?.kind !== 'step') return true;
  return [node.step.effects, ...afterwards(code.flow, node.next)].some((effects) => conditionsOf(effects).length > 0);
}

/** What a task does on its own from a node on, until it rests. */
function afterwards(flow: Flow, from: number): readonly (readonly Effect[])[] {
  const found: (readonly Effect[])[] = [];
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = nodeAt(flow.nodes, id);
    if (node.kind === 'step' || node.kind === 'either') return;
    if (node.kind === 'local') found.push(node.effects);
    nextOf(node).forEach(visit);
  };
  visit(from);
  return found;
}

interface Elements {
  readonly count: number;
  readonly footprint: (
    footprints: Footprints,
    task: number,
    states: readonly LocalState[],
    state: LocalState,
  ) => Int32Array;
}

/** The elements on which it depends of what a task claims, and how much. */
function readBy({ amount, of }: Claim, cells: Cells): ReadonlySet<number> {
  const read = new Set<number>();
  for (const expr of [amount, ...('list' in of ? [of.from, of.to] : [of])])
    walk(expr, (part) => {
      if (part.op === 'read') for (const cell of cells.of(part)) read.add(cell);
    });
  return read;
}

/** Shared memory, what positions mean, and the sets that properties look at: all that steps can meet in. */
function elementsOf(
  codes: readonly Code[],
  { cells, positions }: ReturnType<typeof localStates>,
  { sets, claims }: ReturnType<typeof termsOf>,
): Elements {
  const firstSet = cells.count + positions.count;
  const setsOf = new Map<number, number[]>();
  const join = (cell: number, set: number): void => {
    const joined = setsOf.get(cell) ?? [];
    if (!joined.includes(set)) setsOf.set(cell, [...joined, set]);
  };
  for (const [i, set] of sets.entries()) for (const cell of set) join(cell, firstSet + i);
  // What a task claims may depend on shared memory: then who changes that changes what is claimed, and it is a summand of both.
  const ownSet = codes.map((code, task) => {
    const read = new Set<number>();
    for (const pc of code.flow.steps.keys())
      for (const claim of claimsAt(code.flow, pc))
        for (const cell of readBy(claim, cells)) {
          read.add(cell);
          for (const claimed of positions.written([claim.label], undefined))
            for (const changed of [claimed, ...(setsOf.get(claimed) ?? [])]) join(cell, changed);
        }
    if (claims) for (const cell of read) join(cell, firstSet + sets.length + task);
    return claims && read.size > 0;
  });
  return {
    count: firstSet + sets.length + codes.length,
    footprint: (footprints, task, states, state) => {
      const [read, written, added] = [new Set<number>(), new Set<number>(), new Set<number>()];
      const write = (cell: number): void => {
        written.add(cell);
        for (const set of setsOf.get(cell) ?? []) written.add(set);
      };
      for (const [cell, how] of state.touched) {
        if ((how & READ) !== 0) read.add(cell);
        if ((how & WRITTEN) !== 0) write(cell);
        else if ((how & ADDED) !== 0) {
          added.add(cell);
          for (const set of setsOf.get(cell) ?? []) written.add(set);
        }
      }
      for (const { to } of state.edges) {
        const after = states[to];
        if (after === undefined) throw new Error('a step leads nowhere');
        const labels = [...new Set([...state.claims.keys(), ...after.claims.keys()])].filter(
          (label) => state.claims.get(label) !== after.claims.get(label) || state.varying.has(label),
        );
        for (const cell of positions.written(labels, after.pc === codes[task]?.flow.steps.length ? task : undefined))
          write(cell);
        if (labels.length > 0 && ownSet[task] === true) written.add(firstSet + sets.length + task);
      }
      return footprints.make(read, written, added);
    },
  };
}

/** A state of every cycle of local states: where a walk of the graph comes back to a state that it has not left yet. */
function cycleHeads(states: readonly LocalState[]): ReadonlySet<number> {
  const heads = new Set<number>();
  const mark = new Uint8Array(states.length);
  const [ON_PATH, LEFT] = [1, 2];
  const path: { readonly id: number; next: number }[] = [{ id: 0, next: 0 }];
  mark[0] = ON_PATH;
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = states[top.id]?.edges[top.next++]?.to;
    if (to === undefined) {
      mark[top.id] = LEFT;
      path.pop();
    } else if (mark[to] === ON_PATH) heads.add(to);
    else if (mark[to] !== LEFT) {
      mark[to] = ON_PATH;
      path.push({ id: to, next: 0 });
    }
  }
  return heads;
}

/** By task: a state of every cycle of its local states; for the members of a class the same ones. */
function headsIn(tasks: LocalStates['tasks'], { classes }: Symmetry): readonly ReadonlySet<number>[] {
  const heads = tasks.map(cycleHeads);
  const key = ({ pc, slots }: LocalState): string => `${pc}:${slots.join()}`;
  for (const members of classes) {
    const all = new Set(
      members.flatMap(({ task }) => [...(heads[task] ?? [])].flatMap((id) => tasks[task]?.[id] ?? []).map(key)),
    );
    for (const { task } of members)
      heads[task] = new Set((tasks[task] ?? []).flatMap((state, id) => (all.has(key(state)) ? [id] : [])));
  }
  return heads;
}

/** By local state: the footprint of all that the task can still do without passing one of these locks. */
function futuresOf(
  { edges, to: targets, next, stopsAt }: Pick<TaskView, 'edges' | 'to' | 'next' | 'stopsAt'>,
  closed: number,
  footprints: Footprints,
): Int32Array {
  const all = next.length;
  const future = new Int32Array(all).fill(footprints.empty);
  const order = new Int32Array(all).fill(-1);
  const low = new Int32Array(all);
  const onStack = new Uint8Array(all);
  const stack: number[] = [];
  let visited = 0;
  const isStopped = (id: number): boolean => (stopsAt[id]! & closed) !== 0;
  for (let root = 0; root < all; root++) {
    if (order[root] !== -1) continue;
    const path: { readonly id: number; next: number }[] = [];
    const enter = (id: number): void => {
      order[id] = low[id] = visited++;
      stack.push(id);
      onStack[id] = 1;
      if (!isStopped(id)) future[id] = next[id]!;
      path.push({ id, next: edges[id]! });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { id } = top;
      const to = isStopped(id) || top.next === edges[id + 1] ? undefined : targets[top.next++];
      if (to === undefined) {
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent.id] = Math.min(low[parent.id]!, low[id]!);
        if (low[id] === order[id]) {
          const first = stack.lastIndexOf(id);
          const members = stack.splice(first);
          const union = members.reduce((so, member) => footprints.union(so, future[member]!), footprints.empty);
          for (const member of members) {
            future[member] = union;
            onStack[member] = 0;
          }
        }
        if (parent !== undefined && order[parent.id] !== -1)
          future[parent.id] = footprints.union(future[parent.id]!, future[id]!);
      } else if (order[to] === -1) enter(to);
      else {
        if (onStack[to] === 1) low[id] = Math.min(low[id]!, order[to]!);
        future[id] = footprints.union(future[id]!, future[to]!);
      }
    }
  }
  return future;
}
