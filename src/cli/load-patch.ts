// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import * as nodeModules from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InputError } from '../ledger/index.ts';
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from '../abi/index.ts';
import { ALTERNATIVES, folio, KERNEL_PARTS, MUTANTS } from '../kernel/index.ts';
import { OutOfRange } from '../lang/index.ts';
import { type Call, createMachine, type Machine, type Patch, PATCHES, ScheduleMisfit } from '../machine/index.ts';
import { names } from './choices.ts';
import { EXIT } from './exit-code.ts';
import { complain, reasonOf, reportFailure } from './failure.ts';
import { UNWATCHED } from './patch-conditions.ts';
import type { RegisterHooks } from './patch-hooks-here.ts';
import { forgetTurns } from './patch-watch.ts';

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
    const told = message.replaceAll(pathToFileURL(path).href, file).replaceAll(path, file);
    throw new InputError(told.startsWith(`${file}:`) ? told : `${placeIn(file, error)}: cannot be loaded: ${told}`);
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

/** Forms that were translated from C: what fails in them says its place itself, which this reads. */
const placesOf = new WeakMap<Patch, (message: string) => string | undefined>();

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

/** Frames of a stack that reaches from the depths of a text that is recorded to the file that it stands in. */
const MOST_FRAMES = 200;

/** Works with stacks that long. */
function tracing<T>(work: () => T): T {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = MOST_FRAMES;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = usual;
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

/** Where folioscope's own modules are. */
const OWN = new URL('..', import.meta.url).href;

/** `FILE:LINE` where an error's stack passes through a user's module, else `file`. */
function placeIn(file: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const [, url = '', line = ''] of stack.matchAll(/(file:[^\s?]*?\.[cm]?[jt]s)(?:\?[^\s:]*)?:(\d+):\d+/g)) {
    if (url.startsWith(OWN) || url.includes('/node_modules/')) continue;
    const path = fileURLToPath(url);
    return `${path === resolve(file) ? file : relative(process.cwd(), path)}:${line}`;
  }
  return file;
}

/** The files that forms came from. */
const loadedFrom = new WeakMap<Patch, string>();

/** The file that a form came from; undefined for folioscope's own. */
export const fileOf = (patch: Patch): string | undefined => loadedFrom.get(patch);

/**
 * Works with a form. Its text runs where kernels are built and its steps where they are run, with values that only then
 * turn out to be wrong; what fails there is the mistake of the file that it came from, if it came from one.
 * @throws InputError `FILE: what failed, what to do`, one line; what fails with folioscope's own forms as it is.
 */
export function workingWith<T>(patch: Patch, work: () => T): T {
  const result = guarded(patch, work);
  requireSameText(patch, RECORDINGS_AFTER_WORK);
  return result;
}

function guarded<T>(patch: Patch, work: () => T): T {
  const file = loadedFrom.get(patch);
  if (file === undefined) return work();
  try {
    forgetTurns();
    return tracing(work);
  } catch (error) {
    if (error instanceof InputError || isOfStore(error)) throw error;
    requireSameText(patch, RECORDINGS_AFTER_FAILURE);
    if (error instanceof ScheduleMisfit) throw error;
    throw failing(file, patch, error, 'fails');
  }
}

/** What is wrong with a directory of checkpoints or states is no mistake of a form. Their classes are the engine's, which is not loaded here. */
const isOfStore = (error: unknown): boolean =>
  error instanceof Error && ['CheckpointError', 'UnwrittenError', 'StoreFullError'].includes(error.name);

/** An answer about a user's form is one only if its text is still the same. @throws InputError if it is not. */
function requireSameText(patch: Patch, times: number): void {
  const file = loadedFrom.get(patch);
  if (file === undefined) return;
  try {
    requireOneText(file, patch, recordings(patch, times));
  } catch (error) {
    throw error instanceof InputError ? error : failing(file, patch, error, 'fails');
  }
}

/** Recordings of a form's text when it is loaded. */
const RECORDINGS = 3;
const RECORDINGS_AFTER_WORK = 2;
/** What fails may fail because of a text that differs only later. */
const RECORDINGS_AFTER_FAILURE = 16;

/** A form's text, recorded anew in the smallest kernel each time: data, as JSON. */
function* recordings(patch: Patch, times: number): Generator<string> {
  for (let time = 0; time < times; time++) {
    forgetTurns();
    yield textOf(tracing(() => createMachine({ ...BUILT, patch, calls: TRIED })));
  }
}

const textOf = ({ program }: Machine): string => JSON.stringify(program.codes);

