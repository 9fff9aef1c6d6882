// SPDX-License-Identifier: MIT
import { HOST_IS_LITTLE_ENDIAN } from '../host-order.ts';
import type { FormatField } from './event-format.ts';

/**
 * The 32-bit words of ring-buffer pages as numbers of this machine, for any byte order of the recording. Bytes inside a
 * word are extracted by shifts, so one decoder serves both orders.
 */
export type Words = Uint32Array;

/** Place of an unsigned number in a record's words. */
export interface NumberField {
  /** Word that holds it, or its low half, counted from the record's start. */
  readonly word: number;
  /** Word that holds the high half; -1 if there is none. */
  readonly high: number;
  readonly shift: number;
  readonly mask: number;
  /** Words that a record must have for this field. */
  readonly needs: number;
}

/** @returns undefined for a field that is not aligned to its words, or whose size is no power of two. */
export function numberField(field: FormatField | undefined, littleEndian: boolean): NumberField | undefined {
  if (field === undefined) return undefined;
  const word = field.offset >>> 2;
  const byte = field.offset & 3;
  switch (field.size) {
    case 8: {
      if (byte !== 0) return undefined;
      const [low, high] = littleEndian ? [word, word + 1] : [word + 1, word];
      return { word: low, high, shift: 0, mask: 0xffffffff, needs: word + 2 };
    }
    case 4:
      return byte === 0 ? { word, high: -1, shift: 0, mask: 0xffffffff, needs: word + 1 } : undefined;
    case 2:
      if (byte === 1 || byte === 3) return undefined;
      return { word, high: -1, shift: 8 * (littleEndian ? byte : 2 - byte), mask: 0xffff, needs: word + 1 };
    case 1:
      return { word, high: -1, shift: 8 * (littleEndian ? byte : 3 - byte), mask: 0xff, needs: word + 1 };
    default:
      return undefined;
  }
}

/** The field's value in the record at word `base`; beyond 2^53 it is rounded, which a caller must refuse. */
export function readNumber(words: Words, base: number, field: NumberField): number {
  const { mask } = field;
  // A whole word is not masked: V8 would assume a small number until the first one that is not.
  const low = mask === 0xffffffff ? words[base + field.word]! : (words[base + field.word]! >>> field.shift) & mask;
  return field.high < 0 ? low : low + words[base + field.high]! * 0x1_0000_0000;
}

/** The field's value, all 64 bits. */
export function readBigint(words: Words, base: number, field: NumberField): bigint {
  const low = BigInt(((words[base + field.word]! >>> field.shift) & field.mask) >>> 0);
  return field.high < 0 ? low : (BigInt(words[base + field.high]!) << 32n) | low;
}

/** The words of `bytes`; a view without a copy if byte order and alignment agree. */
export function wordsOf(bytes: Uint8Array, littleEndian: boolean): Words {
  const length = bytes.byteLength >>> 2;
  if (littleEndian === HOST_IS_LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, length);
  }
  const words = new Uint32Array(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < length; index++) words[index] = view.getUint32(index * 4, littleEndian);
  return words;
}
