// SPDX-License-Identifier: MIT
// Checks the imports: which room of src/ may import which, what the page (web/) may import, and that no number of src/abi/ is
// repeated elsewhere in src/ (except in tests, which repeat what they expect). Prints one line a violation.
//
//   node scripts/check-directions.mjs [ROOT]      exit 0: none; 1: at least one
//
// The linter's no-restricted-imports sees only the text of a specifier; here it is resolved to the room that it names. Only the
// light entries of a large package are imported, because src/ is bundled into pages. Circular imports between files are
// forbidden, for values and for types only. Each folder has a README.md. Tests may import anything.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { knownTwice, loadAbi } from './abi-twice.mjs';
import { circlesOf } from './circles.mjs';
import { ROOT, sourceFiles } from './files.mjs';

/**
 * `rooms` it may import, `types` of rooms that it may import with `import type` only, whether it may import `packages`
 * and `node:` modules. A room may name only rooms that stand above it here, so that there are no circles.
 * @typedef {{ rooms?: string[], types?: string[], packages?: true, node?: true }} Room
 * @type {Record<string, Room>}
 */
const HOUSE = {
  abi: {},
  ledger: {},
  lang: {},
  kernel: { rooms: ['lang', 'ledger', 'abi'] },
  cfront: { rooms: ['kernel', 'lang'], packages: true },
  machine: { rooms: ['kernel', 'lang', 'ledger', 'abi'], packages: true },
  scenario: { rooms: ['machine', 'kernel', 'lang', 'ledger', 'abi'], packages: true },
  selftest: { rooms: ['scenario', 'machine', 'ledger', 'abi'] },
  check: { rooms: ['lang'] },
  verify: { rooms: ['check', 'scenario', 'machine', 'kernel', 'lang', 'ledger'] },
  source: {},
  peer: { rooms: ['verify', 'scenario', 'check', 'lang', 'ledger'], packages: true },
  review: { rooms: ['cfront', 'verify', 'scenario', 'machine', 'ledger', 'source'], packages: true },
  trace: { rooms: ['ledger', 'abi'], packages: true },
  explain: { rooms: ['trace', 'ledger', 'machine', 'abi'], packages: true },
  conform: { rooms: ['trace', 'machine', 'kernel', 'lang', 'ledger', 'abi'], packages: true },
  export: { rooms: ['explain', 'trace', 'ledger', 'abi'], packages: true },
  live: { rooms: ['trace', 'ledger', 'abi'], packages: true, node: true },
  serve: { node: true },
  queue: { packages: true, node: true },
  report: {
    rooms: ['ledger', 'abi'],
    types: ['machine', 'scenario', 'check', 'verify', 'source', 'review', 'explain', 'conform', 'live'],
    packages: true,
  },
  cli: {
    rooms: [
      'abi',
      'ledger',
      'lang',
      'kernel',
      'cfront',
      'machine',
      'scenario',
      'selftest',
      'peer',
      'check',
      'verify',
      'source',
      'review',
      'trace',
      'explain',
      'conform',
      'export',
      'live',
      'serve',
      'queue',
      'report',
    ],
    packages: true,
    node: true,
  },
};

/**
 * The page's folders: which of them each may import, which rooms of src/, and whether packages. As above, a folder names only
 * folders that stand above it. The page's folders are imported through their index.ts, except for the entry points of programs.
 * @type {Record<string, { folders?: string[], rooms?: string[], packages?: true }>}
 */
const WEB = {
  design: { rooms: ['ledger'] },
  view: { packages: true },
  address: { folders: ['view'] },
  library: {},
  book: {
    folders: ['design', 'view', 'address', 'library'],
    rooms: ['verify', 'scenario', 'machine', 'kernel', 'lang', 'ledger', 'report'],
    packages: true,
  },
  check: {
    folders: ['design', 'view', 'book'],
    rooms: ['verify', 'scenario', 'machine', 'kernel', 'ledger'],
    packages: true,
  },
  playground: {
    folders: ['design', 'view', 'address', 'library', 'book'],
    rooms: ['cfront', 'verify', 'scenario', 'machine', 'kernel', 'ledger'],
    packages: true,
  },
  timeline: {
    folders: ['design', 'view', 'library'],
    rooms: ['explain', 'trace', 'machine', 'kernel', 'ledger', 'abi', 'report', 'scenario'],
    packages: true,
  },
  worker: { folders: ['view', 'book', 'check', 'playground', 'timeline'] },
  shell: {
    folders: ['design', 'view', 'address', 'book', 'check', 'playground', 'timeline', 'worker'],
    packages: true,
  },
};