/** @throws InputError where recordings of a form's text differ: a kernel has it once for each conversion. */
function requireOneText(file: string, patch: Patch, recorded: Iterable<string>): void {
  let first = textsOf.get(patch);
  for (const text of recorded) {
    first ??= text;
    if (text !== first)
      throw new InputError(
        `${file}: the form's text differs from one recording to the next, expected state in k.let or in shared memory, not in JavaScript`,
      );
  }
  if (first !== undefined) textsOf.set(patch, first);
}

/** The texts of users' forms, as first recorded. */
const textsOf = new WeakMap<Patch, string>();

/** The same for work that is done in pieces. */
export function* workingInPieces<T, R>(patch: Patch, pieces: Generator<T, R>): Generator<T, R> {
  for (;;) {
    const piece = guarded(patch, () => pieces.next());
    if (piece.done === true) {
      requireSameText(patch, RECORDINGS_AFTER_WORK);
      return piece.value;
    }
    yield piece.value;
  }
}

/** What has failed in a user's form, in one line. @param how it failed, in words. */
function failing(file: string, patch: Patch, error: unknown, how: string): InputError {
  const told = placesOf.get(patch)?.(inOneLine(error));
  if (told !== undefined) return new InputError(told);
  const expected =
    error instanceof OutOfRange && error.of === folio.refcount.variable.name
      ? `the machine that is explored counts no further, expected a form with fewer references of its own, or 'ownReferences: N' among its fields`
      : 'expected a form that does not, correct it';
  return new InputError(`${placeIn(file, error)}: ${patch.name} ${how}: ${inOneLine(error)}; ${expected}`);
}

const inOneLine = (error: unknown): string =>
  reasonOf(error)
    .replace(
      /^Cannot assign to read only property '(\w+)' of object .*$/,
      "'$1' is a place, expected $1.set(...) instead of =",
    )
    .replaceAll(/\s+/g, ' ');

/** `FILE:LINE` of a field of a form as it is written, where it is found; else the file. */
function fieldIn(file: string, field: string): string {
  const lines = readFileSync(resolve(file), 'utf8').split('\n');
  const written = new RegExp(String.raw`(?:^|[\s{,])${field}\s*:`);
  const line = lines.findIndex((text) => written.test(text));
  return line === -1 ? file : `${file}:${line + 1}`;
}

function exported(file: string, module: unknown): Patch {
  const form = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  const expected = 'expected a form of the check, { name, summary, check }';
  if (form === undefined) throw new InputError(`${file}: no default export, ${expected}`);
  if (hasBareCheck(form))
    throw new InputError(
      `${fieldIn(file, 'check')}: check: expected safetyCheck((k, args) => { ... }), not the text itself`,
    );
  if (!isPatch(form)) throw new InputError(`${file}: the default export is something else, ${expected}`);
  if (!/^[a-z][\w.-]{0,30}$/i.test(form.name))
    throw new InputError(
      `${fieldIn(file, 'name')}: name: expected at most 31 letters, digits, dots, dashes and underscores, not '${form.name}'`,
    );
  if ([...PATCHES, ...ALTERNATIVES].some(({ name }) => name === form.name))
    throw new InputError(
      `${fieldIn(file, 'name')}: name: '${form.name}' is one of folioscope's own forms, expected another name`,
    );
  requireFields(file, form);
  return form;
}

/** Whether a form's check is a function, as its text is, and no routine. */
const hasBareCheck = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'check' in value && typeof value.check === 'function';

function isPatch(value: unknown): value is Patch {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'summary' in value && 'check' in value)) return false;
  const { name, summary, check } = value;
  if (typeof name !== 'string' || typeof summary !== 'string' || typeof check !== 'object' || check === null)
    return false;
  return 'text' in check && typeof check.text === 'function';
}

const isYesOrNo = (value: unknown): boolean => value === undefined || typeof value === 'boolean';
const isList = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
  value === undefined || (Array.isArray(value) && value.every(isOne));

const hasNumbers = (value: unknown, fields: readonly string[]): boolean => {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const found = new Map<string, unknown>(Object.entries(value));
  return (
    found.size === fields.length &&
    fields.every((name) => Number.isInteger(found.get(name)) && Number(found.get(name)) >= 0)
  );
};

