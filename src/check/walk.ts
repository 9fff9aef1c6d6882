// SPDX-License-Identifier: MIT
import { HEAPS } from '../lang/index.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { type Question, spaceOfProgram } from './explore.ts';
import type { Model, Move } from './model.ts';
import { Random } from './random.ts';
import { hashOf, heapOf, Rows } from './rows.ts';
import { Pct, type Schedule, type Strategy, Uniform } from './schedule.ts';
import { searching } from './search.ts';
import type { Space } from './space.ts';
import { StateTable } from './state_table.ts';

/** Number and length of walks, and their callbacks. */
export interface Walks {
  /** The low 32 bits of an integer. The same seed gives the same walks, and walk n does not depend on how many are asked for. */
  readonly seed: number;
  readonly walks: number;
  /** Number of the first walk; 1 if absent. Uniform walks do not depend on those before them. */
  readonly first?: number | undefined;
  /** Most steps of a walk. */
  readonly steps: number;
  readonly strategy: Strategy;
  /**
   * Most distinct states to count, and most states that the search for the shortest counterexample may visit; 0: no
   * such search.
   */
  readonly mostStates?: number | undefined;
  /**
   * Most bytes: half for the distinct states, half for the steps of a walk. If the first half is full, distinct states
   * are no longer counted; if a walk is too long for the second, the walks end.
   */
  readonly mostBytes?: number | undefined;
  /** Progress callback, called at the end of a walk and every thousand steps. */
  readonly progress?: ((now: WalkProgress) => void) | undefined;
  /** Called as often, and while a run is shortened: if it returns true, the walks end with what is known. */
  readonly interrupted?: (() => boolean) | undefined;
}

/** Progress of the walks. */
export interface WalkProgress {
  /** Finished walks. */
  readonly walks: number;
  /** Steps of all walks. */
  readonly steps: number;
  /**
   * Distinct states among those visited; undefined if there were more than `mostStates`, or than `mostBytes` had room
   * for.
   */
  readonly distinctStates: number | undefined;
}

/** Result of random walks. They never prove that a property holds. */
export interface WalkExploration extends WalkProgress {
  readonly verdict: 'violated' | 'undecided';
  /** Name of the violated property or assert, or "deadlock". */
  readonly property: string | undefined;
  /** Why there is no verdict: all walks are finished, they were interrupted, or one became too long for the memory. */
  readonly reason: 'walks' | 'interrupted' | 'memory' | undefined;
  /** Steps of the longest walk. */
  readonly longest: number;
  /** Which walk met the violation, from 1. */
  readonly walk: number | undefined;
  /** Steps from the initial state to a violation. */
  readonly counterexample: readonly Move[] | undefined;
  /**
   * Whether a search proved that no violation takes fewer steps. Otherwise the counterexample is the walk, without the
   * steps that it does not need.
   */
  readonly isShortest: boolean;
  /** Names of the question's `sometimes` properties that no visited state satisfied. */
  readonly unreached: readonly string[];
  /** Undefined unless asked for: steps of walks, and steps that could have been taken instead. */
  readonly coverage: Coverage | undefined;
}

/** A violation at the end of a run, or in the last step of it. */
interface Violation {
  readonly property: string;
  readonly moves: readonly Move[];
}

const MOST_STATES = 2 ** 20;
const STEPS_BETWEEN_LOOKS = 1000;
/** Bytes of a step: an object of two numbers, and its place in a list that grows by half. */
const BYTES_OF_MOVE = 64;
/** Longest run that is shortened step by step: that takes the square of its length in steps. */
const LONGEST_TO_CUT = 4000;

/**
 * Walks through a program at random, if it is too large to be searched. Reductions of the question are not used.
 * @throws RangeError if a strategy's depth is less than 1.
 * @example
 * import { walkingProgram, walkProgram } from 'folioscope/check';
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
 * const walks = { walks: 10, seed: 1, steps: 100, strategy: { kind: 'uniform' } } as const;
 * walkProgram(question, walks).verdict; // => 'violated'
 * [...walkingProgram(question, walks)].length < 10; // => true
 */
