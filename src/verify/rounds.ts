// SPDX-License-Identifier: MIT
import {
  type Coverage,
  type Exploration,
  exploringProgram,
  type Move,
  type ProgramExploration,
  type Question,
} from '../check/index.ts';
import type { Counterexample, Explored, PropertyAnswer } from './answer.ts';
import { CountingStore } from './counting-store.ts';
import type { Nearness } from './counterexample.ts';
import { withFewestSwitches } from './fewest-switches.ts';
import type { CheckProgress, SearchOptions } from './search-options.ts';
import { isTooLargeToCompile } from './too-large.ts';
import { exploringByWalks } from './walks.ts';

/** A subject with properties that are checked together. */
export interface Asked {
  readonly ids: readonly string[];
  readonly sentence: (id: string) => string;
  /** The question without some of the properties. */
  readonly question: (without: ReadonlySet<string>) => Question;
  /** The property and the detail of an engine's name. */
  readonly named: (name: string) => { readonly id: string; readonly detail: string };
  readonly counterexampleOf: (moves: readonly Move[], nearness: Nearness) => Counterexample;
}

/** Result of the rounds. */
export interface Rounds {
  readonly properties: readonly PropertyAnswer[];
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** The largest exploration. */
  readonly explored: Explored;
  readonly reason: Exploration['reason'];
  /** The reductions that were used. */
  readonly reductions: readonly string[];
  /** From the last exploration, on which every "holds" rests. */
  readonly omission: number | undefined;
  /**
   * From the last exploration, which ended without a violation: names of the question's `sometimes` properties that no
   * state satisfied.
   */
  readonly unreached: readonly string[];
  /** From the same, if the question asks for it. */
  readonly coverage: Coverage | undefined;
}

/** The size of no exploration. */
export const NOTHING: Explored = { states: 0, transitions: 0, depth: 0, bytes: 0 };

/** Largest number of states that are explored whole, without reductions: beyond it their analysis pays off. */
const FEW_STATES = 300_000;

/**
 * Checks all properties at once. If one is violated, its shortest counterexample is kept, and the others are checked
 * again without it, until the rest holds.
 * @example
 * import { buildCode, createMemory, int, Interpreter, literal, program, sharedScalar } from 'folioscope/lang';
 * import { inRounds } from 'folioscope/verify';
 * const total = sharedScalar('total', int(9));
 * const adding = buildCode('adding', null, { task: 1 }, 0, (k) => k.step('add', () => total.add(1)));
 * const counting = program({ task: 1 }, [total], [adding]);
 * const initial = createMemory(counting);
 * new Interpreter(counting, initial).start(0, 0);
 * const properties = [{ name: 'small', holds: total.le(1) }];
 * const rounds = inRounds(
 *   {
 *     ids: ['small'],
 *     sentence: () => 'the total is small',
 *     question: () => ({ program: counting, codeOf: [0], initial, properties, mayEnd: literal<'bool'>(1) }),
 *     named: (name) => ({ id: name, detail: '' }),
 *     counterexampleOf: () => {
 *       throw new Error('nothing is violated');
 *     },
 *   },
 *   { mostStates: 100 },
 * );
 * let piece = rounds.next();
 * while (piece.done !== true) piece = rounds.next();
 * piece.value.verdict; // => 'holds'
 */
