// SPDX-License-Identifier: MIT
import {
  type Effect,
  type Mark,
  type MarkArgs,
  type Place,
  type Program,
  rewriteObservations,
  type Step,
  Value,
  type Where,
} from '../lang/index.ts';
import type { SmallWorld, WorldCall } from './small-world.ts';

/** Place and task of an observation. */
export interface Moment {
  /** The task, which is also the number of its code. */
  readonly task: number;
  /** Undefined for a kworker. */
  readonly call: WorldCall | undefined;
  readonly at: Where;
  /** The step; undefined between two steps. */
  readonly step: Step | undefined;
}

/** A moment of a conversion. */
export interface Conversion extends Moment {
  readonly call: WorldCall;
}

/** Notes and asserts at a mark. */
export interface Watch {
  readonly mark: Mark;
  readonly effects: (args: Readonly<Record<string, Value<string>>>, moment: Moment) => readonly Effect[];
}

/** A function that returns a mark's argument by name. */
export type Said<A extends MarkArgs> = <N extends keyof A & string>(name: N) => Value<A[N]>;

/**
 * Watches a mark everywhere.
 * @example on(STORED, () => [assert('I1', unreachable)])
 */
export const on = <A extends MarkArgs>(
  mark: Mark<A>,
  effects: (said: Said<A>, moment: Moment) => readonly Effect[],
): Watch => ({
  mark,
  effects: (args, moment) => {
    const said: Said<A> = <N extends keyof A & string>(name: N) => {
      const value = args[name];
      if (value === undefined) throw new Error(`'${mark.name}' says no '${name}'`);
      return new Value<A[N]>(value.expr);
    };
    return effects(said, moment);
  },
});

/** Watches a mark within conversions only. */
export const inConversions = <A extends MarkArgs>(
  mark: Mark<A>,
  effects: (said: Said<A>, conversion: Conversion) => readonly Effect[],
): Watch =>
  on(mark, (said, { call, ...moment }) =>
    call !== undefined && isConversion(call) ? effects(said, { ...moment, call }) : [],
  );

export const isConversion = ({ call }: WorldCall): boolean => call.call === 'set-memory-attributes2';

/** Tasks that convert. */
export const converting = (world: SmallWorld): readonly number[] => [
  ...new Set(world.calls.filter(isConversion).map(({ task }) => task)),
];

/** The range of a conversion. */
export function rangeOf({ entry }: WorldCall): {
  readonly inode: number;
  readonly start: number;
  readonly end: number;
  readonly toPrivate: boolean;
} {
  const [inode = 0, start = 0, nr = 0, toPrivate = 0] = entry.args;
  return { inode, start, end: start + nr, toPrivate: toPrivate === 1 };
}

export const assert = (name: string, condition: Value<'bool'>): Effect => ({
  kind: 'assert',
  name,
  condition: condition.expr,
});

export const note = <K extends string>(place: Place<K>, value: Value<K>): Effect => ({
  kind: 'assign',
  place: place.expr,
  value: value.expr,
});

/**
 * The program with the notes and asserts of the watches at every observation. All asserts of an observation precede its
 * notes: they judge what was noted earlier. Marks without a watch are removed.
 * @param events marks that stay, so that coverage shows whether a run reached them.
 */
export function watched(
  program: Program,
  world: SmallWorld,
  watches: readonly Watch[],
  events: ReadonlySet<Mark>,
): Program {
  return rewriteObservations(program, (observed, task, step) => {
    const moment: Moment = { task, call: callAt(world, task, observed.at), at: observed.at, step };
    const args = Object.fromEntries(Object.entries(observed.args).map(([name, arg]) => [name, new Value(arg)]));
    const effects = watches
      .filter(({ mark }) => mark === observed.mark)
      .flatMap((watch) => watch.effects(args, moment));
    const [asserts, notes] = [true, false].map((wanted) =>
      effects.filter(({ kind }) => (kind === 'assert') === wanted),
    );
    const event = events.has(observed.mark) ? [{ ...observed, args: {} }] : [];
    return [...event, ...(asserts ?? []), ...(notes ?? [])];
  });
}

/** The scenario's call that contains a place in a task's text; undefined for a kworker. */
export const callAt = (world: SmallWorld, task: number, { call }: Where): WorldCall | undefined =>
  world.calls.find((one) => one.task === task && one.scripted === call);
