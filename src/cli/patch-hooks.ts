// SPDX-License-Identifier: MIT
// How Node loads a user's form of the check: runs in the thread of module.register(), so it imports no room.
import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/wasm-typescript';

/** `.ts` where folioscope runs from its sources. */
const ENDING = import.meta.url.slice(-3);
/** The rooms that a form of the check is written with. */
const ROOMS = ['folioscope/kernel', 'folioscope/lang'];

/** `folioscope/kernel` is this folioscope: a second copy of the language would not know the first one's builders. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  if (!specifier.startsWith('folioscope/')) return next(specifier, context);
  if (!ROOMS.includes(specifier)) throw new Error(`there is no '${specifier}' here, expected ${ROOMS.join(' or ')}`);
  const room = specifier.slice('folioscope/'.length);
  return { url: new URL(`patch-${room}${ENDING}`, import.meta.url).href, format: 'module', shortCircuit: true };
};

const isOwn = (url: string): boolean => url.startsWith(new URL('..', import.meta.url).href);

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
  if (isOwn(url) || !/^file:.*\.m?[jt]s$/.test(url) || url.includes('/node_modules/')) return next(url, context);
  const path = fileURLToPath(url);
  const source = await readFile(path, 'utf8');
  if (url.endsWith('js')) return { format: 'module', source, shortCircuit: true };
  try {
    return { format: 'module', source: transformSync(source, { mode: 'strip-only' }).code, shortCircuit: true };
  } catch (error) {
    if (!isSyntaxMistake(error)) throw error;
    throw new SyntaxError(`${path}:${error.startLine}:${error.startColumn + 1}: ${error.message}`);
  }
};
