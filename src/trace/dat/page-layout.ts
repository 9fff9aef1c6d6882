// SPDX-License-Identifier: MIT
import { parseField } from './event-format.ts';

/** Layout of a ring-buffer page of the recorded kernel, from its `header_page` text. Offsets in bytes. */
export interface PageLayout {
  readonly commitOffset: number;
  /** Size of the *kernel's* long, 4 or 8: the file header's is the recorder's. */
  readonly longSize: 4 | 8;
  readonly dataOffset: number;
  /** Header and data together; a sub-buffer may be larger than a page (buffer_subbuf_size_kb, 6.8). */
  readonly pageSize: number;
}

/** Makes errors with their place. */
interface Place {
  error(what: string): Error;
}

/** buffer_subbuf_size_kb is at most 128 pages (kernel/trace/trace.c), and the largest page has 64 KB. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/**
 * @param place of the text, for errors.
 * @throws InputError if the text describes no page that this reader can walk.
 * @example
 * import { parsePageLayout } from 'folioscope/trace';
 * const text = `field: u64 timestamp;\toffset:0;\tsize:8;
 * field: local_t commit;\toffset:8;\tsize:8;
 * field: char data;\toffset:16;\tsize:4080;`;
 * parsePageLayout({ error: (what) => new Error(what) }, text).pageSize; // => 4096
 */
export function parsePageLayout(place: Place, text: string): PageLayout {
  const fields = new Map<string, { readonly offset: number; readonly size: number }>();
  for (const line of text.split('\n')) {
    const field = parseField(line);
    if (field !== undefined) fields.set(field.name, field);
  }
  const timestamp = fields.get('timestamp');
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (timestamp?.offset !== 0 || timestamp.size !== 8 || commit === undefined || data === undefined) {
    throw place.error(`header_page does not say where things stand in a page, expected timestamp, commit and data`);
  }
  if (commit.size !== 4 && commit.size !== 8) {
    throw place.error(`header_page says that commit has ${commit.size} bytes, expected 4 or 8`);
  }
  const layout = {
    commitOffset: commit.offset,
    longSize: commit.size,
    dataOffset: data.offset,
    pageSize: data.offset + data.size,
  } as const;
  if (commit.offset % 4 !== 0 || data.offset % 4 !== 0 || data.offset < commit.offset + commit.size) {
    throw place.error(
      `header_page has commit at ${commit.offset}, data at ${data.offset}: not aligned, expected multiples of 4, data behind commit`,
    );
  }
  return { ...layout, pageSize: checkedPageSize(place, layout.pageSize, layout.dataOffset) };
}

/** @throws InputError unless `size` can be the size of a page with data from `dataOffset` on. */
export function checkedPageSize(place: Place, size: number, dataOffset: number): number {
  if (size % 4 !== 0 || size <= dataOffset || size > MAX_PAGE_BYTES) {
    throw place.error(
      `a ring-buffer page of ${size} bytes is not possible, expected a multiple of 4 up to ${MAX_PAGE_BYTES}`,
    );
  }
  return size;
}