/**
 * Rooms with folders, in this order: a folder imports only the folders before it.
 * @type {Record<string, readonly string[]>}
 */
const FOLDERS = { lang: ['text', 'program', 'run', 'compile', 'analyse', 'explore', 'export'] };

/**
 * Packages with the only entries that may be imported. `import { z } from 'zod'` puts 92 KB of gzipped code into a page, every
 * method and every language; these two entries put 16 KB there.
 * @type {ReadonlyMap<string, readonly string[]>}
 */
const ENTRIES = new Map([['zod', ['zod/mini', 'zod/locales']]]);

/**
 * Circles that remain, with the reason.
 * @type {readonly { files: readonly string[], why: string }[]}
 */
const CIRCLES = [
  {
    files: ['src/explain/generation.ts', 'src/explain/inodes.ts', 'src/explain/waiting-times.ts'],
    why: 'a folio knows its inode, and an inode its folios: of types only',
  },
];

// import/export ... from 'x'; import 'x'; import('x'), also as a type. Group 1: `type`, groups 2 and 3: the specifier.
const IMPORT =
  /\b(?:import|export)\s+(type\s+)?(?:[\w$*{},\s]+?\s*from\s*)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/g;

/**
 * @param {string} source
 * @returns {{ line: number, specifier: string, typeOnly: boolean }[]}
 */
function importsOf(source) {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''); // whole lines of comment
  return [...code.matchAll(IMPORT)].map((match) => ({
    line: code.slice(0, match.index).split('\n').length,
    specifier: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  }));
}

/**
 * @param {string} file path from the root, `src/ROOM/...`
 * @param {string} specifier
 * @param {boolean} typeOnly
 * @returns {string | undefined} what is wrong with it
 */
function violation(file, specifier, typeOnly) {
  const from = file.split('/')[1] ?? '';
  const { rooms = [], types = [], packages, node } = HOUSE[from] ?? {};
  if (specifier.startsWith('node:')) return node ? undefined : `${from} may not import ${specifier}`;
  if (specifier.startsWith('folioscope')) return `rooms are imported by path, not as ${specifier}`;
  if (!specifier.startsWith('.')) {
    if (!packages) return `${from} may not import packages (${specifier})`;
    const [name = ''] = specifier.split('/');
    const entries = ENTRIES.get(name) ?? [specifier];
    return entries.includes(specifier) ? undefined : `${name} is imported as ${entries.join(' or ')}, not ${specifier}`;
  }

  const target = normalize(join(dirname(file), specifier)).split('/');
  const [top, to = ''] = target;
  if (top !== 'src' || target.length < 3) return `${specifier} is in no room of src/`;
  if (to === from) {
    const folders = FOLDERS[from] ?? [];
    const [here, there] = [folders.indexOf(file.split('/')[2] ?? ''), folders.indexOf(target[2] ?? '')];
    return here !== -1 && there > here ? `${folders[here]}/ may not import ${folders[there]}/` : undefined;
  }
  return crossing(from, to, target, typeOnly, { rooms, types });
}

/**
 * @param {string} from
 * @param {string} to
 * @param {string[]} target
 * @param {boolean} typeOnly
 * @param {{ rooms: string[], types: string[] }} may
 * @returns {string | undefined} what is wrong with an import that crosses from one room to another
 */
function crossing(from, to, target, typeOnly, { rooms, types }) {
  if (!rooms.includes(to) && !(types.includes(to) && typeOnly)) {
    const may = [...rooms, ...types.map((room) => `types of ${room}`)].join(', ');
    return `${from} may not import ${to} (it may import: ${may === '' ? 'nothing' : may})`;
  }
  if (target.length > 3 || target[2] !== 'index.ts')
    return `${to} is imported through its index.ts, not ${target.join('/')}`;
  return undefined;
}

/**
 * @param {string} file path from the root, `web/FOLDER/...`
 * @param {string} specifier
 * @returns {string | undefined} what is wrong with it
 */
