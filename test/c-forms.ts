// SPDX-License-Identifier: MIT
// The checks of examples/c beside the forms that they are in C.
import { readFileSync } from 'node:fs';
import { cFront, type CFront, wholeFile } from '../src/cfront/index.ts';
import { ALTERNATIVES, MUTANTS, type Patch, PATCHES } from '../src/kernel/index.ts';
import { parseScenario, type Scenario } from '../src/scenario/index.ts';
import { type CheckAnswer, checking } from '../src/verify/index.ts';

const bytesOf = (path: string): Uint8Array => readFileSync(new URL(`../${path}`, import.meta.url));

let front: Promise<CFront> | undefined;

/** The front end with the grammar that npm has put there. */
function readyFront(): Promise<CFront> {
  front ??= cFront({ grammar: bytesOf('node_modules/tree-sitter-c/tree-sitter-c.wasm') });
  return front;
}

/** A form of examples/c. */
export const formOf = (file: string): Promise<Patch> =>
  translated(file, new TextDecoder().decode(bytesOf(`examples/c/${file}`)));

/** The form that a text is. */
export async function translated(file: string, text: string): Promise<Patch> {
  const translation = (await readyFront()).translate(wholeFile(file, text), { name: file });
  if (translation.kind === 'refused') throw new Error(translation.errors.join('\n'));
  return translation.form;
}

/** A check in C, the form that it is, and whether their accesses are the same, so that their graphs are. */
export interface Pair {
  readonly file: string;
  readonly builtIn: string;
  readonly sameAccesses: boolean;
}

const pair = (file: string, form = file, sameAccesses = true): Pair => ({
  file: `${file}.c`,
  builtIn: form,
  sameAccesses,
});

export const PAIRS: readonly Pair[] = [
  ...[...PATCHES, ...ALTERNATIVES].map(({ name }) => pair(name)),
  // A batch's folios are put without its drain of the CPU's own batches.
  pair('puts-each', 'v8', false),
  pair('lookups', 'v8', false),
  ...[
    'drains-itself-only',
    'forgets-it-has-drained',
    'expects-page-cache-only',
    'expects-one-too-many',
    'reads-count-once',
    'drained-static',
  ].map((name) => pair(`wrong/${name}`, `mutant:${name}`)),
  // The translation finds that it never drains; without a drain in the text I9 has nothing to note.
  pair('wrong/drained-from-the-start', 'mutant:drained-from-the-start', false),
  pair('wrong/skips-page-after-drain', 'mutant:skips-folio-after-drain'),
];

/** Wrong checks that no form here is, and a property that each violates where a page sits in a pipe. */
export const WRONG: readonly (readonly [file: string, property: string])[] = [
  ['wrong/drain-and-trust.c', 'I1'],
  ['wrong/keeps-references.c', 'I6'],
  ['wrong/puts-twice.c', 'I6'],
  ['wrong/returns-without-release.c', 'I6'],
  ['wrong/forgets-a-lookup.c', 'I6'],
  ['wrong/looks-at-nothing.c', 'I1'],
  ['wrong/no-index.c', 'I4'],
];

/** A page that somebody uses for good. */
export const IN_A_PIPE: Scenario = parseScenario(
  'in-a-pipe.yaml',
  `scenario: T
title: A page sits in a pipe
machine: { cpus: 1 }
guest_memfd: { pages: 1 }
tasks: { T0: { cpu: 0 } }
before: [{ T0: { touch: 0..1 } }, { T0: { vmsplice: { page: 0, as: pipe } } }]
threads:
  T0: [{ convert: { range: 0..1, to: private } }]
`,
);

/** The form that folioscope has under a name, among those with names, alternatives and mistakes. */
export function builtIn(name: string): Patch {
  const known = [...PATCHES, ...ALTERNATIVES, ...MUTANTS.map(({ patch }) => patch)];
  const found = known.find((patch) => patch.name === name);
  if (found === undefined) throw new Error(`no form '${name}'`);
  return found;
}

/** A scenario that comes with folioscope. */
export const scenarioNamed = (name: string): Scenario =>
  parseScenario(name, readFileSync(new URL(`../scenarios/${name}.yaml`, import.meta.url), 'utf8'));

/** What a form comes to in a scenario. */
export function checked(scenario: Scenario, patch: Patch, mostStates: number): CheckAnswer {
  const pieces = checking(scenario, { patch, mostStates });
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** The verdicts of all properties, in words; what a scenario expects of a form by its name only where `expected`. */
export const verdictsOf = ({ properties }: CheckAnswer, expected = true): string =>
  properties
    .filter(({ id }) => expected || id !== 'expected')
    .map(({ id, verdict, vacuous }) => `${id} ${verdict}${vacuous === undefined ? '' : ' vacuously'}`)
    .join(', ');

/** How large the graph is. */
export const graphOf = ({ explored: { states, transitions, depth } }: CheckAnswer): string =>
  `${states} states, ${transitions} transitions, depth ${depth}`;

/** A form of C under the name, and with the promises, of the form that it is: scenarios expect by name. */
export const renamed = (form: Patch, { name, mostDrains, mostReads }: Patch): Patch => ({
  ...form,
  name,
  ...(mostDrains === undefined ? {} : { mostDrains }),
  ...(mostReads === undefined ? {} : { mostReads }),
});
