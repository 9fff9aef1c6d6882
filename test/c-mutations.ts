// SPDX-License-Identifier: MIT
// Files of C as slips of the hand leave them: each is translated, or refused in one line with its place.
import { readdirSync, readFileSync } from 'node:fs';
import { type CFront, type CSource, failureIn, wholeFile } from '../src/cfront/index.ts';
import { DEFAULT_PROFILE, INDEX, type K, type KernelConfig, type Patch } from '../src/kernel/index.ts';
import { bool, buildCode, literal, optional } from '../src/lang/index.ts';

const EXAMPLES = new URL('../examples/c/', import.meta.url);

/** The checks of examples/c. */
const TEXTS: readonly string[] = ['', 'wrong/'].flatMap((folder) =>
  readdirSync(new URL(folder, EXAMPLES))
    .filter((name) => name.endsWith('.c'))
    .map((name) => readFileSync(new URL(folder + name, EXAMPLES), 'utf8')),
);

/** Words that a slip may put anywhere. */
const WORDS = [
  [
    '(',
    ')',
    '{',
    '}',
    ';',
    ',',
    '&',
    '*',
    '!',
    '->',
    '.',
    '[',
    ']',
    '=',
    '==',
    '+',
    '-',
    '<',
    '?',
    ':',
    '#',
    '"',
    "'",
    '\\',
  ],
  [
    'if',
    'else',
    'while',
    'for',
    'do',
    'switch',
    'case 1:',
    'default:',
    'break;',
    'continue;',
    'return',
    'goto out;',
    'out:',
  ],
  [
    'static',
    'const',
    'unsigned',
    'struct folio',
    'int x;',
    'int x = 7;',
    'NULL',
    '0',
    '1',
    '-1',
    '0x10UL',
    '99999999999999999999',
  ],
  [
    'folio',
    'batch',
    'inode',
    'safe',
    'start',
    'i',
    'folio_ref_count(folio)',
    'folio_put(folio);',
    'nothing()',
    'sizeof(int)',
  ],
  ['/*', '*/', '//', '#if 0\n', '#endif\n', '\t', '\u0000', '\u00e9', '\n'],
].flat();

/** Whole numbers that depend on a seed alone. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1) >>> 0;
  }

  below(most: number): number {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return ((this.#state ^ (this.#state >>> 13)) >>> 0) % most;
  }
}

/** A text with some slips in it, which depend on the seed alone. */
export function mutated(seed: number): string {
  const dice = new Dice(seed);
  const below = (most: number): number => dice.below(most);
  let words = (TEXTS[below(TEXTS.length)] ?? '').split(/(\s+|\b)/);
  for (let slips = below(2) === 0 ? 1 : 1 + below(4); slips > 0; slips--) {
    const at = below(words.length);
    const other = below(words.length);
    const word = WORDS[below(WORDS.length)] ?? '';
    switch (below(7)) {
      case 0:
        words.splice(at, 1 + below(3));
        break;
      case 1:
        words.splice(at, 0, word);
        break;
      case 2:
        words[at] = word;
        break;
      case 3:
        [words[at], words[other]] = [words[other] ?? '', words[at] ?? ''];
        break;
      case 4:
        words.splice(at, 0, ...words.slice(other, other + below(30)));
        break;
      case 5:
        words.splice(at, below(40));
        break;
      default:
        if (below(20) === 0) words = words.slice(0, at);
        else words.splice(at, 0, `${word} ${WORDS[below(WORDS.length)] ?? ''}`);
    }
  }
  return words.join('');
}

/** What became of a text: a form, or a refusal, when it is translated or when a kernel is built with it. */
export type Fate =
  | { readonly kind: 'form' | 'refused' | 'refused later' }
  | { readonly kind: 'defect'; readonly why: string };

/** A file, or what completed it, with line and column; within a loop of a text that a hunk completes, that of the text. */
const LINE = /^[^\n:]+(?: \(completed\))?:\d+:\d+: [^\n]+$/;

/** Translates a text and records it in a kernel. */
export const fateOf = (front: CFront, text: string): Fate => fateOfSource(front, wholeFile('slip.c', text));

/** The same for a text that is put together from several places. */
export function fateOfSource(front: CFront, source: CSource, of?: string): Fate {
  const translation = front.translate(source, { name: 'slip', function: of });
  if (translation.kind === 'refused') {
    const wrong = translation.errors.find((line) => !LINE.test(line) || !line.includes('expected'));
    return wrong === undefined ? { kind: 'refused' } : { kind: 'defect', why: `not one line with a place: ${wrong}` };
  }
  try {
    recorded(translation.form);
    return { kind: 'form' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const told = failureIn(message);
    if (told !== undefined && LINE.test(told)) return { kind: 'refused later' };
    return { kind: 'defect', why: message };
  }
}

function recorded(patch: Patch): void {
  const config: KernelConfig = { profile: { ...DEFAULT_PROFILE, batchSize: 2 }, patch };
  const parts = Object.fromEntries((patch.parts ?? []).map((part) => [part, 1]));
  const sizes = {
    task: 2,
    cpu: 1,
    folio: 2,
    inode: 1,
    index: 2,
    references: 8,
    order: 0,
    mm: 1,
    slot: 2,
    pin: 0,
    ...parts,
  };
  const freeze = { freeze: 1, large: 0, lru_disables: 1, lru_kind: 0, mlock_slot: 0, static: 0 };
  buildCode('slip', config, { ...freeze, ...sizes }, 0, (k: K) => {
    const safe = k.let('safe', bool, true);
    const index = k.let('err_index', optional(INDEX), 0);
    k.call(patch.check, {
      inode: literal<'inode'>(0),
      start: literal<'index'>(0),
      nr: literal<'int'>(2),
      safe,
      err_index: index,
    });
  });
}
