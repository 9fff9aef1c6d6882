// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';

/** Something that the command line chooses by name. */
interface Named {
  readonly name: string;
}

/** The names, to be shown. */
export const names = (known: readonly Named[]): string => known.map(({ name }) => name).join(', ');

/** The one that a word names. @throws InvalidArgumentError */
export function theOne<T extends Named>(known: readonly T[], word: string): T {
  const one = known.find(({ name }) => name === word.trim());
  if (one === undefined) throw new InvalidArgumentError(`There is no '${word.trim()}', expected ${names(known)}.`);
  return one;
}
