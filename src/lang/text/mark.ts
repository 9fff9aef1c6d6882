// SPDX-License-Identifier: MIT

/** Names of a mark's arguments, with their kinds of values. */
export type MarkArgs = Readonly<Record<string, string>>;

/**
 * A meaning that a text can have at a point, such as a look at a folio, or the begin of a drain. Properties and reports
 * identify a mark by the object itself; the name is only for readers.
 */
export interface Mark<A extends MarkArgs = MarkArgs> {
  readonly name: string;
  /** Never present: only its type is used, for the kinds of the arguments. */
  readonly kinds?: A;
}

/** Arguments of a mark without arguments. */
export type Nothing = Readonly<Record<string, never>>;

/**
 * Declares a mark.
 * @example
 * import { bool, buildCode, createMemory, Interpreter, mark, observed, program, shared, TASK } from 'folioscope/lang';
 * const LOOK = mark<{ task: 'task' }>('look');
 * const busy = shared('busy', [TASK], bool);
 * const looking = buildCode('looking', null, { task: 1 }, 0, (k) => {
 *   const found = k.local('found', bool);
 *   k.step('look', () => found.set(observed(busy, 'task', [LOOK]).at(k.self)));
 * });
 * const built = program({ task: 1 }, [busy], [looking]);
 * const interpreter = new Interpreter(built, createMemory(built));
 * interpreter.start(0, 0);
 * interpreter.step(0)?.observed.map(({ mark: of, args }) => [of === LOOK, args]); // => [[true, { task: 0 }]]
 */
export const mark = <A extends MarkArgs>(name: string): Mark<A> => ({ name });
