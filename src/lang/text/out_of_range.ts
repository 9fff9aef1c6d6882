// SPDX-License-Identifier: MIT
import type { Step } from './body.ts';

/** A store or an index that may not fit, known when an execution is compiled. */
export interface Site {
  readonly name: string;
  /** Largest value that fits. */
  readonly max: number;
  /** For an array's index: the kind of its elements. Absent for a stored value. */
  readonly index?: string;
  /** The step and its routines, as text. */
  readonly where: string;
}

/** Sites by number, without duplicates. */
export class Sites {
  readonly all: Site[] = [];
  readonly #numbers = new Map<string, number>();

  number(site: Site): number {
    const key = JSON.stringify(site);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.all.length);
    return this.all.push(site) - 1;
  }
}

/** A step and its routines; without a name, the beginning of a text. */
export interface Spot extends Pick<Step, 'path' | 'origin'> {
  readonly name?: string;
}

const routines = (path: readonly string[]): string => (path.length === 0 ? '' : ` of ${path.join(' > ')}`);

/** The place of a step, as text. */
export const placeOf = ({ name, path, origin }: Spot): string =>
  name === undefined
    ? `the beginning${routines(path)}`
    : `step '${name}'${routines(path)}${origin === undefined ? '' : `, at ${origin.place}`}`;

/** The place of a task's own work after a step, in these routines, as text. */
export const behind = ({ name }: Spot, path: readonly string[]): string =>
  `the text${routines(path)}${name === undefined ? '' : `, behind step '${name}'`}`;

/**
 * Error for a value or an index that does not fit.
 * @example
 * import { OutOfRange } from 'folioscope/lang';
 * const error: unknown = new OutOfRange('count', 'count := 4, allowed is 0 to 3');
 * error instanceof RangeError && error instanceof OutOfRange ? error.of : undefined; // => 'count'
 */
export class OutOfRange extends RangeError {
  override readonly name = 'RangeError';
  /** Name of the variable or the local. */
  readonly of: string;

  constructor(of: string, message: string) {
    super(message);
    this.of = of;
  }
}

/** The error for a value or an index that does not fit: the same in every execution. */
export function outOfRange({ name, max, index, where }: Site, value: number, at: readonly number[] = []): OutOfRange {
  const what =
    index === undefined
      ? `${name}${at.length === 0 ? '' : `[${at.join(', ')}]`} := ${value}, allowed is 0 to ${max}`
      : `${name}: ${value} is no ${index}, allowed is 0 to ${max}`;
  return new OutOfRange(name, `${what}, in ${where}`);
}

/** Fails for a value or an index in generated code that does not fit. @throws RangeError always. */
export function failRange(site: Site, value: number, at: readonly number[]): never {
  throw outOfRange(site, value, at);
}
