// SPDX-License-Identifier: MIT
import { CHECK_FUNCTION, type CLine, type CSource } from '../cfront/index.ts';
import { InputError } from '../ledger/index.ts';
import { routinesIn } from '../source/index.ts';
import { causeIn, placeIn, wrappedLine } from './causes.ts';
import { complete, TooLittleShown } from './complete.ts';
import { type Cut, diffGroupsIn, diffsIn, type FileDiff, type Hunk } from './diff.ts';
import {
  allWordsOf,
  changedFunctions,
  type ChangedFunction,
  changedNames,
  concerns,
  type Definitions,
  definitionsIn,
  definitionsOn,
  hasConditions,
  hunksOf,
  mentioned,
  nameOn,
  type Side,
  shownOn,
  withSections,
  withWholeName,
} from './fragment.ts';
import { KnownLines } from './known-lines.ts';
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
  /** The function's own lines, without what it calls. */
  readonly own: readonly CLine[];
}

/** A patch that leaves the check as it is, or of which that is not known. */
export interface Passed {
  /** The patch's subject, or where its diff begins. */
  readonly patch: string;
  /** What is known of it. */
  readonly what: string;
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
  /** The change is not in the check, but in something that it uses: the names that it changes. */
  readonly through: readonly string[];
  /** Where its diff begins, if its mail has several. */
  readonly place: string | undefined;
  /** It is one of several diffs in one mail that do not apply one on another. */
  readonly isAlternative: boolean;
  /** Patches in front of this one that do not change the check. */
  readonly passed: readonly Passed[];
  /** Those behind it, on the last change. */
  readonly passedBehind: readonly Passed[];
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

/** What is known between two patches. */
interface State {
  /** What the patches so far define. */
  readonly earlier: Map<string, readonly CLine[]>;
  /** Names whose definition a patch has changed without showing it whole, with the place. */
  readonly lost: Map<string, string>;
  readonly known: KnownLines;
  readonly tree: Tree | undefined;
}

const fork = ({ earlier, lost, known, tree }: State): State => ({
  earlier: new Map(earlier),
  lost: new Map(lost),
  known: known.fork(),
  tree: tree?.fork(),
});

/**
 * The changes of a check in some mails, in their order, also those of what it calls. Several diffs in one mail are patches one after the
 * other if each applies on the one before it, and alternatives otherwise.
 * @throws InputError with the one line that says why there is none, or what does not apply to the tree.
 */
export async function prepare(mails: readonly Mail[], options: PrepareOptions): Promise<readonly Prepared[]> {
  const series = new Series(options);
  for (const mail of mails) {
    const { groups, left } = await filesIn(mail, series.wanted, options);
    await series.add(mail, groups, left);
  }
  if (series.found.length > 0) return series.changes();
  throw new InputError(nothingIn(mails, series.all, series.wanted, [...series.others], options.file));
}

/** A patch that does not change the check as far as it is known: what it changes may be used by the check all the same. */
interface Waiting {
  readonly patch: string;
  readonly files: readonly FileDiff[];
  /** How many changes of the check stand in front of it. */
  readonly behind: number;
  /** What is known of it; undefined until the check is shown. */
  readonly what: string | undefined;
}

const UNTOUCHED = 'does not touch the check';

class Series {
  readonly wanted: string;
  readonly found: Prepared[] = [];
  readonly others = new Set<string>();
  readonly all: FileDiff[] = [];
  readonly #options: PrepareOptions;
  readonly #waiting: Waiting[] = [];
  #state: State;

  constructor(options: PrepareOptions) {
    this.wanted = options.function ?? CHECK_FUNCTION;
    this.#options = options;
    this.#state = { earlier: new Map(), lost: new Map(), known: new KnownLines(), tree: options.tree };
  }

