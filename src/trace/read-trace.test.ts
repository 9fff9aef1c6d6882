// SPDX-License-Identifier: MIT
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAll, recordingBytes } from '../../test/support/read-recording.ts';
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
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'input: packed with gzip; unpack it first (gunzip)'],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0), 'input: packed with xz; unpack it first (unxz)'],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), 'input: packed with zstd; unpack it first (unzstd)'],
    [
      'perf.data',
      'PERFILE2\0\0',
      "input: perf.data, which is not read; record with trace-cmd, or wait for the version that reads 'perf script' text",
    ],
    [
      'binary junk',
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1, 2),
      'input: no trace.dat and no ftrace text, from the first byte on',
    ],
    ['other text', 'hello\n', 'input: no trace.dat and no ftrace text, from the first byte on'],
    [
      'trace-cmd report',
      'cpus=2\n         python3-26743 [000]  1735.848900: print:                tracing_mark_write: x\n',
      "input: text of 'trace-cmd report', which is not read; give the trace.dat itself",
    ],
    [
      'trace-cmd report without its first line',
      '            node-26743 [000]  1735.848900: sched_wakeup:         node:26679 [120] CPU:000\n',
      "input: text of 'trace-cmd report', which is not read; give the trace.dat itself",
    ],
    [
      'perf script',
      '            perf 10220 [000]  1029.440768:                        sched:sched_switch: prev_comm=perf\n',
      "input: text of 'perf script', which is not read yet; record with trace-cmd and give its trace.dat",
    ],
    ['latency', '# tracer: nop\n#\n# nop latency trace v1.1.5 on 6.18\n', /^input: latency-format text/],
    ['raw', '# tracer: nop\n#\n13833 1 1253396097055 type: 599\n', /^input: text of option 'raw'/],
    [
      'nocontext-info',
      '# tracer: nop\n#\nmm_filemap_get_pages: dev=254:0 ino=2a45ae ofs=0-98303\n',
      /^input: text of option 'nocontext-info'/,
    ],
    [
      'a header and no events',
      '# tracer: function_graph\n# CPU  DURATION\n 0)   1.2 us  |  foo();\n',
      /^input: line 3: no event of ftrace text/,
    ],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});

it('whatever bytes it is given, it throws nothing but InputError', async () => {
  const text = recordingBytes('two-cpu.txt').subarray(0, 6000);
  const flips = fc.array(fc.record({ at: fc.nat(text.length - 1), value: fc.nat(255) }), { maxLength: 20 });
  const damaged = flips.map((list) => {
    const bytes = text.slice();
    for (const { at, value } of list) bytes[at] = value;
    return bytes;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), damaged), async (bytes) => {
      try {
        await readAll(memorySource('any', bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 300 },
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