function violationInWeb(file, specifier) {
  const from = file.split('/')[1] ?? '';
  const { folders: may = [], rooms = [], packages } = WEB[from] ?? {};
  if (specifier.startsWith('node:')) return `the page may not import ${specifier}`;
  if (!specifier.startsWith('.')) return packages ? undefined : `web/${from} may not import packages (${specifier})`;
  const target = normalize(join(dirname(file), specifier)).split('/');
  const [top, to = ''] = target;
  // Texts that the page contains: scenarios and forms of the check.
  if (top === 'scenarios' || top === 'examples') return undefined;
  if (top === 'src') return crossing(`web/${from}`, to, target, false, { rooms, types: [] });
  if (top !== 'web') return `${specifier} is in no room of src/ and no folder of web/`;
  if (to === from) return undefined;
  if (!may.includes(to)) return `web/${from} may not import web/${to}`;
  const isFace = target.length === 3 && ['index.ts', 'service.ts', 'start.ts'].includes(target[2] ?? '');
  return isFace ? undefined : `web/${to} is imported through its index.ts, not ${specifier}`;
}

const root = process.argv[2] ?? ROOT;
const abi = await loadAbi(ROOT);
/** @type {string[]} */
const found = [];

const names = Object.keys(HOUSE);
for (const [place, [name, { rooms = [], types = [] }]] of Object.entries(HOUSE).entries())
  for (const other of [...rooms, ...types])
    if (!names.slice(0, place).includes(other)) found.push(`the table: ${name} names ${other}, which is not above it`);

/** By file: the files of src/ that it imports. @type {Map<string, string[]>} */
const graph = new Map();
/** @type {Set<string>} */
const folders = new Set();

for (const file of sourceFiles(root, 'src')) {
  const [, room = '', ...rest] = file.split('/');
  folders.add(dirname(file));
  if (rest.length === 0 || !Object.hasOwn(HOUSE, room)) found.push(`${file}:1: stands in no room of the house`);
  else if (!file.endsWith('.test.ts')) {
    const source = readFileSync(join(root, file), 'utf8');
    const imports = importsOf(source);
    graph.set(
      file,
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => normalize(join(dirname(file), specifier))),
    );
    for (const { line, specifier, typeOnly } of imports) {
      const wrong = violation(file, specifier, typeOnly);
      if (wrong !== undefined) found.push(`${file}:${line}: ${wrong}`);
    }
    if (room !== 'abi')
      for (const { line, what } of knownTwice(source, abi))
        found.push(`${file}:${line}: ${what}; it is known once, in src/abi/`);
  }
}

const webFolders = Object.keys(WEB);
for (const [place, [name, { folders: may = [] }]] of Object.entries(WEB).entries())
  for (const other of may)
    if (!webFolders.slice(0, place).includes(other)) found.push(`the table: web/${name} names ${other}, not above it`);

for (const file of sourceFiles(root, 'web')) {
  const [, folder = '', ...rest] = file.split('/');
  folders.add(dirname(file));
  if (rest.length === 0 || !Object.hasOwn(WEB, folder)) found.push(`${file}:1: stands in no folder of the page`);
  else if (!/\.test\.tsx?$/.test(file)) {
    const imports = importsOf(readFileSync(join(root, file), 'utf8'));
    graph.set(
      file,
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => normalize(join(dirname(file), specifier))),
    );
    for (const { line, specifier } of imports) {
      const wrong = violationInWeb(file, specifier);
      if (wrong !== undefined) found.push(`${file}:${line}: ${wrong}`);
    }
  }
}

const circles = circlesOf(graph);
for (const { files, way } of circles)
  if (!CIRCLES.some((known) => known.files.join() === files.join()))
    found.push(`${way[0]}:1: imports itself: ${way.join(' -> ')}`);
for (const { files } of CIRCLES)
  if (files.every((file) => graph.has(file)) && !circles.some((circle) => circle.files.join() === files.join()))
    found.push(`the table: there is no circle of ${files.join(', ')}`);

for (const folder of folders)
  if (!existsSync(join(root, folder, 'README.md'))) found.push(`${folder}/README.md: says nothing of the folder`);

for (const line of found) console.log(line);
process.exitCode = found.length === 0 ? 0 : 1;