  /** The patches of a mail, each in a group of files. */
  async add(mail: Mail, groups: readonly (readonly FileDiff[])[], left: readonly string[]): Promise<void> {
    const patches = distinct(groups);
    const begun = fork(this.#state);
    const first = this.found.length;
    let isEither = false;
    for (const [i, files] of patches.entries()) {
      if (i > 0 && !(await follows(files, this.#state))) {
        isEither = true;
        this.#state = fork(begun);
      }
      const at = files[0]?.hunks[0]?.at ?? 0;
      const place = patches.length > 1 ? placeIn(mail, at).slice(0, -1) : undefined;
      const its = await this.#changesIn(mail, files);
      this.found.push(...its.map((one) => ({ ...one, place, notes: [...one.notes, ...left] })));
      if (i === 0) for (const file of files) await begun.tree?.before(file);
    }
    if (isEither)
      for (let i = first; i < this.found.length; i++) {
        const one = this.found[i];
        if (one !== undefined) this.found[i] = { ...one, isAlternative: true };
      }
  }

  /** The changes, with the patches between them that change nothing. */
  changes(): readonly Prepared[] {
    const files = new Set([CHECK_FILE]);
    for (const { path, before, after } of this.found) {
      files.add(path);
      for (const { from } of [...(before?.source.lines ?? []), ...(after?.source.lines ?? [])])
        if (from !== 'completed') files.add(from.file);
    }
    const told = this.#waiting.filter(({ files: its }) => its.some(({ path }) => files.has(path)));
    const at = (place: number): readonly Passed[] =>
      told.filter(({ behind }) => behind === place).map((one) => ({ patch: one.patch, what: this.#said(one) }));
    const last = this.found.length;
    return this.found.map((one, i) => ({
      ...one,
      passed: at(i),
      passedBehind: i === last - 1 ? at(last) : [],
    }));
  }

  /** What is known of a patch once the next change shows the check as that patch left it. */
  #said({ what, files, behind }: Waiting): string {
    if (what !== undefined) return what;
    const next = this.found[behind];
    if (next === undefined || next.unshown !== undefined)
      return 'not known whether it touches the check, which is not shown whole';
    if (next.before === undefined) return UNTOUCHED;
    const words = new Set(allWordsOf(usedOn(next.before, next.function).flat()).map(({ text }) => text));
    const touches = files.some(({ hunks }) => hunks.some((hunk) => concerns(hunk, words)));
    return touches ? 'changes what the check uses; judged with the patch behind it' : UNTOUCHED;
  }

  /** The changes of the check in one patch. */
  async #changesIn(mail: Mail, files: readonly FileDiff[]): Promise<readonly Prepared[]> {
    this.all.push(...files);
    const state = this.#state;
    const options = { ...this.#options, tree: state.tree };
    const its: Prepared[] = [];
    const of = { mail, files, shown: state.tree === undefined ? state.known.with(files) : files, state, options };
    for (const file of files)
      for (const change of changedFunctions(file))
        if (this.#isWanted(change)) its.push(await this.#direct(file, change, of));
        else this.others.add(change.name);
    if (its.length === 0) {
      const through = await this.#through(of);
      if (typeof through === 'object') its.push(through);
      else if (files.length > 0)
        this.#waiting.push({
          patch: mail.subject ?? placeIn(mail, files[0]?.hunks[0]?.at ?? 0).slice(0, -1),
          files,
          behind: this.found.length,
          what: through,
        });
    }
    await this.#pass(of);
    return moved(its);
  }

  #isWanted({ name, renamed }: ChangedFunction): boolean {
    const last = this.found.at(-1)?.change;
    return [this.wanted, last?.name, last?.renamed].some(
      (one) => one !== undefined && (one === name || one === renamed),
    );
  }

  /** A change in the check; with what earlier patches show where this one shows too little. */
  async #direct(file: FileDiff, change: ChangedFunction, of: OfPatch): Promise<Prepared> {
    const alone = await prepared(of, file, change);
    if (alone.unshown === undefined || this.found.length + this.#waiting.length === 0) return alone;
    const whole = of.shown.find(({ path }) => path === file.path);
    if (whole === undefined || whole === file) return alone;
    const joined = await prepared(of, whole, { ...change, hunks: whole.hunks });
    return joined.unshown === undefined ? { ...joined, change } : alone;
  }

  /** A change in what the check uses; otherwise what is known, undefined where the check is not shown yet. */
  async #through(of: OfPatch): Promise<Prepared | string | undefined> {
    const { files, state } = of;
    const last = this.found.at(-1);
    const name = last?.after?.function ?? last?.change.renamed ?? last?.change.name ?? this.wanted;
    const whole =
      state.tree === undefined ? await this.#inContext(of, name) : await treeChange(of, name, last?.path ?? CHECK_FILE);
    const own = last?.after?.own ?? [];
    const seen = whole?.unshown === undefined ? whole : undefined;
    const one = seen ?? (own.length > 0 && last !== undefined ? await onOwn(of, name, last.path, own, last) : whole);
    if (one === undefined) return last === undefined ? undefined : this.#unknown(last);
    // A part of a definition is shown: the check uses it, and what it is now is not known.
    if (one.through.length > 0)
      return { ...one, change: { ...one.change, hunks: files.flatMap(({ hunks }) => hunks) } };
    const used = [one.before, one.after].flatMap((side) => usedOn(side, name)).flat();
    const words = new Set(allWordsOf([...used, ...own]).map(({ text }) => text));
    const touching = files.flatMap((file) => {
      const hunks = file.hunks.filter((hunk) => concerns(hunk, words));
      return hunks.length === 0 ? [] : [{ path: file.path, hunks, names: changedNames(file) }];
    });
    const conditions = files.flatMap(({ path, hunks }) => (path === one.path ? hunks.filter(hasConditions) : []));
    const [first] = touching;
    if (first === undefined && conditions.length === 0) return one.unshown === undefined ? UNTOUCHED : undefined;
    if (state.tree === undefined && conditions.length > 0 && one.unshown === undefined)
      return this.#conditional(one, of, conditions);
    const through = [...new Set(touching.flatMap(({ names }) => names))].filter((word) => words.has(word));
    const defined = definitionsIn(one.after?.source.lines ?? []);
    const cut = state.tree === undefined ? through.find((word) => !defined.has(word)) : undefined;
    if (cut === undefined && one.unshown === undefined && conditions.length === 0 && isSame(one, name))
      return UNTOUCHED;
    const hunks = first?.hunks ?? conditions;
    const change = { path: first?.path ?? one.path, name, hunks };
    if (cut === undefined || one.unshown !== undefined) return { ...one, through, change };
    const why = cutText(placeIn(of.mail, hunks[0]?.at ?? 0), cut);
    return { ...one, before: undefined, after: undefined, through, change, unshown: why };
  }

  #unknown(last: Prepared): string | undefined {
    return last.after === undefined && last.unshown === undefined ? UNTOUCHED : undefined;
  }

  #conditional(one: Prepared, { mail }: OfPatch, hunks: readonly Hunk[]): Prepared {
    const why = `${placeIn(mail, hunks[0]?.at ?? 0)} the diff changes lines such as #if, on which it depends what the check is, expected the whole file: give --tree DIR`;
    return { ...one, before: undefined, after: undefined, unshown: why, change: { ...one.change, hunks } };
  }

