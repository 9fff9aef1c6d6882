// SPDX-License-Identifier: MIT
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeV6, PageMaker, records, X86_64 } from '../../test/support/make-trace-dat.ts';
import { pipe, readAll, recordingBytes } from '../../test/support/read-recording.ts';
import { InputError, memorySource, readTrace } from './index.ts';

const refusal = async (bytes: Uint8Array | string): Promise<string> => {
  const source = memorySource('input', typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  const error: unknown = await readAll(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return error instanceof Error ? error.message : '';
};

describe('what is not read is refused with advice', () => {
  it.each([
    ['nothing', '', 'input: empty'],
    [
      'gzip that is cut off',
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      /^input: byte 4: the packed data are cut off or damaged .* \(gzip: /s,
    ],
    [
      'xz that is cut off',
      Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0),
      /^input: byte 7: the packed data are .*damaged .*\(xz/,
    ],
    [
      'zstd that is cut off',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0),
      /^input: byte 5: the packed data are .*damaged .*\(zstd/,
    ],
    [
      'perf.data',
      'PERFILE2\0\0',
      "input: perf.data, which is not read; give the text of it ('perf script --ns --show-lost-events -i FILE')",
    ],
    [
      'binary junk',
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1, 2),
      'input: byte 0: no known recording, expected a trace.dat or the text of a trace',
    ],
    ['other text', 'hello\n', 'input: byte 0: no known recording, expected a trace.dat or the text of a trace'],
    [
      'trace-cmd report -R',
      'cpus=2\n              rm-24147 [001]  2571.888296: mm_filemap_delete_from_page_cache:  pfn=0x2 i_ino=2c15ff index=0x0 s_dev=26 order=0\n',
      "input: text of 'trace-cmd report -R'; leave the -R out, or give the trace.dat itself",
    ],
    [
      'latency and verbose together',
      '# tracer: nop\n#\n            grep   13833   1 0 00000001 [00000000] 1253.396ms (+0.038ms): mm_x: y=1\n',
      /^input: text of options 'latency-format' and 'verbose' together/,
    ],
    ['raw', '# tracer: nop\n#\n13833 1 1253396097055 type: 599\n', /^input: text of option 'raw'/],
    [
      'nocontext-info',
      '# tracer: nop\n#\nmm_filemap_get_pages: dev=254:0 ino=2a45ae ofs=0-98303\n',
      /^input: text of option 'nocontext-info'/,
    ],
    [
      'a header and no events',
      '# tracer: function_graph\n# CPU  DURATION\n 0)   1.2 us  |  foo();\n',
      /^input: line 3, byte 41: no event of ftrace text/,
    ],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});

const BASES = [
  'two-cpu.txt',
  'lab_drain.pageref.txt',
  'lab_drain.report.txt',
  'single.report-t.txt',
  'single.report-l.txt',
  'perf_script.txt',
  'perf_chains.txt',
  'trace_latency.txt',
  'two-cpu.txt.zst',
];

it.each(['anything', ...BASES])('with damage in it, %s makes it throw nothing but InputError', async (name) => {
  const whole = name === 'anything' ? new Uint8Array(0) : recordingBytes(name).subarray(0, 6000);
  const flips = fc.array(fc.record({ at: fc.nat(6000), value: fc.nat(255) }), { maxLength: 20 });
  const damaged = flips.map((list) => {
    const bytes = whole.slice();
    for (const { at, value } of list) bytes[at] = value;
    return bytes;
  });
  await fc.assert(
    fc.asyncProperty(name === 'anything' ? fc.uint8Array() : damaged, async (bytes) => {
      try {
        await readAll(memorySource('any', bytes), { scheduling: true });
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 100 },
  );
});

it('tells how far it is, up to the whole', async () => {
  const shares: number[] = [];
  const source = memorySource('progress', recordingBytes('two-cpu.txt'));
  await readTrace(source, { onEvents: () => undefined, onProgress: (share) => shares.push(share) });
  expect(shares).toEqual([1]);
});

it('passes on what the receiver throws', async () => {
  const onEvents = (): never => {
    throw new RangeError('enough');
  };
  await expect(readTrace(memorySource('two-cpu.dat', recordingBytes('two-cpu.dat')), { onEvents })).rejects.toThrow(
    new RangeError('enough'),
  );
});

describe('a stream that breaks off', () => {
  const bytes = recordingBytes('random-2.dat');

  it('before its first byte is no empty one', async () => {
    const failing = {
      name: 'pipe',
      pieces: (async function* () {
        yield* [];
        await Promise.reject(new InputError('pipe: cannot be read: i/o error'));
      })(),
    };
    await expect(readAll(failing)).rejects.toThrow(new InputError('pipe: cannot be read: i/o error'));
  });

  it('in a packed trace.dat says so, beside what is missing for it', async () => {
    const packed = new Uint8Array(gzipSync(bytes));
    packed[packed.length - 8]! ^= 0xff; // its checksum
    const { summary } = await readAll(pipe('packed', packed));
    expect(summary.damage[0]).toMatch(/^byte \d+: the packed data are cut off or damaged .*gzip/);
    const cut = readAll(pipe('packed', packed.subarray(0, 5000)));
    await expect(cut).rejects.toThrow(/^packed: byte 5000: the packed data are cut off or damaged/);
  });
});

it('tells of a file that becomes shorter while it is read', async () => {
  const machine = X86_64;
  const page = (at: bigint): Uint8Array =>
    new PageMaker(machine, at).short(0, records.insertion(machine, 7, 0x77)).done();
  const pages = Array.from({ length: 64 }, (_, nth) => page(1000n * BigInt(nth + 1)));
  const bytes = makeV6({ machine, buffers: { '': { 0: pages } } });
  const left = bytes.byteLength - 40 * 4096;
  let isShorter = false;
  const source = {
    name: 'shorter',
    size: bytes.byteLength,
    read: (offset: number, length: number) => {
      isShorter ||= offset >= bytes.byteLength - 64 * 4096; // the first read of pages
      return Promise.resolve(bytes.slice(offset, Math.min(offset + length, isShorter ? left : bytes.byteLength)));
    },
  };
  const { summary } = await readAll(source);
  expect(summary.events).toBe(24);
  expect(summary.damage).toEqual([
    `byte ${left}: nothing to read, expected ${40 * 4096} bytes: the file became shorter`,
  ]);
  expect(summary.lost).toHaveLength(1);
});
