// SPDX-License-Identifier: MIT
import { type KnownRoutine, RELEASES, ROUTINES } from './known.ts';
import { hashOf, routinesIn } from './routines.ts';

/** The kernel's sources, from a directory or an archive. */
export interface Sources {
  /** A file's text; undefined if there is no such file. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** Files to search for a moved routine: all C files below some directories. */
  readonly list: () => Promise<readonly string[]>;
}

/** State of a routine in some sources. */
export interface RoutineState {
  readonly file: string;
  readonly routine: string;
  /** `absent`: the sources lack the whole file, as a tree of some directories does. */
  readonly state: 'same' | 'changed' | 'moved' | 'gone' | 'absent';
  /** Its present file, if it has moved. */
  readonly now: string | undefined;
  /** The oldest known release with exactly the text of these sources; undefined if there is none. */
  readonly since: string | undefined;
}

/** The release that the model was compared with. */
export const HELD_AGAINST = RELEASES[0];

/**
 * Compares the routines that `src/kernel` follows with some sources.
 * @param only if given, only routines with these names.
 * @example
 * import { compareSources, HELD_AGAINST, RELEASES, ROUTINES, routinesIn, tokensOf } from 'folioscope/source';
 * const nothing = { read: () => Promise.resolve(undefined), list: () => Promise.resolve([]) };
 * const [state] = await compareSources(nothing, new Set(['lru_add_drain_all']));
 * [state?.routine, state?.state]; // => ['lru_add_drain_all', 'absent']
 * RELEASES[0] === HELD_AGAINST; // => true
 * ROUTINES.some(({ routine }) => routine === 'folio_add_lru'); // => true
 * [...routinesIn('int f(void) { return 0; }').keys()]; // => ['f']
 * tokensOf(['return 0; // none']).map(({ text }) => text); // => ['return', '0', ';']
 */
export async function compareSources(sources: Sources, only?: ReadonlySet<string>): Promise<readonly RoutineState[]> {
  const files = new Map<string, Promise<ReadonlyMap<string, readonly string[]> | undefined>>();
  const routinesOf = async (path: string): Promise<ReadonlyMap<string, readonly string[]> | undefined> => {
    const known =
      files.get(path) ?? sources.read(path).then((text) => (text === undefined ? undefined : routinesIn(text)));
    files.set(path, known);
    return known;
  };
  const asked = ROUTINES.filter(({ routine }) => only?.has(routine) ?? true);
  const states: RoutineState[] = [];
  const missing: KnownRoutine[] = [];
  for (const known of asked) {
    const routines = await routinesOf(known.file);
    const words = routines?.get(known.routine);
    if (words === undefined) missing.push(known);
    const state = await stateOf(known, words, undefined);
    states.push(routines === undefined ? { ...state, state: 'absent' } : state);
  }
  const places = await placesOf(missing, sources, routinesOf);
  return Promise.all(
    states.map(async (state, i) => {
      const known = asked[i];
      const place = known === undefined ? undefined : places.get(known);
      return known === undefined || place === undefined ? state : stateOf(known, place.words, place.file);
    }),
  );
}

async function stateOf(
  { file, routine, hashes }: KnownRoutine,
  words: readonly string[] | undefined,
  now: string | undefined,
): Promise<RoutineState> {
  if (words === undefined) return { file, routine, state: 'gone', now, since: undefined };
  const hash = await hashOf(words);
  const since = [...RELEASES].toReversed().find((release) => hashes[release] === hash);
  const isSame = hashes[HELD_AGAINST] === hash;
  return { file, routine, state: isSame ? (now === undefined ? 'same' : 'moved') : 'changed', now, since };
}

interface Found {
  readonly file: string;
  readonly words: readonly string[];
}

/** Present files of routines that are no longer in their former file. */
async function placesOf(
  missing: readonly KnownRoutine[],
  sources: Sources,
  routinesOf: (path: string) => Promise<ReadonlyMap<string, readonly string[]> | undefined>,
): Promise<ReadonlyMap<KnownRoutine, Found>> {
  const places = new Map<KnownRoutine, Found>();
  if (missing.length === 0) return places;
  const word = new RegExp(`\\b(?:${missing.map(({ routine }) => routine).join('|')})\\s*\\(`);
  for (const file of await sources.list()) {
    const text = await sources.read(file);
    if (text === undefined || !word.test(text)) continue;
    for (const known of missing) {
      const words = (await routinesOf(file))?.get(known.routine);
      if (words !== undefined && !places.has(known)) places.set(known, { file, words });
    }
  }
  return places;
}
