// SPDX-License-Identifier: MIT
// A long recording out of a short one: each CPU's pages again and again, with time stamps that go on. Stand-alone:
//
//   npx tsx bench/long-recording.ts IN OUT TIMES
//
// IN is a trace.dat v6 in this machine's byte order with one buffer (`trace-cmd convert --file-version 6 -i ANY -o IN` makes one).
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { memorySource, readTrace } from '../src/trace/index.ts';

/** The kernel's page; the recorder aligns each CPU's data to it, because readers map them. */
const PAGE = 4096;

interface CpuRow {
  readonly offset: number;
  readonly size: number;
}

/**
 * Writes the recording `input` to `output`, its pages `times` times.
 * @returns how many bytes it has.
 */
export async function lengthen(input: string, output: string, times: number): Promise<number> {
  const file = readFileSync(input);
  const { format, cpus, buffers, from, to } = await readTrace(memorySource(input, file), { onEvents: () => {} });
  if (format !== 'trace.dat v6' || file[0x0c] !== 0 || buffers?.length !== 1 || from === undefined || to === undefined)
    throw new Error(`${input}: a trace.dat v6 expected, little endian, with one buffer and some events`);
  const tag = Buffer.from('flyrecord\0');
  const table = file.indexOf(tag) + tag.length;
  const rows = cpus.map((_, nth): CpuRow => {
    const at = table + nth * 16;
    return { offset: Number(file.readBigUInt64LE(at)), size: Number(file.readBigUInt64LE(at + 8)) };
  });
  const head = Buffer.from(file.subarray(0, Math.min(...rows.map(({ offset }) => offset))));
  let next = head.byteLength;
  for (const [nth, { size }] of rows.entries()) {
    head.writeBigUInt64LE(BigInt(next), table + nth * 16);
    head.writeBigUInt64LE(BigInt(size * times), table + nth * 16 + 8);
    next += size * times;
  }
  const out = openSync(output, 'w');
  writeSync(out, head);
  for (const { offset, size } of rows) {
    const pages = Buffer.from(file.subarray(offset, offset + size));
    for (let time = 0; time < times; time++) {
      for (let written = 0; written < size; ) written += writeSync(out, pages, written);
      for (let page = 0; page < size; page += PAGE)
        pages.writeBigUInt64LE(pages.readBigUInt64LE(page) + (to - from) + 1000n, page);
    }
  }
  closeSync(out);
  return next;
}

const [, script = '', input = '', output = '', times = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) await lengthen(input, output, Number(times));