export function walkProgram(question: Question, walks: Walks): WalkExploration {
  const pieces = walkingProgram(question, walks);
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** The same in pieces, so that the caller can do other work in between. */
export function* walkingProgram(question: Question, walks: Walks): Generator<WalkProgress, WalkExploration> {
  const { strategy, mostStates = MOST_STATES, mostBytes = Number.POSITIVE_INFINITY } = walks;
  if (strategy.kind === 'pct' && !(Number.isInteger(strategy.depth) && strategy.depth >= 1))
    throw new RangeError(`a PCT schedule has a depth of 1 or more, not ${strategy.depth}`);
  const { space, model } = spaceOfProgram({ ...question, symmetry: undefined, partialOrder: false });
  const walker = new Walker(space, model, { mostStates, mostBytes }, question.coverage === true);
  const { violation, ...found } = yield* walkAll(walker, walks);
  const { walks: over, steps, distinctStates } = found;
  const about = {
    ...found,
    unreached: (question.sometimes ?? []).flatMap(({ name }, i) => (space.reached[i] === 0 ? [name] : [])),
    coverage: question.coverage === true ? coverageOf(space) : undefined,
  };
  if (violation === undefined)
    return { verdict: 'undecided', property: undefined, counterexample: undefined, isShortest: false, ...about };
  const now = { walks: over, steps, distinctStates };
  const cut = yield* shortening(walker, violation, walks, now);
  const searched = mostStates > 0 ? yield* nearest(space, walks, mostStates, now) : undefined;
  const { property, moves } = searched ?? cut;
  return { verdict: 'violated', property, counterexample: moves, isShortest: searched !== undefined, ...about };
}

function* walkAll(
  walker: Walker,
  walks: Walks,
): Generator<
  WalkProgress,
  Pick<WalkExploration, 'walks' | 'steps' | 'distinctStates' | 'reason' | 'longest' | 'walk'> & {
    readonly violation: Violation | undefined;
  }
> {
  let before = 0;
  let longest = 0;
  const now = (over: number): WalkProgress => ({
    walks: over,
    steps: before + walker.length,
    distinctStates: walker.distinctStates,
  });
  for (let walk = 1; walk <= walks.walks; walk++) {
    const random = new Random(walks.seed, (walks.first ?? 1) + walk - 1);
    before += walker.length;
    const expected = Math.max(1, Math.min(walks.steps, walk === 1 ? walks.steps : longest));
    walker.begin(
      walks.strategy.kind === 'uniform'
        ? new Uniform(random, walker.taskOf)
        : new Pct(random, walker.taskOf, walks.strategy.depth, expected),
    );
    for (let goesOn = true; goesOn; ) {
      goesOn = walker.length < walks.steps && walker.step();
      if (goesOn && walker.length % STEPS_BETWEEN_LOOKS !== 0) continue;
      longest = Math.max(longest, walker.length);
      const { violation } = walker;
      if (violation !== undefined) return { ...now(walk), reason: undefined, longest, walk, violation };
      const piece = now(goesOn ? walk - 1 : walk);
      walks.progress?.(piece);
      yield piece;
      if (walks.interrupted?.())
        return { ...piece, reason: 'interrupted', longest, walk: undefined, violation: undefined };
      if (goesOn && walker.isTooLong)
        return { ...piece, reason: 'memory', longest, walk: undefined, violation: undefined };
    }
  }
  return { ...now(walks.walks), reason: 'walks', longest, walk: undefined, violation: undefined };
}

/** Shortens a run, as far as possible. */
function* shortening(
  walker: Walker,
  violation: Violation,
  { interrupted }: Walks,
  now: WalkProgress,
): Generator<WalkProgress, Violation> {
  let best = violation;
  for (const nearer of walker.cut(violation)) {
    best = nearer;
    yield now;
    if (interrupted?.()) break;
  }
  return best;
}

/** Searches for the nearest violation, which is no farther than the known one. */
function* nearest(
  space: Space,
  { interrupted, mostBytes }: Walks,
  mostStates: number,
  found: WalkProgress,
): Generator<WalkProgress, Violation | undefined> {
  const pieces = searching(space, { mostStates, mostBytes, interrupted });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) {
      const { property, counterexample: moves } = piece.value;
      return property !== undefined && moves !== undefined ? { property, moves } : undefined;
    }
    yield found;
  }
}

/** One walk after the other, and the visited states. */
class Walker {
  /** By move (a task and one of its options): the task. */
  readonly taskOf: Int32Array;
  readonly #optionOf: Int32Array;
  readonly #space: Space;
  readonly #model: Model;
  readonly #table: StateTable;
  readonly #state: Int32Array;
  /** The state with its hash. */
  readonly #row: Int32Array;
  /** Buffer for successors; undefined if no property needs them. */
  readonly #successors: Rows | undefined;
  #isFull = false;
  readonly #mostBytes: number;
  #schedule: Schedule | undefined;
  #moves: Move[] = [];
  violation: Violation | undefined;

