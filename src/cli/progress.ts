// SPDX-License-Identifier: MIT

/** Work that is finished sooner shows no progress, in milliseconds. */
const PATIENCE = 1000;
const BETWEEN_LINES = 200;
const ERASE_LINE = '\r\u001B[K';

/** A line on standard error with the progress of long work; silent if that is no terminal. */
export class Progress {
  #next = Date.now() + PATIENCE;
  #isShown = false;

  /** Called often. @param text called only when it is time to show it. */
  tick(text: () => string): void {
    const now = Date.now();
    if (now < this.#next || !process.stderr.isTTY) return;
    this.#next = now + BETWEEN_LINES;
    this.#isShown = true;
    // A line that wraps could not be erased.
    process.stderr.write(`${ERASE_LINE}${text().slice(0, Math.max(1, process.stderr.columns - 1))}`);
  }

  /** Erases the line. */
  end(): void {
    if (this.#isShown) process.stderr.write(ERASE_LINE);
    this.#isShown = false;
  }
}
