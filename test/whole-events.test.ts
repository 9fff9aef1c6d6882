// SPDX-License-Identifier: MIT
// Every field of every event as trace-cmd report -R reads it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { JsonBytes, memorySource, readWholeTrace } from '../src/trace/index.ts';
import { lacking } from './needs.ts';

const RECORDINGS = ['examples', 'test/recordings'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.dat'))
    .map((file) => `${folder}/${file}`),
);

type Fields = Readonly<Record<string, unknown>>;

async function wholeEvents(file: string): Promise<readonly { readonly name: string; readonly fields: Fields }[]> {
  const events: { readonly name: string; readonly fields: Fields }[] = [];
  const json = new JsonBytes();
  const onEvent = (event: { readonly name: string; writeFields(into: JsonBytes): void }): void => {
    json.clear();
    event.writeFields(json);
    events.push({ name: event.name, fields: JSON.parse(new TextDecoder().decode(json.written())) as Fields });
  };
  await readWholeTrace(memorySource(file, readFileSync(file)), { onEvent, onLoss: () => {} }, {});
  return events;
}

/** trace-cmd prints numbers in decimal, or in hexadecimal with or without `0x`; a text that is not of ASCII byte by byte. */
function isSame(printed: string, value: unknown): boolean {
  if (printed === String(value)) return true;
  const [, bytes] = /^ARRAY\[(.*)\]$/.exec(printed) ?? [];
  if (bytes !== undefined)
    return Buffer.from(bytes.replaceAll(', ', ''), 'hex').toString().replace(/\0.*$/, '') === value;
  const number =
    typeof value === 'number' || (typeof value === 'string' && value.startsWith('0x')) ? BigInt(value) : undefined;
  if (number === undefined || !/^(?:0x)?[\da-f]+$/i.test(printed)) return false;
  const hex = BigInt(`0x${printed.replace(/^0x/i, '')}`);
  return [hex, BigInt.asIntN(64, hex), BigInt.asIntN(32, hex)].includes(number);
}

/** The values between the fields' names, which are known. */
const printedOf = (line: string, names: readonly string[]): readonly string[] | undefined =>
  new RegExp(`: +${names.map((name) => `${name}=(.*?)`).join(' ')}\\s*$`).exec(line)?.slice(1);

const why = lacking('trace-cmd');

test.for(why === undefined ? [] : [why])('compared with trace-cmd', (reason, { skip }) => {
  expect(why).toBe(reason);
  skip(reason);
});

test.skipIf(why !== undefined).each(RECORDINGS)('%s', async (file) => {
  const { stdout } = spawnSync('trace-cmd', ['report', '-R', file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  const lines = stdout.split('\n').filter((line) => line.includes(': ') && !/EVENTS DROPPED|^cpus=/.test(line));
  const events = await wholeEvents(file);
  expect(lines).toHaveLength(events.length);
  const wrong = events.flatMap(({ name, fields }, nth) => {
    const line = lines[nth] ?? '';
    const printed = printedOf(line, Object.keys(fields));
    const isAsPrinted =
      line.includes(` ${name}: `) &&
      Object.values(fields).every((value, field) => isSame(printed?.[field] ?? '', value));
    return isAsPrinted ? [] : [{ line, name, fields }];
  });
  expect(wrong.slice(0, 3)).toEqual([]);
});
