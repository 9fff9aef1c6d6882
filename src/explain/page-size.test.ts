// SPDX-License-Identifier: MIT
// Kernels with larger pages: a text gives places in bytes, and does not say of which page size.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatsOf, makeV7, PageMaker, records, X86_64 } from '../../test/support/make-trace-dat.ts';
import { PATCHES } from '../machine/index.ts';
import { cpu, dev, folioIndex, ino, nanoseconds, order, pfn } from '../ledger/index.ts';
import { formatEvent, memorySource } from '../trace/index.ts';
import { type Explanation, explainTrace } from './index.ts';

const TEXT = readFileSync('examples/two-cpu.txt', 'utf8');
const explain = (text: string): Promise<Explanation> =>
  explainTrace(memorySource('recording', new TextEncoder().encode(text)), { moments: [], patches: PATCHES });

/** The recording as a kernel with so many bytes a page would print it, which has read a file of so many pages before. */
function withPages(bytes: number, filePages: number, fileStep = bytes): string {
  const larger = TEXT.replaceAll(/ofs=(\d+)/g, (_, offset: string) => `ofs=${(Number(offset) / 4096) * bytes}`);
  const first = TEXT.split('\n').find((line) => !line.startsWith('#')) ?? '';
  const time = /\d+\.\d+/.exec(first)?.[0] ?? '';
  const file = Array.from(
    { length: filePages },
    (_, page) =>
      `             cat-77      [000] .....  ${time}: mm_filemap_add_to_page_cache: dev 8:1 ino 5 pfn=0x${(page + 0x90_0000).toString(16)} ofs=${page * fileStep} order=0\n`,
  );
  return larger.replace(first, `${file.join('')}${first}`).replace(/entries-written: \d+\/\d+/, 'no entries');
}

const indexes = ({ moments }: Explanation) =>
  moments.map(({ folios, evidence }) => [folios.map(({ index }) => index), evidence?.index]);

describe('text', () => {
  test.each([16_384, 65_536])('pages of %i bytes show in the offsets of a file that was read', async (bytes) => {
    const explanation = await explain(withPages(bytes, 80));
    expect(indexes(explanation)).toEqual(indexes(await explain(TEXT)));
    expect(explanation.notes.join()).toContain(`pages of ${bytes} bytes`);
    const evidence = explanation.moments.find((moment) => moment.evidence !== undefined)?.evidence;
    expect(evidence?.add).toContain(`ofs=${(evidence?.index ?? 0) * bytes} `);
  });

  test.each([
    ['few pages of files', withPages(65_536, 60)],
    ['a file with smaller ones', withPages(65_536, 80, 4096)],
  ])('%s show nothing: 4096 is taken', async (_, text) => {
    const explanation = await explain(text);
    expect(indexes(explanation)).not.toEqual(indexes(await explain(TEXT)));
    expect(explanation.notes.join()).not.toContain('pages of');
  });
});

test('a trace.dat says it: what is quoted has offsets of its pages', async () => {
  const page = new PageMaker(X86_64, 1_000_000n)
    .short(1, records.add(X86_64, 7, 0x10, 9n, 3))
    .short(1, records.insertion(X86_64, 7, 0x11))
    .short(1, records.print(X86_64, 7, 'now\n'))
    .done();
  const bytes = makeV7({ machine: X86_64, formats: formatsOf(X86_64), buffers: { '': { 0: [page] } } });
  // Behind magic, version, byte order and size of long.
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(14, 65_536, true);
  const { trace } = await explainTrace(memorySource('recording', bytes), { moments: [], patches: PATCHES });
  expect(trace.pageSize).toBe(65_536);
  const add = { type: 'mm_filemap_add_to_page_cache', at: nanoseconds(1n), cpu: cpu(0), pid: 7 } as const;
  const folio = { dev: dev(0, 16), ino: ino(9n), pfn: pfn(16), index: folioIndex(3), order: order(0) };
  expect(formatEvent({ ...add, ...folio }, trace.pageSize)).toContain('ofs=196608 ');
});
