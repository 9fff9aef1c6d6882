// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { LineEnds } from './line-end.ts';

const NEWLINE = 0x0a;

function endsOf(bytes: Uint8Array): LineEnds {
  const ends = new LineEnds();
  ends.open(bytes);
  return ends;
}

describe('the next newline', () => {
  test('is found wherever it stands, and none before or behind', () => {
    const length = 21;
    for (let place = 0; place < length; place++) {
      const bytes = new Uint8Array(length).fill(0x61);
      bytes[place] = NEWLINE;
      const ends = endsOf(bytes);
      for (let from = 0; from <= length; from++)
        for (let end = from; end <= length; end++)
          expect(ends.next(from, end)).toBe(from <= place && place < end ? place : -1);
    }
  });

  test('is not taken for a byte that differs in one bit or by one', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = new Uint8Array(16).fill(byte);
      expect(endsOf(bytes).next(0, 16), `byte ${byte}`).toBe(byte === NEWLINE ? 0 : -1);
    }
  });

  test('is the first of several, beside bytes that borrow', () => {
    for (const neighbour of [0x0b, 0x0a, 0x09, 0x8a, 0xff, 0x00]) {
      for (let place = 0; place < 8; place++) {
        const bytes = new Uint8Array(8).fill(neighbour);
        bytes[place] = NEWLINE;
        expect(endsOf(bytes).next(0, 8)).toBe(bytes.indexOf(NEWLINE));
      }
    }
  });
});

describe('a NUL', () => {
  test('is noticed wherever it stands before the newline, and not behind it or before the start', () => {
    const length = 27;
    for (let nul = 0; nul < length; nul++) {
      for (const newline of [3, 8, 13, 26]) {
        if (nul === newline) continue;
        const bytes = new Uint8Array(length).fill(0x61);
        bytes[nul] = 0;
        bytes[newline] = NEWLINE;
        const ends = endsOf(bytes);
        for (let from = 0; from <= newline; from++) {
          expect(ends.next(from, length)).toBe(newline);
          expect(ends.hasNul, `NUL at ${nul}, line ${from} to ${newline}`).toBe(from <= nul && nul < newline);
        }
      }
    }
  });

  test('is no other byte, and is forgotten with the next line', () => {
    for (let byte = 0; byte < 256; byte++) {
      if (byte === NEWLINE) continue;
      const bytes = new Uint8Array(40).fill(byte);
      bytes[19] = NEWLINE;
      bytes.fill(0x61, 20);
      bytes[39] = NEWLINE;
      const ends = endsOf(bytes);
      expect(ends.next(0, 40)).toBe(19);
      expect(ends.hasNul).toBe(byte === 0);
      expect(ends.next(20, 40)).toBe(39);
      expect(ends.hasNul).toBe(false);
    }
  });
});
