// SPDX-License-Identifier: MIT
import { CHECK_FUNCTION, type CLine, type CSource } from '../cfront/index.ts';
import { InputError } from '../ledger/index.ts';
import { routinesIn } from '../source/index.ts';
import { causeIn, placeIn, wrappedLine } from './causes.ts';
import { complete, TooLittleShown } from './complete.ts';
import { type Cut, diffsIn, type FileDiff, type Hunk } from './diff.ts';
import {
  changedFunctions,
  type ChangedFunction,
  concerns,
  type Definitions,
  definitionsIn,
  definitionsOn,
  mentioned,
  nameOn,
  type Side,
  shownOn,
  withSections,
  withWholeName,
} from './fragment.ts';
import type { Mail } from './mail.ts';
import { readings } from './quoted.ts';
import { headerOf, type Tree, wholeOn } from './tree.ts';

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
  /** What was left out or had to be supposed, a sentence each. */
  readonly notes: readonly string[];
  /** Why the mail shows too little of the change, in one line with its place; both sides are undefined then. */
  readonly unshown: string | undefined;
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

/** The file of the check, for hunks that name no file. */
const CHECK_FILE = 'virt/kvm/guest_memfd.c';

/**
 * The changes of a check in some mails, in their order.
 * @throws InputError with the one line that says why there is none, or what does not apply to the tree.
 */
export async function prepare(mails: readonly Mail[], options: PrepareOptions): Promise<readonly Prepared[]> {
  const wanted = options.function ?? CHECK_FUNCTION;
  const found: Prepared[] = [];
  const others = new Set<string>();
  const all: FileDiff[] = [];
  let earlier: Definitions = new Map();
  for (const mail of mails) {
    const files = await filesIn(mail, wanted, options);
    all.push(...files);
    const its: Prepared[] = [];
    for (const file of files)
      for (const change of changedFunctions(file))
        if (change.name === wanted || change.renamed === wanted)
          its.push(await prepared(mail, files, file, change, earlier, options));
        else others.add(change.name);
    found.push(...moved(its));
    earlier = new Map([...earlier, ...(await definitionsOf('after', files, options))]);
    await options.tree?.apply(files);
  }
  if (found.length > 0) return found;
  throw new InputError(nothingIn(mails, all, wanted, [...others], options.file));
}

/** A function that one file loses and another gains is one change, that of the file that has it then. */
function moved(changes: readonly Prepared[]): readonly Prepared[] {
  const lost = changes.find(({ before, after }) => before !== undefined && after === undefined);
  const gained = changes.find(({ before, after }) => before === undefined && after !== undefined);
  if (lost === undefined || gained === undefined) return changes;
  return changes.flatMap((change) =>
    change === lost ? [] : change === gained ? [{ ...gained, before: lost.before }] : [change],
  );
}

/** The diffs of a mail, in the first way to read its lines that has any. */
async function filesIn(mail: Mail, wanted: string, options: PrepareOptions): Promise<readonly FileDiff[]> {
  for (const bare of [undefined, CHECK_FILE])
    for (const lines of readings(mail.lines)) {
      const files = diffsIn(lines, bare);
      if (files.length > 0)
        return Promise.all(files.map(async (file) => withNames(withWholeName(file, wanted), options)));
    }
  return [];
}

/** Why mails change nothing that can be judged, in one line. */
function nothingIn(
  mails: readonly Mail[],
  files: readonly FileDiff[],
  wanted: string,
  others: readonly string[],
  file: string,
): string {
  const cause = causeIn(mails) ?? wrappedIn(mails);
  if (cause !== undefined && others.length === 0) return cause;
  if (files.length === 0)
    return `${file}: no diff in it, expected a mail or a file with lines from 'diff --git' or '--- FILE' on`;
  const hunks = files.flatMap((one) => (/\.[ch]$/.test(one.path) ? one.hunks : []));
  const [nameless] = others.length === 0 ? hunks.filter(({ section }) => !section.includes('(')) : [];
  const [mail] = mails;
  if (nameless !== undefined && mail !== undefined)
    return `${mails.length === 1 ? placeIn(mail, nameless.at) : `${file}:`} no hunk names the function that it changes, as of diff -u, expected it there (git diff, or diff -up), or the kernel's sources with --tree DIR`;
  const named = others.length === 0 ? 'it changes no function' : `it changes ${listed(others)}`;
  return `${file}: no change of ${wanted}(), ${named}; expected one, or the check's name with --function`;
}

