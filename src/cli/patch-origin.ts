// SPDX-License-Identifier: MIT
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folio } from '../kernel/index.ts';
import { InputError } from '../ledger/index.ts';
import { OutOfRange } from '../lang/index.ts';
import type { Patch } from '../machine/index.ts';
import { reasonOf } from './failure.ts';

/** The files that forms came from. */
export const loadedFrom = new WeakMap<Patch, string>();

/** The file that a form came from; undefined for folioscope's own. */
export const fileOf = (patch: Patch): string | undefined => loadedFrom.get(patch);

/** For forms translated from C: reads the place in C from the message of a failure. */
export const placesOf = new WeakMap<Patch, (message: string) => string | undefined>();

/** Stack frames that are enough to reach from a deep call of a recorded text to the user's file. */
const MOST_FRAMES = 200;

/** Runs work with such long stacks. */
export function tracing<T>(work: () => T): T {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = MOST_FRAMES;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = usual;
  }
}

/** Where folioscope's own modules are. */
const OWN = new URL('..', import.meta.url).href;

/** `FILE:LINE` if an error's stack passes through a user's module, otherwise `file`. */
export function placeIn(file: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const [, url = '', line = ''] of stack.matchAll(/(file:[^\s?]*?\.[cm]?[jt]s)(?:\?[^\s:]*)?:(\d+):\d+/g)) {
    if (url.startsWith(OWN) || url.includes('/node_modules/')) continue;
    const path = fileURLToPath(url);
    return `${path === resolve(file) ? file : relative(process.cwd(), path)}:${line}`;
  }
  return file;
}

export const inOneLine = (error: unknown): string =>
  reasonOf(error)
    .replace(
      /^Cannot assign to read only property '(\w+)' of object .*$/,
      "'$1' is a place, expected $1.set(...) instead of =",
    )
    .replaceAll(/\s+/g, ' ');

/** The error for a failure in a user's form, in one line. @param how it failed, in words. */
export function failing(file: string, patch: Patch, error: unknown, how: string): InputError {
  const located = placesOf.get(patch)?.(inOneLine(error));
  if (located !== undefined) return new InputError(located);
  const expected =
    error instanceof OutOfRange && error.of === folio.refcount.variable.name
      ? `the machine that is explored counts no further, expected a form with fewer references of its own, or 'ownReferences: N' among its fields`
      : 'expected a form that does not, correct it';
  return new InputError(`${placeIn(file, error)}: ${patch.name} ${how}: ${inOneLine(error)}; ${expected}`);
}
