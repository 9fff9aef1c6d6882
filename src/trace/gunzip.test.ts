// SPDX-License-Identifier: MIT
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceReader } from './byte-stream.ts';
import { gunzip } from './gunzip.ts';

const readerOf = (bytes: Uint8Array, size: number): PieceReader =>
  new PieceReader({
    name: 'packed',
    pieces: (async function* () {
      await Promise.resolve();
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
  });

/** What comes out, and the error behind it. */
async function unpacked(bytes: Uint8Array, size = 1000): Promise<{ readonly all: Buffer; readonly error?: string }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of gunzip(readerOf(bytes, size))) pieces.push(piece);
    return { all: Buffer.concat(pieces) };
  } catch (error) {
    return { all: Buffer.concat(pieces), error: String(error) };
  }
}

/** Text whose words come again, near and far, so that matches of all kinds are in it. */
const TEXT = fc
  .array(fc.oneof(fc.string({ maxLength: 40 }), fc.constant('mm_filemap_add_to_page_cache: dev 0:16 ino 2a05b ')), {
    maxLength: 300,
  })
  .map((words) => Buffer.from(words.join('')));

const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

describe('gunzip', () => {
  it('unpacks what zlib packs: any text, level, strategy, number of members and size of pieces', async () => {
    const member = fc.tuple(TEXT, fc.integer({ min: 0, max: 9 }), fc.constantFrom(...STRATEGIES));
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(1, 7, 100, 100_000),
        fc.integer({ min: 0, max: 600 }),
        async (members, size, zeros) => {
          const packed = members.map(([text, level, strategy]) => gzipSync(text, { level, strategy }));
          const { all, error } = await unpacked(Buffer.concat([...packed, Buffer.alloc(zeros)]), size);
          expect(error).toBeUndefined();
          expect(all.equals(Buffer.concat(members.map(([text]) => text)))).toBe(true);
        },
      ),
      { numRuns: 60, seed: 12 },
    );
  });

  it('unpacks more than a window and a chunk, with matches as far back as there can be', async () => {
    const words = Buffer.from(Array.from({ length: 32_768 }, (_, i) => (i * 7919) % 251));
    const text = Buffer.concat(Array.from({ length: 30 }, () => words));
    for (const level of [0, 1, 9]) {
      const { all, error } = await unpacked(gzipSync(text, { level }), 5000);
      expect([error, all.equals(text)]).toEqual([undefined, true]);
    }
  });

  it('passes over a name, a comment, extra fields and a check sum of the header', async () => {
    const text = Buffer.from('name and all');
    const [head, tail] = [gzipSync(text).subarray(0, 10), gzipSync(text).subarray(-8)];
    head[3] = 2 + 4 + 8 + 16;
    const extra = Buffer.from([3, 0, 1, 2, 3, ...Buffer.from('a name\0a comment\0'), 9, 9]);
    const { all, error } = await unpacked(Buffer.concat([head, extra, deflateRawSync(text), tail]), 3);
    expect([error, all.toString()]).toEqual([undefined, 'name and all']);
  });

  it('says where it is cut off, wherever that is, and gives what came before', async () => {
    const text = Buffer.from(Array.from({ length: 400 }, (_, i) => `line ${i * i} of a text\n`).join(''));
    const whole = gzipSync(text);
    for (let end = 1; end < whole.length; end += 11) {
      const { all, error } = await unpacked(whole.subarray(0, end), 100);
      expect(error).toMatch(/^GunzipError: it ends/);
      expect(text.subarray(0, all.length).equals(all)).toBe(true);
    }
  });

  it.each([
    ['a check sum', -6, 'the check sum is another'],
    ['a length', -1, 'the check sum is another'],
  ])('says that %s is wrong', async (_, at, what) => {
    const bytes = gzipSync('a text');
    bytes[bytes.length + at]! ^= 1;
    expect((await unpacked(bytes)).error).toBe(`GunzipError: ${what}`);
  });

  it('refuses damage of any kind instead of going on for ever', async () => {
    const whole = gzipSync(Buffer.from(Array.from({ length: 200 }, (_, i) => `line ${i * i}\n`).join('')));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const bytes = new Uint8Array(whole);
          bytes[at]! ^= by;
          expect((await unpacked(bytes)).error).toMatch(/^GunzipError/);
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });

  it('takes something else behind a member for damage', async () => {
    const { all, error } = await unpacked(Buffer.concat([gzipSync('a'), Buffer.from('rest')]));
    expect([all.toString(), error]).toEqual(['a', 'GunzipError: it ends']);
    const longer = Buffer.concat([gzipSync('a'), Buffer.from('something else')]);
    expect((await unpacked(longer)).error).toBe('GunzipError: no further member');
  });
});
