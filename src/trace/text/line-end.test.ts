// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { newlineFrom, wordsOf } from './line-end.ts';

const NEWLINE = 0x0a;

describe('the next newline', () => {
  test('is found wherever it stands, and none before or behind', () => {
    const length = 21;
    for (let place = 0; place < length; place++) {
      const bytes = new Uint8Array(length).fill(0x61);
      bytes[place] = NEWLINE;
      const words = wordsOf(bytes);
      for (let from = 0; from <= length; from++)
        for (let end = from; end <= length; end++)
          expect(newlineFrom(bytes, words, from, end)).toBe(from <= place && place < end ? place : -1);
    }
  });

  test('is not taken for a byte that differs in one bit or by one', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = new Uint8Array(16).fill(byte);
      expect(newlineFrom(bytes, wordsOf(bytes), 0, 16), `byte ${byte}`).toBe(byte === NEWLINE ? 0 : -1);
    }
  });

  test('is the first of several, beside bytes that borrow', () => {
    for (const neighbour of [0x0b, 0x0a, 0x09, 0x8a, 0xff, 0x00]) {
      for (let place = 0; place < 8; place++) {
        const bytes = new Uint8Array(8).fill(neighbour);
        bytes[place] = NEWLINE;
        expect(newlineFrom(bytes, wordsOf(bytes), 0, 8)).toBe(bytes.indexOf(NEWLINE));
      }
    }
  });
});
