// SPDX-License-Identifier: MIT
import type * as DuckdbPackage from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { columnsOf, TABLE_NAMES, type TableName } from '../export/index.ts';
import { InputError } from '../ledger/index.ts';
import type { RowCell, RowColumn } from '../report/index.ts';

const VERSION = '1.5.5-r.5';
/** DuckDB spills to its folder beyond that; the readers of recordings need a few hundred megabytes besides. */
const MEMORY_LIMIT = '384MB';

const HIDDEN = 'folioscope_hidden';

/** An answer in rows, which come in pieces. */
export interface Answer {
  readonly columns: readonly RowColumn[];
  readonly pieces: AsyncIterable<readonly (readonly RowCell[])[]>;
}

/** The one place that knows DuckDB: an optional package, loaded when a question is asked. */
export class Duckdb {
  readonly #connection: DuckDBConnection;
  readonly #close: () => void;

  private constructor(connection: DuckDBConnection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  /**
   * A database in memory with the tables, all empty.
   * @param folder for what does not fit into memory.
   * @throws UnavailableError if the package is missing.
   */
  static async open(folder: string): Promise<Duckdb> {
    const { DuckDBInstance } = await load();
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: MEMORY_LIMIT,
      temp_directory: folder,
      // Nothing is fetched from anywhere.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    const opened = new Duckdb(connection, () => {
      connection.closeSync();
      instance.closeSync();
    });
    await connection.run("SET errors_as_json = true; SET TimeZone = 'UTC'");
    for (const table of TABLE_NAMES) await opened.#empty(table);
    return opened;
  }

  close(): void {
    this.#close();
  }

  /**
   * The tables that a question reads.
   * @throws InputError with the place if it is not SQL, or names what is not there.
   */
  async tablesOf(sql: string): Promise<ReadonlySet<TableName>> {
    await this.#prepare(sql);
    const needed = new Set<TableName>();
    for (const table of TABLE_NAMES) {
      // DuckDB's own list of a question's tables is empty where they are joined with USING. What fails without a table needs it.
      await this.#connection.run(`ALTER TABLE ${table} RENAME TO ${HIDDEN}`);
      await this.#prepare(sql).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        needed.add(table);
      });
      await this.#connection.run(`ALTER TABLE ${HIDDEN} RENAME TO ${table}`);
    }
    return needed;
  }

  async #prepare(sql: string): Promise<void> {
    const statement = await telling(sql, () => this.#connection.prepare(sql));
    statement.destroySync();
  }

  /** Lets a table read these files. */
  async read(table: TableName, files: readonly string[]): Promise<void> {
    if (files.length === 0) return;
    await this.#connection.run(
      `DROP TABLE ${table}; CREATE VIEW ${table} AS SELECT host, day, * EXCLUDE (host, day) FROM read_parquet(` +
        `[${files.map(quoted).join(', ')}], hive_partitioning = true, hive_types = {host: VARCHAR, day: DATE})`,
    );
  }

  /** @throws InputError if the question fails on what it reads. */
  async ask(sql: string): Promise<Answer> {
    const result = await telling(sql, () => this.#connection.stream(sql));
    const types = result.columnTypes();
    const columns = result.deduplicatedColumnNames().map((name, nth) => ({ name, type: String(types[nth]) }));
    const rows = result.yieldRows()[Symbol.asyncIterator]();
    const pieces = async function* (): AsyncGenerator<readonly (readonly RowCell[])[], void, undefined> {
      for (;;) {
        const next = await telling(sql, () => rows.next());
        if (next.done === true) return;
        yield next.value.map((row) => row.map(cellOf));
      }
    };
    return { columns, pieces: pieces() };
  }

  async #empty(table: TableName): Promise<void> {
    const columns = columnsOf(table).map(({ name, type }) => `${name} ${type}`);
    await this.#connection.run(`CREATE TABLE ${table} (host VARCHAR, day DATE, ${columns.join(', ')})`);
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function load(): Promise<typeof DuckdbPackage> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    const { UnavailableError } = await import('../live/index.ts');
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing
      ? 'is missing'
      : `cannot be loaded (${error instanceof Error ? error.message : String(error)})`;
    throw new UnavailableError(
      `the optional package @duckdb/node-api, which answers SQL, ${why}`,
      `npm install @duckdb/node-api@${VERSION}`,
    );
  }
}

/** Everything but numbers, texts and booleans is printed as DuckDB prints it. */
function cellOf(value: DuckDBValue): RowCell {
  if (value === null || typeof value !== 'object') return value;
  return 'scale' in value && 'toDouble' in value ? value.toDouble() : String(value);
}

/** What DuckDB says of a failure (errors_as_json). */
interface Failure {
  readonly exception_type: string;
  readonly exception_message: string;
  /** In bytes from the question's start. */
  readonly position?: string;
  readonly error_subtype?: string;
  readonly type?: string;
  readonly name?: string;
}

/** Failures of this machine: memory or temporary files. */
const MACHINE: ReadonlySet<string> = new Set(['Out of Memory', 'IO']);

/** @throws InputError for a failure that the question has caused; UnavailableError for one of this machine. */
async function telling<Result>(sql: string, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const failure = error instanceof Error ? failureIn(error.message) : undefined;
    if (failure === undefined || failure.exception_type === 'INTERNAL') throw error;
    const sentence = `SQL${placeOf(sql, failure)}: ${sentenceOf(failure)}`;
    if (!MACHINE.has(failure.exception_type)) throw new InputError(sentence);
    const { UnavailableError } = await import('../live/index.ts');
    throw new UnavailableError(sentence, 'a smaller question, or more room for temporary files (TMPDIR)');
  }
}

function failureIn(message: string): Failure | undefined {
  const start = message.indexOf('{');
  if (start < 0) return undefined;
  try {
    const found: unknown = JSON.parse(message.slice(start));
    return isFailure(found) ? found : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isFailure = (found: unknown): found is Failure =>
  typeof found === 'object' &&
  found !== null &&
  'exception_type' in found &&
  'exception_message' in found &&
  typeof found.exception_message === 'string';

function placeOf(sql: string, { position }: Failure): string {
  const at = Number(position);
  if (position === undefined || !Number.isInteger(at)) return '';
  const lines = Buffer.from(sql).subarray(0, at).toString().split('\n');
  return `, line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Longest message: lists of functions that would fit go on for a page. */
const MOST_LETTERS = 300;

function sentenceOf({ exception_message: message, error_subtype: subtype, type, name }: Failure): string {
  if (subtype === 'MISSING_ENTRY' && type === 'Table')
    return `no table '${name}', expected one of ${TABLE_NAMES.join(', ')}`;
  const sentence = message.trim().replaceAll(/\s*\n\s*/g, ' ');
  return sentence.length > MOST_LETTERS ? `${sentence.slice(0, MOST_LETTERS)}...` : sentence;
}
