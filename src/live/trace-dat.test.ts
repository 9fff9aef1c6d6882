// SPDX-License-Identifier: MIT
import { ZSTDDecoder } from 'zstddec';
import { describe, expect, test } from 'vitest';
import { formatsOf, headerPage, PageMaker, records, X86_64 } from '../../test/support/make-trace-dat.ts';
import type { KernelEvent } from '../ledger/index.ts';
import { memorySource, type Output, readTrace, writeTraceDat } from '../trace/index.ts';
import { storedFrame, zstdPacker } from './compress.ts';
import { loadNative } from './native.ts';

/** A file in memory. */
function memory(): Output & { readonly bytes: () => Uint8Array } {
  const parts: number[] = [];
  return {
    get position() {
      return parts.length;
    },
    write: (bytes) => {
      for (const byte of bytes) parts.push(byte);
    },
    patch: (at, bytes) => {
      parts.splice(at, bytes.length, ...bytes);
    },
    bytes: () => Uint8Array.from(parts),
  };
}

const packers = new Map([['frames without compression', storedFrame]]);
try {
  const { pack, by } = zstdPacker(await loadNative());
  packers.set(by, pack);
} catch {
  // Without koffi there is only the one.
}

describe.each([...packers])('a trace.dat packed by %s', (_, pack) => {
  test('is read as it was written', async () => {
    const { ftrace = [], ...systems } = formatsOf(X86_64);
    const pages = Array.from({ length: 25 }, (__, nth) =>
      new PageMaker(X86_64, BigInt(1000 * (nth + 1))).short(1, records.add(X86_64, 7, nth + 1, 0x44n, nth)).done(),
    );
    const out = memory();
    const length = writeTraceDat(
      out,
      {
        headerPage: headerPage(X86_64),
        headerEvent: 'type_len    :    5 bits\n\ttime_delta  :   27 bits\n',
        ftraceFormats: ftrace,
        systems: Object.entries(systems).map(([name, formats]) => ({ name, formats })),
        kallsyms: '',
        printkFormats: '',
        taskNames: '7 a task\n',
        pageSize: 4096,
        ringPageSize: 4096,
        clock: 'mono',
        clocks: 'local [mono]',
        uname: 'Linux 6.18 #1 x86_64',
        version: 'folioscope 0 recorded pagemap:mm_lru_insertion',
        buffers: [
          {
            name: '',
            cpus: [
              { cpu: 0, pages: [], stats: 'entries: 0\n' },
              { cpu: 3, pages, stats: 'entries: 25\n' },
            ],
          },
        ],
      },
      pack,
    );
    expect(length).toBe(out.bytes().byteLength);
    const events: KernelEvent[] = [];
    const summary = await readTrace(memorySource('made', out.bytes()), {
      onEvents: (some) => {
        events.push(...some);
      },
    });
    expect(summary).toMatchObject({
      format: 'trace.dat v7',
      events: 25,
      damage: [],
      lost: [],
      recordedEvents: ['pagemap:mm_lru_insertion'],
    });
    expect(events.map((event) => ('index' in event ? [event.cpu, event.index, event.comm] : []))).toEqual(
      Array.from({ length: 25 }, (__, nth) => [3, nth, 'a task']),
    );
  });
});

test.each([0, 1, 131_072, 400_000])('a frame without compression, of %i bytes, is unpacked by others', async (size) => {
  const bytes = Uint8Array.from({ length: size }, (_, nth) => nth % 251);
  const decoder = new ZSTDDecoder();
  await decoder.init();
  expect(decoder.decode(storedFrame(bytes), size)).toEqual(bytes);
});
