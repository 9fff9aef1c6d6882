// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';
import { ALTERNATIVES, MUTANTS } from '../kernel/index.ts';
import { type Patch, PATCHES } from '../machine/index.ts';
import { names } from './choices.ts';

/** A form of the check as the command line names it: one that folioscope knows, or a file that holds one. */
export interface PatchChoice {
  readonly word: string;
  readonly known: Patch | undefined;
}

/** A word that is a file and not a name. */
const isFile = (word: string): boolean => /[/\\]|\.[cm]?[jt]s$|\.[ch](?::\w+)?$/.test(word);

/**
 * The forms that a comma-separated list names, in the list's order and each once: an option's parser.
 * @throws InvalidArgumentError where a name is unknown.
 */
export function patchChoices(list: string): readonly PatchChoice[] {
  const words = [...new Set(list.split(',').map((word) => word.trim()))];
  return words.map((word) => ({ word, known: isFile(word) ? undefined : known(word) }));
}

/** Before the name of a mistake that is made on purpose, so that nobody comes to one who does not ask for it. */
const MUTANT = 'mutant:';

function known(word: string): Patch {
  const found = [...PATCHES, ...ALTERNATIVES, ...MUTANTS.map(({ patch }) => patch)].find(({ name }) => name === word);
  if (found !== undefined) return found;
  if (word.startsWith(MUTANT))
    throw new InvalidArgumentError(`There is no '${word}', see 'folioscope check --mutants' for those that there are.`);
  throw new InvalidArgumentError(
    `There is no '${word}', expected ${names([...PATCHES, ...ALTERNATIVES])}, or a file such as ./my-check.c or ./my-check.ts.`,
  );
}
