// SPDX-License-Identifier: MIT
import { CHECK_FUNCTION, type CLine, type CSource } from '../cfront/index.ts';
import { InputError } from '../ledger/index.ts';
import { complete, TooLittleShown } from './complete.ts';
import { diffsIn, type FileDiff } from './diff.ts';
import {
  changedFunctions,
  type ChangedFunction,
  helpersOn,
  nameOn,
  type Side,
  shownOn,
  withSections,
} from './fragment.ts';
import type { Mail } from './mail.ts';
import { unquoted } from './quoted.ts';
import { type Tree, wholeOn } from './tree.ts';

/** One side of a change, ready to be translated. */
export interface PreparedSide {
  /** The function's name on this side. */
  readonly function: string;
  readonly source: CSource;
  /** Lines that the mail does not show and that were added, in order. */
  readonly completed: readonly string[];
}

/** A change of a check in a mail. */
export interface Prepared {
  readonly mail: Mail;
  /** The file that contains the function. */
  readonly path: string;
  /** Its name before the change. */
  readonly function: string;
  readonly shown: 'whole' | 'hunk';
  /** Undefined where the mail adds the function. */
  readonly before: PreparedSide | undefined;
  /** Undefined where it removes it. */
  readonly after: PreparedSide | undefined;
  /** Names that the mail exports to modules. */
  readonly exports: readonly string[];
  readonly change: ChangedFunction;
  /** Names that the mail redefines, and that keep the kernel's text here. */
  readonly taken: readonly string[];
}

/** Options for reading mails. */
export interface PrepareOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** The function, if it is not the check's usual one. */
  readonly function?: string | undefined;
  /** The kernel's sources, if available. */
  readonly tree?: Tree | undefined;
  /** Names of the kernel that a check may call: their text is not taken from the mail. */
  readonly known: ReadonlySet<string>;
}

/**
 * The changes of a check in some mails, in their order.
 * @throws InputError, one line, naming what is missing.
 */
export async function prepare(mails: readonly Mail[], options: PrepareOptions): Promise<readonly Prepared[]> {
  const wanted = options.function ?? CHECK_FUNCTION;
  const found: Prepared[] = [];
  const others = new Set<string>();
  let diffs = 0;
  for (const mail of mails) {
    const files = diffsIn(unquoted(mail.lines));
    diffs += files.length;
    for (const shown of files) {
      const file = await withNames(shown, options);
      for (const change of changedFunctions(file))
        if (change.name === wanted || change.renamed === wanted)
          found.push(await prepared(mail, files, file, change, options));
        else others.add(change.name);
    }
    await options.tree?.apply(files);
  }
  if (found.length > 0) return found;
  if (diffs === 0)
    throw new InputError(
      `${options.file}: no diff in it, expected a mail or a file with lines from 'diff --git' or '--- FILE' on`,
    );
  const names = [...others];
  const named = names.length === 0 ? 'it changes no function' : `it changes ${listed(names)}`;
  throw new InputError(
    `${options.file}: no change of ${wanted}(), ${named}; expected one, or the check's name with --function`,
  );
}

/** A diff whose hunks name their functions: diff(1) leaves the names out by default; a tree provides them. */
async function withNames(file: FileDiff, { tree }: PrepareOptions): Promise<FileDiff> {
  if (tree === undefined || !/\.[ch]$/.test(file.path) || file.hunks.every(({ section }) => section !== ''))
    return file;
  const text = await tree.before(file);
  return text === undefined ? file : withSections(file, text.split('\n'));
}

const MOST_NAMED = 6;
const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, MOST_NAMED)
    .map((name) => `${name}()`)
    .join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;

async function prepared(
  mail: Mail,
  files: readonly FileDiff[],
  file: FileDiff,
  change: ChangedFunction,
  options: PrepareOptions,
): Promise<Prepared> {
  const { path, name } = change;
  const whole = await options.tree?.sides(file);
  const taken = new Set<string>();
  const sideOf = (side: Side): PreparedSide | undefined => {
    const text = whole?.[side];
    if (whole !== undefined)
      return text === undefined
        ? undefined
        : { function: nameOn(side, change), source: wholeOn(path, text), completed: [] };
    return shownSide(side, files, change, options, taken);
  };
  const [before, after] = [sideOf('before'), sideOf('after')];
  const isWhole = [before, after].every((side) => (side?.completed.length ?? 0) === 0);
  return {
    mail,
    path,
    function: name,
    shown: isWhole ? 'whole' : 'hunk',
    before,
    after,
    exports: exportsIn(files),
    change,
    taken: [...taken],
  };
}

function shownSide(
  side: Side,
  files: readonly FileDiff[],
  change: ChangedFunction,
  { file: name, known }: PrepareOptions,
  taken: Set<string>,
): PreparedSide | undefined {
  const shown = shownOn(side, change);
  if (shown === undefined) return undefined;
  const { path } = change;
  const own = nameOn(side, change);
  if (shown.kind === 'gap')
    throw new InputError(
      `${name}: lines ${shown.from} to ${shown.to} of ${path} (${side} the change) stand between its hunks and are not shown, expected them: give --tree DIR, or a diff with more context (git format-patch -U40)`,
    );
  const helpers = files.flatMap((diff) => helpersOn(side, diff, own, known, taken));
  const source = (lines: readonly CLine[]): CSource => ({ name: path, lines: [...helpers, ...lines] });
  if (shown.isWhole) return { function: own, source: source(shown.of.lines), completed: [] };
  try {
    const { lines, completed } = complete(shown.of, own);
    return { function: own, source: source(lines), completed };
  } catch (error) {
    if (!(error instanceof TooLittleShown)) throw error;
    throw new InputError(`${name}: ${placeOf(shown.of.lines, path)}: ${error.message}`);
  }
}

/** Place in the kernel's file at which a hunk's lines of a function begin. */
function placeOf(lines: readonly CLine[], path: string): string {
  const [first] = lines.flatMap(({ from }) => (from === 'completed' ? [] : [from.line]));
  return first === undefined ? path : `${path}:${first}`;
}

const EXPORT = /^EXPORT_SYMBOL\w*\(\s*(\w+)/;

/** Names that a mail exports to modules, by its added lines. */
const exportsIn = (files: readonly FileDiff[]): readonly string[] => [
  ...new Set(
    files.flatMap(({ hunks }) =>
      hunks.flatMap(({ lines }) =>
        lines.flatMap(({ kind, text }) => {
          const name = kind === 'added' ? EXPORT.exec(text.trim())?.[1] : undefined;
          return name === undefined ? [] : [name];
        }),
      ),
    ),
  ),
];
