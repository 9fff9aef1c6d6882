// SPDX-License-Identifier: MIT
import { PULSE_WORDS } from './part.ts';

/**
 * Calls without progress after which the threads of a search are given up: about 120 seconds; a thread reports several
 * times a second. Calls are counted, so time during which the process or machine was stopped does not count.
 */
const PATIENCE = 120;
/** The same until every thread has reported once: each first has the program compiled. */
const PATIENCE_AT_FIRST = 900;
/** The same after an interruption: the search then ends with what it knows. */
const PATIENCE_INTERRUPTED = 3;

/** Threads that report no progress. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

/** Checks once a second whether the threads of a search still work, so that no caller waits for ever. */
export class Watchdog {
  readonly #pulse: Int32Array;
  readonly #interrupted: () => boolean;
  readonly #stop: () => void;
  #last: string;
  #silent = 0;
  #bark: ((why: number | 'interrupted') => void) | undefined;

  /**
   * @param pulse `Common.pulse`.
   * @param everySecond calls a listener about once a second, until its result is called.
   */
  constructor(
    pulse: Int32Array,
    interrupted: (() => boolean) | undefined,
    everySecond: (listener: () => void) => () => void,
  ) {
    this.#pulse = pulse;
    this.#interrupted = interrupted ?? (() => false);
    this.#last = this.#beats();
    this.#stop = everySecond(() => {
      this.#look();
    });
  }

  /**
   * The result of the work, or that it was interrupted and no thread works any more.
   * @throws StuckError if no thread has worked for too long.
   */
  async watching<T>(work: Promise<T>): Promise<T | 'interrupted'> {
    this.#silent = 0;
    const barking = new Promise<'interrupted'>((resolve, reject) => {
      this.#bark = (why) => {
        if (why === 'interrupted') resolve(why);
        else reject(new StuckError(`the search's threads have not worked for ${why} s`));
      };
    });
    try {
      return await Promise.race([work, barking]);
    } finally {
      this.#bark = undefined;
    }
  }

  /** Stops checking. */
  stop(): void {
    this.#stop();
  }

  #look(): void {
    const beats = this.#beats();
    this.#silent = beats === this.#last ? this.#silent + 1 : 0;
    this.#last = beats;
    const patience = this.#isBegun ? PATIENCE : PATIENCE_AT_FIRST;
    if (this.#silent >= patience) this.#bark?.(patience);
    else if (this.#silent >= PATIENCE_INTERRUPTED && this.#interrupted()) this.#bark?.('interrupted');
  }

  get #isBegun(): boolean {
    for (let part = 0; part < this.#pulse.length; part += PULSE_WORDS) if (this.#pulse[part] === 0) return false;
    return true;
  }

  #beats(): string {
    return this.#pulse.join();
  }
}
