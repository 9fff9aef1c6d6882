// SPDX-License-Identifier: MIT
// Finds and loads a user's form of the check: the part that both kinds of Node's hooks share. It imports no room, because hooks
// of module.register() run in a thread of their own.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/wasm-typescript';
import { UNWATCHED, withWatchers } from './patch-conditions.ts';

/** `.ts` if folioscope runs from its sources. */
const ENDING = import.meta.url.slice(-3);
/** The rooms that a form of the check may import. */
const ROOMS = ['folioscope/kernel', 'folioscope/lang'];

/** Module name by which a form imports its watchers. */
const WATCH = 'folioscope/watch';

/** A module of this folioscope, as a result of the chain of hooks. */
const own = (name: string) => ({
  url: new URL(`patch-${name}${ENDING}`, import.meta.url).href,
  format: 'module' as const,
  shortCircuit: true,
});

/**
 * `folioscope/kernel` is this folioscope: a second copy of the language would not know the first one's builders.
 * @returns undefined if Node finds the module itself.
 */
export function resolveOwn(specifier: string): ReturnType<typeof own> | undefined {
  if (specifier === WATCH) return own('watch');
  if (!specifier.startsWith('folioscope/')) return undefined;
  if (!ROOMS.includes(specifier)) throw new Error(`there is no '${specifier}' here, expected ${ROOMS.join(' or ')}`);
  return own(specifier.slice('folioscope/'.length));
}

/** A module that Node has found: without watchers if its importer is without them. */
export const asParent = <Found extends { readonly url: string }>(found: Found, parent: string | undefined): Found =>
  parent?.endsWith(UNWATCHED) === true && isUsers(found.url) ? { ...found, url: `${found.url}${UNWATCHED}` } : found;

const isOwn = (url: string): boolean => url.startsWith(new URL('..', import.meta.url).href);

/**
 * Whether a module is a user's own, with or without watchers. A package's JavaScript is not; its TypeScript is, because Node
 * would refuse it.
 */
const isUsers = (url: string): boolean =>
  !isOwn(url) &&
  (url.includes('/node_modules/') ? /^file:.*\.m?ts(?:\?unwatched)?$/ : /^file:.*\.m?[jt]s(?:\?unwatched)?$/).test(url);

/** Error of the removal of types. */
interface SyntaxMistake {
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

const isSyntaxMistake = (error: unknown): error is SyntaxMistake =>
  typeof error === 'object' && error !== null && 'startLine' in error && 'startColumn' in error && 'message' in error;

/**
 * A user's module without its types; all other characters keep their places, so that positions in errors are right.
 * @returns undefined for a module that Node reads by itself.
 */
export function loadUsers(url: string) {
  if (!isUsers(url)) return undefined;
  const path = fileURLToPath(url);
  const source = withoutTypes(path, readFileSync(path, 'utf8'));
  return {
    format: 'module' as const,
    source: url.endsWith(UNWATCHED) ? source : withWatchers(source, WATCH),
    shortCircuit: true,
  };
}

function withoutTypes(path: string, source: string): string {
  if (path.endsWith('js')) return source;
  try {
    return transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    if (!isSyntaxMistake(error)) throw error;
    throw new SyntaxError(`${path}:${error.startLine}:${error.startColumn + 1}: ${error.message}`);
  }
}
