// SPDX-License-Identifier: MIT
// Writes src/source/known.ts: hashes of the kernel routines that doc comments of src/kernel name, by release.
//
//   npx tsx scripts/kernel-hashes.mjs RELEASE=DIR...
//
// The first release is the one that the model is compared with; routines that it lacks are left out. The sources are those of
// Debian's packages linux-source-VERSION, unpacked. No text of them is kept.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { routinesNamedIn } from '../src/source/named.ts';
import { hashOf, routinesIn } from '../src/source/routines.ts';
import { ROOT } from './files.mjs';

const releases = process.argv.slice(2).map((word) => word.split('='));
if (releases.length === 0 || releases.some(({ length }) => length !== 2)) {
  process.stderr.write('usage: kernel-hashes.mjs RELEASE=DIR...\n');
  process.exit(64);
}
const kernel = join(ROOT, 'src/kernel');
const texts = readdirSync(kernel)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(kernel, name), 'utf8'));
const named = new Map(texts.flatMap(routinesNamedIn).map((one) => [`${one.file} ${one.routine}`, one]));
/** Directories that may contain a routine of an older release. */
const PLACES = [
  'mm',
  'include/linux',
  'virt/kvm',
  'kernel',
  'kernel/sched',
  'kernel/locking',
  'fs',
  'arch/x86/kvm/mmu',
];

/**
 * The routines of some sources by name, with their files.
 * @param {string} dir
 * @returns {Map<string, Map<string, readonly string[]>>}
 */
function routinesOf(dir) {
  /** @type {Map<string, Map<string, readonly string[]>>} */
  const found = new Map();
  const wanted = new Set([...named.values()].map(({ routine }) => routine));
  const files = new Set([...named.values()].map(({ file }) => file));
  for (const place of PLACES)
    if (existsSync(join(dir, place)))
      for (const name of readdirSync(join(dir, place))) if (/\.[ch]$/.test(name)) files.add(`${place}/${name}`);
  for (const file of files) {
    if (!existsSync(join(dir, file))) continue;
    for (const [routine, words] of routinesIn(readFileSync(join(dir, file), 'utf8'))) {
      if (!wanted.has(routine)) continue;
      const places = found.get(routine);
      if (places === undefined) found.set(routine, new Map([[file, words]]));
      else places.set(file, words);
    }
  }
  return found;
}

const known = releases.map(([release = '', dir = '']) => ({ release, routines: routinesOf(dir) }));
/** @type {string[]} */
const lines = [];
for (const { file, routine } of [...named.values()].toSorted((a, b) =>
  `${a.file} ${a.routine}` < `${b.file} ${b.routine}` ? -1 : 1,
)) {
  /** @type {[string, string][]} */
  const hashes = [];
  for (const { release, routines } of known) {
    const places = routines.get(routine);
    // An older release may have it elsewhere; if several files have a routine of that name, the right one is unknown.
    const [only, more] = release === releases[0]?.[0] ? [] : [...(places?.values() ?? [])];
    const words = places?.get(file) ?? (more === undefined ? only : undefined);
    if (words !== undefined) hashes.push([release, await hashOf(words)]);
  }
  if (hashes[0]?.[0] !== releases[0]?.[0]) continue;
  const told = hashes.map(([release, hash]) => `'${release}': '${hash}'`).join(', ');
  lines.push(`  { file: '${file}', routine: '${routine}', hashes: { ${told} } },`);
}
const list = releases.map(([release]) => `'${release}'`).join(', ');
writeFileSync(
  join(ROOT, 'src/source/known.ts'),
  `// SPDX-License-Identifier: MIT
// Written by scripts/kernel-hashes.mjs from Debian's packages of these releases; not to be edited.

/** Releases of the kernel with known hashes: first the one that the model was compared with, then older ones. */
export const RELEASES = [${list}] as const;
type Release = (typeof RELEASES)[number];

/** A routine that a doc comment of src/kernel names, with a hash of its words in each release that has it there. */
export interface KnownRoutine {
  readonly file: string;
  readonly routine: string;
  readonly hashes: Readonly<Partial<Record<Release, string>>>;
}

export const ROUTINES: readonly KnownRoutine[] = [
${lines.join('\n')}
];
`,
);
process.stdout.write(`${lines.length} of ${named.size} routines are in ${releases[0]?.[0]}\n`);
