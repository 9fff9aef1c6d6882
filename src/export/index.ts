// SPDX-License-Identifier: MIT
export { exportTables, type TablesOptions } from './export-tables.ts';
export type { ColumnType, Sink } from './parquet/file.ts';
export { exportPerfetto } from './perfetto/export-perfetto.ts';
export type { PerfettoSink } from './perfetto/packets.ts';
export type { PerfettoOptions, WrittenPerfetto } from './perfetto/written.ts';
export { exportTrace, type PageStore, type ReducedOptions, type WrittenTrace } from './trace/write-trace.ts';
export { columnsOf, type SqlColumn, TABLE_NAMES, type TableName, TABLES } from './tables.ts';
