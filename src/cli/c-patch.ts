// SPDX-License-Identifier: MIT
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { cFront, type CFront, wholeFile } from '../cfront/index.ts';
import { ALTERNATIVES, type Patch, PATCHES } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { readText } from './scenario-files.ts';

export { failureIn } from '../cfront/index.ts';

/** Beside the built command, and where npm puts it. */
const GRAMMARS = ['../cfront/tree-sitter-c.wasm', '../../node_modules/tree-sitter-c/tree-sitter-c.wasm'];

/** Largest size of a file; files of the kernel are far smaller. */
const MOST_BYTES = 4 * 1024 * 1024;

let front: Promise<CFront> | undefined;

/** The C front end, loaded once. */
export async function readyFront(): Promise<CFront> {
  front ??= grammar().then((bytes) => cFront({ grammar: bytes }));
  return front;
}

async function grammar(): Promise<Uint8Array> {
  let missing: unknown;
  for (const place of GRAMMARS)
    try {
      return await readFile(new URL(place, import.meta.url));
    } catch (error) {
      missing = error;
    }
  throw new Error("the grammar of C is missing in dist: run 'npm run build'", {
    cause: missing,
  });
}

/** A value of --patch that names C: the file, and the function after a colon. */
export function cFile(word: string): { readonly file: string; readonly function: string | undefined } | undefined {
  const [, file, named] = /^(.*\.[ch])(?::(\w+))?$/s.exec(word) ?? [];
  return file === undefined ? undefined : { file, function: named };
}

const MOST_NAME = 31;

/** Name of a form in C, for reports: its file, or its function if one is named. */
function nameOf(file: string, named: string | undefined): string {
  const plain = (named ?? basename(file)).replaceAll(/[^\w.-]/g, '-').replace(/^(?!\w)/, 'c-');
  const ending = /\.[ch]$/.exec(plain)?.[0] ?? '';
  const name = `${plain.slice(0, plain.length - ending.length).slice(0, MOST_NAME - ending.length)}${ending}`;
  return [...PATCHES, ...ALTERNATIVES].some((known) => known.name === name) ? `${name}.c` : name;
}

/** Translates a check in C. @throws InputError `FILE:LINE:COLUMN: what, expected what`. */
export async function loadCPatch(file: string, named: string | undefined): Promise<Patch> {
  const text = await readText(file, MOST_BYTES, 'a file of C');
  const translation = (await readyFront()).translate(wholeFile(file, text), {
    name: nameOf(file, named),
    function: named,
  });
  if (translation.kind === 'refused') throw new InputError(translation.errors.join('\n'));
  return translation.form;
}