  /** The check as a patch shows it without changing it. */
  async #inContext(of: OfPatch, name: string): Promise<Prepared | undefined> {
    for (const file of of.shown) {
      const hunks = hunksOf(name, file);
      const whole = hunks.find((hunk) => definitionsOn('before', { ...file, hunks: [hunk] }).has(name));
      if (hunks.length === 0) continue;
      return prepared(of, file, { path: file.path, name, hunks: whole === undefined ? hunks : [whole] });
    }
    return undefined;
  }

  /** Takes over what a patch shows, for the patches after it. */
  async #pass({ mail, files, shown, state, options }: OfPatch): Promise<void> {
    const now = await definitionsOf('after', shown, options);
    if (state.tree === undefined)
      for (const file of files)
        for (const name of changedNames(file))
          if (!now.has(name)) {
            state.earlier.delete(name);
            state.lost.set(name, placeIn(mail, file.hunks[0]?.at ?? 0));
          }
    for (const [name, lines] of now) {
      state.earlier.set(name, lines);
      state.lost.delete(name);
    }
    state.known.apply(files);
    await state.tree?.apply(files);
  }
}

/** A patch, with what is known when it comes. */
interface OfPatch {
  readonly mail: Mail;
  readonly files: readonly FileDiff[];
  /** Its files together with the lines that earlier patches show. */
  readonly shown: readonly FileDiff[];
  readonly state: State;
  readonly options: PrepareOptions;
}

