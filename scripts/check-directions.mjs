// SPDX-License-Identifier: MIT
// Checks the walls of the house: which room of src/ may import which, and that what src/abi/ knows stands nowhere else in
// src/ (tests excepted: they say again what they expect). Prints one line a violation.
//
//   node scripts/check-directions.mjs [ROOT]      exit 0: none; 1: at least one
//
// The linter's no-restricted-imports sees only the text of a specifier; here it is resolved to the room that it names.
// Circles between the files of one room are the linter's (import/no-cycle). Tests may import anything.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { knownTwice, loadAbi } from './abi-twice.mjs';
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
  machine: { rooms: ['kernel', 'lang', 'ledger', 'abi'], packages: true },
  scenario: { rooms: ['machine', 'kernel', 'lang', 'ledger', 'abi'], packages: true },
  peer: { rooms: ['lang'] },
  check: { rooms: ['lang'] },
  verify: { rooms: ['check', 'peer', 'scenario', 'machine', 'kernel', 'lang', 'ledger'] },
  review: { rooms: ['cfront', 'verify', 'scenario', 'machine', 'ledger'], packages: true },
  trace: { rooms: ['ledger', 'abi'], packages: true },
  explain: { rooms: ['trace', 'ledger', 'machine', 'abi'], packages: true },
  conform: { rooms: ['trace', 'ledger', 'machine'], packages: true },
  live: { rooms: ['trace', 'ledger', 'abi'], packages: true, node: true },
  report: {
    rooms: ['ledger', 'abi'],
    types: ['machine', 'scenario', 'check', 'verify', 'review', 'explain', 'conform'],
    packages: true,
  },
  cli: {
    rooms: [
      'abi',
      'ledger',
      'lang',
      'kernel',
      'machine',
      'scenario',
      'peer',
      'check',
      'verify',
      'review',
      'trace',
      'explain',
      'conform',
      'live',
      'report',
    ],
    packages: true,
    node: true,
  },
};

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
  if (!specifier.startsWith('.')) return packages ? undefined : `${from} may not import packages (${specifier})`;

  const target = normalize(join(dirname(file), specifier)).split('/');
  const [top, to = ''] = target;
  if (top !== 'src' || target.length < 3) return `${specifier} is in no room of src/`;
  if (to === from) return undefined;
  if (!rooms.includes(to) && !(types.includes(to) && typeOnly)) {
    const may = [...rooms, ...types.map((room) => `types of ${room}`)].join(', ');
    return `${from} may not import ${to} (it may import: ${may === '' ? 'nothing' : may})`;
  }
  if (target.length > 3 || target[2] !== 'index.ts') return `${to} is imported through its index.ts, not ${specifier}`;
  return undefined;
}

const root = process.argv[2] ?? ROOT;
const abi = await loadAbi(ROOT);
/** @type {string[]} */
const found = [];

const names = Object.keys(HOUSE);
for (const [place, [name, { rooms = [], types = [] }]] of Object.entries(HOUSE).entries())
  for (const other of [...rooms, ...types])
    if (!names.slice(0, place).includes(other)) found.push(`the table: ${name} names ${other}, which is not above it`);

for (const file of sourceFiles(root, 'src')) {
  const [, room = '', ...rest] = file.split('/');
  if (rest.length === 0 || !Object.hasOwn(HOUSE, room)) found.push(`${file}:1: stands in no room of the house`);
  else if (!file.endsWith('.test.ts')) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const { line, specifier, typeOnly } of importsOf(source)) {
      const wrong = violation(file, specifier, typeOnly);
      if (wrong !== undefined) found.push(`${file}:${line}: ${wrong}`);
    }
    if (room !== 'abi')
      for (const { line, what } of knownTwice(source, abi))
        found.push(`${file}:${line}: ${what}; it is known once, in src/abi/`);
  }
}
for (const line of found) console.log(line);
process.exitCode = found.length === 0 ? 0 : 1;
