// SPDX-License-Identifier: MIT
// How Node loads a user's form of the check: runs in the thread of module.register(), so it imports no room.
import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/wasm-typescript';
import { UNWATCHED, withWatchers } from './patch-conditions.ts';

/** `.ts` where folioscope runs from its sources. */
const ENDING = import.meta.url.slice(-3);
/** The rooms that a form of the check is written with. */
const ROOMS = ['folioscope/kernel', 'folioscope/lang'];

/** By what name a form reaches its watchers. */
const WATCH = 'folioscope/watch';

/** `folioscope/kernel` is this folioscope: a second copy of the language would not know the first one's builders. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  if (specifier === WATCH)
    return { url: new URL(`patch-watch${ENDING}`, import.meta.url).href, format: 'module', shortCircuit: true };
  if (!specifier.startsWith('folioscope/')) {
    const found = await next(specifier, context);
    const isUnwatched = context.parentURL?.endsWith(UNWATCHED) === true && isUsers(found.url);
    return isUnwatched ? { ...found, url: `${found.url}${UNWATCHED}` } : found;
  }
  if (!ROOMS.includes(specifier)) throw new Error(`there is no '${specifier}' here, expected ${ROOMS.join(' or ')}`);
  const room = specifier.slice('folioscope/'.length);
  return { url: new URL(`patch-${room}${ENDING}`, import.meta.url).href, format: 'module', shortCircuit: true };
};

const isOwn = (url: string): boolean => url.startsWith(new URL('..', import.meta.url).href);

/** Whether a module is a user's own, with or without watchers. */
const isUsers = (url: string): boolean =>
  !isOwn(url) && /^file:.*\.m?[jt]s(?:\?unwatched)?$/.test(url) && !url.includes('/node_modules/');

/** What the stripping of types says of a mistake. */
interface SyntaxMistake {
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

const isSyntaxMistake = (error: unknown): error is SyntaxMistake =>
  typeof error === 'object' && error !== null && 'startLine' in error && 'startColumn' in error && 'message' in error;

/** A TypeScript file without its types; every other character stays where it is, so that positions in errors are right. */
export const load: LoadHook = async (url, context, next) => {
  if (!isUsers(url)) return next(url, context);
  const path = fileURLToPath(url);
  const source = withoutTypes(path, await readFile(path, 'utf8'));
  return {
    format: 'module',
    source: url.endsWith(UNWATCHED) ? source : withWatchers(source, WATCH),
    shortCircuit: true,
  };
};

function withoutTypes(path: string, source: string): string {
  if (path.endsWith('js')) return source;
  try {
    return transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    if (!isSyntaxMistake(error)) throw error;
    throw new SyntaxError(`${path}:${error.startLine}:${error.startColumn + 1}: ${error.message}`);
  }
}
