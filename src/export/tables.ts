// SPDX-License-Identifier: MIT
import type { ColumnType, ParquetFile, RowOf } from './parquet/file.ts';

/** One column of a table. Every value may be missing: then the recording does not have it. */
export interface ColumnSpec<Type extends ColumnType = ColumnType> {
  readonly type: Type;
  /** What stands in it, with its unit. */
  readonly about: string;
}

type Columns = Readonly<Record<string, ColumnSpec>>;

const int64 = (about: string): ColumnSpec<'int64'> => ({ type: 'int64', about });
const int32 = (about: string): ColumnSpec<'int32'> => ({ type: 'int32', about });
const text = (about: string): ColumnSpec<'text'> => ({ type: 'text', about });
const json = (about: string): ColumnSpec<'json'> => ({ type: 'json', about });
const boolean = (about: string): ColumnSpec<'boolean'> => ({ type: 'boolean', about });

const recording = text('the recording, as it was named');
const inode = {
  dev: text("the inode's device, `MAJOR:MINOR`"),
  ino: text("the inode's number, in hexadecimal: `0x4414`"),
};
const folio = {
  ...inode,
  page_index: int64("the folio's first page in the inode"),
  pfn: int64("the page frame number of the folio's first page"),
};
const TIME = "in nanoseconds of the recording's clock";

/** All tables that are made of a recording. The documents' tables of columns are checked against this one. */
export const TABLES = {
  recordings: {
    about: 'One row a recording.',
    columns: {
      recording,
      format: text('the format: `trace.dat v7`, `ftrace text`, ...'),
      events: int64('number of events, as `trace-cmd report` counts them'),
      cpus: int32('number of CPUs'),
      from_ns: int64(`time of the first event, ${TIME}`),
      to_ns: int64(`time of the last event, ${TIME}`),
      clock: text('the trace clock'),
      recorded_on: text('the kernel: `Linux NAME RELEASE MACHINE`'),
    },
  },
  events: {
    about: 'One row an event of any kind, in the order of the recording.',
    columns: {
      recording,
      nr: int64('number of the event in the recording, from 0'),
      at_ns: int64(`time, ${TIME}`),
      cpu: int32('the CPU that recorded it'),
      pid: int32('the running task (a thread)'),
      task: text("the running task's name"),
      buffer: text('the instance buffer; missing for the top one'),
      system: text("the event's system; missing in text"),
      name: text("the event's name: `mm_lru_insertion`"),
      dev: text("the event's field `s_dev` or `dev`, as `MAJOR:MINOR`"),
      ino: text("the event's field `i_ino` or `ino`, in hexadecimal: `0x4414`"),
      pfn: int64("the event's field `pfn`"),
      page_index: int64("the event's field `index`; of text its offset in pages"),
      folio_order: int32("the event's field `order`: a folio is 2^order pages"),
      fields: json(
        'all fields, as a JSON object: addresses and numbers above 2^53 as `"0x..."`; of text the printed words are `text`',
      ),
    },
  },
  inodes: {
    about: 'One row an inode that is or may be a guest_memfd, or only looks like one.',
    columns: {
      recording,
      ...inode,
      kind: text('`guest_memfd`, `unknown` or `other`'),
      because: text('the evidence'),
      created_pid: int32('the task that created it'),
      created_task: text("that task's name"),
      fd: int32('its file descriptor there'),
    },
  },
  folios: {
    about: "One row a folio's life in the page cache of a guest_memfd, or of an inode that may be one.",
    columns: {
      recording,
      ...folio,
      folio_order: int32('a folio is 2^order pages'),
      life: int32('number of the folio among those at its index, from 1'),
      added_ns: int64(`when it was added, ${TIME}; missing: before the recording, or lost`),
      inserted_ns: int64(`when it was put on an LRU list, ${TIME}; missing: not seen`),
      removed_ns: int64(`when it left the page cache, ${TIME}; missing: not seen`),
      pid: int32('the task that added it: whose fault brought it'),
      task: text("that task's name"),
      batch_cpu: int32('the CPU in whose lru_add batch it waited'),
      waited_ns: int64('how long it waited there as far as the recording goes, in nanoseconds'),
    },
  },
  holdings: {
    about: "One row a holder of a folio, for as long as the folio's references by it stay the same.",
    columns: {
      recording,
      ...folio,
      life: int32('number of the folio among those at its index, from 1'),
      holder: text('the kind of holder: `page-cache`, `lru-add-batch`, `gup`, ...'),
      cpu: int32('of a batch: its CPU'),
      task: text('of a running task: its name'),
      count: int32('its references'),
      from_ns: int64(`when it began, ${TIME}`),
      to_ns: int64(`when it ended, ${TIME}; missing: it lasts at the end of the recording`),
      held_ns: int64('how long it lasted as far as the recording goes, in nanoseconds'),
      strength: text(
        '`proved`: reference events show it; `derived`: from adds and insertions; `unknown`: it may be so',
      ),
      may_be_gone: boolean('whether the folio may have left the page cache unseen'),
    },
  },
  drains: {
    about: 'One row a work of lru_add_drain_all(): one CPU in one round.',
    columns: {
      recording,
      round: int64('number of the round in the recording, from 0'),
      asked_ns: int64(`when the round's first work was queued, ${TIME}`),
      asked_cpu: int32('the CPU that asked'),
      pid: int32('the task that asked, and waits for the whole round'),
      task: text("that task's name"),
      conversion_ns: int64('`at_ns` of the conversion that asked; missing: another call did'),
      round_ns: int64('how long the task waited, in nanoseconds; missing: the end of a work was not recorded'),
      cpu: int32('the CPU that was drained'),
      queued_ns: int64(`when its work was queued, ${TIME}`),
      started_ns: int64(`when it began to run, ${TIME}`),
      ended_ns: int64(`when it ended, ${TIME}`),
      delay_ns: int64('how long it waited for the CPU, in nanoseconds'),
      run_ns: int64('how long it ran, in nanoseconds'),
      insertions: int32('number of folios that it put on LRU lists, of any inode'),
      meanwhile_task: text('the task that ran longest on the CPU while it waited; needs sched_switch'),
      meanwhile_ns: int64('how long that task ran, in nanoseconds'),
    },
  },
  conversions: {
    about: 'One row a call of KVM_SET_MEMORY_ATTRIBUTES2.',
    columns: {
      recording,
      at_ns: int64(`time of the call, ${TIME}`),
      returned_ns: int64(`time of its return, ${TIME}; missing: not seen`),
      took_ns: int64('how long it took, in nanoseconds'),
      cpu: int32('the CPU that called'),
      pid: int32('the calling task'),
      task: text("the calling task's name"),
      fd: int32('the file descriptor of the guest_memfd'),
      returned: int32('its result: 0, or a negative errno: -11 is EAGAIN'),
      drained: boolean('whether it drained all CPUs; missing: the events do not show it'),
      ...inode,
      from_index: int64('the first page that its check looked at; needs page_ref events, as `dev` and `ino` do'),
      to_index: int64('the page behind the last one that its check looked at'),
      waiting: int32('number of folios that waited in lru_add batches then, of all guest_memfds'),
      cause: text('the possible causes of a refusal, with commas between: `waited`, `held`, `not recorded`, ...'),
      explained: boolean('of a refusal: whether an event shows a cause'),
      refused_index: int64('the refusing page where it is certain: of several the lowest'),
      refused_pfn: int64("that page's frame"),
      refused_cpu: int32('the CPU of the batch that held it; missing: another holder did'),
    },
  },
  losses: {
    about: "One row a gap in a CPU's events.",
    columns: {
      recording,
      at_ns: int64(`time of the first event after the gap, ${TIME}; missing: nothing follows`),
      cpu: int32('the CPU whose events are lost'),
      buffer: text('the instance buffer; missing for the top one'),
      events: int64('number of lost events; missing: not recorded'),
    },
  },
} as const satisfies Readonly<Record<string, { readonly about: string; readonly columns: Columns }>>;