/** What else a form of a user's may say. That it is a mutant, none may: those are folioscope's own. */
const FIELDS: Readonly<Record<string, { readonly expected: string; readonly allows: (value: unknown) => boolean }>> = {
  guestFaultPutsAtOnce: { expected: 'true or false', allows: isYesOrNo },
  skipsLru: { expected: 'true or false', allows: isYesOrNo },
  freezes: { expected: 'true or false', allows: isYesOrNo },
  mostDrains: {
    expected: '{ local: N, all: N }',
    allows: (value) => hasNumbers(value, ['local', 'all']),
  },
  mostReads: {
    expected: '{ each: N, besides: N }',
    allows: (value) => hasNumbers(value, ['each', 'besides']),
  },
  ownReferences: {
    expected: 'a number up to 1000',
    allows: (value) => value === undefined || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1000),
  },
  statics: {
    expected: 'a list of shared variables',
    allows: (value) => isList(value, (one) => typeof one === 'object' && one !== null && 'variable' in one),
  },
  exports: { expected: 'a list of names', allows: (value) => isList(value, (one) => typeof one === 'string') },
  parts: {
    expected: `a list of ${KERNEL_PARTS.join(', ')}`,
    allows: (value) => isList(value, (one) => KERNEL_PARTS.some((part) => part === one)),
  },
};
const NEEDED = ['name', 'summary', 'check'];

/** @throws InputError where a form has a field that no form has, or another value there. */
function requireFields(file: string, form: Patch): void {
  for (const [field, value] of Object.entries(form)) {
    if (NEEDED.includes(field)) continue;
    const rule = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (rule === undefined)
      throw new InputError(
        `${fieldIn(file, field)}: ${field}: no field of a form, expected ${[...NEEDED, ...Object.keys(FIELDS)].join(', ')}`,
      );
    if (!rule.allows(value)) throw new InputError(`${fieldIn(file, field)}: ${field}: expected ${rule.expected}`);
  }
}

/** What a form lacks that touches what is left out of its kernel: the part, or the field, with which a kernel can be built. */
function missing(patch: Patch, error: unknown): string {
  if (!(error instanceof RangeError)) return '';
  const ways: readonly (readonly [string, Patch])[] = [
    ['freezes: true', { ...patch, freezes: true }],
    ...KERNEL_PARTS.map((part): readonly [string, Patch] => [
      `parts: ['${part}']`,
      { ...patch, parts: [...(patch.parts ?? []), part] },
    ]),
  ];
  const found = ways.find(([, its]) => {
    try {
      createMachine({ ...BUILT, patch: its, calls: TRIED });
      return true;
    } catch {
      return false;
    }
  });
  return found === undefined ? '' : `; expected ${found[0]} among the form's fields`;
}

/** The smallest kernel that a form is tried in. */
const BUILT = { cpus: 1, tasks: [{ name: 'T', cpu: 0 }], guestMemfds: [{ pages: 1 }] };
const TRIED = ['touch', 'convert'] as const;

/** One page that has just been touched, and is converted: what a check is for. */
const TRIAL: readonly Call[] = [
  { call: 'touch', inode: 0, start: 0, pages: 1 },
  {
    call: 'set-memory-attributes2',
    inode: 0,
    argument: { offset: 0n, size: PAGE_SIZE, attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE, flags: 0n, reserved: [] },
  },
];
/** Many times what that takes: a form that goes on is not tried any longer. */
const MOST_TRIAL_STEPS = 10_000;

/**
 * The text of a check runs when a kernel is built with it, and must be the same each time. Its steps are tried once: who
 * goes round there without a step would never come back where steps are compiled.
 */
function requireToBuild(file: string, patch: Patch): void {
  let machine: Machine;
  try {
    forgetTurns();
    machine = tracing(() => createMachine({ ...BUILT, patch, calls: TRIED }));
    requireOneText(file, patch, [textOf(machine), ...recordings(patch, RECORDINGS - 1)]);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const place = placeIn(file, error);
    const told = placesOf.get(patch)?.(inOneLine(error));
    if (told !== undefined) throw new InputError(told);
    throw new InputError(`${place}: no kernel can be built with it: ${inOneLine(error)}${missing(patch, error)}`);
  }
  try {
    let steps = 0;
    for (const call of TRIAL) {
      machine.begin(0, call);
      while (machine.busy(0) && steps++ < MOST_TRIAL_STEPS) if (machine.step(0) === undefined) machine.step(1);
      if (machine.busy(0)) return;
    }
  } catch (error) {
    const told = placesOf.get(patch)?.(inOneLine(error));
    throw new InputError(told ?? `${file}: ${patch.name} fails where one page is converted: ${inOneLine(error)}`);
  }
}
