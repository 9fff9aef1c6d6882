// SPDX-License-Identifier: MIT
import { InputError } from '../ledger/index.ts';

/**
 * An {@link InputError} at a place of the input: a reader that can continue without that place reports it as damage.
 */
export class DamageError extends InputError {
  /** `byte 12`. */
  readonly place: string;
  /** What is wrong there, and what was expected. */
  readonly what: string;

  constructor(input: string, place: string, what: string) {
    super(`${input}: ${place}: ${what}`);
    this.place = place;
    this.what = what;
  }
}

/** Largest number of places that are reported one by one; a recording of noise has thousands. */
const MOST_REPORTED = 20;

/** Collects the damaged places of an input whose rest can be read. */
export class Damages {
  readonly #places: string[] = [];

  /** @param place `byte 12`; `what` says what is wrong there, and what was expected. */
  add(place: string, what: string): void {
    if (this.#places.length < MOST_REPORTED) this.#places.push(`${place}: ${what}`);
  }

  /** The result of `work`, or `otherwise` if damage stops it. */
  async during<Value>(work: Promise<Value>, otherwise: Value): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.add(error.place, error.what);
      return otherwise;
    }
  }

  /** The first places, each as `byte 12: WHAT, expected WHAT`. */
  get places(): readonly string[] {
    return this.#places;
  }
}
