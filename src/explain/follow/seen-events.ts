// SPDX-License-Identifier: MIT

/** The kinds of events that a recording has, to distinguish "not recorded" from "did not happen". */
export class SeenEvents {
  /** Whether any insertion was recorded. */
  anyInsertion = false;
  /** Whether a batch filled up again before the first recorded insertion. */
  filledUnseen = false;
  /** Whether any add and any delete were recorded, of any file. */
  anyAdd = false;
  anyDelete = false;
  /** Whether some folio was gone without a recorded delete. */
  unseenDeletes = false;
  /** Buffers with page cache events: losses of other buffers hide nothing. */
  readonly buffers = new Set<string | undefined>();
  #lastBuffer: string | undefined = undefined;

  /** The recording names the enabled events: an enabled event without occurrences did not happen. */
  wereOn(events: readonly string[]): void {
    this.anyAdd ||= events.includes('filemap:mm_filemap_add_to_page_cache');
    this.anyDelete ||= events.includes('filemap:mm_filemap_delete_from_page_cache');
    this.anyInsertion ||= events.includes('pagemap:mm_lru_insertion');
  }

  /** A buffer had a page cache event. */
  recorded(buffer: string | undefined): void {
    if (buffer === this.#lastBuffer && this.buffers.size > 0) return;
    this.#lastBuffer = buffer;
    this.buffers.add(buffer);
  }

  /** Whether a loss of a buffer may hide folios. */
  mayHide(buffer: string | undefined): boolean {
    return this.buffers.size === 0 || this.buffers.has(buffer);
  }
}
