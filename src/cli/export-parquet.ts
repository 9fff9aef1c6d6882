// SPDX-License-Identifier: MIT
import { TABLE_NAMES, type TableName } from '../export/index.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { complain } from './failure.ts';
import { namedTraces, writeTables } from './trace-tables.ts';

/** Writes recordings as tables in a folder, and a line for each table. */
export async function exportParquet(
  words: readonly string[],
  root: string,
  { buffer, redact }: { readonly buffer: string | undefined; readonly redact: boolean | undefined },
): Promise<ExitCode> {
  const sums = new Map<TableName, number>();
  let isDamaged = false;
  for (const named of namedTraces(words, redact)) {
    const { trace, rows } = await writeTables(named, { root, tables: new Set(TABLE_NAMES), buffer });
    for (const damage of trace.damage) complain(`${named.shown}: ${damage}`);
    isDamaged ||= trace.damage.length > 0;
    for (const [table, count] of rows) sums.set(table, (sums.get(table) ?? 0) + count);
  }
  const width = Math.max(...Array.from(sums.values(), (count) => String(count).length));
  for (const table of TABLE_NAMES)
    process.stdout.write(`${String(sums.get(table) ?? 0).padStart(width)} rows  ${root}/${table}\n`);
  return isDamaged ? EXIT.undecided : EXIT.well;
}
