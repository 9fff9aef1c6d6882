// SPDX-License-Identifier: MIT
import { readHistory } from '../explain/index.ts';
import { type ByteSource, readWholeTrace, type Redactor, type TraceSummary } from '../trace/index.ts';
import { conversionRow, drainRows, inodeRow, recordingRow } from './answer-rows.ts';
import { EventRows } from './event-rows.ts';
import { LifeRows } from './life-rows.ts';
import { ParquetFile, type Sink, type Types } from './parquet/file.ts';
import { type TableName, TABLES } from './tables.ts';

/** What is made of a recording, and where it goes. */
export interface TablesOptions {
  readonly tables: ReadonlySet<TableName>;
  /** What the rows call the recording. */
  readonly recording: string;
  /** Opens the file of a table. */
  readonly open: (table: TableName) => Sink;
  /** What files say of their maker. */
  readonly createdBy: string;
  /** Only this buffer of the recording. */
  readonly buffer?: string | undefined;
  /** Replaces what identifies; undefined: nothing is replaced. */
  readonly redactor?: Redactor | undefined;
  /** Progress callback with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Tables for which the folios are followed. */
const FOLLOWED: readonly TableName[] = ['inodes', 'folios', 'holdings', 'drains', 'conversions'];
/**
 * Lives of folios that are kept until the recording's end; with more it is read twice, and each is written on the way. Small,
 * because nothing is asked of them later.
 */
const MOST_LIVES = 20_000;

/**
 * Writes a recording as tables: each a Parquet file, row group by row group. Memory holds one row group of each table, and the
 * folios that are in page caches at a time. The recording is read once for its events, and once or twice for what they mean.
 * @returns the reader's summary, and the number of rows of each table.
 * @throws InputError if nothing can be read from the input.
 * @example
 * import { columnsOf, exportTables, TABLE_NAMES, TABLES } from 'folioscope/export';
 * import { memorySource } from 'folioscope/trace';
 * const text = `# tracer: nop
 * #
 * # entries-in-buffer/entries-written: 2/2   #P:2
 * #
 *  vmm-1000 [001] ..... 1.000001: mm_filemap_add_to_page_cache: dev 0:16 ino 4414 pfn=0x7 ofs=0 order=0
 *  vmm-1000 [001] ..... 1.000009: mm_lru_insertion: folio=0 pfn=0x7 lru=4 flags=M
 * `;
 * const source = memorySource('trace.txt', new TextEncoder().encode(text));
 * let bytes = 0;
 * const open = () => (piece: Uint8Array) => void (bytes += piece.byteLength);
 * const tables = new Set(TABLE_NAMES);
 * const { rows } = await exportTables(source, { tables, recording: 'trace.txt', open, createdBy: 'an example' });
 * [rows.get('events'), rows.get('folios')]; // => [2, 1]
 * bytes > 0; // => true
 * columnsOf('losses').map(({ name, type }) => `${name} ${type}`).at(1); // => 'at_ns BIGINT'
 * TABLES.losses.about; // => 'One row a gap in a CPU\'s events.'
 */
export async function exportTables(
  source: ByteSource,
  { tables, recording, open, createdBy, buffer, redactor, onProgress }: TablesOptions,
): Promise<{ readonly trace: TraceSummary; readonly rows: ReadonlyMap<TableName, number> }> {
  const files = new Map<TableName, { readonly rows: number; finish(): void }>();
  const file = <Specs extends Types>(
    table: TableName,
    { columns }: { readonly columns: Specs },
  ): ParquetFile<Specs> | undefined => {
    if (!tables.has(table)) return undefined;
    const made = new ParquetFile(columns, open(table), createdBy);
    files.set(table, made);
    return made;
  };
  const isFollowed = FOLLOWED.some((table) => tables.has(table));
  const isWhole = tables.has('events') || !isFollowed;
  const share = (from: number, to: number) => (done: number) => onProgress?.(from + done * (to - from));
  let trace: TraceSummary | undefined;
  if (isFollowed) {
    const lives = new LifeRows(recording, file('folios', TABLES.folios), file('holdings', TABLES.holdings));
    const drains = file('drains', TABLES.drains);
    let round = 0;
    const history = await readHistory(source, {
      patches: [],
      buffer,
      redactor,
      mostKept: MOST_LIVES,
      scheduling: drains !== undefined,
      onSummary: ({ to }) => void (lives.end = to),
      onFolio: lives.onFolio,
      onMarker: () => {},
      onRound: (told) => {
        for (const row of drainRows(recording, round, told)) drains?.add(row);
        round++;
      },
      onProgress: share(0, isWhole ? 0.5 : 1),
    });
    ({ trace } = history.explanation);
    const inodes = file('inodes', TABLES.inodes);
    for (const answer of history.explanation.inodes) inodes?.add(inodeRow(recording, answer));
    const conversions = file('conversions', TABLES.conversions);
    for (const call of history.explanation.conversions) conversions?.add(conversionRow(recording, call));
  }
  const losses = file('losses', TABLES.losses);
  if (isWhole || trace === undefined) {
    const rows = new EventRows(recording, file('events', TABLES.events), losses);
    const read = await readWholeTrace(source, rows, {
      buffer,
      redactor,
      pageSize: trace?.pageSize,
      onProgress: share(isFollowed ? 0.5 : 0, 1),
    });
    trace ??= read;
  } else {
    const rows = new EventRows(recording, undefined, losses);
    for (const loss of trace.lost) rows.onLoss(loss);
  }
  file('recordings', TABLES.recordings)?.add(recordingRow(recording, trace));
  for (const made of files.values()) made.finish();
  return { trace, rows: new Map([...files].map(([table, { rows }]) => [table, rows])) };
}
