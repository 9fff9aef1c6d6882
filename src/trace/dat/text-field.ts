// SPDX-License-Identifier: MIT
import type { RecordInHand } from './decoder.ts';
import type { FormatField } from './event-format.ts';
import { numberField, readNumber } from './record-fields.ts';

const UTF8 = new TextDecoder();

/** Place of the bytes of a text in a record. */
export interface TextField {
  /** Words that a record must have for this field. */
  readonly needs: number;
  /** Undefined if the record says that the text lies outside it. */
  readonly read: (record: RecordInHand) => string | undefined;
}

/** Whether the field holds the place of its data, not the data. */
export const isDynamic = (field: FormatField): boolean => /^__(?:data|rel)_loc\b/.test(field.type);

/**
 * A text of fixed size, one that runs to the end of the record, or a dynamic array (its place in the low, its length in
 * the high half of 32 bits). It ends with the first NUL.
 */
export function textField(field: FormatField | undefined, littleEndian: boolean): TextField | undefined {
  if (field === undefined) return undefined;
  if (!isDynamic(field)) {
    return {
      needs: (field.offset + field.size) >>> 2,
      read: (record) => {
        const size = field.size === 0 ? record.length * 4 - field.offset : field.size;
        return textAt(record, field.offset, size);
      },
    };
  }
  const location = numberField(field, littleEndian);
  if (location === undefined || field.size !== 4) return undefined;
  const base = field.type.startsWith('__rel_loc') ? field.offset + field.size : 0;
  return {
    needs: location.needs,
    read: (record) => {
      const packed = readNumber(record.words, record.base, location);
      return textAt(record, (packed & 0xffff) + base, packed >>> 16);
    },
  };
}

function textAt({ bytes, base, length }: RecordInHand, offset: number, size: number): string | undefined {
  if (offset + size > length * 4) return undefined;
  const start = base * 4 + offset;
  const text = bytes.subarray(start, start + size);
  const nul = text.indexOf(0);
  return UTF8.decode(nul < 0 ? text : text.subarray(0, nul));
}