export function* inRounds(asked: Asked, options: SearchOptions): Generator<CheckProgress, Rounds> {
  const found = new Map<string, PropertyAnswer>();
  let largest = NOTHING;
  /** The exploration of all orders that ended at the limit of few states. */
  let tried: { readonly result: ProgramExploration; readonly spilled: number | undefined } | undefined;
  const { walks, lossy, wholeUpTo = FEW_STATES } = options;
  const mayReduce = options.exact !== true && options.partialOrder !== false && walks === undefined;
  const explorer = walks === undefined ? options.explore : exploringByWalks(walks);
  for (let round = 1; ; round++) {
    const heapBefore = options.heap?.();
    const question = asked.question(new Set(found.keys()));
    const heap = options.heap?.();
    if (heap !== undefined && isTooLargeToCompile(heap, heapBefore?.used ?? 0))
      return unasked(
        asked.ids.map((id) => found.get(id) ?? answerAll(asked, id, 'undecided', largest)),
        largest,
      );
    // With hashes it is unknown whether all states reached a limit.
    const isTried = mayReduce && tried === undefined && lossy === undefined && wholeUpTo > 0;
    const mostStates = isTried ? Math.min(wholeUpTo, options.mostStates) : options.mostStates;
    const partialOrder = mayReduce && !isTried;
    const checkpoint = options.checkpoint?.(`${round}-${partialOrder ? 'reduced' : 'whole'}`);
    const spill = options.spill && new CountingStore(options.spill());
    const reach = { ...options, mostStates, whole: options.exact === true, checkpoint, spill };
    const explore = explorer ?? exploringProgram;
    const last = yield* numbered(explore({ ...question, partialOrder }, reach), round);
    if (isTried && last.reason === 'states' && last.verdict === 'undecided' && mostStates < options.mostStates) {
      tried = { result: last, spilled: spill?.written };
      round--;
      continue;
    }
    // An exploration that ended early knows less than the previous one.
    const before = last.verdict === 'undecided' && tried && tried.result.states > last.states ? tried : undefined;
    const result = before === undefined ? last : { ...before.result, reason: last.reason };
    const explored = exploredIn(result, before === undefined ? spill?.written : before.spilled);
    if (explored.states >= largest.states) largest = explored;
    const { property, counterexample: moves, verdict, reason, unreached, coverage, omission, reductions } = result;
    if (property === undefined) {
      const rest = verdict === 'undecided' ? verdict : 'holds';
      const properties = asked.ids.map((id) => found.get(id) ?? answerAll(asked, id, rest, explored));
      const worst = found.size > 0 ? 'violated' : rest;
      return { properties, verdict: worst, explored: largest, reason, reductions, unreached, coverage, omission };
    }
    const { id, detail } = asked.named(property);
    const now = { ...explored, transitions: result.transitions, queue: 0, round };
    const counterexample =
      moves &&
      (yield* reportingProgress(
        now,
        nearestCounterexample(asked, question, { ...result, moves }, options.interrupted),
      ));
    found.set(id, {
      ...answerAll(asked, id, 'violated', explored),
      detail: detail === '' ? undefined : detail,
      counterexample,
    });
  }
}

/** The answers if the question, or the rest of it, is too large to be built. */
export const unasked = (properties: readonly PropertyAnswer[], explored: Explored): Rounds => ({
  properties,
  verdict: properties.some(({ verdict }) => verdict === 'violated') ? 'violated' : 'undecided',
  explored,
  reason: 'size',
  reductions: [],
  omission: undefined,
  unreached: [],
  coverage: undefined,
});

/** A counterexample; if it is a shortest one, one with the fewest context switches among those. */
function* nearestCounterexample(
  asked: Asked,
  question: Question,
  { moves, isShortest }: { readonly moves: readonly Move[]; readonly isShortest: boolean },
  interrupted: SearchOptions['interrupted'],
): Generator<void, Counterexample> {
  if (!isShortest) return asked.counterexampleOf(moves, { isShortest, fewestSwitches: false });
  const { moves: best, fewest } = yield* withFewestSwitches(question, moves, interrupted);
  return asked.counterexampleOf(best, { isShortest, fewestSwitches: fewest });
}

export const answerAll = (
  asked: Pick<Asked, 'sentence'>,
  id: string,
  verdict: PropertyAnswer['verdict'],
  explored: Explored,
): PropertyAnswer => ({
  id,
  sentence: asked.sentence(id),
  verdict,
  detail: undefined,
  vacuous: undefined,
  explored,
  counterexample: undefined,
});

function* numbered(
  pieces: Generator<Omit<CheckProgress, 'round'>, ProgramExploration>,
  round: number,
): Generator<CheckProgress, ProgramExploration> {
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
    yield { ...piece.value, round };
  }
}

/** Runs work that reports no progress itself, and yields `now` between its pieces. */
function* reportingProgress<T>(now: CheckProgress, work: Generator<void, T>): Generator<CheckProgress, T> {
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    yield now;
  }
}

const exploredIn = (
  { states, transitions, depth, bytes }: Exploration,
  spilledBytes: number | undefined,
): Explored => ({
  states,
  transitions: transitions + 1,
  depth,
  bytes,
  spilledBytes,
});
