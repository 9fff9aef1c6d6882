// SPDX-License-Identifier: MIT
import { compilePacked, compileSuccessors, type Property } from '../lang/index.ts';
import type { Question } from './explore.ts';
import { allocated, components, Graph, NoMemoryError } from './graph.ts';
import type { Model, Move, Progress, Reason } from './model.ts';

/** Something that is to come true on every run, sooner or later. */
export interface Promised extends Property {
  /**
   * Tasks that may be left waiting for ever although they could step: a worker whose CPU is never given up. All others are weakly fair: who
   * can go on from some time on goes on.
   */
  readonly unfair?: readonly number[] | undefined;
}

/** Whether a promise is kept. */
export interface PromiseKept {
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** States and steps up to where the promise has come true. */
  readonly states: number;
  readonly transitions: number;
  /** Steps to the farthest of them. */
  readonly depth: number;
  /** Bytes of the graph. */
  readonly bytes: number;
  /** Why it is undecided. */
  readonly reason: Reason | undefined;
  /**
   * A run on which it never comes true: the fewest steps to where it goes round, and one round. Nobody steps any more where
   * the round is empty.
   */
  readonly lasso: { readonly stem: readonly Move[]; readonly cycle: readonly Move[] } | undefined;
}

/**
 * Asks whether on every fair run a condition comes true. All states that are reached before it are stored, with all steps
 * between them: no reduction is used. A run breaks the promise where it stays for ever among states in which the condition does not hold, and every fair
 * task is, again and again, unable to step or taking one. Such runs end in a strongly connected component that has, for each fair task,
 * a state in which the task cannot step or a step of the task: and each component that has them is one.
 * @param mostStates gives up beyond; "undecided" then.
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

/** How far somebody goes who asks what comes true, and who watches him. */
export interface PromiseReach {
  readonly mostStates: number;
  /** Gives up where the graph takes more bytes; looked at as often as the next. */
  readonly mostBytes?: number | undefined;
  /** Asked between pieces of work: where it says yes, the answer is "undecided". */
  readonly interrupted?: (() => boolean) | undefined;
}

/**
 * The same in pieces of some hundredths of a second, but for the search for a round in a graph that is complete. Where the machine gives
 * no more memory it is "undecided" too.
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

/** How large a graph is, and how far one of its states; the last one that was found where not given. */
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

/** The fair tasks that could step in every one of these states, and of which no step stays among them. */
function neglected(graph: Graph, members: ReadonlySet<number>, fair: readonly number[]): readonly number[] {
  let left = [...fair];
  for (const id of members) {
    if (left.length === 0) break;
    const due = served(graph, id, members);
    left = left.filter((task) => !due(task));
  }
  return left;
}

/** Which tasks have nothing to ask for in a state: they cannot step, or a step of theirs leads on among `members`. */
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

/** A way round from a state back to it, on which every fair task was unable to step or took one. As short as going to the nearest need each time makes it. */
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

/** The shortest way within `members` whose last edge is the one looked for. */
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
