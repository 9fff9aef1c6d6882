// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';
import { ALTERNATIVES, MUTANTS } from '../kernel/index.ts';
import { type Patch, PATCHES } from '../machine/index.ts';
import { names } from './choices.ts';

/** A form of the check as named on the command line: a known form, or a file with one. */
export interface PatchChoice {
  readonly word: string;
  readonly known: Patch | undefined;
}

/** Whether a word is a file's path, not a form's name. */
const isFile = (word: string): boolean => /[/\\]|\.[cm]?[jt]s$|\.[ch](?::\w+)?$/.test(word);

/**
 * Option parser: the forms of a comma-separated list, in its order, without duplicates.
 * @throws InvalidArgumentError if a name is unknown.
 */
export function patchChoices(list: string): readonly PatchChoice[] {
  const words = [...new Set(list.split(',').map((word) => word.trim()))];
  return words.map((word) => ({ word, known: isFile(word) ? undefined : known(word) }));
}

/** Prefix of a deliberate mistake's name: a mutant is used only on request. */
const MUTANT = 'mutant:';

function known(word: string): Patch {
  const found = [...PATCHES, ...ALTERNATIVES, ...MUTANTS.map(({ patch }) => patch)].find(({ name }) => name === word);
  if (found !== undefined) return found;
  if (word.startsWith(MUTANT))
    throw new InvalidArgumentError(`There is no '${word}'; 'folioscope check --mutants' lists every mutant.`);
  throw new InvalidArgumentError(
    `There is no '${word}', expected ${names([...PATCHES, ...ALTERNATIVES])}, or a file such as ./my-check.c or ./my-check.ts.`,
  );
}
