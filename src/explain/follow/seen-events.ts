// SPDX-License-Identifier: MIT

/** Which events a recording has at all, so that what it does not show can be told from what was not there. */
export class SeenEvents {
  /** Whether any folio's insertion was seen. */
  anyInsertion = false;
  /** Whether a batch filled up again before the first. */
  filledUnseen = false;
  /** Whether any folio's add and delete were seen, of whatever file. */
  anyAdd = false;
  anyDelete = false;
  /** Whether some folio was gone of which no delete was seen. */
  unseenDeletes = false;
  /** Buffers that had page cache events: what other buffers lost hides nothing. */
  readonly buffers = new Set<string | undefined>();
  #lastBuffer: string | undefined = undefined;

  /** The recording says which events were on: what did not occur is not missing. */
  wereOn(events: readonly string[]): void {
    this.anyAdd ||= events.includes('filemap:mm_filemap_add_to_page_cache');
    this.anyDelete ||= events.includes('filemap:mm_filemap_delete_from_page_cache');
    this.anyInsertion ||= events.includes('pagemap:mm_lru_insertion');
  }

  /** A buffer had a page cache event. */
  tells(buffer: string | undefined): void {
    if (buffer === this.#lastBuffer && this.buffers.size > 0) return;
    this.#lastBuffer = buffer;
    this.buffers.add(buffer);
  }

  /** Whether a loss of a buffer may hide folios. */
  mayHide(buffer: string | undefined): boolean {
    return this.buffers.size === 0 || this.buffers.has(buffer);
  }
}
