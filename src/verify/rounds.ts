// SPDX-License-Identifier: MIT
import {
  type Coverage,
  type Exploration,
  exploringProgram,
  type Move,
  type ProgramExploration,
  type Progress,
  type Question,
  type Reach,
} from '../check/index.ts';
import type { Counterexample, Explored, PropertyAnswer } from './answer.ts';
import { withFewestSwitches } from './fewest-switches.ts';

/** Explores a program in pieces, however it does that. */
export type Explorer = (
  question: Question,
  reach: Reach,
) => Generator<Omit<CheckProgress, 'round'>, ProgramExploration>;

/** How a search is bounded, and who watches it. */
export interface SearchOptions {
  /** Gives up after so many states. */
  readonly mostStates: number;
  /** Gives up before states and their table take more bytes; the machine's own limit where not given. */
  readonly mostBytes?: number | undefined;
  /** Asked now and then: where it says yes, the check ends with what it knows. */
  readonly interrupted?: (() => boolean) | undefined;
  /** No reductions, and everything is explored even where a violation is found early. */
  readonly exact?: boolean | undefined;
  /** Leaves out orders of steps that nobody can tell where a scenario is large; true where absent. */
  readonly partialOrder?: boolean | undefined;
  /** Explores no state twice that differs only by an exchange of like CPUs; true where absent. */
  readonly symmetry?: boolean | undefined;
  /** Notes which steps were ever taken where nobody needs that for an answer; always in the kernel. */
  readonly coverage?: boolean | undefined;
  /** Explores; this thread does where absent. */
  readonly explore?: Explorer | undefined;
}

/** How far a check is. */
export interface CheckProgress extends Progress {
  /** Which of its explorations this is, from 1: each violated property costs one more. */
  readonly round: number;
  /** Others work: settles when it is worth asking again. */
  readonly wait?: Promise<void> | undefined;
}

/** Something with properties that are asked about together. */
export interface Asked {
  readonly ids: readonly string[];
  readonly sentence: (id: string) => string;
  /** The question without some of the properties. */
  readonly question: (without: ReadonlySet<string>) => Question;
  /** The property, and what of it, that the engine's name stands for. */
  readonly named: (name: string) => { readonly id: string; readonly detail: string };
  readonly tell: (moves: readonly Move[], fewestSwitches: boolean) => Counterexample;
}

/** What the rounds came to. */
export interface Rounds {
  readonly properties: readonly PropertyAnswer[];
  readonly verdict: 'holds' | 'violated' | 'undecided';
  /** The largest exploration. */
  readonly explored: Explored;
  readonly reason: Exploration['reason'];
  /** What made the explorations smaller. */
  readonly reductions: readonly string[];
  /** Of the last exploration, which ended with no violation: names of the question's `sometimes` that never came true. */
  readonly unreached: readonly string[];
  /** Of the same, where the question asks for it. */
  readonly coverage: Coverage | undefined;
}

/** Up to so many states a scenario is explored whole, reductions or not: the analysis would take longer. */
const FEW_STATES = 300_000;

/**
 * Asks about all properties at once. Where one does not hold, its shortest counterexample is kept, and the others are
 * asked about once more without it, until the rest holds.
 */
export function* inRounds(asked: Asked, options: SearchOptions): Generator<CheckProgress, Rounds> {
  const found = new Map<string, PropertyAnswer>();
  let largest: Explored = { states: 0, transitions: 0, depth: 0, bytes: 0 };
  let isLarge = false;
  const mayReduce = options.exact !== true && options.partialOrder !== false;
  for (let round = 1; ; round++) {
    const question = asked.question(new Set(found.keys()));
    const mostStates = mayReduce && !isLarge ? Math.min(FEW_STATES, options.mostStates) : options.mostStates;
    const reach = { ...options, mostStates, whole: options.exact === true };
    const partialOrder = mayReduce && isLarge;
    const explore = options.explore ?? exploringProgram;
    const result = yield* numbered(explore({ ...question, partialOrder }, reach), round);
    if (result.reason === 'states' && result.verdict === 'undecided' && mostStates < options.mostStates) {
      isLarge = true;
      continue;
    }
    const explored = exploredIn(result);
    if (explored.states > largest.states) largest = explored;
    const { property, counterexample: moves, verdict, reason, unreached, coverage } = result;
    if (property === undefined || moves === undefined) {
      const rest = verdict === 'undecided' ? verdict : 'holds';
      const properties = asked.ids.map((id) => found.get(id) ?? answerAll(asked, id, rest, explored));
      return {
        properties,
        verdict: found.size > 0 ? 'violated' : rest,
        explored: largest,
        reason,
        reductions: result.reductions,
        unreached,
        coverage,
      };
    }
    const { id, detail } = asked.named(property);
    const better = yield* saying(
      { ...explored, transitions: result.transitions, queue: 0, round },
      withFewestSwitches(question, moves, options.interrupted),
    );
    found.set(id, {
      ...answerAll(asked, id, 'violated', explored),
      detail: detail === '' ? undefined : detail,
      counterexample: asked.tell(better.moves, better.fewest),
    });
  }
}

const answerAll = (
  asked: Asked,
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

/** Work that says nothing itself, with what to say between its pieces. */
function* saying<T>(now: CheckProgress, work: Generator<void, T>): Generator<CheckProgress, T> {
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    yield now;
  }
}

const exploredIn = ({ states, transitions, depth, bytes }: Exploration): Explored => ({
  states,
  transitions: transitions + 1,
  depth,
  bytes,
});