  constructor(
    space: Space,
    model: Model,
    { mostStates, mostBytes }: { readonly mostStates: number; readonly mostBytes: number },
    coverage: boolean,
  ) {
    const moves = Array.from({ length: model.tasks }, (_, task) =>
      Array.from({ length: model.options?.[task] ?? 1 }, (__, option): Move => ({ task, option })),
    ).flat();
    this.taskOf = Int32Array.from(moves, ({ task }) => task);
    this.#optionOf = Int32Array.from(moves, ({ option }) => option);
    this.#space = space;
    this.#model = model;
    this.#table = new StateTable(model.words, Math.max(1, mostStates), [...Array(HEAPS).keys()], false);
    this.#mostBytes = mostBytes;
    this.#table.allow(mostStates, mostBytes / 2);
    this.#state = new Int32Array(model.words);
    this.#row = new Int32Array(model.words + 1);
    const rows = HEAPS * (model.words + 1) * Math.max(1, space.compiled.most);
    if (space.asserts.length > 0 || coverage)
      this.#successors = new Rows(new Int32Array(rows), new Int32Array(HEAPS), 0);
  }

  get distinctStates(): number | undefined {
    return this.#isFull ? undefined : this.#table.size;
  }

  /** Whether there is no memory to continue the walk. */
  get isTooLong(): boolean {
    return this.#moves.length * BYTES_OF_MOVE > this.#mostBytes / 2;
  }

  /** Steps of the walk so far. */
  get length(): number {
    return this.#moves.length;
  }

  begin(schedule: Schedule): void {
    this.#schedule = schedule;
    this.#moves = [];
    this.#state.set(this.#model.initial);
    this.violation = this.#wrong(this.#moves);
  }

  /** @returns false at the end of the walk. */
  step(): boolean {
    const schedule = this.#schedule;
    if (schedule === undefined || this.violation !== undefined) return false;
    for (const move of schedule.order()) {
      const task = this.taskOf[move]!;
      const option = this.#optionOf[move]!;
      if (!this.#model.step(task, this.#state, option)) continue;
      schedule.taken(move);
      this.#moves.push({ task, option });
      if (this.#isNew()) this.violation = this.#wrong(this.#moves);
      return this.violation === undefined;
    }
    return false;
  }

  /** Whether the walks visit this state for the first time, or this is unknown. */
  #isNew(): boolean {
    if (this.#isFull) return true;
    const { words } = this.#model;
    const before = this.#table.size;
    this.#row.set(this.#state);
    this.#row[words] = hashOf(this.#state, 0, words);
    this.#isFull = !this.#table.add(heapOf(this.#state), this.#row, 0, words + 1);
    return this.#isFull || this.#table.size > before;
  }

  /** The violation in the state, or in a possible step from it, to which the moves have led. */
  #wrong(moves: readonly Move[]): Violation | undefined {
    const { compiled, properties, asserts } = this.#space;
    const which = compiled.violated(this.#state, 0);
    if (which !== -1) return { property: properties[which] ?? '', moves };
    const successors = this.#successors;
    if (successors !== undefined) {
      const { failed } = compiled;
      successors.clear();
      compiled.expand(this.#state, 0, successors.words, successors.ends);
      const [assert = 0, task = 0, option = 0] = failed;
      failed[0] = 0;
      if (assert !== 0) return { property: asserts[assert - 1] ?? '', moves: [...moves, { task, option }] };
    }
    if (this.#canStep() || compiled.mayEnd(this.#state, 0)) return undefined;
    return { property: 'deadlock', moves };
  }

  #canStep(): boolean {
    const { step, tasks, options } = this.#model;
    const after = this.#state.slice();
    for (let task = 0; task < tasks; task++)
      for (let option = 0; option < (options?.[task] ?? 1); option++) if (step(task, after, option)) return true;
    return false;
  }

  /**
   * Removes stretches of a run, long ones first, without which the same property is violated. Yields the best run after
   * each attempt.
   */
  *cut(violation: Violation): Generator<Violation, void> {
    let best = violation;
    if (violation.moves.length > LONGEST_TO_CUT) return;
    for (let size = best.moves.length >> 1; size >= 1; size >>= 1)
      for (let from = best.moves.length - size; from >= 0; from -= size) {
        best = this.#replay(best.moves.toSpliced(from, size), best) ?? best;
        yield best;
      }
  }

  /**
   * Takes those of the moves that are possible. @returns the first violation on the way, if it is of the same property
   * and nearer.
   */
  #replay(moves: readonly Move[], { property, moves: known }: Violation): Violation | undefined {
    const taken: Move[] = [];
    this.#state.set(this.#model.initial);
    for (const move of moves) {
      if (taken.length + 1 >= known.length) return undefined;
      if (!this.#model.step(move.task, this.#state, move.option)) continue;
      taken.push(move);
      const found = this.#wrong(taken);
      if (found !== undefined)
        return found.property === property && found.moves.length < known.length ? found : undefined;
    }
    return undefined;
  }
}
