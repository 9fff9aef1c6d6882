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

/** Loads the chosen forms. @throws InputError if a file has none. */
export async function loadPatches(choices: readonly PatchChoice[]): Promise<readonly Patch[]> {
  const patches: Patch[] = [];
  for (const { word, known: named } of choices) patches.push(named ?? (await loadPatch(word)));
  return patches;
}

/** Loads the usable ones of the chosen forms, and tells the mistakes of the others. @throws InputError if none is usable. */
export async function loadUsable(
  choices: readonly PatchChoice[],
  mistaken: (error: InputError) => void,
): Promise<readonly Patch[]> {
  const patches: Patch[] = [];
  for (const choice of choices)
    try {
      patches.push(...(await loadPatches([choice])));
    } catch (error) {
      if (!(error instanceof InputError) || choices.length === 1) throw error;
      mistaken(error);
    }
  return patches;
}

/** Whether this process can load TypeScript, and folioscope's own rooms, for imports of a user's file. */
let hooked = false;

/**
 * Loads a form of the check from a module whose default export it is. A .ts file needs no build: its types are stripped.
 * `folioscope/kernel` and similar imports are modules of this process, wherever the file is.
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
  // A file may end the process, or wait at its top level for an event that never comes: Node then exits silently.
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

/** Lets this process load TypeScript, by the hooks that this Node has: register() is deprecated from Node 26 on. */
async function hookImports(): Promise<void> {
  const registerHooks: unknown = Reflect.get(nodeModules, 'registerHooks');
  if (isRegisterHooks(registerHooks)) (await import('./patch-hooks-here.ts')).hook(registerHooks);
  else nodeModules.register(new URL(`patch-hooks${import.meta.url.slice(-3)}`, import.meta.url));
}

const isRegisterHooks = (value: unknown): value is RegisterHooks => typeof value === 'function';

/** A form in C, which needs none of the guards for JavaScript. */
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

/** A user's module. If the watchers made it unreadable, it is loaded without them. */
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

/** The file of the form that was loaded last, as named on the command line. */
let lastLoaded = '';

/**
 * Ends the process with one line if a user's module fails in a timer, or in a promise without a handler: Node would print ten
 * lines of its own.
 */
function catchLateFailures(): void {
  const end = (error: unknown): void => {
    // folioscope itself throws only errors, and handles all of its own promises.
    const place = placeIn(lastLoaded, error);
    if (error instanceof Error && place === lastLoaded) process.exit(reportFailure(error));
    complain(`${place}: fails later: ${inOneLine(error)}; expected a form that is recorded at once`);
    process.exit(EXIT.input);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
