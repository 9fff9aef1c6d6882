// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import type { QueryOptions } from './query-tables.ts';

/** `folioscope query TRACE... SQL`: questions to recordings in SQL. */
export function registerQuery(program: Command): void {
  program
    .command('query')
    .summary('ask recordings in SQL: events, folios, holdings, drains, conversions, losses')
    .description(
      'Reads recordings as tables, and answers a question in SQL with DuckDB (an optional package): every event, and ' +
        'what explain makes of them. The tables of several recordings are one, with a column host. Only the tables that ' +
        'the question names are made. docs/query.md has all columns and ten worked questions.',
    )
    .usage('[options] <trace...> <sql>')
    .argument(
      '[trace-and-sql...]',
      'recordings, each FILE or HOST=FILE, or a directory that export --parquet wrote; then one statement of SQL',
    )
    .option('--csv', 'print comma-separated values')
    .option('--json', 'print one JSON document (schema/query.schema.json)')
    .option('--columns', 'print the tables and their columns, and ask nothing')
    .option('--redact', 'replace task names, pids, page frames, addresses and other names (docs/redact.md)')
    .option('--buffer <name>', "only this buffer of a trace.dat; '' is the top one")
    .addHelpText(
      'after',
      `
Exit codes:
  0   answered    2  answered, of a damaged recording as much as can be read
  64  usage    65  not a recording, or SQL that cannot be answered
  69  the optional package @duckdb/node-api is missing
  70  a defect of folioscope

Examples:
  folioscope query examples/two-cpu.dat 'SELECT name, count(*) FROM events GROUP BY name'
  folioscope query examples/two-cpu.dat \\
      'SELECT page_index, batch_cpu, waited_ns FROM folios ORDER BY waited_ns DESC LIMIT 5'
  folioscope query --csv a=examples/two-cpu.dat b=examples/two-cpu.txt \\
      'SELECT host, count(*) AS folios FROM folios GROUP BY host ORDER BY host'
  folioscope query --redact examples/two-cpu.dat 'SELECT DISTINCT pid, task FROM folios'
  folioscope query --columns`,
    )
    .action(async (words: readonly string[], options: QueryOptions, command: Command) => {
      if (options.csv === true && options.json === true) command.error('--csv and --json exclude each other');
      const { printColumns, query } = await import('./query-tables.ts');
      if (options.columns === true) {
        if (words.length > 0) command.error('--columns takes no recording and no SQL');
        printColumns();
        return;
      }
      const sql = words.at(-1);
      if (sql === undefined || words.length < 2)
        command.error("expected recordings, then SQL: folioscope query trace.dat 'SELECT count(*) FROM events'");
      process.exitCode = await query(words.slice(0, -1), sql, options);
    });
}
