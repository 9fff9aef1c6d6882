// SPDX-License-Identifier: MIT
import { compilePacked, compileSuccessors, type Property } from '../lang/index.ts';
import type { Question } from './explore.ts';
import { allocated, components, Graph, NoMemoryError } from './graph.ts';
import type { Model, Move, Progress, Reason } from './model.ts';

/** A property that must become true on every run. */
export interface Promised extends Property {
  /**
   * Tasks without fairness: a worker whose CPU is never released. All others are weakly fair: a task that stays enabled
   * eventually steps.
   */
  readonly unfair?: readonly number[] | undefined;
}

/** Result of a liveness search. */
export interface PromiseKept {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** States and steps up to where the promise became true. */
  readonly states: number;
  readonly transitions: number;
  /** Steps to the farthest of these states. */
  readonly depth: number;
  /** Bytes of the graph. */
  readonly bytes: number;
  /** Why the result is undecided. */
  readonly reason: Reason | undefined;
  /**
   * A run on which the promise never becomes true: a shortest path to the loop, and one round of it. The round is empty
   * if no task steps any more.
   */
  readonly lasso: { readonly stem: readonly Move[]; readonly cycle: readonly Move[] } | undefined;
}

/**
 * Checks whether a condition becomes true on every fair run. It stores all states that are reached before it, with all
 * steps between them; no reduction is used. A run breaks the promise if it stays for ever among states without the
 * condition, and every fair task is, again and again, either unable to step or taking a step. Such a run ends in a
 * strongly connected component that has, for each fair task, a state in which the task cannot step or a step of the
 * task. Conversely, each such component contains such a run.
 * @param mostStates largest number of states; beyond it the result is "undecided".
 * @example
 * import { checkingPromise, checkPromise } from 'folioscope/check';
 * import { buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 2 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 2 }, [total], [adding]);
 * const initial = createMemory(counting);
 * const interpreter = new Interpreter(counting, initial);
 * for (const task of [0, 1]) interpreter.start(task, 0);
 * const question = {
 *   program: counting,
 *   codeOf: [0, 0],
 *   initial,
 *   properties: [{ name: 'at most one', holds: total.le(1) }],
 *   mayEnd: literal<'bool'>(1),
 * };
 * checkPromise(question, { name: 'both add', holds: total.eq(2) }, 1000).verdict; // => 'holds'
 * [...checkingPromise(question, { name: 'three', holds: total.eq(3) }, { mostStates: 1000 })].length < 10; // => true
 */
