// SPDX-License-Identifier: MIT
import type { Move, Question } from '../check/index.ts';
import { compilePacked, copyMemory, Interpreter, type Packed } from '../lang/index.ts';
import { switchesIn } from './switches.ts';

/**
 * Limit of runs that are examined before the present one is kept, and words of their states: 256 MB, plus their names.
 */
const MOST_RESTS = 400_000;
const MOST_WORDS = 2 ** 26;
/** Runs that are examined in some tenths of a second. */
const RESTS_AT_ONCE = 4096;

/** A partial run: its last move, and the run before it. */
interface Way {
  readonly state: Int32Array;
  readonly move: Move | undefined;
  readonly before: Way | undefined;
  readonly switches: number;
}

/**
 * Among all runs as short as a counterexample that end with the same step of the same task and the same violation, one
 * with the fewest context switches. Level by level it keeps the best path to each state and last task. If there are too
 * many, or the search is interrupted, the counterexample is kept, and `fewest` is false. Yields between pieces of work.
 */
export function* withFewestSwitches(
  question: Question,
  moves: readonly Move[],
  interrupted: () => boolean = () => false,
): Generator<void, { readonly moves: readonly Move[]; readonly fewest: boolean }> {
  const packed = compilePacked(question.program, question.codeOf);
  let level: readonly Way[] = [
    { state: packed.pack(question.initial), move: undefined, before: undefined, switches: 0 },
  ];
  const ending = endingOf(question, moves);
  let rests = 0;
  for (let depth = 1; depth < moves.length; depth++) {
    level = yield* nextLevel(packed, level, switchesIn(moves));
    rests += level.length;
    if (rests > MOST_RESTS || rests * packed.words > MOST_WORDS || interrupted()) return { moves, fewest: false };
  }
  const lasts = level
    .flatMap((way) => successors(packed, way))
    .filter(({ move }) => move?.task === moves.at(-1)?.task)
    .toSorted((a, b) => a.switches - b.switches);
  const best = lasts.find((way) => way.before !== undefined && ending(packed, way.before, way));
  return best === undefined ? { moves, fewest: false } : { moves: movesOf(best), fewest: true };
}

function* nextLevel(packed: Packed, level: readonly Way[], mostSwitches: number): Generator<void, readonly Way[]> {
  const best = new Map<string, Way>();
  for (const [number, way] of level.entries()) {
    if (number % RESTS_AT_ONCE === 0) yield;
    for (const next of successors(packed, way)) {
      if (next.switches > mostSwitches) continue;
      const key = `${next.move?.task} ${next.state.join()}`;
      const known = best.get(key);
      if (known === undefined || next.switches < known.switches) best.set(key, next);
    }
  }
  return [...best.values()];
}

function successors(packed: Packed, way: Way): readonly Way[] {
  const ways: Way[] = [];
  for (let task = 0; task < packed.tasks; task++)
    for (let option = 0; option < (packed.options[task] ?? 1); option++) {
      const state = way.state.slice();
      if (!packed.step(task, state, option)) continue;
      const isSwitch = way.move !== undefined && way.move.task !== task;
      ways.push({ state, move: { task, option }, before: way, switches: way.switches + Number(isSwitch) });
    }
  return ways;
}

/**
 * Whether a run ends like the counterexample: with the same failed asserts, or in a state that violates the same
 * conditions.
 */
function endingOf(question: Question, moves: readonly Move[]) {
  const { program, properties } = question;
  const last = moves.at(-1);
  const judge = (interpreter: Interpreter, move: Move): string => {
    const taken = interpreter.step(move.task, move.option);
    const wrong = properties.flatMap(({ name, holds }) => (interpreter.value(holds) === 0 ? [name] : []));
    return JSON.stringify([taken?.step.name, taken?.failed, wrong]);
  };
  const memory = copyMemory(question.initial);
  const interpreter = new Interpreter(program, memory);
  for (const { task, option } of moves.slice(0, -1)) interpreter.step(task, option);
  const wanted = last === undefined ? '' : judge(interpreter, last);
  return (packed: Packed, before: Way, { move }: Way): boolean =>
    move !== undefined && judge(new Interpreter(program, packed.unpack(before.state)), move) === wanted;
}

function movesOf(way: Way): readonly Move[] {
  const moves: Move[] = [];
  for (let at: Way | undefined = way; at?.move !== undefined; at = at.before) moves.push(at.move);
  return moves.toReversed();
}