export type TableName = keyof typeof TABLES;

/** The names of all tables, in the order of the documents. */
export const TABLE_NAMES: readonly TableName[] = Object.keys(TABLES).filter(isTableName);

function isTableName(name: string): name is TableName {
  return Object.hasOwn(TABLES, name);
}

/** As SQL names the types. */
const SQL_TYPES = {
  int64: 'BIGINT',
  int32: 'INTEGER',
  boolean: 'BOOLEAN',
  text: 'VARCHAR',
  json: 'VARCHAR',
} as const satisfies Readonly<Record<ColumnType, string>>;

/** A column as documents and databases have it. */
export interface SqlColumn {
  readonly name: string;
  /** `BIGINT`. */
  readonly type: string;
  /** What stands in it, with its unit. */
  readonly about: string;
}

/** The columns of a table, in their order. */
export function columnsOf(table: TableName): readonly SqlColumn[] {
  const columns: Columns = TABLES[table].columns;
  return Object.entries(columns).map(([name, { type, about }]) => ({ name, type: SQL_TYPES[type], about }));
}

/** A row of a table. */
export type TableRow<Name extends TableName> = RowOf<(typeof TABLES)[Name]['columns']>;

/** A table's file. */
export type TableFile<Name extends TableName> = ParquetFile<(typeof TABLES)[Name]['columns']>;
