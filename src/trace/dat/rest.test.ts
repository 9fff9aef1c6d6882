// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { type Machine, makeV6, makeV7, PageMaker, records, X86_64 } from '../../../test/support/make-trace-dat.ts';
import { readAll, recordingBytes } from '../../../test/support/read-recording.ts';
import { memorySource } from '../index.ts';

const BIG_ENDIAN: Machine = { littleEndian: false, long: 4 };

const recorded = (machine: Machine): Parameters<typeof makeV6>[0] => ({
  machine,
  taskNames: '7 a\n',
  buffers: {
    '': { 0: [new PageMaker(machine, 1000n).short(5, records.add(machine, 7, 0x1234, 0x4414n, 3)).done()], 1: [] },
    lab: { 0: [new PageMaker(machine, 1005n).short(0, records.insertion(machine, 7, 0x77)).done()] },
  },
});

const MAKERS = [
  ['v6', makeV6],
  ['v7', makeV7],
] as const;
const MACHINES = [
  ['little endian', X86_64],
  ['big endian', BIG_ENDIAN],
] as const;
const FORMS = MAKERS.flatMap(([version, make]) =>
  MACHINES.map(([order, machine]) => [`${version}, ${order}`, make(recorded(machine))] as const),
);
const RECORDED = ['single.dat', 'random-1.dat', 'odd_v7_zstd.dat', 't_lossy.dat', 'lab_drain.dat'];

const together = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));
const text = (line: string): Uint8Array => new TextEncoder().encode(line);
const damageOf = async (bytes: Uint8Array): Promise<readonly string[]> =>
  (await readAll(memorySource('made.dat', bytes))).summary.damage;

describe('behind the last section and the last events', () => {
  it.each(RECORDED)('%s ends', async (name) => {
    expect(await damageOf(recordingBytes(name))).toEqual([]);
  });

  describe.each(FORMS)('%s', (_, bytes) => {
    it('the file ends', async () => {
      expect(await damageOf(bytes)).toEqual([]);
    });

    it('another recording is told of, and not taken for a part of the first', async () => {
      const both = await readAll(memorySource('made.dat', together(bytes, bytes)));
      expect(both.events).toEqual((await readAll(memorySource('made.dat', bytes))).events);
      expect(both.summary.damage).toEqual([
        `byte ${bytes.byteLength}: another trace.dat begins, expected the end of the file: it is not read; give each recording as its own file`,
      ]);
    });

    it('other bytes are damage, and zeros that fill a page are none', async () => {
      expect(await damageOf(together(bytes, text('more\n')))).toEqual([
        `byte ${bytes.byteLength}: 5 bytes that the file does not refer to, expected its end`,
      ]);
      const filled = Math.ceil(bytes.byteLength / 4096) * 4096;
      const padding = new Uint8Array(filled - bytes.byteLength);
      expect(await damageOf(together(bytes, padding))).toEqual([]);
      expect(await damageOf(together(bytes, padding, new Uint8Array(9000)))).toEqual([
        `byte ${filled}: 9000 bytes that the file does not refer to, expected its end`,
      ]);
      expect(await damageOf(together(bytes, padding, bytes))).toEqual([
        expect.stringContaining(`byte ${filled}: another trace.dat begins`),
      ]);
    });
  });

  it('of a v6 file whose CPUs have no events there is the name of the clock', async () => {
    const bytes = makeV6({ machine: X86_64, buffers: { '': { 0: [] } } });
    const behindTable = Buffer.from(bytes).lastIndexOf('flyrecord') + 10 + 16;
    const head = bytes.subarray(0, behindTable);
    const clock = together(new Uint8Array([7, 0, 0, 0, 0, 0, 0, 0]), text('[local]'));
    expect(await damageOf(together(head, clock))).toEqual([]);
    expect(await damageOf(together(head, clock, text('x')))).toEqual([
      `byte ${behindTable + 15}: 1 byte that the file does not refer to, expected its end`,
    ]);
  });
});