/** The first line of a diff that a mail program has broken in two, as a message. */
function wrappedIn(mails: readonly Mail[]): string | undefined {
  for (const mail of mails)
    for (const [i, line] of mail.lines.entries()) {
      const broken = /^(?:> ?)*@@ -\d/.test(line) ? wrappedLine(mail.lines, i) : undefined;
      if (broken !== undefined)
        return `${placeIn(mail, broken)} the lines of the diff are wrapped by the mail program, expected the diff as it was sent (the archive's 'raw' link, or git format-patch as an attachment)`;
    }
  return undefined;
}

/** A diff whose hunks name their functions: diff(1) leaves that out unless it is asked for, and a tree has it. */
async function withNames(file: FileDiff, { tree }: PrepareOptions): Promise<FileDiff> {
  if (tree === undefined || !/\.[ch]$/.test(file.path)) return file;
  const located = { ...file, path: await tree.locate(file.path) };
  const text = (await tree.partly(located))?.before;
  return text === undefined ? located : withSections(located, text.split('\n'));
}

const MOST_NAMED = 6;
const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, MOST_NAMED)
    .map((name) => `${name}()`)
    .join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;

/** Functions and constants of some files: whole from the tree where there is one, otherwise what the diffs show. */
async function definitionsOf(
  side: Side,
  files: readonly FileDiff[],
  { tree }: PrepareOptions,
  except?: string,
): Promise<Definitions> {
  const found = new Map<string, readonly CLine[]>();
  for (const file of files) {
    const { path } = file;
    if (!/\.[ch]$/.test(path) || path === except) continue;
    const whole = (await tree?.partly(file))?.[side];
    const its = whole === undefined ? definitionsOn(side, file) : definitionsIn(wholeOn(path, whole).lines);
    for (const [name, lines] of its) found.set(name, lines);
  }
  return found;
}

async function prepared(
  mail: Mail,
  files: readonly FileDiff[],
  file: FileDiff,
  change: ChangedFunction,
  earlier: Definitions,
  options: PrepareOptions,
): Promise<Prepared> {
  const { path, name } = change;
  const [notes, taken] = [new Set<string>(), new Set<string>()];
  const about: About = { mail, files, change, earlier, options, notes, taken };
  const told = { mail, path, function: name, exports: exportsIn(files), change };
  try {
    const whole = await options.tree?.sides(file, (hunk, text) => rests(hunk, text, change));
    for (const hunk of whole?.skipped ?? [])
      notes.add(
        `The hunk ${headerOf(hunk)} of ${path} does not apply to the tree; it is left out, the check does not rest on it.`,
      );
    const side = async (which: Side) =>
      whole === undefined ? shownSide(which, about) : treeSide(which, whole[which], about);
    const [before, after] = [await side('before'), await side('after')];
    const isWhole = [before, after].every((one) => (one?.completed.length ?? 0) === 0);
    const shown = isWhole ? 'whole' : 'hunk';
    return { ...told, shown, before, after, taken: [...taken], notes: [...notes], unshown: undefined };
  } catch (error) {
    if (!(error instanceof TooLittleShown)) throw error;
    const [before, after] = [undefined, undefined];
    return { ...told, shown: 'hunk', before, after, taken: [], notes: [], unshown: error.message };
  }
}

/** A change with what its sides are put together from. */
interface About {
  readonly mail: Mail;
  readonly files: readonly FileDiff[];
  readonly change: ChangedFunction;
  /** What the mails before it define. */
  readonly earlier: Definitions;
  readonly options: PrepareOptions;
  readonly notes: Set<string>;
  readonly taken: Set<string>;
}

/** Whether the changed function, as a tree's file has it, rests on a hunk. */
function rests(hunk: Hunk, text: string, change: ChangedFunction): boolean {
  if (change.hunks.includes(hunk)) return true;
  const routines = routinesIn(text);
  const words = new Set<string>();
  const ask = (name: string): void => {
    for (const word of routines.get(name) ?? [])
      if (!words.has(word)) {
        words.add(word);
        ask(word);
      }
  };
  for (const name of [change.name, change.renamed]) if (name !== undefined) ask(name);
  return concerns(hunk, words);
}

