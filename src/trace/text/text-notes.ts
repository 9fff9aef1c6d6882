// SPDX-License-Identifier: MIT

/** Collects the notes about a text. */
export class TextNotes {
  /** Number of the first unknown line, and the same with its byte. */
  strangeLine: number | undefined;
  strangePlace: string | undefined;
  /** Markers without their texts. */
  hiddenMarkers = 0;
  #strange = 0;
  #unreadable = 0;
  #unreadableLine = 0;
  #started = false;

  strange(line: number, place: string): void {
    this.#strange++;
    this.strangePlace ??= place;
    this.strangeLine ??= line;
  }

  unreadable(line: number): void {
    if (this.#unreadable++ === 0) this.#unreadableLine = line;
  }

  /** Records a line `CPU n buffer started`. */
  sawStart(): void {
    this.#started = true;
  }

  /** @param kept number of events that the header announces; `written` the number before any were overwritten. */
  sentences(count: number, kept: number, written: number, hasHeader: boolean): string[] {
    const notes: string[] = [];
    if (written > kept) {
      notes.push(
        `${written - kept} events before the first ones were overwritten; the text does not say on which CPUs`,
      );
    } else if (this.#started && !hasHeader) {
      notes.push('events before the first ones were overwritten; the text does not say how many and on which CPUs');
    }
    if (count !== kept) {
      const why = count < kept ? 'cut or filtered' : 'more than one recording put together';
      notes.push(`the header announces ${kept} events, the text holds ${count}: ${why}`);
    }
    if (this.hiddenMarkers > 0) {
      const are = this.hiddenMarkers === 1 ? '1 marker is' : `${this.hiddenMarkers} markers are`;
      notes.push(`${are} without a text, which option 'fields' hides (echo nofields > trace_options)`);
    }
    if (this.#unreadable > 0) {
      notes.push(
        `${this.#unreadable} of the lines could not be read, the first is line ${this.#unreadableLine}; each counted as a loss`,
      );
    }
    if (this.#strange > 0) {
      notes.push(`${this.#strange} of the lines are not events, the first is line ${this.strangeLine}`);
    }
    return notes;
  }
}
