// SPDX-License-Identifier: MIT
import { access } from 'node:fs/promises';
import * as nodeModules from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../ledger/index.ts';
import type { Patch } from '../machine/index.ts';
import { EXIT } from './exit-code.ts';
import { complain, reasonOf, reportFailure } from './failure.ts';
import type { PatchChoice } from './patch-choice.ts';
import { UNWATCHED } from './patch-conditions.ts';
import type { RegisterHooks } from './patch-hooks-here.ts';
import { inOneLine, loadedFrom, placeIn, placesOf } from './patch-origin.ts';
import { exported } from './patch-shape.ts';
import { requireToBuild } from './patch-trial.ts';

/** The forms themselves. @throws InputError where a file has none. */
export async function loadPatches(choices: readonly PatchChoice[]): Promise<readonly Patch[]> {
  const patches: Patch[] = [];
  for (const { word, known: named } of choices) patches.push(named ?? (await loadPatch(word)));
  return patches;
}

/** Whether this process reads TypeScript, and folioscope's own rooms, where a user's file imports them. */
let hooked = false;

/**
 * Loads a form of the check from a module whose default export it is. A .ts file needs no build: its types are
 * stripped. `folioscope/kernel` and its like are this very folioscope, wherever the file stands.
 * @throws InputError `FILE: what is wrong, what was expected`, one line.
 */
async function loadPatch(file: string): Promise<Patch> {
  if (/\.[ch](?::\w+)?$/.test(file)) return loadC(file);
  const path = resolve(file);
  lastLoaded = file;
  try {
    await access(path);
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${reasonOf(error)}`);
  }
  if (!hooked) {
    await hookImports();
    catchLateFailures();
  }
  hooked = true;
  let module: unknown;
  // A file may end the process, or wait at its top for what never comes: Node then leaves without a word.
  const leaves = (): void => {
    complain(`${file}: cannot be loaded: it ends the process, or waits for ever, before its default export is there`);
    process.exitCode = EXIT.input;
  };
  process.once('exit', leaves);
  try {
    module = await imported(pathToFileURL(path).href);
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    const text = message.replaceAll(pathToFileURL(path).href, file).replaceAll(path, file);
    throw new InputError(text.startsWith(`${file}:`) ? text : `${placeIn(file, error)}: cannot be loaded: ${text}`);
  } finally {
    process.off('exit', leaves);
  }
  const patch = exported(file, module);
  requireToBuild(file, patch);
  loadedFrom.set(patch, file);
  return patch;
}

/** Lets this process read TypeScript, by the hooks that this Node has: register() is deprecated from Node 26 on. */
async function hookImports(): Promise<void> {
  const registerHooks: unknown = Reflect.get(nodeModules, 'registerHooks');
  if (isRegisterHooks(registerHooks)) (await import('./patch-hooks-here.ts')).hook(registerHooks);
  else nodeModules.register(new URL(`patch-hooks${import.meta.url.slice(-3)}`, import.meta.url));
}

const isRegisterHooks = (value: unknown): value is RegisterHooks => typeof value === 'function';

/** A form in C, which needs none of what guards JavaScript. */
async function loadC(word: string): Promise<Patch> {
  const { cFile, failureIn, loadCPatch } = await import('./c-patch.ts');
  const named = cFile(word);
  if (named === undefined) throw new InputError(`${word}: names no file, expected FILE.c or FILE.c:function`);
  const patch = await loadCPatch(named.file, named.function);
  loadedFrom.set(patch, named.file);
  placesOf.set(patch, failureIn);
  requireToBuild(named.file, patch);
  return patch;
}

/** A user's module. One that watchers have made unreadable is read without them. */
async function imported(url: string): Promise<unknown> {
  const load = async (address: string): Promise<unknown> => {
    const module: unknown = await import(address);
    return module;
  };
  try {
    return await load(url);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return load(`${url}${UNWATCHED}`);
  }
}

/** The file of a form that was loaded last, as it was named. */
let lastLoaded = '';

/**
 * Ends the process in one line where a user's module fails in a timer, or in a promise that nothing waits for: Node would print its
 * own text of ten lines.
 */
function catchLateFailures(): void {
  const end = (error: unknown): void => {
    // folioscope itself throws nothing but errors, and no promise of its own is left alone.
    const place = placeIn(lastLoaded, error);
    if (error instanceof Error && place === lastLoaded) process.exit(reportFailure(error));
    complain(`${place}: fails later: ${inOneLine(error)}; expected a form that is recorded at once`);
    process.exit(EXIT.input);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