export function checkPromise(question: Question, promise: Promised, mostStates: number): PromiseKept {
  const pieces = checkingPromise(question, promise, { mostStates });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** Limits and progress callback of a liveness search. */
export interface PromiseReach {
  readonly mostStates: number;
  /** Largest size of the graph in bytes; checked as often as the next. */
  readonly mostBytes?: number | undefined;
  /** Called between pieces of work: if it returns true, the result is "undecided". */
  readonly interrupted?: (() => boolean) | undefined;
}

/**
 * The same in pieces of some hundredths of a second; only the search for a loop in the complete graph is one piece. It
 * is also "undecided" if the machine has no more memory.
 */
export function* checkingPromise(
  question: Question,
  promise: Promised,
  reach: PromiseReach,
): Generator<Progress, PromiseKept> {
  const { program, codeOf, initial } = question;
  const packed = compilePacked(program, codeOf);
  const model: Model = { ...packed, initial: packed.pack(initial) };
  let graph: Graph | undefined;
  try {
    graph = new Graph(model);
    return yield* asking(graph, question, promise, reach);
  } catch (error) {
    if (!(error instanceof NoMemoryError)) throw error;
    return { verdict: 'undecided', ...countsOf(graph), reason: 'memory', lasso: undefined };
  }
}

/** Size of a graph, and the depth of one of its states; by default the last one found. */
const countsOf = (graph: Graph | undefined, last = (graph?.size ?? 0) - 1) => ({
  states: graph?.size ?? 0,
  transitions: graph?.transitions ?? 0,
  depth: last < 0 ? 0 : (graph?.wayTo(last).length ?? 0),
  bytes: graph?.bytes ?? 0,
});

/** @throws NoMemoryError */
function* asking(
  graph: Graph,
  { program, codeOf }: Question,
  promise: Promised,
  { mostStates, mostBytes = Number.POSITIVE_INFINITY, interrupted }: PromiseReach,
): Generator<Progress, PromiseKept> {
  const { model } = graph;
  const successors = compileSuccessors(program, codeOf, { properties: [promise], mayEnd: promise.holds });
  const isKept = (at: Int32Array): boolean => successors.violated(at, 0) === -1;
  const counts = (last?: number) => countsOf(graph, last);
  const build = graph.building(isKept, mostStates);
  for (;;) {
    const piece = build.next();
    if (piece.done === true) {
      if (piece.value) break;
      return { verdict: 'undecided', ...counts(), reason: 'states', lasso: undefined };
    }
    yield { ...counts(piece.value), queue: graph.size - piece.value };
    if (interrupted?.()) return { verdict: 'undecided', ...counts(), reason: 'interrupted', lasso: undefined };
    if (graph.bytes > mostBytes) return { verdict: 'undecided', ...counts(), reason: 'memory', lasso: undefined };
  }

  const state = new Int32Array(model.words);
  const pending = allocated(() => new Uint8Array(graph.size));
  for (let id = 0; id < graph.size; id++) {
    graph.load(id, state);
    if (!isKept(state)) pending[id] = 1;
  }
  const unfair = new Set(promise.unfair);
  const fair = codeOf.map((_, task) => task).filter((task) => !unfair.has(task));
  let nearest: { readonly entry: number; readonly members: ReadonlySet<number> } | undefined;
  for (const members of components(graph, (id) => pending[id] === 1)) {
    const entry = members.reduce((first, id) => Math.min(first, id));
    if (nearest !== undefined && nearest.entry < entry) continue;
    const inside = new Set(members);
    if (neglected(graph, inside, fair).length === 0) nearest = { entry, members: inside };
  }
  if (nearest === undefined) return { verdict: 'holds', ...counts(), reason: undefined, lasso: undefined };
  const { entry, members } = nearest;
  const lasso = { stem: graph.wayTo(entry), cycle: roundFrom(graph, entry, members, fair) };
  return { verdict: 'violated', ...counts(), reason: undefined, lasso };
}

/** The fair tasks that could step in each of these states, and none of whose steps stays among them. */
function neglected(graph: Graph, members: ReadonlySet<number>, fair: readonly number[]): readonly number[] {
  let left = [...fair];
  for (const id of members) {
    if (left.length === 0) break;
    const due = served(graph, id, members);
    left = left.filter((task) => !due(task));
  }
  return left;
}

/** The tasks that a state satisfies: they cannot step, or a step of theirs stays within `members`. */
function served(graph: Graph, id: number, members: ReadonlySet<number>): (task: number) => boolean {
  const { first, end } = graph.edgesOf(id);
  const able = new Set<number>();
  const stepping = new Set<number>();
  for (let edge = first; edge < end; edge++) {
    able.add(graph.task(edge));
    if (members.has(graph.target(edge))) stepping.add(graph.task(edge));
  }
  return (task) => !able.has(task) || stepping.has(task);
}

/**
 * A loop from a state back to it, on which every fair task was unable to step or took a step. Greedy: each time the
 * shortest path to the nearest need.
 */
function roundFrom(
  graph: Graph,
  entry: number,
  members: ReadonlySet<number>,
  fair: readonly number[],
): readonly Move[] {
  const cycle: Move[] = [];
  const left = new Set(fair);
  const unable = (id: number): readonly number[] => {
    const { first, end } = graph.edgesOf(id);
    const able = new Set<number>();
    for (let edge = first; edge < end; edge++) able.add(graph.task(edge));
    return [...left].filter((task) => !able.has(task));
  };
  const rest = (id: number): void => {
    for (const task of unable(id)) left.delete(task);
  };
  let at = entry;
  rest(at);
  const go = (isThere: (edge: number) => boolean): void => {
    for (const edge of nearestEdge(graph, at, members, isThere)) {
      const { task, option, to } = graph.edge(edge);
      cycle.push({ task, option });
      left.delete(task);
      rest(to);
      at = to;
    }
  };
  while (left.size > 0) go((edge) => left.has(graph.task(edge)) || unable(graph.target(edge)).length > 0);
  if (at !== entry) go((edge) => graph.target(edge) === entry);
  return cycle;
}

/** The shortest path within `members` whose last edge matches. */
function nearestEdge(
  graph: Graph,
  from: number,
  members: ReadonlySet<number>,
  isThere: (edge: number) => boolean,
): readonly number[] {
  const cameBy = new Map<number, { readonly edge: number; readonly before: number }>();
  const queue = [from];
  const wayTo = (id: number): number[] => {
    const way: number[] = [];
    for (let step = cameBy.get(id), at = id; at !== from && step !== undefined; step = cameBy.get(at)) {
      way.push(step.edge);
      at = step.before;
    }
    return way.toReversed();
  };
  for (const id of queue) {
    const { first, end } = graph.edgesOf(id);
    for (let edge = first; edge < end; edge++) {
      const to = graph.target(edge);
      if (!members.has(to)) continue;
      if (isThere(edge)) return [...wayTo(id), edge];
      if (to === from || cameBy.has(to)) continue;
      cameBy.set(to, { edge, before: id });
      queue.push(to);
    }
  }
  throw new Error('no way round');
}
