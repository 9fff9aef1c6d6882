// SPDX-License-Identifier: MIT
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../ledger/index.ts';
import { reasonOf } from './failure.ts';

/** More than any scenario needs; a larger file is something else. */
const MOST_BYTES = 1024 * 1024;
const ENDINGS = ['.yaml', '.yml', '.json'];

/** The scenario files of a path: a file itself, or those of a directory by name. @throws InputError */
export async function scenarioFiles(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => ENDINGS.some((ending) => name.endsWith(ending)));
    if (names.length === 0)
      throw new InputError(
        `${path}: a directory without scenarios, expected ${ENDINGS.map((ending) => `*${ending}`).join(', ')}`,
      );
    return names.toSorted().map((name) => join(path, name));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/** The text of a scenario file, which may also be a pipe. @throws InputError */
export const readScenarioText = (path: string): Promise<string> =>
  readText(path, MOST_BYTES, 'a scenario in YAML or JSON');

/** The text of a file of at most `most` bytes, which may also be a pipe, or `-` for standard input. @throws InputError */
export async function readText(path: string, most: number, expected: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = path === '-' ? await inputOf(most + 1) : await bytesOf(path, most + 1);
  } catch (error) {
    throw new InputError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
  if (bytes.byteLength > most)
    throw new InputError(`${path}: larger than ${most / 1024 / 1024} MiB, expected ${expected}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${path}: not UTF-8 text, expected ${expected}`);
  }
}

/** The first bytes of a file. */
async function bytesOf(path: string, most: number): Promise<Uint8Array> {
  await using file = await open(path, 'r');
  const bytes = new Uint8Array(most);
  let length = 0;
  for (let more = 1; more > 0 && length < most; length += more)
    more = (await file.read(bytes, length, most - length)).bytesRead;
  return bytes.subarray(0, length);
}

/** The first bytes of standard input. */
async function inputOf(most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const input: AsyncIterable<Uint8Array> = process.stdin;
  for await (const piece of input) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length >= most) break;
  }
  return Buffer.concat(pieces, Math.min(length, most));
}
