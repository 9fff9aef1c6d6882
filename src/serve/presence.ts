// SPDX-License-Identifier: MIT

/** Whether a page is open: each holds one connection. */
export class Presence {
  readonly #idle: () => void;
  readonly #milliseconds: number;
  #pages = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param idle called when no page has been open for so many milliseconds. */
  constructor(milliseconds: number, idle: () => void) {
    this.#milliseconds = milliseconds;
    this.#idle = idle;
    this.#wait();
  }

  /** Records that a page was opened. @returns a function to call when it is closed. */
  came(): () => void {
    this.#pages++;
    clearTimeout(this.#timer);
    let isHere = true;
    return () => {
      if (isHere && --this.#pages === 0) this.#wait();
      isHere = false;
    };
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(this.#idle, this.#milliseconds);
  }
}
