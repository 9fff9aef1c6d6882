// SPDX-License-Identifier: MIT

/** Texts by path from the repository's root; scripts/build-web.mjs inserts them. */
declare const FOLIOSCOPE_TEXTS: Readonly<Record<string, string>>;

const textsUnder = (folder: string, ending: string): readonly (readonly [name: string, text: string])[] =>
  Object.entries(FOLIOSCOPE_TEXTS).flatMap(([path, text]): [string, string][] =>
    path.startsWith(folder) && path.endsWith(ending) ? [[path.slice(folder.length, -ending.length), text]] : [],
  );

/** Scenario files, by name without `.yaml`. */
export const scenarioTexts = (): ReadonlyMap<string, string> => new Map(textsUnder('scenarios/', '.yaml'));

/** Forms of the check in C, by name without `.c`; wrong ones begin with `wrong/`. */
export const formTexts = (): ReadonlyMap<string, string> => new Map(textsUnder('examples/c/', '.c'));
