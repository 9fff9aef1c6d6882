// SPDX-License-Identifier: MIT
import { PULSE_WORDS } from './part.ts';

/**
 * Seconds without a sign of life after which the threads of a search are given up: a thread gives several in each second of work. They
 * are counted one by one, so that a process that was stopped meanwhile, or a machine that slept, has not lost them.
 */
const PATIENCE = 120;
/** The same until every thread has given one: each has the program compiled for itself first. */
const PATIENCE_AT_FIRST = 900;
/** The same where somebody has interrupted the search: then it ends with what it knows. */
const PATIENCE_INTERRUPTED = 3;

/** Threads that give no sign of life. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

/** Looks once a second whether the threads of a search still work, so that nobody waits for ever for one that does not. */
export class Watchdog {
  readonly #pulse: Int32Array;
  readonly #interrupted: () => boolean;
  readonly #stop: () => void;
  #last: string;
  #silent = 0;
  #bark: ((why: number | 'interrupted') => void) | undefined;

  /**
   * @param pulse `Common.pulse`.
   * @param everySecond calls a listener about once a second until what it returns is called.
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
   * What work comes to, or that somebody interrupted and no thread works any more.
   * @throws StuckError where no thread has worked for so long that none will.
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

  /** Looks no more. */
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