/** The helpers of some lines that are not among them, each with the kernel's name left to the kernel. */
async function helpersOf(
  side: Side,
  lines: readonly CLine[],
  about: About,
  except?: string,
): Promise<readonly CLine[]> {
  const { change, files, earlier, options, taken } = about;
  const { known } = options;
  const all = new Map([...earlier, ...(await definitionsOf(side, files, options, except))]);
  for (const diff of files) for (const name of definitionsOn(side, diff).keys()) if (known.has(name)) taken.add(name);
  for (const name of [...known, ...definitionsIn(lines).keys(), nameOn(side, change)]) all.delete(name);
  return [...mentioned(lines, all).values()].flat();
}

/** A side as the tree has it; undefined where the tree's file does not define the function on this side. */
async function treeSide(side: Side, text: string | undefined, about: About): Promise<PreparedSide | undefined> {
  const { path } = about.change;
  const own = nameOn(side, about.change);
  if (text === undefined || shownOn(side, about.change) === undefined) return undefined;
  const source = wholeOn(path, text);
  const helpers = await helpersOf(side, source.lines, about, path);
  return { function: own, source: { ...source, lines: [...helpers, ...source.lines] }, completed: [] };
}

async function shownSide(side: Side, about: About): Promise<PreparedSide | undefined> {
  const { change, mail } = about;
  const shown = shownOn(side, change);
  if (shown === undefined) return undefined;
  const { path, hunks } = change;
  const own = nameOn(side, change);
  for (const hunk of hunks) if (hunk.cut !== undefined) cutHunk(hunk, hunk.cut, mail, about.notes);
  const first = placeIn(mail, hunks[0]?.at ?? 0);
  const more = 'give --tree DIR, or a diff with more context (git format-patch -U40)';
  if (shown.kind === 'none')
    throw new TooLittleShown(`${first} the diff has no line of ${own}() ${side} the change, expected them: ${more}`);
  if (shown.kind === 'gap')
    throw new TooLittleShown(
      `${first} lines ${shown.from} to ${shown.to} of ${path} (${side} the change) stand between its hunks and are not shown, expected them: ${more}`,
    );
  const { begin, lines } = shown.of;
  const helpers = await helpersOf(side, [...begin, ...lines], about);
  for (const diff of about.files)
    for (const hunk of diff.hunks)
      if (hunk.cut !== undefined && !hunks.includes(hunk)) {
        const its = new Set(definitionsOn(side, { path: diff.path, hunks: [hunk] }).keys());
        if (helpers.some(({ text }) => [...its].some((name) => text.includes(name))))
          cutHunk(hunk, hunk.cut, mail, undefined);
      }
  const source = (of: readonly CLine[]): CSource => ({ name: path, lines: [...helpers, ...of] });
  if (shown.isWhole) return { function: own, source: source(lines), completed: [] };
  try {
    const { lines: all, completed } = complete(shown.of, own);
    return { function: own, source: source(all), completed };
  } catch (error) {
    if (!(error instanceof TooLittleShown)) throw error;
    for (const hunk of hunks) if (hunk.cut !== undefined) cutHunk(hunk, hunk.cut, mail, undefined);
    const cause = causeIn([mail]) ?? wrappedIn([mail]);
    throw new TooLittleShown(cause ?? `${mail.file}: ${placeOf(lines, path)}: ${error.message}`);
  }
}

/**
 * What a hunk with other lines than its header announces leaves to say: nothing is made up where code may be missing.
 * @param notes takes a sentence where only context lines at the end are missing; undefined where even these are needed.
 */
function cutHunk(hunk: Hunk, { shown, mark, isTail }: Cut, mail: Mail, notes?: Set<string>): void {
  const { counts } = hunk;
  const at = placeIn(mail, hunk.at);
  const few = shown.before <= counts.before && shown.after <= counts.after;
  const what = few
    ? `the hunk shows ${shown.after} of the ${counts.after} lines that its header announces after the change, ${shown.before} of ${counts.before} before it`
    : `the hunk shows ${shown.after} lines after the change and ${shown.before} before it, its header announces ${counts.after} and ${counts.before}`;
  if (isTail && notes !== undefined) {
    const missing = counts.before - shown.before;
    notes.add(
      `${at} ${what}: the last ${missing === 1 ? 'line' : `${missing} lines`} of context ${missing === 1 ? 'is' : 'are'} taken as all forms of this check have them.`,
    );
    return;
  }
  const left =
    mark === undefined
      ? ''
      : `; '${mail.lines[mark]?.trim() ?? ''}' in line ${(mail.firstLine ?? 1) + mark} stands for lines left out`;
  throw new TooLittleShown(`${at} ${what}${left}: give the whole mail`);
}

/** Where a hunk's lines of a function begin in the kernel's file. */
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