/** Diffs of one mail without those that it has twice, as in its text and attached. */
function distinct(groups: readonly (readonly FileDiff[])[]): readonly (readonly FileDiff[])[] {
  const seen = new Set<string>();
  return groups.filter((files) => {
    const text = JSON.stringify(
      files.map(({ path, hunks }) => [
        path,
        hunks.map(({ lines }) => lines.map(({ kind, text: line }) => [kind, line.replaceAll(/\s+/g, ' ').trim()])),
      ]),
    );
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}

/** Whether a diff applies to what the one before it leaves. */
async function follows(files: readonly FileDiff[], { known, tree }: State): Promise<boolean> {
  for (const file of files) {
    if (tree === undefined ? !known.agrees(file) : await isOutside(file, tree)) return false;
  }
  return true;
}

const isOutside = async (file: FileDiff, tree: Tree): Promise<boolean> =>
  /\.[ch]$/.test(file.path) && ((await tree.partly(file))?.skipped.length ?? 0) > 0;

/** The check on one side and what it uses, each definition once. */
function usedOn(side: PreparedSide | undefined, name: string): readonly (readonly CLine[])[] {
  if (side === undefined) return [];
  const all = definitionsIn(side.source.lines);
  const lines = all.get(name) ?? side.own;
  return [...new Set([lines, ...mentioned(lines, all).values()])];
}

/** Whether the check, with what it uses, has the same words before and after. */
function isSame({ before, after }: Prepared, name: string): boolean {
  const [old, young] = [before, after].map((side) =>
    usedOn(side, name)
      .map((lines) =>
        allWordsOf(lines)
          .map(({ text }) => text)
          .join(' '),
      )
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join('\n'),
  );
  return old === young;
}

/** The check of a tree before and after a patch that changes something else. */
async function treeChange(of: OfPatch, name: string, path: string): Promise<Prepared | undefined> {
  const { files, options } = of;
  const paths = new Set([path, ...files.map((one) => one.path)]);
  for (const one of paths) {
    const file = files.find((its) => its.path === one) ?? { path: one, hunks: [] };
    const text = (await options.tree?.partly(file))?.before;
    if (text === undefined || !definitionsIn(wholeOn(one, text).lines).has(name)) continue;
    return prepared(of, file, { path: one, name, hunks: [] });
  }
  return undefined;
}

/** The check as an earlier patch left it, before and after a patch that changes what it uses. */
async function onOwn(
  of: OfPatch,
  name: string,
  path: string,
  own: readonly CLine[],
  last: Prepared,
): Promise<Prepared> {
  const change: ChangedFunction = { path, name, hunks: [] };
  const completed = last.after?.completed ?? [];
  return preparedBy(of, change, async (side, about) => {
    const helpers = await helpersOf(side, own, about);
    return { function: name, source: { name: path, lines: [...helpers, ...own] }, completed, own };
  });
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

/** The diffs of a mail, and a sentence for each of the check that is quoted more often and left out. */
interface MailDiffs {
  /** The files of each diff. */
  readonly groups: readonly (readonly FileDiff[])[];
  readonly left: readonly string[];
}

/** The diffs of a mail, in the first way to read its lines that has any. */
async function filesIn(mail: Mail, wanted: string, options: PrepareOptions): Promise<MailDiffs> {
  // A program that shows HTML pastes no-break spaces.
  const hard = mail.lines.findIndex((line) => /^[> |+-]*\s*\u00A0/.test(line));
  const blank = mail.lines.map((line) => line.replaceAll('\u00A0', ' '));
  for (const bare of [undefined, CHECK_FILE])
    for (const lines of readings(blank)) {
      const found = diffGroupsIn(lines, bare);
      if (found.length === 0) continue;
      const groups = await Promise.all(
        found.map(async (files) =>
          Promise.all(files.map(async (file) => withNames(withWholeName(file, wanted), options))),
        ),
      );
      const depth = lines[found[0]?.[0]?.hunks[0]?.at ?? 0]?.depth ?? 0;
      const others = diffsIn(
        lines.filter((line) => line.depth > depth),
        bare,
      ).flatMap((file) => changedFunctions(file).filter(({ name }) => name === wanted));
      const left = others.map(
        ({ hunks }) => `${placeIn(mail, hunks[0]?.at ?? 0)} another diff of the check, quoted more often, is left out.`,
      );
      if (hard !== -1) left.push(`${placeIn(mail, hard)} U+00A0, a no-break space, is read as a blank.`);
      return { groups, left };
    }
  return { groups: [], left: [] };
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
  if (files.length === 0) {
    for (const mail of mails) {
      const at = mail.lines.findIndex((line) => /^(?:> ?)*diff --git \S/.test(line));
      if (at !== -1) return `${placeIn(mail, at)} a diff begins here, but shows no hunk, expected lines from '@@ -' on`;
      const [unread] = mail.unread ?? [];
      if (unread !== undefined)
        return `${file}: no diff in it, the attachment ${unread} is not read, expected the diff as text, or attached as .patch`;
    }
  }
  if (files.length === 0)
    return `${file}: no diff in it, expected a mail or a file with lines from 'diff --git' or '--- FILE' on`;
  const hunks = files.flatMap((one) => (/\.[ch]$/.test(one.path) ? one.hunks : []));
  const [nameless] = others.length === 0 ? hunks.filter(({ section }) => !section.includes('(')) : [];
  const [mail] = mails;
  if (nameless !== undefined && mail !== undefined)
    return `${mails.length === 1 ? placeIn(mail, nameless.at) : `${file}:`} no hunk names the function that it changes, as of diff -u, expected it there (git diff, or diff -up), or the kernel's sources with --tree DIR`;
  const [named, it] =
    others.length === 0
      ? ['it changes no function', 'the check uses what it changes']
      : [`it changes ${listed(others)}`, `the check calls ${others.length === 1 ? 'it' : 'one'}`];
  return `${file}: no change of ${wanted}(), ${named}, expected one; if ${it}, give --tree DIR, or a diff that shows the check too (git format-patch -U100)${others.length === 0 ? '' : '; if that is the check, its name with --function'}`;
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

async function prepared(of: OfPatch, file: FileDiff, change: ChangedFunction): Promise<Prepared> {
  const { options, files } = of;
  const { path } = change;
  const whole = await options.tree?.sides(file, (hunk, text) => rests(hunk, text, change));
  const made = await preparedBy(of, change, async (side, about) =>
    whole === undefined ? shownSide(side, about) : treeSide(side, whole[side], about),
  );
  const notes = (whole?.skipped ?? []).map(
    (hunk) =>
      `The hunk ${headerOf(hunk)} of ${path} does not apply to the tree; it is left out, the check does not rest on it.`,
  );
  return { ...made, exports: exportsIn(files), notes: [...notes, ...made.notes] };
}

/** A change whose sides some function puts together. */
async function preparedBy(
  { mail, files, shown: all, state, options }: OfPatch,
  change: ChangedFunction,
  side: (which: Side, about: About) => Promise<PreparedSide | undefined>,
): Promise<Prepared> {
  const { path, name } = change;
  const [notes, taken] = [new Set<string>(), new Set<string>()];
  const about: About = { mail, files, all, change, state, options, notes, taken };
  const places = { through: [], place: undefined, isAlternative: false, passed: [], passedBehind: [] };
  const told = { mail, path, function: name, exports: exportsIn(files), change, ...places };
  try {
    const [before, after] = [await side('before', about), await side('after', about)];
    const isWhole = [before, after].every((one) => (one?.completed.length ?? 0) === 0);
    const shown = isWhole ? 'whole' : 'hunk';
    return { ...told, shown, before, after, taken: [...taken], notes: [...notes], unshown: undefined };
  } catch (error) {
    if (!(error instanceof TooLittleShown)) throw error;
    const [before, after] = [undefined, undefined];
    const through = error instanceof CutHelper ? [error.of] : [];
    return { ...told, through, shown: 'hunk', before, after, taken: [], notes: [], unshown: error.message };
  }
}

/** A change with what its sides are put together from. */
interface About {
  readonly mail: Mail;
  readonly files: readonly FileDiff[];
  /** The files together with what earlier patches show of these and others. */
  readonly all: readonly FileDiff[];
  readonly change: ChangedFunction;
  /** What is known in front of it. */
  readonly state: State;
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

const cutText = (place: string, name: string): string =>
  `${place} the diff changes ${name}, which the check uses, and does not show it whole, expected its definition: give --tree DIR, or a diff with more context (git format-patch -U40)`;

/** Thrown where a patch changes a part of something that the check uses. */
class CutHelper extends TooLittleShown {
  /** What it is. */
  readonly of: string;

  constructor(of: string, message: string) {
    super(message);
    this.of = of;
  }
}

/** The helpers of some lines that are not among them, each with the kernel's name left to the kernel. */
async function helpersOf(
  side: Side,
  lines: readonly CLine[],
  about: About,
  except?: string,
): Promise<readonly CLine[]> {
  const { change, files, options, taken, state, mail } = about;
  const { known } = options;
  const now = await definitionsOf(side, about.all, options, except);
  const all = new Map([...state.earlier, ...now]);
  const lost = new Map(state.lost);
  if (options.tree === undefined && side === 'after')
    for (const file of files)
      for (const name of changedNames(file))
        if (state.earlier.has(name) && !now.has(name)) {
          all.delete(name);
          lost.set(name, placeIn(mail, hunksOf(name, file)[0]?.at ?? file.hunks[0]?.at ?? 0));
        }
  for (const name of now.keys()) lost.delete(name);
  for (const diff of files) for (const name of definitionsOn(side, diff).keys()) if (known.has(name)) taken.add(name);
  for (const name of [...known, ...definitionsIn(lines).keys(), nameOn(side, change)]) all.delete(name);
  const used = mentioned(lines, all);
  const missing = allWordsOf([lines, ...used.values()].flat()).find(
    ({ text }) => text !== nameOn(side, change) && lost.has(text) && !known.has(text),
  );
  if (missing !== undefined && options.tree === undefined)
    throw new CutHelper(missing.text, cutText(lost.get(missing.text) ?? '', missing.text));
  // An enumeration stands under each of its names.
  return [...new Set(used.values())].flat();
}

/** A side as the tree has it; undefined where the tree's file does not define the function on this side. */
async function treeSide(side: Side, text: string | undefined, about: About): Promise<PreparedSide | undefined> {
  const { path } = about.change;
  const own = nameOn(side, about.change);
  if (text === undefined) return undefined;
  const source = wholeOn(path, text);
  // A patch that does not touch the function shows nothing of it.
  const isThere =
    about.change.hunks.length === 0 ? definitionsIn(source.lines).has(own) : shownOn(side, about.change) !== undefined;
  if (!isThere) return undefined;
  const helpers = await helpersOf(side, source.lines, about, path);
  return {
    function: own,
    source: { ...source, lines: [...helpers, ...source.lines] },
    completed: [],
    own: definitionsIn(source.lines).get(own) ?? [],
  };
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
  if (shown.isWhole) return { function: own, source: source(lines), completed: [], own: lines };
  try {
    const { lines: all, completed } = complete(shown.of, own);
    return { function: own, source: source(all), completed, own: all };
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
  const isFull = shown.before === counts.before && shown.after === counts.after;
  const what =
    isFull && mark === undefined
      ? `the hunk goes on behind the ${counts.after} lines that its header announces after the change`
      : few
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
