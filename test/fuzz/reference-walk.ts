// SPDX-License-Identifier: MIT
import type { PlainPages } from './seeds.ts';

/**
 * Walks ring-buffer pages in the plainest way there is, to say what the reader must find: whether every page could have been
 * written by a kernel, and how many records there are. It decodes nothing.
 */
export function walkPages(
  bytes: Uint8Array,
  { machine, size, starts }: PlainPages,
): { readonly isWellFormed: boolean; readonly records: number } {
  const { littleEndian, long } = machine;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let isWellFormed = true;
  let records = 0;
  for (const start of starts) {
    if (start + size > bytes.length) {
      isWellFormed = false;
      continue;
    }
    const commit =
      long === 8
        ? Number(BigInt.asUintN(32, view.getBigUint64(start + 8, littleEndian)))
        : view.getUint32(start + 8, littleEndian);
    const data = start + 8 + long;
    const length = commit % 0x800_0000;
    if (length > size - 8 - long || length % 4 !== 0) {
      isWellFormed = false;
      continue;
    }
    const walked = walkRecords(view, data, data + length, littleEndian);
    isWellFormed &&= walked.isWellFormed;
    records += walked.records;
  }
  return { isWellFormed, records };
}

function walkRecords(
  view: DataView,
  from: number,
  end: number,
  littleEndian: boolean,
): { readonly isWellFormed: boolean; readonly records: number } {
  let records = 0;
  for (let at = from; at < end; ) {
    const word = view.getUint32(at, littleEndian);
    const type = littleEndian ? word % 32 : Math.floor(word / 0x800_0000);
    const delta = littleEndian ? Math.floor(word / 32) : word % 0x800_0000;
    // The last word of a page may say that nothing follows, in a page that had no room for more.
    if (type === 29 && delta === 0) return { isWellFormed: at + 4 === end, records };
    if (type > 0 && type < 29) {
      at += 4 + 4 * type;
      records++;
    } else {
      const next = at + 4 < end ? view.getUint32(at + 4, littleEndian) : 0;
      if (type >= 30 && at + 4 < end) {
        at += 8;
        continue;
      }
      if (next < 4) return { isWellFormed: false, records };
      if (type === 0) records++;
      else if (next % 4 !== 0) return { isWellFormed: false, records };
      at += 4 + (type === 0 ? 4 * Math.ceil(next / 4) : next);
    }
    if (at > end) return { isWellFormed: false, records };
  }
  return { isWellFormed: true, records };
}
