// SPDX-License-Identifier: MIT

/** A column of an answer in rows. */
export interface RowColumn {
  readonly name: string;
  /** Type in SQL: `BIGINT`. */
  readonly type: string;
}

/** A value of a row; null if there is none. */
export type RowCell = string | number | bigint | boolean | null;

type Rows = readonly (readonly RowCell[])[];

/** Writes rows piece by piece, since they may exceed memory. */
export interface RowsWriter {
  rows(rows: Rows): string;
  end(): string;
}

const CONTROL = /\p{Cc}/gu;
const isNumber = (type: string): boolean =>
  /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/.test(type);

/**
 * Columns side by side, numbers to the right. Widths are those of the first piece; later wider rows exceed them.
 * @example
 * import { rowsAsCsv, rowsAsJson, rowsAsTable } from 'folioscope/report';
 * const columns = [{ name: 'task', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }];
 * const table = rowsAsTable(columns);
 * (table.rows([['vmm, 1', 12n], [null, 3n]]) + table.end()).split('\n'); // => ['task     n', '------  --', 'vmm, 1  12', 'NULL     3', '2 rows', '']
 * const csv = rowsAsCsv(columns);
 * csv.rows([['vmm, 1', 12n], [null, 3n]]) + csv.end(); // => 'task,n\n"vmm, 1",12\n,3\n'
 * const json = rowsAsJson(columns);
 * JSON.parse(json.rows([['vmm', 12n]]) + json.end()).rows; // => [{ task: 'vmm', n: 12 }]
 */
export function rowsAsTable(columns: readonly RowColumn[]): RowsWriter {
  let widths: readonly number[] | undefined;
  let count = 0;
  const cell = (value: RowCell): string => (value === null ? 'NULL' : String(value).replaceAll(CONTROL, '?'));
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((text, nth) =>
        isNumber(columns[nth]?.type ?? '') ? text.padStart(widths?.[nth] ?? 0) : text.padEnd(widths?.[nth] ?? 0),
      )
      .join('  ')
      .trimEnd()}\n`;
  const head = (texts: readonly (readonly string[])[]): string => {
    const names = columns.map(({ name }) => name.replaceAll(CONTROL, '?'));
    widths = names.map((name, nth) => texts.reduce((most, row) => Math.max(most, row[nth]?.length ?? 0), name.length));
    return line(names) + line(widths.map((width) => '-'.repeat(width)));
  };
  return {
    rows: (rows) => {
      count += rows.length;
      const texts = rows.map((row) => row.map(cell));
      return (widths === undefined ? head(texts) : '') + texts.map(line).join('');
    },
    end: () => `${widths === undefined ? head([]) : ''}${count} ${count === 1 ? 'row' : 'rows'}\n`,
  };
}

/** Comma-separated values (RFC 4180), lines ended by a newline. A missing value is empty, an empty text is `""`. */
export function rowsAsCsv(columns: readonly RowColumn[]): RowsWriter {
  const cell = (value: RowCell): string => {
    if (value === null) return '';
    const text = String(value);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  let head = `${columns.map(({ name }) => cell(name)).join(',')}\n`;
  const once = (): string => {
    const before = head;
    head = '';
    return before;
  };
  return { rows: (rows) => once() + rows.map((row) => `${row.map(cell).join(',')}\n`).join(''), end: once };
}

/** One document (schema/query.schema.json). A whole number that a double has exactly is a number, otherwise a text. */
export function rowsAsJson(columns: readonly RowColumn[]): RowsWriter {
  const json = (value: RowCell): string => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
    if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
    return JSON.stringify(value);
  };
  const keys = columns.map(({ name }) => JSON.stringify(name));
  const head = `{\n  "schema": "folioscope.query/1",\n  "columns": ${JSON.stringify(columns)},\n  "rows": [`;
  let count = 0;
  const row = (cells: readonly RowCell[]): string =>
    `${count++ === 0 ? head : ','}\n    { ${cells.map((value, nth) => `${keys[nth]}: ${json(value)}`).join(', ')} }`;
  return {
    rows: (rows) => rows.map(row).join(''),
    end: () => (count === 0 ? `${head}]\n}\n` : '\n  ]\n}\n'),
  };
}
