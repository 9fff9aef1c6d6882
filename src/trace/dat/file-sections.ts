// SPDX-License-Identifier: MIT
import { InputError } from '../../ledger/index.ts';
import { type ByteReader, MAX_PART_BYTES } from '../byte-reader.ts';
import type { EventFormat } from './event-format.ts';
import { type DescribedEvent, FormatScanner } from './format-scanner.ts';
import type { PageLayout } from './page-layout.ts';
import { parsePageLayout } from './page-layout.ts';
import { KernelSymbols } from './symbols.ts';

// The parts that v6 has in sequence and v7 has as sections of their own: trace-cmd.dat.v6(5), v7(5).

/** `header_page` and `header_event`. @throws InputError for an unknown ring buffer. */
export async function readHeaderInfo(reader: ByteReader): Promise<PageLayout> {
  const page = await namedText(reader, 'header_page');
  const event = await namedText(reader, 'header_event');
  // Until 2.6.30 records had another header.
  if (!event.text.includes('type_len')) {
    throw event.place.error("header_event does not describe records, expected a 'type_len' in it");
  }
  return parsePageLayout(page.place, page.text);
}

async function namedText(reader: ByteReader, name: string): Promise<{ text: string; place: ByteReader }> {
  const found = await reader.cstring(name.length, name);
  if (found !== name) throw reader.error(`'${name}' expected, found '${printable(found)}'`);
  const bytes = await reader.take(await reader.size(`size of ${name}`), name);
  return { text: LATIN1.decode(bytes), place: reader.over(bytes) };
}

const LATIN1 = new TextDecoder('latin1');

const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?');

/** u32 n, then n formats: the events of ftrace itself. */
export const readFtraceFormats = (reader: ByteReader): Promise<Formats> =>
  readFormats(reader, (scanner) => scanner.system('ftrace'));

/** u32 systems, each a name, u32 n and n formats. */
export const readEventFormats = (reader: ByteReader): Promise<Formats> =>
  readFormats(reader, (scanner) => scanner.systems());

/** Content of a list of formats. */
export interface Formats {
  /** Formats of the decoded events. */
  readonly wanted: readonly EventFormat[];
  /** All formats with an id. */
  readonly described: readonly DescribedEvent[];
}

export const NO_FORMATS: Formats = { wanted: [], described: [] };

/** Enough for the formats of most kernels, 2 MB. */
const FIRST_WINDOW_BYTES = 4 * 1024 * 1024;

/** Scans the formats that start at the reader's position. Their length is known only at their end. */
async function readFormats(
  reader: ByteReader,
  scan: (scanner: FormatScanner) => EventFormat[] | undefined,
): Promise<Formats> {
  for (let window = FIRST_WINDOW_BYTES; ; window *= 4) {
    const length = Math.min(window, reader.remaining, MAX_PART_BYTES);
    const scanner = new FormatScanner(await reader.peek(length, 'the event formats'), reader.littleEndian);
    const wanted = scan(scanner);
    if (wanted !== undefined) {
      reader.skip(scanner.position, 'the event formats');
      return { wanted, described: scanner.described };
    }
    if (length < window) throw reader.error(`the event formats run past the end, expected at most ${length} bytes`);
  }
}

/**
 * u32 size and kallsyms, read only when needed: most recordings have nothing to name. Damage there costs only names.
 */
export function symbolsIn(open: () => Promise<ByteReader>): () => Promise<KernelSymbols | undefined> {
  const read = async (): Promise<KernelSymbols | undefined> => {
    try {
      const reader = await open();
      const size = await reader.u32('size of kallsyms');
      if (size === 0 || size > MAX_PART_BYTES) return undefined;
      return new KernelSymbols((await reader.take(size, 'kallsyms')).slice());
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
  };
  let symbols: Promise<KernelSymbols | undefined> | undefined;
  return () => (symbols ??= read());
}

/**
 * u64 size and tracefs `saved_cmdlines`: the last known name of each task. A name may contain newlines, so a line that
 * does not start with a number continues the previous name.
 */
export async function readTaskNames(reader: ByteReader): Promise<Map<number, string>> {
  const bytes = await reader.take(await reader.size('size of the task names'), 'the task names');
  const names = new Map<number, string>([[0, '<idle>']]);
  let last: number | undefined;
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const [, pid, name] = /^(\d+) (.*)$/s.exec(line) ?? [];
    if (pid !== undefined && name !== undefined) {
      last = Number(pid);
      names.set(last, name);
    } else if (last !== undefined && line !== '' && line !== '\0') {
      names.set(last, `${names.get(last)}\n${line}`);
    }
  }
  return names;
}
