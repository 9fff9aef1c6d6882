// SPDX-License-Identifier: MIT

/** Nothing is said of work that is done sooner, in milliseconds. */
const PATIENCE = 1000;
const BETWEEN_LINES = 200;
const ERASE_LINE = '\r\u001B[K';

/** A line on standard error that tells how far long work has come; silent where that is no terminal. */
export class Progress {
  #next = Date.now() + PATIENCE;
  #isShown = false;

  /** To be called often. @param text is asked for only when it is time to show it. */
  tick(text: () => string): void {
    const now = Date.now();
    if (now < this.#next || !process.stderr.isTTY) return;
    this.#next = now + BETWEEN_LINES;
    this.#isShown = true;
    // A line that goes on in the next could not be erased.
    process.stderr.write(`${ERASE_LINE}${text().slice(0, Math.max(1, process.stderr.columns - 1))}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) process.stderr.write(ERASE_LINE);
    this.#isShown = false;
  }
}
