// SPDX-License-Identifier: MIT
export { exportTables, type TablesOptions } from './export-tables.ts';
export type { ColumnType, Sink } from './parquet/file.ts';
export { columnsOf, type SqlColumn, TABLE_NAMES, type TableName, TABLES } from './tables.ts';
