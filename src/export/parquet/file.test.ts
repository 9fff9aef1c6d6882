// SPDX-License-Identifier: MIT
// Files as another reader has them: hyparquet, which shares no code with the writer.
import * as fc from 'fast-check';
import { parquetMetadata, parquetReadObjects, snappyUncompress } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { type Cells, ParquetFile, type RowOf, ROWS_A_GROUP } from './file.ts';
import { maxSnappyBytes, snappy } from './snappy.ts';

const SPECS = {
  at: { type: 'int64' },
  cpu: { type: 'int32' },
  drained: { type: 'boolean' },
  task: { type: 'text' },
  fields: { type: 'json' },
} as const;

/** A row as the reader gives it: a missing value is null there. */
interface Row {
  readonly at: bigint | undefined;
  readonly cpu: number | undefined;
  readonly drained: boolean | undefined;
  readonly task: string | undefined;
  readonly fields: string;
}

function fileOf(rows: readonly Row[]): ArrayBuffer {
  const pieces: Uint8Array[] = [];
  const file = new ParquetFile(SPECS, (bytes) => void pieces.push(bytes.slice()), 'a test');
  for (const { fields, ...row } of rows) {
    const whole: RowOf<typeof SPECS> = { ...row, fields: (into) => void into.text(fields) };
    file.add(whole);
  }
  file.finish();
  expect(file.rows).toBe(rows.length);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece])).buffer;
}

const asRead = (rows: readonly Row[]) =>
  rows.map(({ at = null, cpu = null, drained = null, task = null, fields }) => ({
    at,
    cpu,
    drained,
    task,
    fields: JSON.stringify(fields),
  }));

const missing = { nil: undefined } as const;
const row: fc.Arbitrary<Row> = fc.record({
  at: fc.option(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), missing),
  cpu: fc.option(fc.integer(), missing),
  drained: fc.option(fc.boolean(), missing),
  task: fc.option(fc.oneof(fc.constantFrom('vmm', 'kworker/1:1', ''), fc.string({ unit: 'grapheme' })), missing),
  fields: fc.string({ unit: 'grapheme' }),
});
/** Runs of equal rows and single ones, so that every kind of run is written. */
const rowsOf = fc
  .array(fc.tuple(row, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }))), { maxLength: 30 })
  .map((runs) => runs.flatMap(([one, times]) => Array.from({ length: times }, () => one)));

describe('a Parquet file', () => {
  test('has the rows that were written, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, async (rows) => {
        expect(await parquetReadObjects({ file: fileOf(rows) })).toEqual(asRead(rows));
      }),
      { numRuns: 200, seed: 20261130 },
    );
  });

  test('is written a row group at a time, with bounds and the number of missing values', async () => {
    const pieces: Uint8Array[] = [];
    const file = new ParquetFile(SPECS, (bytes) => void pieces.push(bytes.slice()), 'a test');
    const cells: Cells<typeof SPECS> = file.cells;
    const rows = ROWS_A_GROUP + 10;
    for (let nr = 0; nr < rows; nr++) {
      cells.at.add(2 ** 40 + nr);
      cells.cpu.add(nr % 3 === 0 ? undefined : (nr % 7) - 3);
      cells.drained.add(nr % 2 === 0);
      cells.task.add(`task${nr % 1000}`);
      cells.fields.add((into) => void into.raw('{').raw('}'));
      file.endRow();
      if (nr === ROWS_A_GROUP - 2) expect(pieces).toHaveLength(1);
    }
    expect(pieces.length).toBeGreaterThan(1);
    file.finish();
    const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    const { row_groups: groups, created_by: maker } = parquetMetadata(bytes.buffer);
    expect(maker).toBe('a test');
    expect(groups.map(({ num_rows: count }) => Number(count))).toEqual([ROWS_A_GROUP, 10]);
    expect(groups[0]?.columns.map(({ meta_data: meta }) => meta?.statistics)).toMatchObject([
      { null_count: 0n, min_value: 2n ** 40n, max_value: 2n ** 40n + BigInt(ROWS_A_GROUP) - 1n },
      { null_count: BigInt(Math.ceil(ROWS_A_GROUP / 3)), min_value: -3, max_value: 3 },
      { null_count: 0n },
      { null_count: 0n, min_value: 'task0', max_value: 'task999' },
      { null_count: 0n },
    ]);
    const from = ROWS_A_GROUP - 1;
    const read = await parquetReadObjects({ file: bytes.buffer, rowStart: from, rowEnd: from + 3 });
    expect(read).toMatchObject(
      [0, 1, 2].map((nr) => ({ at: BigInt(2 ** 40 + from + nr), task: `task${(from + nr) % 1000}` })),
    );
  });
});

test('Snappy packs and is unpacked again, for every length and repetition', () => {
  const bytes = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3000 }))), {
      maxLength: 12,
    })
    .map((parts) =>
      Uint8Array.from(parts.flatMap(([part, times]) => Array.from({ length: times }, () => [...part]).flat())),
    );
  fc.assert(
    fc.property(bytes, (whole) => {
      const packed = new Uint8Array(maxSnappyBytes(whole.byteLength));
      const length = snappy(whole, whole.byteLength, packed);
      expect(length).toBeLessThanOrEqual(packed.byteLength);
      const unpacked = new Uint8Array(whole.byteLength);
      snappyUncompress(packed.subarray(0, length), unpacked);
      expect(Buffer.from(unpacked).equals(Buffer.from(whole))).toBe(true);
    }),
    { numRuns: 150, seed: 20261130 },
  );
});
