// SPDX-License-Identifier: MIT
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { pipe, readAll, recording, recordingBytes } from '../../test/support/read-recording.ts';
import { memorySource } from './index.ts';

const PLAIN = 'two-cpu.txt';
const XZ = recordingBytes('two-cpu.txt.xz');
const ZSTD = recordingBytes('two-cpu.txt.zst');
/** A frame of zstd with two bytes that a reader passes over (RFC 8878, 3.1.2). */
const SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]);
/** A whole stream without a byte in it (xz </dev/null). */
const EMPTY_XZ = Buffer.from('/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=', 'base64');

it('a stream gives what the file gives, text and trace.dat', async () => {
  for (const name of [PLAIN, 'two-cpu.dat']) {
    const file = await readAll(recording(name));
    for (const size of [997, 70_000]) expect(await readAll(pipe(name, recordingBytes(name), size))).toEqual(file);
  }
});

const ZEROS = Buffer.alloc(512);

it.each([
  'gzip',
  'two members of gzip',
  'gzip padded with zeros',
  'zstd',
  'zstd behind a frame that is skipped',
  'xz',
  'xz and an empty stream',
  'xz padded with zeros',
])('text packed with %s gives what the text gives', async (how) => {
  const bytes = recordingBytes(PLAIN);
  const packed = {
    gzip: () => gzipSync(bytes),
    'two members of gzip': () => Buffer.concat([gzipSync(bytes.subarray(0, 9999)), gzipSync(bytes.subarray(9999))]),
    zstd: () => ZSTD,
    xz: () => XZ,
    'gzip padded with zeros': () => Buffer.concat([gzipSync(bytes), ZEROS]),
    'zstd behind a frame that is skipped': () => Buffer.concat([ZSTD, SKIPPED]),
    'xz and an empty stream': () => Buffer.concat([XZ, EMPTY_XZ]),
    'xz padded with zeros': () => Buffer.concat([XZ, ZEROS, EMPTY_XZ, ZEROS]),
  }[how];
  const plain = await readAll(recording(PLAIN));
  const data = new Uint8Array(packed?.() ?? []);
  expect(await readAll(memorySource(PLAIN, data))).toEqual(plain);
  expect(await readAll(pipe(PLAIN, data, 100))).toEqual(plain);
});

it.each([
  ['members of gzip', () => gzipSync(recordingBytes(PLAIN))],
  ['frames of zstd', () => ZSTD],
  ['streams of xz', () => XZ],
])('two whole %s, one behind the other, are two whole texts', async (_, packed) => {
  const bytes = recordingBytes(PLAIN);
  const twice = await readAll(memorySource(PLAIN, new Uint8Array(Buffer.concat([bytes, bytes]))));
  const data = new Uint8Array(Buffer.concat([packed(), packed()]));
  expect(await readAll(memorySource(PLAIN, data))).toEqual(twice);
  expect(await readAll(pipe(PLAIN, data, 100))).toEqual(twice);
});

it('a packed trace.dat is read, too', async () => {
  const name = 'two-cpu.dat';
  expect(await readAll(memorySource(name, gzipSync(recordingBytes(name))))).toEqual(await readAll(recording(name)));
});

it.each(['gzip', 'zstd', 'xz'])(
  '%s that is cut off or damaged: what came before is read, the rest is a loss',
  async (how) => {
    const whole =
      how === 'gzip'
        ? new Uint8Array(gzipSync(recordingBytes(PLAIN)))
        : recordingBytes(how === 'xz' ? 'two-cpu.txt.xz' : 'two-cpu.txt.zst');
    const plain = await readAll(recording(PLAIN));
    const changed = whole.slice();
    changed.fill(0xff, whole.length - 700, whole.length - 600);
    for (const bytes of [whole.subarray(0, whole.length - 600), changed]) {
      const { summary, events } = await readAll(pipe('packed', bytes, 100)).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'InputError' });
        return { summary: undefined, events: [] };
      });
      if (summary === undefined) continue;
      const told = events.filter(({ type }) => type !== 'loss').length;
      expect(events.slice(0, told - 1)).toEqual(plain.events.slice(0, told - 1));
      expect(summary.notes.join()).toMatch(/the packed data are/);
      expect(summary.lost.length).toBeGreaterThan(0);
    }
  },
);

it('xz with a filter that is not known is refused with what helps', async () => {
  // xz --x86 --lzma2
  const filtered = Buffer.from(
    '/Td6WFoAAATm1rRGAgEEACEBFgANhjUfAQANIyB0cmFjZXI6IG5vcAoAAABsnrE2IuSUVgABJg4IG+AEH7bzfQEAAAAABFla',
    'base64',
  );
  await expect(readAll(memorySource('f.xz', new Uint8Array(filtered)))).rejects.toThrow(/^f\.xz: .*unpack it first/);
});
