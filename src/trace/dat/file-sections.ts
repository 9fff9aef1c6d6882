// SPDX-License-Identifier: MIT
import type { ByteReader } from '../byte-reader.ts';
import { isWanted, isWantedSystem } from './decoders.ts';
import type { EventFormat } from './event-format.ts';
import { parseEventFormat } from './event-format.ts';
import type { PageLayout } from './page-layout.ts';
import { parsePageLayout } from './page-layout.ts';

// The parts that v6 has one after the other and v7 has as sections of their own: trace-cmd.dat.v6(5), v7(5).

const NAME_BYTES = 4096;

/** `header_page` and `header_event`. @throws InputError for a ring buffer that this reader does not know. */
export async function readHeaderInfo(reader: ByteReader, where: string): Promise<PageLayout> {
  const page = await namedText(reader, 'header_page');
  const event = await namedText(reader, 'header_event');
  // Until 2.6.30 records had another header.
  if (!event.includes('type_len')) {
    throw reader.error("header_event does not describe records with a 'type_len'");
  }
  return parsePageLayout(where, page);
}

async function namedText(reader: ByteReader, name: string): Promise<string> {
  const found = await reader.cstring(name.length, name);
  if (found !== name) throw reader.error(`'${name}' expected, found '${printable(found)}'`);
  return reader.text(await reader.size(`size of ${name}`), name);
}

const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?');

/** u32 n, then n formats: the events of ftrace itself. */
export async function readFtraceFormats(reader: ByteReader): Promise<EventFormat[]> {
  return readSystem(reader, 'ftrace');
}

/** u32 systems, each a name, u32 n and n formats. Only those that are decoded are looked at: there are thousands. */
export async function readEventFormats(reader: ByteReader): Promise<EventFormat[]> {
  const formats: EventFormat[] = [];
  const systems = await reader.u32('number of event systems');
  for (let nth = 0; nth < systems; nth++) {
    const system = await reader.cstring(NAME_BYTES, 'name of an event system');
    formats.push(...(await readSystem(reader, system)));
  }
  return formats;
}

async function readSystem(reader: ByteReader, system: string): Promise<EventFormat[]> {
  const formats: EventFormat[] = [];
  const wanted = isWantedSystem(system);
  const events = await reader.u32(`number of events of ${printable(system)}`);
  for (let nth = 0; nth < events; nth++) {
    const size = await reader.size('size of an event format');
    if (!wanted) {
      reader.skip(size, 'an event format');
      continue;
    }
    const text = await reader.text(size, 'an event format');
    const name = /^name: (.*)/.exec(text)?.[1] ?? '';
    const format = isWanted(system, name) ? parseEventFormat(system, text) : undefined;
    if (format !== undefined) formats.push(format);
  }
  return formats;
}

/**
 * u64 size and tracefs `saved_cmdlines`: the last known name of each task. A name may hold newlines, so a line that
 * does not start with a number goes on with the name before.
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
