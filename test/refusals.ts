// SPDX-License-Identifier: MIT
import { explore } from '../src/check/index.ts';
import { holdersOf } from '../src/kernel/index.ts';
import type { Interpreter } from '../src/lang/index.ts';
import { heldByIdleOnly, type Holder, type HolderKind } from '../src/ledger/index.ts';
import { countedFolio } from './counted.ts';
import { conservation, pack, type SmallWorld } from './exploring.ts';

/** What the first task's conversions came to, over every interleaving. */
export interface Refusals {
  /** A folio was refused that nothing but batches, the page cache and the check held when it was last looked at. */
  readonly spurious: boolean;
  /** Kinds of the other holders of folios that were refused with a reason. */
  readonly reasons: ReadonlySet<HolderKind>;
  /** Whether some conversion went through. */
  readonly accepts: boolean;
  readonly states: number;
}

/** The step that follows when the check has refused a folio. */
const REFUSED = 'folio_index';
/** A step of the check's between the look and that one: it asks what cannot change, so that the look has decided. */
const BETWEEN = 'folio_may_be_lru_cached';
/** The step that stores what was asked for. */
const ACCEPTED = 'mas_store';

export type StateProperty = Parameters<typeof inspecting>[1][number];

/**
 * Explores a world and judges every refusal by who held the folio at the very step that looked at it for the last
 * time: what happens between that step and the next has no part in the answer.
 * @throws Error where a count is not the sum of its holders, a property does not hold, or somebody waits for ever.
 */
export function refusalsOf(world: SmallWorld, properties: readonly StateProperty[] = []): Refusals {
  const { packed, initial, inspect } = pack(world);
  const reasons = new Set<HolderKind>();
  const came = { spurious: false, accepts: false };
  const [before, ahead] = [new Int32Array(packed.words), new Int32Array(packed.words)];
  /** The step of the check that a look has decided on. */
  const decided = (state: Int32Array): string | undefined => {
    const next = inspect(state).next(0)?.name;
    if (next !== BETWEEN) return next;
    ahead.set(state);
    packed.step(0, ahead);
    return inspect(ahead).next(0)?.name;
  };
  const step = (task: number, state: Int32Array): boolean => {
    if (task !== 0) return packed.step(task, state);
    before.set(state);
    if (!packed.step(task, state)) return false;
    if (inspect(before).next(0)?.name !== BETWEEN && decided(state) === REFUSED) {
      const holders = holdersOfJudged(inspect(before));
      if (heldByIdleOnly(holders)) came.spurious = true;
      else for (const holder of holders) if (!heldByIdleOnly([holder])) reasons.add(holder.kind);
    }
    return true;
  };
  const watched: StateProperty = {
    name: 'accepts',
    holds: (interpreter) => {
      came.accepts ||= interpreter.next(0)?.name === ACCEPTED;
      return true;
    },
  };
  const mayEnd = (state: Int32Array): boolean => world.tasks.every((_, task) => packed.done(task, state));
  const model = { words: packed.words, tasks: packed.tasks, initial, step };
  const invariants = inspecting(inspect, [conservation, watched, ...properties]);
  const { verdict, property, states } = explore(model, { invariants, mayEnd, mostStates: 3_000_000 });
  if (verdict !== 'holds') throw new Error(`${verdict}: ${property} after ${states} states`);
  return { ...came, reasons, states };
}

/** Properties of machines as properties of states, each state being read once. */
function inspecting(
  inspect: (state: Int32Array) => Interpreter,
  properties: readonly { readonly name: string; readonly holds: (interpreter: Interpreter) => boolean }[],
): { readonly name: string; readonly holds: (state: Int32Array) => boolean }[] {
  let read: Interpreter | undefined;
  return properties.map(({ name, holds }, i) => ({
    name,
    holds: (state) => {
      if (i === 0) read = inspect(state);
      return read === undefined || holds(read);
    },
  }));
}

/** Who holds the folio that the first task is about to judge. */
function holdersOfJudged(interpreter: Interpreter): readonly Holder[] {
  const counted = countedFolio(interpreter, 0);
  const [checked, ...others] = interpreter.claims(0).filter(({ label }) => label === 'safety-check');
  if (counted === undefined && others.length > 0) throw new Error('which folio is judged is not clear');
  return holdersOf(interpreter, String).get(counted ?? checked?.of ?? -1) ?? [];
}
