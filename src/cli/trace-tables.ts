// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, renameSync, rmdirSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exportTables, type TableName } from '../export/index.ts';
import { InputError, type Nanoseconds } from '../ledger/index.ts';
import type { ByteSource, TraceSummary } from '../trace/index.ts';
import { askFile } from './ask-recording.ts';
import { makeDirectory } from './make-directory.ts';
import { redactorFor, shownName } from './redacting.ts';
import { version } from './version.ts';
import { writing } from './whole-file.ts';
import { WorkFolder } from './work-folder.ts';

/** A recording on the command line: `FILE`, or `HOST=FILE`. */
export interface NamedTrace {
  /** Undefined if the recording names it, or if it is unknown. */
  readonly host: string | undefined;
  readonly path: string;
  /** As it was given. */
  readonly word: string;
  /** What answers call it. */
  readonly shown: string;
  /** The name that an answer has for a host; undefined if it has the host's own. */
  readonly hostName: ((host: string) => string) | undefined;
}

/** Name of the host if no recording gives it. */
const UNKNOWN_HOST = 'unknown';

/**
 * Recordings on the command line. An existing file takes precedence, whatever its name looks like.
 * @param redact whether answers get other names for recordings and hosts, the same for the same host.
 */
export function namedTraces(words: readonly string[], redact: boolean | undefined): readonly NamedTrace[] {
  const hosts = new Map<string, string>([[UNKNOWN_HOST, UNKNOWN_HOST]]);
  const hostName = (host: string): string => {
    const known = hosts.get(host) ?? `host${hosts.size}`;
    hosts.set(host, known);
    return known;
  };
  return words.map((word, nth) => {
    const [, host, path = ''] = /^([\w.-]+)=(.+)$/.exec(word) ?? [];
    const named = host === undefined || existsSync(word) ? { host: undefined, path: word } : { host, path };
    return {
      ...named,
      word,
      shown: shownName(named.path, redact, nth + 1),
      hostName: redact === true ? hostName : undefined,
    };
  });
}

/** Options for writing recordings as tables into a folder. */
interface Writing {
  readonly root: string;
  readonly tables: ReadonlySet<TableName>;
  readonly buffer?: string | undefined;
}

/** Tables written for one recording. */
export interface WrittenTables {
  readonly trace: TraceSummary;
  readonly rows: ReadonlyMap<TableName, number>;
}

/**
 * Writes the tables of a recording as `ROOT/TABLE/host=HOST/day=DAY/NAME.parquet`. They are moved to their places when all of
 * them are complete; writing the recording again replaces them.
 * @throws InputError if nothing can be read from it; UsageError if the folder cannot be written.
 */
export async function writeTables(named: NamedTrace, { root, tables, buffer }: Writing): Promise<WrittenTables> {
  return askFile(named.path, async (source, onProgress) => {
    const digest = await digestOf(source);
    const isNew = !existsSync(root);
    const work = writing(root, () => {
      makeDirectory(root);
      return new WorkFolder(root, '.unfinished-');
    });
    try {
      return await writeThrough(named, source, { root, tables, buffer, folder: work.path, digest, onProgress });
    } finally {
      work.remove();
      if (isNew) removeEmpty(root);
    }
  });
}

/** Where the parts of the tables are written first. */
interface Through extends Writing {
  readonly folder: string;
  readonly digest: string;
  readonly onProgress: (share: number) => void;
}

async function writeThrough(
  { host, path, shown, hostName }: NamedTrace,
  source: ByteSource,
  { root, tables, buffer, folder, digest, onProgress }: Through,
): Promise<WrittenTables> {
  const opened = new Map<TableName, number>();
  try {
    const redactor = await redactorFor(source, hostName !== undefined, (recordedOn) =>
      hostName === undefined ? '' : hostName(host ?? hostOf({ recordedOn })),
    );
    const { trace, rows } = await exportTables(source, {
      tables,
      recording: shown,
      buffer,
      redactor,
      createdBy: `folioscope ${version()}`,
      open: (table) => {
        const file = writing(root, () => openSync(join(folder, table), 'w'));
        opened.set(table, file);
        return (bytes) => writing(root, () => writeWhole(file, bytes));
      },
      onProgress,
    });
    const place = join(
      `host=${redactor?.host ?? host ?? hostOf(trace)}`,
      `day=${dayOf(trace.from, statSync(path).mtime)}`,
    );
    const name = `${basename(shown).replaceAll(/[^\w.-]/g, '_')}-${digest}.parquet`;
    writing(root, () => {
      for (const table of opened.keys()) {
        makeDirectory(join(root, table, place));
        renameSync(join(folder, table), join(root, table, place, name));
      }
    });
    return { trace, rows };
  } finally {
    for (const file of opened.values()) closeSync(file);
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
}

/** Removes a folder in which nothing was written. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

const HEAD_BYTES = 64 * 1024;

/** Distinguishes recordings of the same name, by their length and beginning. */
async function digestOf(source: ByteSource): Promise<string> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
  return createHash('sha256').update(`${source.size} `).update(head).digest('hex').slice(0, 8);
}

/**
 * The name in `Linux NAME RELEASE MACHINE`, as trace-cmd writes it. `record` leaves the name out, and a host without one calls
 * itself `(none)`.
 */
function hostOf({ recordedOn }: Pick<TraceSummary, 'recordedOn'>): string {
  const [, name = '', release = ''] = recordedOn?.split(' ') ?? [];
  return /^[\w.-]+$/.test(name) && /^\d+\.\d/.test(release) ? name : UNKNOWN_HOST;
}

/** 2001-09-09 as nanoseconds of the calendar: no machine has run for so long. */
const CALENDAR = 1_000_000_000_000_000_000n;

/** The day (UTC) of the first event if the clock is the calendar's, otherwise the day on which the file was written. */
function dayOf(from: Nanoseconds | undefined, saved: Date): string {
  const day = from !== undefined && from >= CALENDAR ? new Date(Number(from / 1_000_000n)) : saved;
  if (Number.isNaN(day.getTime())) throw new InputError('the first event has no day');
  return day.toISOString().slice(0, 10);
}
