// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';

/** An object that the command line selects by name. */
interface Named {
  readonly name: string;
}

/** The names, for messages. */
export const names = (known: readonly Named[]): string => known.map(({ name }) => name).join(', ');

/** The object with this name. @throws InvalidArgumentError */
export function theOne<T extends Named>(known: readonly T[], word: string): T {
  const one = known.find(({ name }) => name === word.trim());
  if (one === undefined) throw new InvalidArgumentError(`There is no '${word.trim()}', expected ${names(known)}.`);
  return one;
}
