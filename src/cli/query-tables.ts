// SPDX-License-Identifier: MIT
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnsOf, TABLE_NAMES, type TableName, TABLES } from '../export/index.ts';
import { rowsAsCsv, rowsAsJson, rowsAsTable, wrap } from '../report/index.ts';
import { Duckdb } from './duckdb.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain, reasonOf, UsageError } from './failure.ts';
import { namedTraces, writeTables } from './trace-tables.ts';
import { WorkFolder } from './work-folder.ts';

/** As the command line has them. */
export interface QueryOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly columns?: boolean;
  readonly buffer?: string;
  readonly redact?: boolean;
}

/** Prints every table with its columns. */
export function printColumns(): void {
  for (const table of TABLE_NAMES) {
    const { about } = TABLES[table];
    const columns = columnsOf(table);
    const width = Math.max(...columns.map(({ name }) => name.length));
    const lines = columns.flatMap(({ name, type, about: what }) => {
      const start = `  ${name.padEnd(width)}  ${type.padEnd(7)}  `;
      return wrap(what, start, ' '.repeat(start.length));
    });
    process.stdout.write(`${[...wrap(`${table}: ${about}`, ''), ...lines].join('\n')}\n`);
  }
  process.stdout.write('All tables also have host (VARCHAR) and day (DATE).\n');
}

/** Asks recordings, and prints the answer. */
export async function query(words: readonly string[], sql: string, options: QueryOptions): Promise<ExitCode> {
  const work = new WorkFolder(tmpdir(), 'folioscope-query-');
  try {
    return await ask(words, sql, { ...options, folder: work.path });
  } finally {
    work.remove();
  }
}

async function ask(
  words: readonly string[],
  sql: string,
  { folder, csv, json, buffer, redact }: QueryOptions & { readonly folder: string },
): Promise<ExitCode> {
  const duckdb = await Duckdb.open(join(folder, 'spilled'));
  try {
    // A mistake in the question is told before gigabytes are read.
    const tables = await duckdb.tablesOf(sql);
    const { roots, isDamaged } = await rootsOf(words, { root: join(folder, 'tables'), tables, buffer, redact });
    for (const table of tables)
      await duckdb.read(
        table,
        roots.flatMap((root) => filesOf(root, table)),
      );
    const { columns, pieces } = await duckdb.ask(sql);
    const writer = (json === true ? rowsAsJson : csv === true ? rowsAsCsv : rowsAsTable)(columns);
    for await (const rows of pieces) process.stdout.write(writer.rows(rows));
    process.stdout.write(writer.end());
    return isDamaged ? EXIT.undecided : EXIT.well;
  } finally {
    duckdb.close();
  }
}

/** Folders with tables: those that were named, and one for the recordings. */
async function rootsOf(
  words: readonly string[],
  {
    root,
    tables,
    buffer,
    redact,
  }: {
    readonly root: string;
    readonly tables: ReadonlySet<TableName>;
    readonly buffer?: string | undefined;
    readonly redact?: boolean | undefined;
  },
): Promise<{ readonly roots: readonly string[]; readonly isDamaged: boolean }> {
  const roots = [root];
  let isDamaged = false;
  for (const named of namedTraces(words, redact)) {
    const { word } = named;
    if (named.host === undefined && statSync(word, { throwIfNoEntry: false })?.isDirectory() === true) {
      if (redact === true)
        throw new UsageError(
          `${word}: holds tables, which --redact does not change: export --parquet --redact writes others`,
        );
      if (TABLE_NAMES.every((table) => filesOf(word, table).length === 0))
        throw new UsageError(`${word}: holds no tables, expected a directory that export --parquet wrote`);
      roots.push(word);
      continue;
    }
    const { trace } = await writeTables(named, { root, tables, buffer });
    for (const damage of trace.damage) complain(`${named.shown}: ${damage}`);
    isDamaged ||= trace.damage.length > 0;
  }
  return { roots, isDamaged };
}

/** The files of a table, in the order of their names. */
function filesOf(root: string, table: TableName): readonly string[] {
  const folder = join(root, table);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /^host=[^/]+\/day=[^/]+\/[^/]+\.parquet$/.test(file))
      .map((file) => join(folder, file))
      .toSorted((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    throw new UsageError(`${folder}: cannot be read: ${reasonOf(error)}`);
  }
}
